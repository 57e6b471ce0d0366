#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {

/// Speaks to /api/v1 of one server. Errors: what the server's problem document says; kUnavailable when it does not
/// answer.
class Client {
  public:
    /// `address`: "http://127.0.0.1:5000/". `user`: who sends requests; empty: nobody.
    explicit Client(std::string address, std::string user = "");
    ~Client();
    Client(Client&& other) noexcept;
    Client& operator=(Client&&) = delete;

    const std::string& address() const { return address_; }

    /// `path`: "/jobs?state=run", below /api/v1.
    Result<nlohmann::json> get(const std::string& path);
    Result<nlohmann::json> post(const std::string& path, const nlohmann::json& body);
    /// A POST that makes something. When the connection breaks it is sent once more, and still makes one.
    Result<nlohmann::json> create(const std::string& path, const nlohmann::json& body);
    Result<nlohmann::json> remove(const std::string& path);
    Result<std::string> get_text(const std::string& path);
    /// multipart/form-data, each file a part of this name.
    Result<nlohmann::json> upload(const std::string& path, const std::string& part,
                                  const std::vector<std::filesystem::path>& files);
    Result<nlohmann::json> upload(const std::string& path, std::vector<remote::FormPart> parts);
    /// The body as it is.
    Result<nlohmann::json> put(const std::string& path, std::string bytes);
    /// To a file that appears only when it is whole; `progress` gets the bytes so far.
    Status download(const std::string& path, const std::filesystem::path& file,
                    const std::function<void(std::uint64_t)>& progress);
    /// The same of a POST of files, each a part of this name.
    Status download_of(const std::string& path, const std::string& part,
                       const std::vector<std::filesystem::path>& files, const std::filesystem::path& file);

  private:
    struct Request;
    Result<std::string> perform(const Request& request);

    std::string address_;
    std::string user_;
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

}  // namespace digits::cli
