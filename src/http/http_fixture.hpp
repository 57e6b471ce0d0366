#pragma once

// What the tests of the HTTP server share: a client that says exactly what it is told, and a server with a few routes.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "http/header_text.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "http/static_folder.hpp"

namespace digits::http {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A socket that says exactly what it is told.
class Client {
  public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;

    bool connected() const { return connected_; }
    bool say(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    /// Reads until `word` is there, or the other side closes, or nothing comes for `patience`.
    std::string hear_until(std::string_view word, std::chrono::milliseconds patience = 5000ms) {
        while (heard_.find(word) == std::string::npos && hear_more(patience)) {
        }
        return heard_;
    }
    /// Everything until the other side closes.
    std::string hear_all(std::chrono::milliseconds patience = 5000ms) {
        while (hear_more(patience)) {
        }
        return heard_;
    }
    /// One answer with a Content-Length.
    std::string hear_answer() {
        hear_until("\r\n\r\n");
        const auto end = heard_.find("\r\n\r\n");
        if (end == std::string::npos) return heard_;
        std::size_t length = 0;
        if (const auto at = lower_case(heard_).find("content-length: "); at < end)
            length = std::stoul(heard_.substr(at + 16));
        while (heard_.size() < end + 4 + length && hear_more(5000ms)) {
        }
        const auto answer = heard_.substr(0, end + 4 + length);
        heard_.erase(0, answer.size());
        return answer;
    }
    bool closed() const { return closed_; }

  private:
    bool hear_more(std::chrono::milliseconds patience) {
        pollfd poll{fd_, POLLIN, 0};
        if (::poll(&poll, 1, static_cast<int>(patience.count())) <= 0) return false;
        char bytes[4096];
        const auto count = ::recv(fd_, bytes, sizeof bytes, 0);
        if (count <= 0) {
            closed_ = true;
            return false;
        }
        heard_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }

    int fd_;
    bool connected_ = false;
    bool closed_ = false;
    std::string heard_;
};

inline Response text(std::string body) { return Response::bytes(200, "text/plain; charset=utf-8", std::move(body)); }

class HttpServer : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directories(folder_.path() / "pages/assets");
        std::filesystem::create_directories(folder_.path() / "uploads");
        write("pages/index.html", "<p>Digits</p>");
        write("pages/assets/app-0123abcd.js", std::string(5000, 'a'));
        write("pages/ten.txt", "0123456789");
        write("secret.txt", "secret");
        options_.upload_dir = folder_.path() / "uploads";
        options_.header_timeout = 300ms;
        options_.body_timeout = 300ms;
        router_.add("GET", "/hello", [](const Request&) -> Result<Response> { return text("hello"); });
        router_.add("POST", "/echo", [](const Request& request) -> Result<Response> { return text(request.body); });
        router_.add("GET", "/items/{id}/parts/{path...}", [](const Request& request) -> Result<Response> {
            return text(request.param("id") + "|" + request.param("path"));
        });
        router_.add("GET", "/query", [](const Request& request) -> Result<Response> {
            const auto* q = request.find_query("q");
            return text(q ? *q : "none");
        });
        router_.add("GET", "/throw",
                    [](const Request&) -> Result<Response> { throw std::runtime_error("inner secret"); });
        router_.add("GET", "/large",
                    [](const Request&) -> Result<Response> { return text(std::string(100'000, 'x')); });
        router_.add("GET", "/ten", [this](const Request&) -> Result<Response> {
            return Response::file(folder_.path() / "pages/ten.txt", "text/plain");
        });
        router_.add("GET", "/split", [](const Request&) -> Result<Response> {
            return text("x").set_header("X-Name", "a\r\nSet-Cookie: evil=1");
        });
        router_.add("GET", "/rows/{id}.json",
                    [](const Request& request) -> Result<Response> { return text("json of " + request.param("id")); });
        router_.add("GET", "/rows/{id}",
                    [](const Request& request) -> Result<Response> { return text("page of " + request.param("id")); });
        router_.add("POST", "/upload",
                    [](const Request& request) -> Result<Response> {
                        std::string result;
                        for (const auto& part : request.parts)
                            result += part.name + "=" + part.file_name + ":" +
                                      (part.file ? read_file(part.file->path()).value() : part.value) + ";";
                        return text(result);
                    },
                    {.max_body_bytes = 64 << 10, .multipart = true, .max_upload_bytes = 200'000, .max_parts = 3});
        router_.set_fallback(static_folder(folder_.path() / "pages"));
    }

    void write(const std::string& name, std::string_view bytes) {
        ASSERT_TRUE(write_file_atomic(folder_.path() / name, bytes).has_value());
    }
    void start() {
        auto started = Server::start(options_, router_);
        ASSERT_TRUE(started.has_value()) << started.error().to_string();
        server_ = std::move(*started);
    }
    std::string ask(std::string_view request) {
        if (!server_) start();
        Client client(server_->port());
        client.say(request);
        return client.hear_answer();
    }
    std::string get(const std::string& target, const std::string& headers = "") {
        return ask("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n");
    }
    std::string post(const std::string& target, const std::string& body, const std::string& headers = "") {
        return ask("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
                   "\r\n" + headers + "\r\n" + body);
    }
    std::string upload(const std::string& body) {
        return post("/upload", body, "Content-Type: multipart/form-data; boundary=XX\r\n");
    }
    void expect_alive() { EXPECT_THAT(get("/hello"), EndsWith("hello")); }

    TemporaryFolder folder_;
    ServerOptions options_;
    Router router_;
    std::unique_ptr<Server> server_;
};

}  // namespace digits::http
