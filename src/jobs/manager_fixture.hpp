#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "jobs/launchers/task_process.hpp"
#include "jobs/manager.hpp"

namespace digits::test {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr auto kPatience = std::chrono::seconds(30);

/// What tests/fakes/fake_worker.py is told.
inline json emit(json event) { return {{"emit", std::move(event)}}; }
inline json step(const char* verb, const char* what) { return {{verb, what}}; }
inline json metric(std::int64_t iteration, double loss, const char* phase = "train") {
    return emit({{"event", "metrics"},
                 {"iteration", iteration},
                 {"epoch", static_cast<double>(iteration) / 10},
                 {"phase", phase},
                 {"values", {{"loss", loss}}}});
}
inline json aborted() { return emit({{"event", "aborted"}}); }

/// What the fixture's evaluations need of a training, in its folder.
constexpr auto kWeights = "a.weights";

/// Kinds like those of the product: a dataset; a model of a dataset; an evaluation of a model, which needs the model's
/// end only while kWeights are not there.
inline std::vector<JobKind> test_kinds() {
    std::vector<JobKind> kinds;
    kinds.push_back({.name = "dataset", .worker_kind = "dataset", .noun = "dataset", .pool = "dataset"});
    kinds.push_back({.name = "model", .worker_kind = "train", .noun = "training", .pool = "train"});
    kinds.back().devices = DeviceUse::kOwn;
    kinds.back().commands = {{"snapshot", SIGUSR1}};
    kinds.back().relayed_events = {
        {"saved", [](const json& event) { return json{{"weights", event.at("weights").get<std::string>()}}; }}};
    kinds.back().lower_is_better = [](const Job&, std::string_view series) { return series.ends_with("loss"); };
    kinds.back().make_grant = [](const Job& job, const JobReader& jobs) -> Result<Grant> {
        Grant grant;
        if (!job.parents.empty()) grant.dataset_dir = jobs.job_dir(job.parents.front()).string();
        return grant;
    };
    kinds.push_back({.name = "pretrained", .worker_kind = "pretrained", .noun = "import", .pool = "import"});
    kinds.push_back({.name = "evaluation", .worker_kind = "evaluate", .noun = "evaluation", .pool = "evaluate"});
    kinds.back().devices = DeviceUse::kIdle;
    kinds.back().goes_with_parent = true;
    kinds.back().needs_parent_done = [](const Job& job, std::string_view parent, const JobReader& jobs) {
        return job.parents.front() != parent || !fs::exists(jobs.job_dir(parent) / kWeights);
    };
    kinds.back().make_grant = [](const Job& job, const JobReader& jobs) -> Result<Grant> {
        if (!fs::exists(jobs.job_dir(job.parents.front()) / kWeights))
            return fail(ErrorCode::kFailedPrecondition, "the training has no weights");
        Grant grant;
        grant.weights = kWeights;
        return grant;
    };
    return kinds;
}

/// A manager with fake workers. What it tells wakes `wait_until`.
class ManagerTest : public testing::Test {
  protected:
    void SetUp() override { start(); }
    void TearDown() override {
        // No fake may outlive its test.
        for (const auto& id : running_ids()) {
            manager_->abort(id);
            wait_until([&] { return is_final(job(id).state); });
        }
        manager_.reset();
    }

    void start(JobResources resources = {}) {
        JobManagerOptions options;
        options.data_dir = folder_.path();
        options.worker_path = fs::path(DIGITS_SOURCE_DIR) / "tests/fakes/fake_worker.py";
        options.kinds = test_kinds();
        options.resources = std::move(resources);
        options.abort_grace = std::chrono::seconds(5);
        options.trash_grace = trash_grace_;
        options.memory_events = folder_.path() / "memory.events";
        adjust(options);
        auto created = JobManager::create(options);
        ASSERT_TRUE(created) << created.error().to_string();
        manager_ = std::move(*created);
        manager_->subscribe([this](const JobEvent& event) {
            const std::scoped_lock lock(mutex_);
            events_.push_back(event);
            told_.notify_all();
        });
    }
    virtual void adjust(JobManagerOptions&) {}
    void stop() { manager_.reset(); }

    std::vector<std::string> running_ids() {
        if (!manager_) return {};
        JobQuery query;
        query.states = {JobState::kInit, JobState::kWait, JobState::kRun};
        const auto page = manager_->list(query);
        std::vector<std::string> ids;
        for (const auto& job : page->jobs) ids.push_back(job.id);
        return ids;
    }

    template <class Condition>
    bool wait_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > end) return false;
            std::unique_lock lock(mutex_);
            told_.wait_for(lock, std::chrono::milliseconds(10));  // files tell nobody
        }
        return true;
    }

    std::string submit(json spec, const char* kind = "dataset", std::vector<std::string> parents = {}) {
        JobRequest request;
        request.kind = kind;
        request.name = "a test";
        request.spec = std::make_shared<const json>(std::move(spec));
        request.parents = std::move(parents);
        const auto job = manager_->submit(std::move(request));
        EXPECT_TRUE(job) << job.error().to_string();
        return job->id;
    }
    std::string submit_script(std::vector<json> steps, const char* kind = "dataset",
                              std::vector<std::string> parents = {}) {
        return submit({{"script", std::move(steps)}}, kind, std::move(parents));
    }

    Job job(const std::string& id) {
        auto job = manager_->get(id);
        EXPECT_TRUE(job) << job.error().to_string();
        return job ? std::move(*job) : Job{};
    }
    void expect_state(const std::string& id, JobState state) {
        EXPECT_TRUE(wait_until([&] { return job(id).state == state || is_final(job(id).state); }));
        EXPECT_EQ(job(id).state, state) << "it is in " << enum_name(job(id).state) << " instead of " << enum_name(state)
                                        << (job(id).error ? ": " + job(id).error->error.to_string() : "");
    }
    std::vector<std::string> states(const std::string& id) {
        std::vector<std::string> words;
        const auto whole = job(id);
        for (const auto& change : whole.history) words.emplace_back(enum_name(change.state));
        return words;
    }
    /// `iteration:value` of a series.
    std::vector<std::string> points(const std::string& id, const std::string& name = "train/loss") {
        std::vector<std::string> words;
        const auto all = manager_->metrics(id, {.series = {name}});
        for (const auto& series : *all)
            for (const auto& point : series.points) words.push_back(fmt::format("{}:{}", point.iteration, point.value));
        return words;
    }

    fs::path file(const std::string& id, const std::string& name) const { return folder_.path() / "jobs" / id / name; }
    fs::path task_dir(const std::string& id, const char* kind = "dataset") const { return file(id, "tasks") / kind; }
    void touch(const std::string& id, const std::string& name) { std::ofstream(file(id, name)) << ""; }
    void expect_file(const std::string& id, const std::string& name) {
        EXPECT_TRUE(wait_until([&] { return fs::exists(file(id, name)); })) << name;
    }
    bool log_has(const std::string& id, const std::string& event, const char* kind = "dataset") const {
        const auto text = read_file(task_dir(id, kind) / "events.jsonl");
        return text && text->find("\"event\": \"" + event + "\"") != std::string::npos;
    }
    void expect_worker_gone(const std::string& id, const char* kind = "dataset") {
        EXPECT_TRUE(wait_until([&] { return !is_worker_locked(task_dir(id, kind)); })) << "the worker lives on";
    }

    TemporaryFolder folder_;
    std::mutex mutex_;
    std::condition_variable told_;
    std::vector<JobEvent> events_;
    std::chrono::milliseconds trash_grace_ = std::chrono::minutes(10);
    std::unique_ptr<JobManager> manager_;
};

}  // namespace digits::test
