#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "http/async.hpp"

namespace digits::http {

class EventStream;

/// A file that is removed when nobody holds it any more.
class TemporaryFile {
  public:
    explicit TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {}
    ~TemporaryFile();
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// One part of a multipart body. A part with a file name is on disk, any other in `value`.
struct Part {
    std::string name;
    std::string file_name;  ///< as the client calls it, without folders and control characters; only for showing
    std::string content_type;
    std::string value;
    std::shared_ptr<TemporaryFile> file;
    std::uint64_t size = 0;
};

struct Request {
    std::string method;
    std::string path;                           ///< percent-decoded
    std::map<std::string, std::string> params;  ///< the value of `{name}` in the route
    std::vector<std::pair<std::string, std::string>> query;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;
    std::vector<Part> parts;

    /// The first of that name, or null.
    const std::string* find_query(std::string_view name) const;
    const std::string* find_header(std::string_view lower_case_name) const;
    /// Media type without parameters, in lower case: "application/json".
    std::string content_type() const;
    /// Path parameter; it is there because the route has it.
    const std::string& param(const std::string& name) const;
};

/// A file to send. Ranges, ETag and If-None-Match are seen to.
struct FileBody {
    std::filesystem::path path;
    std::shared_ptr<void> owner;  ///< kept until it is sent; for temporary files
};

struct Response {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::variant<std::string, FileBody, std::shared_ptr<EventStream>> body;

    static Response bytes(int status, std::string content_type, std::string body);
    static Response file(std::filesystem::path path, std::string content_type, std::shared_ptr<void> owner = {});
    /// Server-sent events until either side ends.
    static Response events(std::shared_ptr<EventStream> stream);
    static Response empty(int status);

    const std::string* find_header(std::string_view name) const;
    /// Replaces the header of that name.
    Response& set_header(std::string_view name, std::string value);
};

/// Runs on a pool of threads: it must wait neither for a worker nor for another machine.
using Handler = std::function<Result<Response>(const Request&)>;
/// The same for what waits. It is cancelled when the client goes away.
using AsyncHandler = std::function<Async<Result<Response>>(const Request&)>;
/// Gives an error its body. `status` may be one that no ErrorCode has (400, 405, 408, 431).
using ErrorRenderer = std::function<Response(int status, const Error&)>;

}  // namespace digits::http
