#include "api/serving/batcher.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "base/file.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

/// Answers when the test says so.
class HeldModels final : public ServedModels {
  public:
    Result<ServedModel> find(const std::string& name, const std::string&) const override {
        return ServedModel{name, "1", name};
    }
    Result<std::vector<std::string>> versions(const ServedModel&) const override { return std::vector<std::string>{}; }
    WarmPool::RequestId ask(const ServedModel&, const json& question, WarmPool::Callback callback) override {
        const std::scoped_lock lock(mutex_);
        asked_.push_back({question, std::move(callback)});
        changed_.notify_all();
        return asked_.size();
    }
    void cancel(WarmPool::RequestId request) override {
        const std::scoped_lock lock(mutex_);
        cancelled_.push_back(request);
    }

    /// The inputs of the n-th batch, once it has been asked for.
    std::size_t inputs_of(std::size_t batch) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return asked_.size() > batch; });
        return asked_[batch].question["inputs"].size();
    }
    void answer(std::size_t batch, const json& facts) {
        WarmPool::Callback callback;
        {
            const std::scoped_lock lock(mutex_);
            callback = asked_.at(batch).callback;
        }
        callback(std::make_shared<const json>(facts));
    }
    std::vector<WarmPool::RequestId> cancelled() const {
        const std::scoped_lock lock(mutex_);
        return cancelled_;
    }

  private:
    struct Asked {
        json question;
        WarmPool::Callback callback;
    };
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Asked> asked_;
    std::vector<WarmPool::RequestId> cancelled_;
};

class BatcherTest : public testing::Test {
  protected:
    Batcher::Id add(int images, const char* name = "m") {
        return batcher_.add({name, "1", name}, {images, {{"count", images}}, nullptr},
                            [this](Result<BatchRows> rows) { answers_.push_back(std::move(rows)); });
    }

    TemporaryFolder folder_;
    std::shared_ptr<HeldModels> models_ = std::make_shared<HeldModels>();
    std::shared_ptr<ServingMetrics> metrics_ = std::make_shared<ServingMetrics>();
    std::vector<Result<BatchRows>> answers_;
    Batcher batcher_{
        models_, metrics_, folder_.path(), {.images = 4, .wait = std::chrono::milliseconds(1), .waiting_requests = 3}};
};

TEST_F(BatcherTest, RequestsGatherWhileABatchIsAtWork) {
    add(1);
    EXPECT_EQ(models_->inputs_of(0), 1U);
    add(1);
    add(2);
    add(2);
    models_->answer(0, json::object());
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_EQ(answers_[0]->first, 0);
    // Four images fit: the last request waits for the next batch.
    EXPECT_EQ(models_->inputs_of(1), 2U);
    models_->answer(1, json::object());
    ASSERT_EQ(answers_.size(), 3U);
    EXPECT_EQ(answers_[2]->first, 1);
    EXPECT_EQ(answers_[2]->count, 2);
    EXPECT_EQ(models_->inputs_of(2), 1U);
}

TEST_F(BatcherTest, OneModelDoesNotWaitForAnother) {
    add(1, "a");
    add(1, "b");
    EXPECT_EQ(models_->inputs_of(0), 1U);
    EXPECT_EQ(models_->inputs_of(1), 1U);
}

TEST_F(BatcherTest, LargeRequestsAreBatchesOfTheirOwn) {
    add(100);
    EXPECT_EQ(models_->inputs_of(0), 1U);
}

TEST_F(BatcherTest, AnUnreadableInputFailsAlone) {
    add(1);
    models_->inputs_of(0);
    add(1);
    add(1);
    models_->answer(0, json::object());
    models_->inputs_of(1);
    models_->answer(1, {{"errors", {{{"input", 0}, {"code", "invalid_argument"}, {"message", "no image"}}}}});
    ASSERT_EQ(answers_.size(), 3U);
    ASSERT_FALSE(answers_[1]);
    EXPECT_EQ(answers_[1].error().message, "no image");
    EXPECT_TRUE(answers_[2]);
}

TEST_F(BatcherTest, AFullQueueRefuses) {
    add(1);
    models_->inputs_of(0);
    for (int i = 0; i < 4; ++i) add(1);
    ASSERT_EQ(answers_.size(), 1U);
    EXPECT_TRUE(answers_[0]->is_refused);
    EXPECT_NE(metrics_->text().find("digits_inference_waiting_requests{model=\"m\"} 3"), std::string::npos)
        << metrics_->text();
}

TEST_F(BatcherTest, OnlyABatchForNobodyIsCancelled) {
    add(1);
    models_->inputs_of(0);
    const auto first = add(1), second = add(1), waiting = add(4);
    models_->answer(0, json::object());
    models_->inputs_of(1);
    batcher_.cancel(waiting);
    batcher_.cancel(first);
    EXPECT_TRUE(models_->cancelled().empty());
    models_->answer(1, json::object());
    EXPECT_EQ(answers_.size(), 2U) << "the one that left has no answer";
    const auto last = add(1);
    models_->inputs_of(2);
    batcher_.cancel(second);
    EXPECT_TRUE(models_->cancelled().empty()) << "it has been answered";
    batcher_.cancel(last);
    models_->answer(2, json::object());
    EXPECT_EQ(answers_.size(), 2U);
}

}  // namespace
}  // namespace digits::api
