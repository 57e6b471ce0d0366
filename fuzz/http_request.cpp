// The bytes of a connection, through a real server: heads, chunks, bodies, one request after the other.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.hpp"
#include "http/server.hpp"

namespace {

using namespace digits;
using fuzz::require;

class Target {
  public:
    Target() {
        http::Router router;
        const http::Handler answer = [](const http::Request& request) -> Result<http::Response> {
            return http::Response::bytes(200, "text/plain", std::to_string(request.body.size() + request.parts.size()));
        };
        router.add("GET", "/jobs/{id}", answer);
        router.add("POST", "/jobs", answer, {.max_body_bytes = 512});
        router.add("POST", "/files", answer,
                   {.max_body_bytes = 512, .multipart = true, .max_upload_bytes = 4096, .max_parts = 4});
        http::ServerOptions options;
        options.upload_dir = folder_.path();
        options.handler_threads = options.slow_threads = 1;
        options.max_header_bytes = 2048;
        auto started = http::Server::start(std::move(options), std::move(router));
        require(started.has_value(), "the server starts");
        server_ = std::move(*started);
    }

    /// What it answers until it closes.
    std::string answer(std::string_view bytes) const {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server_->port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        require(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "the server listens");
        // No waiting for the end of the connection, which would use up the ports of the machine.
        const linger hard{1, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        const timeval patience{5, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        while (!bytes.empty()) {
            const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) break;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        ::shutdown(fd, SHUT_WR);
        std::string text;
        char buffer[4096];
        ssize_t got = 0;
        while ((got = ::recv(fd, buffer, sizeof buffer, 0)) > 0) text.append(buffer, static_cast<std::size_t>(got));
        require(got == 0 || errno != EAGAIN, "the server answers or closes");
        ::close(fd);
        return text;
    }

  private:
    fuzz::Folder folder_;
    std::unique_ptr<http::Server> server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Target target;
    const auto answer = target.answer(fuzz::text_of(data, size));
    require(answer.empty() || answer.starts_with("HTTP/1.1 "), "an answer is HTTP");
    require(!answer.starts_with("HTTP/1.1 500"), "no request makes the server fail");
    return 0;
}
