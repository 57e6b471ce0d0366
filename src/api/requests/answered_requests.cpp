#include "api/requests/answered_requests.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/requests/fingerprint.hpp"
#include "base/file.hpp"
#include "base/log.hpp"
#include "jobs/schema.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

constexpr int kBusyTimeout_ms = 10'000;
constexpr double kKept_s = 24 * 3600;
constexpr std::size_t kMaxKey_bytes = 200;
constexpr std::size_t kChunk_bytes = std::size_t{1} << 20;
constexpr const char* kHeader = "Idempotency-Key";

const std::vector<std::string_view>& migrations() {
    static const std::vector<std::string_view> all{R"sql(
CREATE TABLE answered_requests (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (user, key)
) WITHOUT ROWID;
CREATE INDEX answered_requests_by_time ON answered_requests (time);
)sql"};
    return all;
}

double unix_now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// Of everything that decides what the request makes; uploads by their content.
Result<std::string> fingerprint_of(const Request& request) {
    Fingerprint print;
    print.add(request.method).add(request.path);
    for (const auto& [name, value] : request.query) print.add(name).add(value);
    if (request.parts.empty()) print.add(request.content_type()).add(request.body);
    for (const auto& part : request.parts) {
        print.add(part.name).add(part.file_name).add(part.value);
        if (!part.file) continue;
        DIGITS_ASSIGN(const auto bytes, read_file(part.file->path(), part.size + kChunk_bytes));
        print.add(bytes);
    }
    return print.hex();
}

Status check_key(const std::string& key) {
    const bool plain = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
    if (!key.empty() && key.size() <= kMaxKey_bytes && plain) return {};
    return fail(make_error(ErrorCode::kInvalidArgument, "the key must have 1 to {} printable characters without spaces",
                           kMaxKey_bytes)
                    .at(kHeader)
                    .advise("Take a random one for each thing that you make, a UUID for example"));
}

}  // namespace

Error key_of_another_request() {
    return make_error(ErrorCode::kInvalidArgument, "this key came with another request before")
        .at(kHeader)
        .advise("Take a new key for each thing that you make");
}

struct AnsweredRequests::State {
    SQLite::Database database;
    std::mutex mutex;
    std::map<std::pair<std::string, std::string>, std::string> at_work;  ///< user and key → fingerprint

    std::optional<std::pair<std::string, Response>> find(const std::string& user, const std::string& key) {
        SQLite::Statement read(database,
                               "SELECT request, status, headers, body FROM answered_requests WHERE user = ? AND key = "
                               "? AND time > ?");
        read.bind(1, user);
        read.bind(2, key);
        read.bind(3, unix_now() - kKept_s);
        if (!read.executeStep()) return std::nullopt;
        Response response;
        response.status = read.getColumn(1).getInt();
        response.body = read.getColumn(3).getString();
        for (const auto& header : json::parse(read.getColumn(2).getString()))
            response.set_header(header.at(0).get<std::string>(), header.at(1).get<std::string>());
        return std::pair(read.getColumn(0).getString(), std::move(response));
    }

    void keep(const std::string& user, const std::string& key, const std::string& request, const Response& response) {
        const double now = unix_now();
        SQLite::Transaction transaction(database);
        SQLite::Statement prune(database, "DELETE FROM answered_requests WHERE time <= ?");
        prune.bind(1, now - kKept_s);
        prune.exec();
        SQLite::Statement insert(database, "INSERT OR REPLACE INTO answered_requests VALUES (?, ?, ?, ?, ?, ?, ?)");
        insert.bind(1, user);
        insert.bind(2, key);
        insert.bind(3, request);
        insert.bind(4, response.status);
        insert.bind(5, json(response.headers).dump(-1, ' ', false, json::error_handler_t::replace));
        insert.bind(6, std::get<std::string>(response.body));
        insert.bind(7, now);
        insert.exec();
        transaction.commit();
    }
};

AnsweredRequests::AnsweredRequests(std::unique_ptr<State> state) : state_(std::move(state)) {}
AnsweredRequests::~AnsweredRequests() = default;

Result<std::unique_ptr<AnsweredRequests>> AnsweredRequests::open(const std::filesystem::path& database) {
    try {
        auto state = std::unique_ptr<State>(new State{
            SQLite::Database(database.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeout_ms),
            {},
            {}});
        state->database.exec("PRAGMA synchronous = NORMAL");
        migrate(state->database, "requests", migrations());
        return std::unique_ptr<AnsweredRequests>(new AnsweredRequests(std::move(state)));
    } catch (const std::exception& error) {
        return fail(ErrorCode::kInternal, "cannot open {}: {}", database.string(), error.what());
    }
}

/// A request with a key, while its handler is at work.
class AnsweredRequests::Work {
  public:
    ~Work() {
        if (!state_) return;
        const std::scoped_lock lock(state_->mutex);
        state_->at_work.erase(owner_);
    }
    void keep(const Result<Response>& response) {
        if (!state_ || !response || response->status != 201) return;
        if (!std::holds_alternative<std::string>(response->body)) return;
        const std::scoped_lock lock(state_->mutex);
        try {
            state_->keep(owner_.first, owner_.second, fingerprint_, *response);
        } catch (const std::exception& error) {
            // It is made; the job knows the key, but not all of the answer.
            log_warning("the answer to a request with a key cannot be kept: {}", error.what());
        }
    }

  private:
    friend class AnsweredRequests;
    State* state_ = nullptr;  ///< null: the request has no key
    std::pair<std::string, std::string> owner_;
    std::string fingerprint_;
};

/// The kept answer; or none, and the work has begun.
Result<std::optional<Response>> AnsweredRequests::begin(const Request& request, const std::string& user, Work& work) {
    const auto* key = request.find_header("idempotency-key");
    if (!key) return std::nullopt;
    DIGITS_TRY(check_key(*key));
    DIGITS_ASSIGN(const auto print, fingerprint_of(request));
    const std::scoped_lock lock(state_->mutex);
    auto known = state_->find(user, *key);
    if (known && known->first != print) return fail(key_of_another_request());
    if (known) return std::move(known->second);
    if (!state_->at_work.emplace(std::pair(user, *key), print).second)
        return fail(make_error(ErrorCode::kFailedPrecondition, "a request with this key is being worked on")
                        .at(kHeader)
                        .advise("Send it again in a moment to get its answer"));
    work.owner_ = {user, *key};
    work.fingerprint_ = print;
    work.state_ = state_.get();
    return std::nullopt;
}

Result<Response> AnsweredRequests::once(const Request& request, const std::string& user, const http::Handler& handler) {
    Work work;
    DIGITS_ASSIGN(auto kept, begin(request, user, work));
    if (kept) return std::move(*kept);
    auto response = handler(request);
    work.keep(response);
    return response;
}

http::Async<Result<Response>> AnsweredRequests::once(const Request& request, std::string user,
                                                     const http::AsyncHandler& handler) {
    Work work;
    DIGITS_CO_ASSIGN(auto kept, begin(request, user, work));
    if (kept) co_return std::move(*kept);
    auto response = co_await handler(request);
    work.keep(response);
    co_return response;
}

std::optional<RequestKey> AnsweredRequests::key_of(const Request& request, const std::string& user) const {
    const auto* key = request.find_header("idempotency-key");
    if (!key) return std::nullopt;
    const std::scoped_lock lock(state_->mutex);
    const auto found = state_->at_work.find({user, *key});
    if (found == state_->at_work.end()) return std::nullopt;
    return RequestKey{user, *key, found->second};
}

}  // namespace digits::api
