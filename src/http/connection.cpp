#include "http/connection.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <chrono>
#include <utility>

#include "base/log.hpp"
#include "http/compress.hpp"
#include "http/event_stream.hpp"
#include "http/header_text.hpp"
#include "http/target.hpp"

namespace digits::http {
namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

namespace {

constexpr std::size_t kChunk = 64 << 10;
/// Between two sendings to one listener, for each listener that there is: bounds what all of them cost together.
constexpr auto kPauseOfEach = std::chrono::milliseconds(1);
constexpr std::size_t kFileChunk = 256 << 10;
constexpr std::size_t kLeastCompressed = 1 << 10;
constexpr std::uint64_t kMostCompressedFile = 8 << 20;

auto with(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

/// Runs `work` on the pool; the coroutine goes on on its own executor.
template <class Work>
auto on_pool(asio::thread_pool& pool, Work work) -> asio::awaitable<std::invoke_result_t<Work&>> {
    auto task = [work = std::move(work)]() mutable -> asio::awaitable<std::invoke_result_t<Work&>> {
        co_return work();
    };
    co_return co_await asio::co_spawn(pool, std::move(task), asio::use_awaitable);
}

Error to_error(const error_code& error) {
    return make_error(ErrorCode::kInvalidArgument, "this is not HTTP: {}", error.message());
}

Error stopping_error() { return make_error(ErrorCode::kUnavailable, "the server is stopping"); }

}  // namespace

void Connection::start(asio::ip::tcp::socket socket, Shared& shared) {
    const std::shared_ptr<Connection> self(new Connection(std::move(socket), shared));
    self->place_ = shared.connections.insert(shared.connections.end(), self);
    auto task = [self]() { return self->run(); };
    asio::co_spawn(self->stream_.get_executor(), std::move(task), asio::detached);
}

Connection::Connection(asio::ip::tcp::socket socket, Shared& shared) : shared_(shared), stream_(std::move(socket)) {
    const std::scoped_lock lock(shared_.mutex);
    ++shared_.open;
}

Connection::~Connection() {
    const std::scoped_lock lock(shared_.mutex);
    if (--shared_.open == 0) shared_.all_closed.notify_all();
}

bool Connection::close_if_idle() {
    if (!idle_) return false;
    stream_.close();
    return true;
}

void Connection::end_waiting() {
    if (const auto events = events_.lock()) events->close();
    if (const auto scope = scope_.lock()) scope->cancel(stopping_error());
}

Connection::Awaitable<void> Connection::run() {
    const auto self = shared_from_this();
    try {
        while (co_await serve_one()) ++served_;
    } catch (const std::exception& error) {
        log_warning("http: a connection ended badly: {}", error.what());
    }
    stream_.close();
    // Not by looking for it: ten thousand that leave at once would keep everybody waiting.
    shared_.connections.erase(place_);
}

/// Reads and answers one request; false: the connection is to be closed.
Connection::Awaitable<bool> Connection::serve_one() {
    if (!co_await read_head()) co_return false;
    Request request;
    const Route* route = nullptr;
    std::string allow;
    auto refusal = route_request(request, route, allow);
    const bool head_only = request.method == "HEAD";
    if (!refusal) refusal = co_await read_body(request, route->options);
    bool keep_alive = parser_->is_done() && parser_->get().keep_alive() && !shared_.stopping;
    if (!refusal && is_overloaded(*route))
        refusal = Refusal{503, make_error(ErrorCode::kUnavailable, "the server has too many requests to answer")};
    if (refusal) {
        auto response = refuse(*refusal);
        if (!allow.empty()) response.set_header("Allow", allow);
        keep_alive = keep_alive && refusal->status != 400;
        auto prepared = prepare(std::move(response), request);
        const bool sent = co_await send(std::move(prepared), head_only, keep_alive);
        if (sent && !keep_alive) co_await linger();
        co_return sent&& keep_alive;
    }
    stream_.expires_never();
    // Not by ?:, whose unused branch g++ 12 destroys, too.
    std::optional<Answer> answered;
    if (route->handler)
        answered = co_await answer(request, route->handler);
    else
        answered = co_await answer_async(request, route->async_handler);
    keep_alive = keep_alive && !shared_.stopping;
    const bool sent = co_await send(std::move(*answered), head_only, keep_alive);
    co_return sent&& keep_alive;
}

/// False: nothing came, or it was answered already.
Connection::Awaitable<bool> Connection::read_head() {
    error_code error;
    if (buffer_.size() == 0) {
        stream_.expires_after(served_ == 0 ? shared_.options.header_timeout : shared_.options.idle_timeout);
        idle_ = true;
        const auto count = co_await stream_.async_read_some(buffer_.prepare(4096), with(error));
        idle_ = false;
        if (error) co_return false;
        buffer_.commit(count);
    }
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_.options.max_header_bytes));
    parser_->body_limit(boost::none);
    stream_.expires_after(shared_.options.header_timeout);
    co_await beast::http::async_read_header(stream_, buffer_, *parser_, with(error));
    if (!error) co_return true;
    Refusal refusal{400, to_error(error)};
    if (error == beast::http::error::header_limit) {
        refusal = {431, make_error(ErrorCode::kTooLarge, "the request's headers are over {} bytes",
                                   shared_.options.max_header_bytes)};
    } else if (error.category() != error_code(beast::http::error::bad_method).category() ||
               error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) {
        co_return false;
    }
    auto prepared = prepare(refuse(refusal), Request{});
    if (co_await send(std::move(prepared), false, false)) co_await linger();
    co_return false;
}

std::optional<Connection::Refusal> Connection::route_request(Request& request, const Route*& route,
                                                             std::string& allow) const {
    const auto& head = parser_->get();
    request.method = std::string(head.method_string());
    for (const auto& field : head) request.headers.emplace_back(lower_case(field.name_string()), field.value());
    if (head.count(beast::http::field::host) != 1)
        return Refusal{400, make_error(ErrorCode::kInvalidArgument, "expected one Host header, got {}",
                                       head.count(beast::http::field::host))};
    auto target = parse_target(head.target());
    if (!target) return Refusal{400, std::move(target).error()};
    request.path = std::move(target->path);
    request.query = std::move(target->query);

    const auto header = [&](std::string_view name) {
        const auto* value = request.find_header(name);
        return value ? std::string_view(*value) : std::string_view{};
    };
    if (auto allowed = check_host(header("host"), shared_.options.hosts); !allowed)
        return Refusal{allowed.error().code == ErrorCode::kInvalidArgument ? 400 : 403, std::move(allowed).error()};

    auto match = shared_.router.find(request.method, target->segments);
    const bool changes =
        (request.method != "GET" && request.method != "HEAD") || (match.route && match.route->options.changes_state);
    const Sender sender{header("host"), header("origin"), header("sec-fetch-site"), header("referer")};
    if (auto allowed = check_origin(sender, changes); !allowed) return Refusal{403, std::move(allowed).error()};

    if (!match.route) {
        allow = match.allow;
        if (!allow.empty())
            return Refusal{405, make_error(ErrorCode::kUnsupported, "{} cannot be used on {}; use {}",
                                           printable(request.method), request.path, allow)};
        return Refusal{404, make_error(ErrorCode::kNotFound, "there is nothing at {}", request.path)};
    }
    request.params = std::move(match.params);
    route = match.route;
    return std::nullopt;
}

Connection::Awaitable<std::optional<Connection::Refusal>> Connection::read_body(Request& request,
                                                                                const RouteOptions& limits) {
    const bool multipart = request.content_type() == "multipart/form-data";
    if (multipart && !limits.multipart)
        co_return Refusal{415, make_error(ErrorCode::kUnsupported, "{} does not take files", request.path)};
    const auto limit = multipart ? limits.max_upload_bytes : limits.max_body_bytes;
    const auto too_large = Refusal{413, make_error(ErrorCode::kTooLarge, "the body is over {} bytes", limit)};
    const auto declared = parser_->content_length();
    if (declared && *declared > limit) co_return too_large;

    std::optional<MultipartReader> reader;
    if (multipart) {
        auto created = MultipartReader::create(*request.find_header("content-type"), shared_.options.upload_dir,
                                               limits.max_parts, limits.max_body_bytes);
        if (!created) co_return Refusal{400, std::move(created).error()};
        reader.emplace(std::move(*created));
    }
    if (const auto* expect = request.find_header("expect"); expect && equal_ignoring_case(*expect, "100-continue")) {
        const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        if (!co_await write(go_on)) co_return Refusal{400, {}};
    }
    // A chunk says how long it is before it comes; nobody has as much as its largest number.
    std::uint64_t announced = 0;
    std::optional<Refusal> refused;
    auto on_chunk = [&](std::uint64_t size, beast::string_view, error_code& failed) {
        constexpr auto kAbsurd = std::uint64_t{1} << 62;
        if (size >= kAbsurd) {
            refused =
                Refusal{400, make_error(ErrorCode::kInvalidArgument, "a chunk of {} bytes is not possible", size)};
        } else if (announced += size; announced > limit) {
            refused = too_large;
        }
        if (refused) failed = beast::http::error::body_limit;
    };
    parser_->on_chunk_header(on_chunk);
    std::vector<char> chunk;
    std::uint64_t received = 0;
    while (!parser_->is_done()) {
        chunk.resize(kChunk);
        parser_->get().body().data = chunk.data();
        parser_->get().body().size = chunk.size();
        stream_.expires_after(shared_.options.body_timeout);
        error_code error;
        co_await beast::http::async_read(stream_, buffer_, *parser_, with(error));
        // The stream closes itself on a timeout, so that this refusal is not heard; it only ends the connection.
        if (error == beast::error::timeout)
            co_return Refusal{408, make_error(ErrorCode::kUnavailable, "the body came too slowly")};
        if (refused) co_return refused;
        if (error && error != beast::http::error::need_buffer) co_return Refusal{400, to_error(error)};
        const auto count = chunk.size() - parser_->get().body().size;
        received += count;
        if (received > limit) co_return too_large;
        if (!reader) {
            request.body.append(chunk.data(), count);
            continue;
        }
        auto work = [&]() -> Status { return reader->feed({chunk.data(), count}); };
        auto status = co_await on_pool(shared_.pool, std::move(work));
        if (!status) co_return Refusal{http_status(status.error().code), std::move(status).error()};
    }
    if (reader) {
        auto parts = reader->finish();
        if (!parts) co_return Refusal{400, std::move(parts).error()};
        request.parts = std::move(*parts);
    }
    co_return std::nullopt;
}

bool Connection::is_overloaded(const Route& route) const {
    return route.handler ? shared_.waiting_requests >= shared_.options.max_waiting_requests
                         : shared_.async_requests >= shared_.options.max_async_requests;
}

Connection::Answer Connection::finish(Result<Response> response, Request& request) const {
    request.parts.clear();  // the uploads are gone when the client hears the answer
    if (response) return prepare(std::move(*response), request);
    const auto status = http_status(response.error().code);
    return prepare(refuse({status, std::move(response).error()}), request);
}

Connection::Awaitable<Connection::Answer> Connection::answer(Request& request, const Handler& handler) {
    ++shared_.waiting_requests;
    auto work = [&]() -> Answer {
        Result<Response> response = fail(ErrorCode::kInternal, "the server failed to answer");
        try {
            response = handler(request);
        } catch (const std::exception& error) {
            log_error("http: {} {} failed: {}", request.method, printable(request.path), error.what());
        }
        return finish(std::move(response), request);
    };
    auto result = co_await on_pool(shared_.pool, std::move(work));
    --shared_.waiting_requests;
    co_return result;
}

/// The handler goes from thread to thread of the pool; this coroutine stays on its own and waits for the answer.
Connection::Awaitable<Connection::Answer> Connection::answer_async(Request& request, const AsyncHandler& handler) {
    ++shared_.async_requests;
    const auto executor = stream_.get_executor();
    const auto come = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    const auto answer = std::make_shared<std::optional<Answer>>();
    const auto scope = std::make_shared<Scope>(
        [&pool = shared_.pool](std::function<void()> work) { asio::post(pool, std::move(work)); },
        [&pool = shared_.slow_pool](std::function<void()> work) { asio::post(pool, std::move(work)); });
    scope_ = scope;
    std::function<void(Answer)> done = [executor, come, answer](Answer made) {
        asio::post(executor, [come, answer, made = std::move(made)]() mutable {
            answer->emplace(std::move(made));
            come->cancel();
        });
    };
    http::start(run_async(request, handler), scope, std::move(done));
    if (shared_.stopping) scope->cancel(stopping_error());
    auto watch = [self = shared_from_this(), scope] { return self->watch_for_leaving(scope); };
    asio::co_spawn(executor, std::move(watch), asio::detached);
    while (!*answer) {
        error_code ignored;
        co_await come->async_wait(with(ignored));
    }
    error_code ignored;
    stream_.socket().cancel(ignored);  // ends the watch
    --shared_.async_requests;
    co_return std::move(**answer);
}

Async<Connection::Answer> Connection::run_async(Request& request, const AsyncHandler& handler) const {
    Result<Response> response = fail(ErrorCode::kInternal, "the server failed to answer");
    try {
        response = co_await handler(request);
    } catch (const std::exception& error) {
        log_error("http: {} {} failed: {}", request.method, printable(request.path), error.what());
    }
    co_return finish(std::move(response), request);
}

/// Nobody reads while a request is being answered, so a client that goes away is noticed here. What it sends already of
/// its next request stays where it is.
Connection::Awaitable<void> Connection::watch_for_leaving(std::shared_ptr<Scope> scope) {
    const auto self = shared_from_this();
    error_code error;
    co_await stream_.socket().async_wait(asio::ip::tcp::socket::wait_read, with(error));
    if (error) co_return;
    char byte = 0;
    const auto count = ::recv(stream_.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))) co_return;
    scope->cancel(make_error(ErrorCode::kCancelled, "the client has gone away"));
}

Response Connection::refuse(const Refusal& refusal) const {
    if (shared_.options.render_error) return shared_.options.render_error(refusal.status, refusal.error);
    return Response::bytes(refusal.status, "text/plain; charset=utf-8", refusal.error.to_string() + "\n");
}

/// Opens the file, picks the range, compresses.
Connection::Answer Connection::prepare(Response response, const Request& request) const {
    Answer answer;
    const auto* type = response.find_header("content-type");
    const auto* codings = request.find_header("accept-encoding");
    const bool may_compress = type && is_compressible(*type) && codings && accepts_gzip(*codings) &&
                              !response.find_header("content-encoding");
    if (auto* file = std::get_if<FileBody>(&response.body)) {
        auto opened = OpenFile::open(file->path);
        if (!opened) return prepare(refuse({http_status(opened.error().code), opened.error()}), request);
        answer.file.emplace(std::move(*opened));
        answer.selection = select_range(request, *answer.file);
        response.status = answer.selection.status;
        response.set_header("ETag", answer.file->etag());
        response.set_header("Last-Modified", answer.file->modified());
        response.set_header("Accept-Ranges", "bytes");
        if (!answer.selection.content_range.empty())
            response.set_header("Content-Range", answer.selection.content_range);
        if (response.status == 200 && may_compress && answer.file->size() >= kLeastCompressed &&
            answer.file->size() <= kMostCompressedFile) {
            auto bytes = answer.file->read(0, answer.file->size());
            if (!bytes) return prepare(refuse({500, bytes.error()}), request);
            response.body = std::move(*bytes);
            answer.file.reset();
        }
    }
    if (auto* text = std::get_if<std::string>(&response.body); text && may_compress) {
        response.set_header("Vary", "Accept-Encoding");
        if (text->size() >= kLeastCompressed) {
            *text = gzip(*text);
            response.set_header("Content-Encoding", "gzip");
        }
    }
    answer.response = std::move(response);
    return answer;
}

std::string Connection::head_text(const Answer& answer, bool keep_alive) const {
    const auto& response = answer.response;
    std::string text = fmt::format(
        "HTTP/1.1 {} {}\r\n", response.status,
        std::string(beast::http::obsolete_reason(beast::http::int_to_status(static_cast<unsigned>(response.status)))));
    const auto add = [&](std::string_view name, std::string_view value) {
        text += fmt::format("{}: {}\r\n", name, printable(value));
    };
    add("Date", fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}",
                            fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()))));
    for (const auto& [name, value] : response.headers) add(name, value);
    for (const auto& [name, value] : shared_.options.headers)
        if (!response.find_header(name)) add(name, value);
    const bool has_body = response.status != 204 && response.status != 304;
    if (const auto* bytes = std::get_if<std::string>(&response.body); bytes && has_body) {
        add("Content-Length", std::to_string(bytes->size()));
    } else if (answer.file && has_body) {
        add("Content-Length", std::to_string(answer.selection.count));
    }
    add("Connection", keep_alive ? "keep-alive" : "close");
    return text + "\r\n";
}

Connection::Awaitable<bool> Connection::send(Answer answer, bool without_body, bool keep_alive) {
    const auto* events = std::get_if<std::shared_ptr<EventStream>>(&answer.response.body);
    if (events) keep_alive = false;
    auto text = head_text(answer, keep_alive);
    const bool has_body = !without_body && answer.response.status != 204 && answer.response.status != 304;
    if (const auto* bytes = std::get_if<std::string>(&answer.response.body); bytes && has_body) text += *bytes;
    if (!co_await write(text)) co_return false;
    if (events && has_body) co_await send_events(*events);
    if (answer.file && has_body && !co_await send_file(*answer.file, answer.selection)) co_return false;
    co_return !events;
}

Connection::Awaitable<bool> Connection::send_file(const OpenFile& file, FileSelection selection) {
    while (selection.count > 0) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kFileChunk, selection.count));
        auto work = [&]() -> std::string { return file.read(selection.first, wanted).value_or(""); };
        const auto bytes = co_await on_pool(shared_.pool, std::move(work));
        // The file shrank: the client sees that bytes are missing.
        if (bytes.empty() || !co_await write(bytes)) co_return false;
        selection.first += bytes.size();
        selection.count -= bytes.size();
    }
    co_return true;
}

Connection::Awaitable<void> Connection::send_events(std::shared_ptr<EventStream> events) {
    const auto executor = stream_.get_executor();
    const auto timer = std::make_shared<asio::steady_timer>(executor);
    struct Detach {
        EventStream& stream;
        int& streams;
        ~Detach() {
            stream.attach({});
            --streams;
        }
    } detach{*events, shared_.event_streams};
    ++shared_.event_streams;
    events->attach([timer, executor] { asio::post(executor, [timer] { timer->cancel(); }); });
    events_ = events;
    auto watch = [self = shared_from_this(), events] { return self->watch_for_end(events); };
    asio::co_spawn(executor, std::move(watch), asio::detached);
    if (shared_.stopping) events->close();
    const std::string heartbeat = ":\n\n";
    while (true) {
        const auto taken = events->take();
        if (!taken.bytes.empty() && !co_await write(taken.bytes)) break;
        if (taken.closed) break;
        if (!taken.bytes.empty()) {
            // With many listeners each hears less often, and more at once.
            asio::steady_timer pause(executor, kPauseOfEach * shared_.event_streams);
            error_code ignored;
            co_await pause.async_wait(with(ignored));
            continue;
        }
        timer->expires_after(shared_.options.heartbeat);
        error_code error;
        co_await timer->async_wait(with(error));
        if (!error && !co_await write(heartbeat)) break;
    }
    events->close();
    stream_.close();
}

/// A client that goes away would otherwise be noticed at the next event only.
Connection::Awaitable<void> Connection::watch_for_end(std::shared_ptr<EventStream> events) {
    const auto self = shared_from_this();
    std::array<char, 256> ignored;
    error_code error;
    while (!error) co_await stream_.socket().async_read_some(asio::buffer(ignored), with(error));
    events->close();
}

Connection::Awaitable<bool> Connection::write(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const auto count = std::min(kFileChunk, bytes.size() - at);
        stream_.expires_after(shared_.options.write_timeout);
        error_code error;
        co_await asio::async_write(stream_, asio::buffer(bytes.data() + at, count), with(error));
        if (error) co_return false;
        at += count;
    }
    stream_.expires_never();
    co_return true;
}

/// Reads what the client still sends, so that closing does not make it lose the answer: a client that sends its whole
/// body before it listens takes as long as its line needs.
Connection::Awaitable<void> Connection::linger() {
    constexpr auto kSilence = std::chrono::seconds(2);
    constexpr auto kLongest = std::chrono::seconds(30);
    error_code error;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    std::vector<char> ignored(kChunk);
    const auto end = std::chrono::steady_clock::now() + kLongest;
    while (!error && !shared_.stopping && std::chrono::steady_clock::now() < end) {
        stream_.expires_after(kSilence);
        co_await stream_.async_read_some(asio::buffer(ignored), with(error));
    }
}

}  // namespace digits::http
