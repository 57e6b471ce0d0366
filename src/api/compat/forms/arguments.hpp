#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.hpp"

namespace digits::api::compat {

/// What a DIGITS client sends along: the query, and a form (urlencoded or multipart). Refers to the request.
class Arguments {
  public:
    /// Errors: kInvalidArgument for a form that cannot be read.
    static Result<Arguments> read(const http::Request& request);

    /// From the query, else from the form; null if neither has it.
    const std::string* find(std::string_view name) const;
    std::string get(std::string_view name) const;
    /// From the form alone.
    const std::string* find_field(std::string_view name) const;
    /// All fields of that name.
    std::vector<std::string> list(std::string_view name) const;
    /// An uploaded file that is not empty.
    const http::Part* find_file(std::string_view name) const;

    const http::Request& request() const { return *request_; }

  private:
    explicit Arguments(const http::Request& request) : request_(&request) {}

    const http::Request* request_;
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// Whether the client wants JSON: the path ends in `.json` or `/json`, or Accept prefers it to HTML.
bool wants_json(const http::Request& request);
/// Whether it is a browser that opens a page.
bool wants_page(const http::Request& request);

}  // namespace digits::api::compat
