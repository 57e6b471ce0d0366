#include "http/message.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "http/header_text.hpp"

namespace digits::http {

TemporaryFile::~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

const std::string* Request::find_query(std::string_view name) const {
    const auto found = std::find_if(query.begin(), query.end(), [&](const auto& pair) { return pair.first == name; });
    return found == query.end() ? nullptr : &found->second;
}

const std::string* Request::find_header(std::string_view name) const {
    const auto found =
        std::find_if(headers.begin(), headers.end(), [&](const auto& pair) { return pair.first == name; });
    return found == headers.end() ? nullptr : &found->second;
}

std::string Request::content_type() const {
    const auto* value = find_header("content-type");
    return value ? lower_case(trim(value->substr(0, value->find(';')))) : "";
}

const std::string& Request::param(const std::string& name) const {
    const auto found = params.find(name);
    DIGITS_CHECK(found != params.end());
    return found->second;
}

Response Response::bytes(int status, std::string content_type, std::string body) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", std::move(content_type));
    response.body = std::move(body);
    return response;
}

Response Response::file(std::filesystem::path path, std::string content_type, std::shared_ptr<void> owner) {
    Response response;
    response.headers.emplace_back("Content-Type", std::move(content_type));
    response.body = FileBody{std::move(path), std::move(owner)};
    return response;
}

Response Response::events(std::shared_ptr<EventStream> stream) {
    Response response;
    response.headers.emplace_back("Content-Type", "text/event-stream");
    response.headers.emplace_back("X-Accel-Buffering", "no");
    response.body = std::move(stream);
    return response;
}

Response Response::empty(int status) {
    Response response;
    response.status = status;
    return response;
}

const std::string* Response::find_header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (equal_ignoring_case(key, name)) return &value;
    return nullptr;
}

Response& Response::set_header(std::string_view name, std::string value) {
    for (auto& [key, old] : headers) {
        if (equal_ignoring_case(key, name)) {
            old = std::move(value);
            return *this;
        }
    }
    headers.emplace_back(name, std::move(value));
    return *this;
}

}  // namespace digits::http
