#include "jobs/job_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "jobs/trash.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<JobKind> kinds() {
    std::vector<JobKind> kinds;
    kinds.push_back({.name = "dataset", .worker_kind = "dataset", .noun = "dataset", .pool = "dataset"});
    kinds.push_back({.name = "note", .worker_kind = "note", .noun = "note", .pool = "note"});
    kinds.back().goes_with_parent = true;
    return kinds;
}

class JobTableTest : public testing::Test {
  protected:
    JobTableTest() { table_ = std::make_unique<JobTable>(*store_, kinds_, jobs_dir(), 0); }

    fs::path jobs_dir() const { return folder_.path() / "jobs"; }
    static std::string id(int n) { return fmt::format("20260101-000000-{:04}", n); }
    ActiveJob& add(int n, JobState state, std::vector<std::string> parents = {}, const char* kind = "dataset") {
        StoredJob stored;
        stored.job.id = id(n);
        stored.job.kind = kind;
        stored.job.name = "job " + std::to_string(n);
        stored.job.spec = std::make_shared<const json>(json::object());
        stored.job.state = state;
        stored.job.created = n;
        stored.job.parents = std::move(parents);
        fs::create_directories(jobs_dir() / id(n));
        auto& active = table_->add(std::move(stored));
        active.dirty = active.changed = active.urgent = true;
        return active;
    }
    std::vector<std::string> event_types() {
        std::vector<std::string> types;
        for (const auto& event : table_->take_events()) types.push_back(event.type);
        return types;
    }
    std::vector<std::string> points(const std::string& job) const {
        std::vector<std::string> words;
        const auto all = store_->metrics(job, {});
        for (const auto& series : *all)
            for (const auto& point : series.points) words.push_back(fmt::format("{}:{}", point.iteration, point.value));
        return words;
    }
    static json metric(int seq, int iteration, double loss) {
        return {{"event", "metrics"}, {"seq", seq},       {"iteration", iteration},
                {"epoch", 0},         {"phase", "train"}, {"values", {{"loss", loss}}}};
    }

    TemporaryFolder folder_;
    JobKinds kinds_{kinds()};
    std::unique_ptr<JobStore> store_ = *JobStore::open(folder_.path() / "digits.db", 1000);
    std::unique_ptr<JobTable> table_;
};

TEST_F(JobTableTest, KeepsOnlyWhatHasNotEnded) {
    add(1, JobState::kDone);
    add(2, JobState::kRun);
    ASSERT_TRUE(table_->flush());
    EXPECT_FALSE(table_->find(id(1))) << "the database has it";
    EXPECT_TRUE(table_->find(id(2)));
    EXPECT_EQ(table_->get(id(1))->name, "job 1");
    ASSERT_TRUE(table_->load(id(1)));
    EXPECT_TRUE(table_->find(id(1)));
    table_->forget_if_ended(id(1));
    EXPECT_FALSE(table_->find(id(1)));
    EXPECT_EQ(table_->load(id(3)).error().code, ErrorCode::kNotFound);
}

TEST_F(JobTableTest, TellsOfChangesOnceTheyAreWritten) {
    add(1, JobState::kRun);
    EXPECT_THAT(event_types(), ElementsAre());
    EXPECT_TRUE(table_->next_flush());
    ASSERT_TRUE(table_->flush());
    EXPECT_THAT(event_types(), ElementsAre("changed"));
    EXPECT_FALSE(table_->next_flush());
    EXPECT_TRUE(fs::exists(jobs_dir() / id(1) / "job.json")) << "it was urgent";
    EXPECT_EQ(store_->replay(0)->events.size(), 1U);
}

TEST_F(JobTableTest, WaitsALittleWithWhatIsNotUrgent) {
    auto& active = add(1, JobState::kRun);
    ASSERT_TRUE(table_->flush());
    table_->take_events();
    active.dirty = active.changed = true;
    const auto now = JobTable::Clock::now();
    table_->flush_if_due(now, false);
    EXPECT_FALSE(table_->has_events());
    table_->flush_if_due(*table_->next_flush(), false);
    EXPECT_TRUE(table_->has_events());
    active.dirty = active.urgent = active.changed = true;
    table_->take_events();
    table_->flush_if_due(now, false);
    EXPECT_TRUE(table_->has_events());
}

TEST_F(JobTableTest, FoldsTheEventsOfAWorker) {
    auto& active = add(1, JobState::kRun);
    table_->fold(active, {{{"event", "started"}, {"seq", 1}, {"attempt", 1}}, metric(2, 0, 9), metric(3, 10, 8)}, 300);
    EXPECT_EQ(active.position.offset, 300U);
    EXPECT_EQ(active.position.seq, 3U);
    ASSERT_TRUE(table_->flush());
    EXPECT_THAT(points(id(1)), ElementsAre("0:9", "10:8"));
    table_->fold(active, {metric(3, 10, 7)}, 400);
    ASSERT_TRUE(table_->flush());
    EXPECT_THAT(points(id(1)), ElementsAre("0:9", "10:8")) << "an event that was folded changes nothing";
    // What a new attempt computes again replaces what is in the database and what is not yet there.
    table_->fold(active, {metric(4, 20, 7)}, 500);
    table_->fold(active, {{{"event", "started"}, {"seq", 5}, {"attempt", 2}}, metric(6, 10, 5)}, 600);
    ASSERT_TRUE(table_->flush());
    EXPECT_THAT(points(id(1)), ElementsAre("0:9", "10:5"));
}

TEST_F(JobTableTest, LeavesOutSeriesBeyondTheLimits) {
    auto& active = add(1, JobState::kRun);
    std::vector<json> events;
    for (int i = 0; i < 20; ++i) {
        auto event = metric(i + 1, i, 0.5);
        for (int value = 0; value < 50'000; ++value) event["values"][fmt::format("map[{}]", value)] = 1;
        event["values"][std::string(1'000'000, 'a')] = 1;
        events.push_back(std::move(event));
    }
    const auto start = JobTable::Clock::now();
    table_->fold(active, events, 300);
    ASSERT_TRUE(table_->flush());
    EXPECT_LT(std::chrono::duration<double>(JobTable::Clock::now() - start).count(), 2);
    EXPECT_EQ(store_->metrics(id(1), {})->size(), kMaxSeries);
    EXPECT_EQ(active.job.metrics.size(), kMaxSeries);
    EXPECT_EQ(points(id(1)).size(), 20 * kMaxSeries);
    EXPECT_EQ(std::ranges::count(event_types(), "log"), 1) << "told once";
}

TEST_F(JobTableTest, ThinsOutASeriesThatComesTooFast) {
    auto& active = add(1, JobState::kRun);
    const auto at = [](int i, double time) {
        auto event = metric(i + 1, i, 1.0 / (1 + i));
        event["time"] = time;
        return event;
    };
    // One a second is recorded, however many they are.
    std::vector<json> events;
    for (int i = 0; i < 5000; ++i) events.push_back(at(i, 1e9 + i));
    table_->fold(active, events, 300);
    ASSERT_TRUE(table_->flush());
    EXPECT_EQ(points(id(1)).size(), 5000U);
    EXPECT_EQ(std::ranges::count(event_types(), "log"), 0);
    // A hundred thousand within a second, and by a clock that stands still.
    events.clear();
    for (int i = 5000; i < 105'000; ++i) events.push_back(at(i, 1e9 + 5000 + 1e-5 * std::min(i - 5000, 50'000)));
    table_->fold(active, events, 600);
    ASSERT_TRUE(table_->flush());
    EXPECT_LE(points(id(1)).size(), 5000 + kMaxPointsAtOnce + kMaxPointsPerSecond);
    EXPECT_GE(points(id(1)).size(), 5000 + kMaxPointsAtOnce);
    EXPECT_EQ(active.job.metrics.front().last.iteration, 104'999);
    EXPECT_EQ(std::ranges::count(event_types(), "log"), 1) << "told once";
}

TEST_F(JobTableTest, ALastEventIsReadAgainByANextManager) {
    auto& active = add(1, JobState::kRun);
    table_->fold(active, {{{"event", "done"}, {"seq", 1}}}, 100);
    EXPECT_EQ(active.end, ActiveJob::End::kDone);
    EXPECT_EQ(active.position.offset, 0U);
    EXPECT_EQ(active.position.seq, 0U);
}

TEST_F(JobTableTest, DiscardsAllThatIsNotWritten) {
    add(1, JobState::kWait);
    table_->add_event(id(1), "created", std::make_shared<const json>(json::object()));
    table_->add_key({"ada", "key", "print"}, id(1));
    table_->discard(id(1));
    ASSERT_TRUE(table_->flush());
    EXPECT_THAT(event_types(), ElementsAre());
    EXPECT_FALSE(*store_->find(id(1)));
    EXPECT_FALSE(*store_->find_made("ada", "key", 0));
}

// ------------------------------------------------------------------------------------------------------------- trash

class TrashTest : public JobTableTest {
  protected:
    TrashTest() {
        add(1, JobState::kDone);
        add(2, JobState::kDone, {id(1)});
        add(3, JobState::kDone, {id(2)}, "note");
        add(4, JobState::kRun);
        EXPECT_TRUE(table_->flush());
        table_->take_events();
    }
    Trash trash_{*table_, *store_, std::chrono::milliseconds(50)};
};

TEST_F(TrashTest, TakesAlongWhatGoesWithAJob) {
    ASSERT_TRUE(trash_.put(id(2)));
    EXPECT_FALSE(table_->get(id(2)));
    EXPECT_FALSE(table_->get(id(3)));
    EXPECT_TRUE(trash_.get(id(3)));
    EXPECT_THAT(event_types(), ElementsAre("removed", "removed"));
    ASSERT_TRUE(trash_.restore(id(2)));
    EXPECT_TRUE(table_->get(id(3)));
    EXPECT_EQ(trash_.get(id(2)).error().code, ErrorCode::kNotFound);
}

TEST_F(TrashTest, RefusesWhatRunsOrIsNeeded) {
    EXPECT_THAT(trash_.put(id(4)).error().to_string(), HasSubstr("Abort it first"));
    EXPECT_THAT(trash_.remove(id(1)).error().to_string(), HasSubstr("\"job 2\""));
    EXPECT_TRUE(table_->get(id(1)));
}

TEST_F(TrashTest, ErasesAtOnceWhatIsAllowed) {
    ASSERT_TRUE(trash_.put(id(2)));
    EXPECT_EQ(*trash_.erase_all([](const Job& job) { return job.kind == "note"; }), 1U);
    EXPECT_FALSE(*store_->find(id(3)));
    EXPECT_TRUE(trash_.get(id(2)));
    EXPECT_EQ(*trash_.erase_all([](const Job&) { return true; }), 1U);
    EXPECT_FALSE(fs::exists(jobs_dir() / id(2)));
    EXPECT_TRUE(table_->get(id(1))) << "what was not deleted";
}

TEST_F(TrashTest, ErasesWhatWasInItForItsTime) {
    ASSERT_TRUE(trash_.put(id(2)));
    const auto end = Trash::Clock::now() + std::chrono::seconds(30);
    while (store_->trash()->size() > 0 && Trash::Clock::now() < end) trash_.empty(Trash::Clock::now());
    EXPECT_FALSE(*store_->find(id(2)));
    EXPECT_FALSE(fs::exists(jobs_dir() / id(2)));
    EXPECT_FALSE(fs::exists(jobs_dir() / id(3)));
    EXPECT_TRUE(table_->get(id(1)));
}

}  // namespace
}  // namespace digits
