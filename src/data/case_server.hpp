#pragma once

// For tests: a folder of this machine as a web server with listings, and as a bucket of an S3 server.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "remote/http_client.hpp"

namespace digits {

/// `/NAME` is a file of the folder, `/cases/KEY` the same as an object of the bucket "cases". One request after the
/// other, a connection each.
class CaseServer {
  public:
    explicit CaseServer(std::filesystem::path folder) : folder_(std::move(folder)) {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* any = reinterpret_cast<sockaddr*>(&address);
        if (::bind(socket_, any, size) == 0 && ::listen(socket_, 64) == 0 && ::getsockname(socket_, any, &size) == 0)
            url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::jthread([this] { serve(); });
    }
    ~CaseServer() { ::shutdown(socket_, SHUT_RDWR); }
    CaseServer(const CaseServer&) = delete;
    CaseServer& operator=(const CaseServer&) = delete;

    const std::string& url() const { return url_; }

  private:
    void serve() {
        for (int client = 0; (client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(client)) {
            std::string request;
            char part[4096];
            while (request.find("\r\n\r\n") == std::string::npos) {
                const auto got = ::recv(client, part, sizeof part, 0);
                if (got <= 0) break;
                request.append(part, static_cast<std::size_t>(got));
            }
            const auto begin = request.find(' ') + 1;
            const auto answer = answer_to(request.substr(begin, request.find(' ', begin) - begin));
            for (std::size_t sent = 0; sent < answer.size();) {
                const auto more = ::send(client, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
                if (more <= 0) break;
                sent += static_cast<std::size_t>(more);
            }
        }
        ::close(socket_);
    }

    std::string answer_to(const std::string& target) const {
        constexpr std::string_view kBucket = "/cases/";
        std::string body;
        if (target.starts_with("/cases/?")) {
            const auto prefix = target.substr(target.find("prefix=") + 7);
            body = "<ListBucketResult><EncodingType>url</EncodingType>";
            for (const auto& entry : sorted<std::filesystem::recursive_directory_iterator>(folder_)) {
                const auto key = remote::escape_url(std::filesystem::relative(entry, folder_).string());
                if (std::filesystem::is_regular_file(entry) && key.starts_with(prefix))
                    body += "<Contents><Key>" + key + "</Key><Size>" +
                            std::to_string(std::filesystem::file_size(entry)) + "</Size></Contents>";
            }
            body += "</ListBucketResult>";
        } else {
            const auto path = folder_ / target.substr(target.starts_with(kBucket) ? kBucket.size() : 1);
            if (std::filesystem::is_directory(path)) {
                body = "<html><a href=\"../\">../</a>";
                for (const auto& entry : sorted<std::filesystem::directory_iterator>(path))
                    body += "<a href=\"" + remote::escape_url(entry.filename().string()) +
                            (std::filesystem::is_directory(entry) ? "/\">" : "\">") + "</a>\n";
            } else if (const auto bytes = read_file(path)) {
                body = *bytes;
            } else {
                return "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            }
        }
        return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
               body;
    }

    template <class Iterator>
    static std::vector<std::filesystem::path> sorted(const std::filesystem::path& folder) {
        std::vector<std::filesystem::path> paths;
        for (const auto& entry : Iterator(folder)) paths.push_back(entry.path());
        std::ranges::sort(paths);
        return paths;
    }

    std::filesystem::path folder_;
    int socket_ = -1;
    std::string url_;
    std::jthread thread_;
};

}  // namespace digits
