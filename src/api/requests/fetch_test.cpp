#include "remote/fetch.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>

#include "base/file.hpp"
#include "http/server.hpp"
#include "remote/public_address.hpp"

namespace digits::api {
namespace {

using namespace std::chrono_literals;
using http::Request;
using http::Response;
using http::Router;
using http::Server;
using remote::fetch;
using remote::FetchLimits;
using remote::is_public_address;
using testing::HasSubstr;

TEST(PublicAddress, TellsThePublicInternetFromAllElse) {
    // Examples of the blocks in IANA's registries of special-purpose addresses, their ends, and their neighbours.
    for (const auto* address : {"8.8.8.8",
                                "1.1.1.1",
                                "9.255.255.255",
                                "11.0.0.0",
                                "100.63.255.255",
                                "100.128.0.0",
                                "128.0.0.1",
                                "169.253.255.255",
                                "169.255.0.0",
                                "172.15.255.255",
                                "172.32.0.0",
                                "192.167.255.255",
                                "192.169.0.0",
                                "198.17.255.255",
                                "198.20.0.0",
                                "223.255.255.255",
                                "2606:4700:4700::1111",
                                "2a00:1450:4001::8",
                                "2001:4860:4860::8888",
                                "::ffff:8.8.8.8"})
        EXPECT_TRUE(is_public_address(address)) << address;
    for (const auto* address : {"0.0.0.0",
                                "0.1.2.3",
                                "10.0.0.1",
                                "10.255.255.255",
                                "100.64.0.1",
                                "100.100.100.200",
                                "100.127.255.255",
                                "127.0.0.1",
                                "127.255.0.3",
                                "169.254.169.254",
                                "172.16.0.1",
                                "172.31.255.255",
                                "192.0.0.8",
                                "192.0.2.1",
                                "192.168.1.1",
                                "198.18.0.1",
                                "198.19.255.255",
                                "198.51.100.7",
                                "203.0.113.9",
                                "224.0.0.1",
                                "239.1.1.1",
                                "240.0.0.1",
                                "255.255.255.255",
                                "::",
                                "::1",
                                "::ffff:127.0.0.1",
                                "::ffff:10.1.2.3",
                                "::ffff:169.254.169.254",
                                "::7f00:1",
                                "64:ff9b::7f00:1",
                                "64:ff9b:1::1",
                                "100::1",
                                "2001::1",
                                "2001:1ff:ffff::1",
                                "2001:db8::1",
                                "2002:7f00:1::1",
                                "3fff::1",
                                "fc00::1",
                                "fd00:ec2::254",
                                "fe80::1",
                                "fec0::1",
                                "ff02::1",
                                "",
                                "localhost",
                                "127.1",
                                "2130706433",
                                "0x7f.1"})
        EXPECT_FALSE(is_public_address(address)) << address;
}

/// A server on the loopback: what only this machine reaches.
class FetchTest : public testing::Test {
  protected:
    FetchTest() {
        Router router;
        router.add("GET", "/cat.png", [](const Request&) -> Result<Response> {
            return Response::bytes(200, "image/png", "the bytes of a cat");
        });
        router.add("GET", "/long", [](const Request&) -> Result<Response> {
            return Response::bytes(200, "image/png", std::string(5000, 'x'));
        });
        router.add("GET", "/to", [](const Request& request) -> Result<Response> {
            auto response = Response::bytes(302, "text/plain", "elsewhere");
            response.set_header("Location", *request.find_query("place"));
            return response;
        });
        router.add("GET", "/hops/{n}", [](const Request& request) -> Result<Response> {
            const int left = std::stoi(request.param("n")) - 1;
            auto response = Response::bytes(307, "text/plain", "");
            response.set_header("Location", left == 0 ? "/cat.png" : "/hops/" + std::to_string(left));
            return response;
        });
        router.add("GET", "/never", [this](const Request&) -> Result<Response> {
            std::unique_lock lock(mutex_);
            over_.wait(lock, [&] { return is_over_; });
            return Response::empty(204);
        });
        router.add("GET", "/empty", [](const Request&) -> Result<Response> { return Response::empty(204); });
        server_ = *Server::start({}, std::move(router));
        limits_.private_hosts = {"127.0.0.1"};
    }
    ~FetchTest() override {
        {
            const std::scoped_lock lock(mutex_);
            is_over_ = true;
        }
        over_.notify_all();
    }

    std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    }
    std::filesystem::path file() const { return folder_.path() / "image"; }
    Error error_of(const std::string& address) const {
        const auto done = fetch(address, file(), limits_);
        return done ? Error{} : done.error();
    }

    TemporaryFolder folder_;
    FetchLimits limits_;
    std::mutex mutex_;
    std::condition_variable over_;
    bool is_over_ = false;
    std::unique_ptr<Server> server_;
};

TEST_F(FetchTest, WritesWhatLiesThere) {
    ASSERT_TRUE(fetch(url("/cat.png"), file(), limits_));
    EXPECT_EQ(*read_file(file()), "the bytes of a cat");
}

TEST_F(FetchTest, AsksNothingThatOnlyThisMachineReaches) {
    limits_.private_hosts.clear();
    const auto port = std::to_string(server_->port());
    for (const auto& host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0"}) {
        const auto error = error_of(std::string("http://") + host + ":" + port + "/cat.png");
        EXPECT_EQ(error.code, ErrorCode::kPermissionDenied) << host << ": " << error.message;
        EXPECT_THAT(error.advice, HasSubstr("--allow-url-host")) << host;
    }
    EXPECT_EQ(error_of("http://169.254.169.254/latest/meta-data/").code, ErrorCode::kPermissionDenied);
}

TEST_F(FetchTest, AListedHostVouchesForNoOther) {
    limits_.private_hosts = {"localhost"};
    EXPECT_EQ(error_of(url("/cat.png")).code, ErrorCode::kPermissionDenied);
    limits_.private_hosts = {"127.0.0.1"};
    const auto elsewhere = "http://localhost:" + std::to_string(server_->port()) + "/cat.png";
    EXPECT_EQ(error_of(url("/to?place=" + elsewhere)).code, ErrorCode::kPermissionDenied);
}

TEST_F(FetchTest, IsLedOnThreeTimesAtMost) {
    ASSERT_TRUE(fetch(url("/hops/3"), file(), limits_));
    EXPECT_EQ(*read_file(file()), "the bytes of a cat");
    EXPECT_THAT(error_of(url("/hops/4")).message, HasSubstr("more than 3 times"));
}

TEST_F(FetchTest, TakesHttpAndNothingElse) {
    for (const auto* address : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "cat.png", "",
                                "http://", "http://ada:secret@127.0.0.1/cat.png"})
        EXPECT_EQ(error_of(address).code, ErrorCode::kInvalidArgument) << address;
    EXPECT_EQ(error_of(url("/to?place=file:///etc/passwd")).code, ErrorCode::kInvalidArgument);
}

TEST_F(FetchTest, StopsAtTheLimits) {
    limits_.max_bytes = 4999;
    EXPECT_EQ(error_of(url("/long")).code, ErrorCode::kTooLarge);
    limits_.max_bytes = 5000;
    EXPECT_TRUE(fetch(url("/long"), file(), limits_));
    limits_.timeout = 200ms;
    EXPECT_EQ(error_of(url("/never")).code, ErrorCode::kUnavailable);
}

TEST_F(FetchTest, SaysWhatTheOtherSideAnswered) {
    auto error = error_of(url("/nothing"));
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_THAT(error.message, HasSubstr("404"));
    EXPECT_THAT(error_of(url("/empty")).message, HasSubstr("204"));
    error = error_of("http://127.0.0.1:1/");
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_THAT(error.message, HasSubstr("http://127.0.0.1:1/"));
}

}  // namespace
}  // namespace digits::api
