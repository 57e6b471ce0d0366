#include "cli/client.hpp"

#include <curl/curl.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/ids.hpp"
#include "remote/form_parts.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {
namespace {

constexpr long kConnectSeconds = 5;

Error problem_error(const std::string& body, long status) {
    const auto json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("code"))
        return make_error(status >= 500 ? ErrorCode::kInternal : ErrorCode::kInvalidArgument,
                          "the server answered with HTTP status {}", status);
    return Error{find_enum<ErrorCode>(json.value("code", "")).value_or(ErrorCode::kInternal), json.value("detail", ""),
                 json.value("where", ""), json.value("advice", "")};
}

Result<nlohmann::json> parse_answer(const std::string& body) {
    if (body.empty()) return nlohmann::json();
    auto json = nlohmann::json::parse(body, nullptr, false);
    if (json.is_discarded())
        return fail(ErrorCode::kInternal, "the server's answer is not JSON: {}", body.substr(0, 80));
    return json;
}

}  // namespace

struct Client::Handle {
    CURL* curl = curl_easy_init();
    ~Handle() { curl_easy_cleanup(curl); }
};

struct Client::Request {
    std::string method = "GET";
    std::string path;
    std::string body;
    std::string key;  ///< Idempotency-Key
    std::vector<remote::FormPart> parts;
    AtomicFile* sink = nullptr;  ///< takes the answer instead of memory
    std::function<void(std::uint64_t)> progress;
};

Client::Client(std::string address, std::string user)
    : address_(std::move(address)), user_(std::move(user)), handle_(std::make_unique<Handle>()) {
    while (!address_.empty() && address_.back() == '/') address_.pop_back();
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

namespace {

struct Answer {
    CURL* curl = nullptr;
    std::string body;
    AtomicFile* sink = nullptr;
    std::function<void(std::uint64_t)> progress;
    std::uint64_t bytes = 0;
    Status written;
};

std::size_t take_bytes(char* data, std::size_t, std::size_t size, void* user) {
    auto& answer = *static_cast<Answer*>(user);
    long status = 0;
    curl_easy_getinfo(answer.curl, CURLINFO_RESPONSE_CODE, &status);
    if (!answer.sink || status >= 400) {
        answer.body.append(data, size);
        return size;
    }
    answer.written = answer.sink->write({data, size});
    if (!answer.written) return 0;
    answer.bytes += size;
    if (answer.progress) answer.progress(answer.bytes);
    return size;
}

}  // namespace

Result<std::string> Client::perform(const Request& request) {
    CURL* curl = handle_->curl;
    curl_easy_reset(curl);
    Answer answer{curl, {}, request.sink, request.progress, 0, {}};
    const std::string url = address_ + "/api/v1" + request.path;
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (!user_.empty()) curl_easy_setopt(curl, CURLOPT_COOKIE, ("username=" + user_).c_str());
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
    DIGITS_ASSIGN(const auto mime, remote::make_mime(curl, request.parts));
    if (mime) {
        curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime.get());
    } else if (request.method == "POST" || request.method == "PUT") {
        headers.reset(curl_slist_append(nullptr, request.method == "PUT" ? "Content-Type: application/octet-stream"
                                                                         : "Content-Type: application/json"));
        if (!request.key.empty()) curl_slist_append(headers.get(), ("Idempotency-Key: " + request.key).c_str());
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    }
    const CURLcode code = curl_easy_perform(curl);
    if (!answer.written) return fail(answer.written.error());
    if (code != CURLE_OK)
        return fail(make_error(ErrorCode::kUnavailable, "the server at {}/ does not answer: {}", address_,
                               curl_easy_strerror(code))
                        .advise("See whether it runs: digits jobs list"));
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400) return fail(problem_error(answer.body, status));
    return std::move(answer.body);
}

Result<nlohmann::json> Client::get(const std::string& path) {
    DIGITS_ASSIGN(const auto body, get_text(path));
    return parse_answer(body);
}

Result<nlohmann::json> Client::post(const std::string& path, const nlohmann::json& json) {
    Request request;
    request.method = "POST";
    request.path = path;
    if (!json.is_null()) request.body = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    DIGITS_ASSIGN(const auto body, perform(request));
    return parse_answer(body);
}

Result<nlohmann::json> Client::create(const std::string& path, const nlohmann::json& json) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    request.key = random_hex(16);
    auto body = perform(request);
    if (!body && body.error().code == ErrorCode::kUnavailable) body = perform(request);
    if (!body) return fail(body.error());
    return parse_answer(*body);
}

Result<nlohmann::json> Client::remove(const std::string& path) {
    Request request;
    request.method = "DELETE";
    request.path = path;
    DIGITS_ASSIGN(const auto body, perform(request));
    return parse_answer(body);
}

Result<std::string> Client::get_text(const std::string& path) {
    Request request;
    request.path = path;
    return perform(request);
}

Result<nlohmann::json> Client::upload(const std::string& path, const std::string& part,
                                      const std::vector<std::filesystem::path>& files) {
    std::vector<remote::FormPart> parts;
    for (const auto& file : files) parts.push_back({part, file, {}});
    return upload(path, std::move(parts));
}

Result<nlohmann::json> Client::upload(const std::string& path, std::vector<remote::FormPart> parts) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.parts = std::move(parts);
    DIGITS_ASSIGN(const auto body, perform(request));
    return parse_answer(body);
}

Result<nlohmann::json> Client::put(const std::string& path, std::string bytes) {
    Request request;
    request.method = "PUT";
    request.path = path;
    request.body = std::move(bytes);
    DIGITS_ASSIGN(const auto body, perform(request));
    return parse_answer(body);
}

Status Client::download(const std::string& path, const std::filesystem::path& file,
                        const std::function<void(std::uint64_t)>& progress) {
    DIGITS_ASSIGN(auto sink, AtomicFile::create(file));
    Request request;
    request.path = path;
    request.sink = &sink;
    request.progress = progress;
    DIGITS_TRY(perform(request));
    return sink.commit();
}

Status Client::download_of(const std::string& path, const std::string& part,
                           const std::vector<std::filesystem::path>& files, const std::filesystem::path& file) {
    DIGITS_ASSIGN(auto sink, AtomicFile::create(file));
    Request request;
    request.method = "POST";
    request.path = path;
    for (const auto& one : files) request.parts.push_back({part, one, {}});
    request.sink = &sink;
    DIGITS_TRY(perform(request));
    return sink.commit();
}

}  // namespace digits::cli
