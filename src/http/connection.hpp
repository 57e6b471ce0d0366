#pragma once

// Brings Boost.Beast: for connection.cpp and server.cpp only.

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "http/file_body.hpp"
#include "http/message.hpp"
#include "http/multipart.hpp"
#include "http/router.hpp"
#include "http/server.hpp"

namespace digits::http {

class Connection;

/// What the connections of one server share. `connections` and `event_streams` belong to the IO thread.
struct Shared {
    ServerOptions options;
    Router router;
    boost::asio::thread_pool pool;
    boost::asio::thread_pool slow_pool;
    std::atomic<int> waiting_requests = 0;
    std::atomic<int> async_requests = 0;
    bool stopping = false;
    std::list<std::weak_ptr<Connection>> connections;
    int event_streams = 0;
    std::mutex mutex;
    std::condition_variable all_closed;
    int open = 0;

    Shared(ServerOptions server_options, Router routes)
        : options(std::move(server_options)),
          router(std::move(routes)),
          pool(options.handler_threads),
          slow_pool(options.slow_threads) {}
};

/// A client's connection: one request after the other.
class Connection : public std::enable_shared_from_this<Connection> {
  public:
    static void start(boost::asio::ip::tcp::socket socket, Shared& shared);
    ~Connection();

    /// Closes it when it waits for a request; false when it is busy.
    bool close_if_idle();
    /// Ends what would keep the server from stopping: its event stream, and a request that waits.
    void end_waiting();

  private:
    template <class T>
    using Awaitable = boost::asio::awaitable<T>;
    using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
    struct Refusal {
        int status;
        Error error;
    };
    struct Answer {
        Response response;
        std::optional<OpenFile> file;
        FileSelection selection;
    };

    Connection(boost::asio::ip::tcp::socket socket, Shared& shared);
    Awaitable<void> run();
    Awaitable<bool> serve_one();
    Awaitable<bool> read_head();
    std::optional<Refusal> route_request(Request& request, const Route*& route, std::string& allow) const;
    Awaitable<std::optional<Refusal>> read_body(Request& request, const RouteOptions& limits);
    Awaitable<Answer> answer(Request& request, const Handler& handler);
    Awaitable<Answer> answer_async(Request& request, const AsyncHandler& handler);
    Async<Answer> run_async(Request& request, const AsyncHandler& handler) const;
    Awaitable<void> watch_for_leaving(std::shared_ptr<Scope> scope);
    Answer finish(Result<Response> response, Request& request) const;
    bool is_overloaded(const Route& route) const;
    Answer prepare(Response response, const Request& request) const;
    Response refuse(const Refusal& refusal) const;
    Awaitable<bool> send(Answer answer, bool without_body, bool keep_alive);
    Awaitable<bool> send_file(const OpenFile& file, FileSelection selection);
    Awaitable<void> send_events(std::shared_ptr<EventStream> events);
    Awaitable<void> watch_for_end(std::shared_ptr<EventStream> events);
    Awaitable<bool> write(const std::string& bytes);
    Awaitable<void> linger();
    std::string head_text(const Answer& answer, bool keep_alive) const;

    Shared& shared_;
    std::list<std::weak_ptr<Connection>>::iterator place_;  ///< in `shared_.connections`
    boost::beast::tcp_stream stream_;
    boost::beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    std::weak_ptr<EventStream> events_;
    std::weak_ptr<Scope> scope_;
    std::uint64_t served_ = 0;
    bool idle_ = false;
};

}  // namespace digits::http
