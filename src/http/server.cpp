#include "http/server.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

#include "base/log.hpp"
#include "http/connection.hpp"

namespace digits::http {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct Server::State {
    State(ServerOptions options, Router router) : shared(std::move(options), std::move(router)), acceptor(context) {}

    asio::awaitable<void> accept();
    void make_room();

    Shared shared;
    asio::io_context context{1};
    tcp::acceptor acceptor;
    std::thread thread;
    std::string address;
    std::uint16_t port = 0;
    bool stopped = false;
};

namespace {

ErrorCode listen_error_code(const error_code& error) {
    if (error == asio::error::address_in_use) return ErrorCode::kFailedPrecondition;
    if (error == asio::error::access_denied) return ErrorCode::kPermissionDenied;
    return ErrorCode::kInvalidArgument;
}

std::string reachable_address(const tcp::endpoint& endpoint) {
    auto address = endpoint.address();
    if (address.is_unspecified())
        address = address.is_v6() ? asio::ip::address(asio::ip::address_v6::loopback())
                                  : asio::ip::address(asio::ip::address_v4::loopback());
    const auto name = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    return fmt::format("http://{}:{}/", name, endpoint.port());
}

}  // namespace

asio::awaitable<void> Server::State::accept() {
    while (acceptor.is_open()) {
        error_code error;
        auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted || !acceptor.is_open()) break;
        if (error) {
            // Out of file handles, as a rule: waiting lets some be closed.
            make_room();
            asio::steady_timer timer(context, std::chrono::milliseconds(50));
            co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        if (static_cast<int>(shared.connections.size()) >= shared.options.max_connections) make_room();
        socket.set_option(tcp::no_delay(true), error);
        Connection::start(std::move(socket), shared);
    }
}

/// Closes the connection that has been open longest of those that wait for a request.
void Server::State::make_room() {
    for (const auto& weak : shared.connections)
        if (const auto connection = weak.lock(); connection && connection->close_if_idle()) return;
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Router router) {
    auto state = std::make_unique<State>(std::move(options), std::move(router));
    const auto& host = state->shared.options.host;
    error_code error;
    tcp::resolver resolver(state->context);
    const auto found = resolver.resolve(host, std::to_string(state->shared.options.port), error);
    if (error || found.empty())
        return fail(ErrorCode::kInvalidArgument, "cannot listen on {}: {}", host, error.message());
    const auto endpoint = found.begin()->endpoint();
    state->acceptor.open(endpoint.protocol(), error);
    if (!error) state->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) state->acceptor.bind(endpoint, error);
    if (!error) state->acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        return fail(make_error(listen_error_code(error), "cannot listen on {} port {}: {}", host,
                               state->shared.options.port, error.message())
                        .advise("Choose another port with --port, or 0 for any free one"));
    const auto bound = state->acceptor.local_endpoint();
    state->port = bound.port();
    state->address = reachable_address(bound);
    if (!bound.address().is_loopback()) state->shared.options.hosts.any_address = true;
    auto task = [raw = state.get()] { return raw->accept(); };
    asio::co_spawn(state->context, std::move(task), asio::detached);
    state->thread = std::thread([raw = state.get()] { raw->context.run(); });
    return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() { stop(); }

std::uint16_t Server::port() const { return state_->port; }
const std::string& Server::address() const { return state_->address; }

void Server::stop(std::chrono::milliseconds grace) {
    if (std::exchange(state_->stopped, true)) return;
    asio::post(state_->context, [state = state_.get()] {
        error_code ignored;
        state->acceptor.close(ignored);
        state->shared.stopping = true;
        for (const auto& weak : state->shared.connections) {
            if (const auto connection = weak.lock()) {
                connection->end_waiting();
                connection->close_if_idle();
            }
        }
    });
    {
        std::unique_lock lock(state_->shared.mutex);
        state_->shared.all_closed.wait_for(lock, grace, [&] { return state_->shared.open == 0; });
    }
    state_->context.stop();
    state_->thread.join();
    state_->shared.slow_pool.join();
    state_->shared.pool.join();
}

}  // namespace digits::http
