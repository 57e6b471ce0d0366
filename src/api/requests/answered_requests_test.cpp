#include "api/requests/answered_requests.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>
#include <latch>
#include <thread>

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using testing::HasSubstr;

class AnsweredRequestsTest : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void TearDown() override {
        answered_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open() {
        answered_.reset();
        auto opened = AnsweredRequests::open(folder_ / "digits.db");
        ASSERT_TRUE(opened) << opened.error().to_string();
        answered_ = std::move(*opened);
    }
    static Request request(const std::string& key, const std::string& body) {
        Request made;
        made.method = "POST";
        made.path = "/api/v1/datasets";
        if (!key.empty()) made.headers.emplace_back("idempotency-key", key);
        made.body = body;
        return made;
    }
    /// Makes thing 1, 2, …
    Result<Response> make(const Request& wanted, const std::string& user = "ada") {
        return answered_->once(wanted, user, [&](const Request&) -> Result<Response> {
            auto response = Response::bytes(201, "application/json", std::to_string(++made_));
            response.set_header("Location", "/things/" + std::to_string(made_));
            return response;
        });
    }
    static std::string body(const Result<Response>& response) {
        return response ? std::get<std::string>(response->body) : response.error().to_string();
    }

    std::filesystem::path folder_ = [] {
        char name[] = "/tmp/digits-answered-XXXXXX";
        return std::filesystem::path(::mkdtemp(name));
    }();
    std::unique_ptr<AnsweredRequests> answered_;
    int made_ = 0;
};

TEST_F(AnsweredRequestsTest, WithoutKeyEachMakesOne) {
    EXPECT_EQ(body(make(request("", "a"))), "1");
    EXPECT_EQ(body(make(request("", "a"))), "2");
}

TEST_F(AnsweredRequestsTest, TheSameAgainMakesNothingAndGetsTheSameAnswer) {
    const auto first = make(request("k1", "a"));
    const auto again = make(request("k1", "a"));
    EXPECT_EQ(body(again), "1");
    EXPECT_EQ(again->status, 201);
    EXPECT_EQ(*again->find_header("Location"), *first->find_header("Location"));
    EXPECT_EQ(body(make(request("k2", "a"))), "2");
    EXPECT_EQ(body(make(request("k1", "a"), "bob")), "3") << "each user has keys of his own";
}

TEST_F(AnsweredRequestsTest, OutlivesTheServer) {
    EXPECT_EQ(body(make(request("k", "a"))), "1");
    open();
    EXPECT_EQ(body(make(request("k", "a"))), "1");
}

TEST_F(AnsweredRequestsTest, RefusesAKeyOfAnotherRequest) {
    ASSERT_TRUE(make(request("k", "a")));
    auto other_place = request("k", "a");
    other_place.path = "/api/v1/models";
    for (const auto& other : {request("k", "b"), other_place}) {
        const auto refused = make(other);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
        EXPECT_THAT(refused.error().message, HasSubstr("another request"));
    }
    EXPECT_EQ(made_, 1);
}

TEST_F(AnsweredRequestsTest, RefusesAKeyThatIsNone) {
    for (const auto& key : {std::string("two words"), std::string(201, 'x'), std::string("\x01")})
        EXPECT_EQ(make(request(key, "a")).error().code, ErrorCode::kInvalidArgument) << key;
}

TEST_F(AnsweredRequestsTest, WhatFailedCanBeTriedAgain) {
    const auto failed = answered_->once(request("k", "a"), "ada", [](const Request&) -> Result<Response> {
        return fail(ErrorCode::kUnavailable, "not now");
    });
    EXPECT_FALSE(failed);
    EXPECT_EQ(body(make(request("k", "a"))), "1");
}

TEST_F(AnsweredRequestsTest, RefusesASecondOneWhileTheFirstIsAtWork) {
    std::latch began(1), may_end(1);
    std::thread first([&] {
        const auto answer = answered_->once(request("k", "a"), "ada", [&](const Request&) -> Result<Response> {
            began.count_down();
            may_end.wait();
            return Response::bytes(201, "application/json", "slow");
        });
        EXPECT_EQ(body(answer), "slow");
    });
    began.wait();
    const auto second = make(request("k", "a"));
    may_end.count_down();
    first.join();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(second.error().message, HasSubstr("being worked on"));
    EXPECT_EQ(body(make(request("k", "a"))), "slow");
}

TEST_F(AnsweredRequestsTest, TellsUploadsApartByTheirContent) {
    const auto upload = [&](const std::string& name, const std::string& content) {
        auto made = request("k", "");
        const auto path = folder_ / name;
        std::ofstream(path) << content;
        http::Part part;
        part.name = "archive";
        part.file_name = "a.zip";
        part.file = std::make_shared<http::TemporaryFile>(path);
        part.size = content.size();
        made.parts.push_back(part);
        return made;
    };
    EXPECT_EQ(body(make(upload("one", "abc"))), "1");
    EXPECT_EQ(body(make(upload("two", "abc"))), "1");
    EXPECT_FALSE(make(upload("three", "abd")));
}

}  // namespace
}  // namespace digits::api
