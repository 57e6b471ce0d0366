#include "jobs/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "jobs/schema.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StoreTest : public testing::Test {
  protected:
    void SetUp() override { open(); }
    void open(std::int64_t kept_events = 100) {
        store_.reset();
        auto opened = JobStore::open(file_, kept_events);
        ASSERT_TRUE(opened) << opened.error().to_string();
        store_ = std::move(*opened);
    }

    /// Ids sort as their numbers.
    static std::string id(int number) { return fmt::format("20260101-000000-{:04x}", number); }
    static StoredJob job(int number, const std::string& name, JobState state = JobState::kDone) {
        StoredJob stored;
        stored.job.id = id(number);
        stored.job.kind = "model";
        stored.job.name = name;
        stored.job.spec = std::make_shared<const json>(json{{"network", "lenet"}});
        stored.job.state = state;
        stored.job.created = number;
        return stored;
    }
    void write(const WriteBatch& batch) {
        const auto written = store_->write(batch);
        ASSERT_TRUE(written) << written.error().to_string();
    }
    void write_jobs(std::vector<StoredJob> jobs) {
        WriteBatch batch;
        batch.jobs = std::move(jobs);
        write(batch);
    }
    std::vector<std::string> names(const JobQuery& query) {
        const auto page = store_->list(query);
        EXPECT_TRUE(page) << page.error().to_string();
        std::vector<std::string> names;
        for (const auto& job : page->jobs) names.push_back(job.name);
        return names;
    }
    std::vector<std::int64_t> iterations(const std::string& id, const MetricsQuery& query = {}) {
        std::vector<std::int64_t> all;
        const auto found = store_->metrics(id, query);
        for (const auto& series : *found)
            for (const auto& point : series.points) all.push_back(point.iteration);
        return all;
    }

    TemporaryFolder folder_;
    const std::filesystem::path file_ = folder_.path() / "digits.db";
    std::unique_ptr<JobStore> store_;
};

TEST_F(StoreTest, KeepsEverythingOverAReopening) {
    auto stored = job(1, "LeNet", JobState::kRun);
    stored.job.parents = {id(9)};
    stored.job.history = {{JobState::kInit, 1, ""}, {JobState::kRun, 2, "why"}};
    stored.job.metrics = {{"val/accuracy", {3, 0.5, 0.25}, MetricPoint{1, 0.1, 0.75}}};
    stored.job.error = JobError{make_error(ErrorCode::kNotFound, "gone"), "tail"};
    stored.position = {100, 7, true, 2, 55, "local", "17 4711", {"", {"0"}, 1}};
    write_jobs({stored});
    open();
    const auto found = store_->find(id(1));
    ASSERT_TRUE(found && *found);
    EXPECT_EQ(job_to_json((*found)->job), job_to_json(stored.job));
    const auto& position = (*found)->position;
    EXPECT_EQ(std::tuple(position.offset, position.seq, position.fresh_attempt), std::tuple(100u, 7u, true));
    EXPECT_EQ(std::tuple(position.oom_kills, position.log_start), std::tuple(2, 55u));
    EXPECT_EQ(std::tuple(position.launcher, position.handle), std::tuple("local", "17 4711"));
    EXPECT_EQ(position.placement, stored.position.placement);
    EXPECT_FALSE(*store_->find(id(2)));
    EXPECT_THAT(*store_->dependents(id(9)), ElementsAre(id(1)));
}

TEST_F(StoreTest, GivesTheUnfinishedOnesOldestFirst) {
    write_jobs({job(4, "d", JobState::kWait), job(1, "a", JobState::kDone), job(2, "b", JobState::kRun),
                job(3, "c", JobState::kError), job(5, "e", JobState::kInit), job(6, "f", JobState::kAbort)});
    const auto unfinished = store_->unfinished();
    ASSERT_TRUE(unfinished);
    std::vector<std::string> names;
    for (const auto& stored : *unfinished) names.push_back(stored.job.name);
    EXPECT_THAT(names, ElementsAre("b", "d", "e"));
}

TEST_F(StoreTest, FiltersTheList) {
    auto first = job(1, "LeNet 100%", JobState::kDone), second = job(2, "alexnet", JobState::kError),
         third = job(3, "digits_set", JobState::kRun);
    first.job.group = "Mine";
    second.job.owner = "ann";
    third.job.kind = "dataset";
    write_jobs({first, second, third});
    const auto with = [](auto change) {
        JobQuery query;
        change(query);
        return query;
    };
    EXPECT_THAT(names({}), ElementsAre("digits_set", "alexnet", "LeNet 100%"));
    EXPECT_THAT(names(with([](auto& q) { q.kind = "dataset"; })), ElementsAre("digits_set"));
    EXPECT_THAT(names(with([](auto& q) { q.states = {JobState::kDone, JobState::kError}; })),
                ElementsAre("alexnet", "LeNet 100%"));
    EXPECT_THAT(names(with([](auto& q) { q.text = "NET"; })), ElementsAre("alexnet", "LeNet 100%"));
    EXPECT_THAT(names(with([](auto& q) { q.text = "mine"; })), ElementsAre("LeNet 100%"));
    EXPECT_THAT(names(with([](auto& q) { q.text = "%"; })), ElementsAre("LeNet 100%")) << "no wildcard";
    EXPECT_THAT(names(with([](auto& q) { q.text = "_"; })), ElementsAre("digits_set"));
    EXPECT_THAT(names(with([](auto& q) { q.text = "-0002"; })), ElementsAre("alexnet"));
    EXPECT_THAT(names(with([](auto& q) { q.group = "Mine"; })), ElementsAre("LeNet 100%"));
    EXPECT_THAT(names(with([](auto& q) { q.owner = "ann"; })), ElementsAre("alexnet"));
    EXPECT_THAT(names(with([](auto& q) { q.text = "' OR 1 --"; })), IsEmpty());
}

TEST_F(StoreTest, PagesThroughEveryOrderWithoutLossOrRepetition) {
    std::vector<StoredJob> jobs;
    for (int i = 1; i <= 23; ++i) {
        auto one = job(i, fmt::format("name {}", i % 4), i % 3 ? JobState::kDone : JobState::kError);
        one.job.created = i / 5;
        one.job.finished = i % 6;
        jobs.push_back(one);
    }
    write_jobs(jobs);
    for (const auto sort : {JobSort::kCreated, JobSort::kName, JobSort::kState, JobSort::kFinished})
        for (const bool descending : {false, true}) {
            JobQuery query;
            query.sort = sort;
            query.descending = descending;
            query.limit = 1000;
            std::vector<std::string> whole, pieces;
            const auto everything = store_->list(query);
            for (const auto& one : everything->jobs) whole.push_back(one.id);
            query.limit = 5;
            int pages = 0;
            do {
                const auto page = store_->list(query);
                ASSERT_TRUE(page) << page.error().to_string();
                EXPECT_EQ(page->total, 23);
                for (const auto& one : page->jobs) pieces.push_back(one.id);
                query.cursor = page->next_cursor;
            } while (!query.cursor.empty() && ++pages < 10);
            EXPECT_EQ(pieces.size(), 23u);
            EXPECT_EQ(pieces, whole) << enum_name(sort);
        }
}

TEST_F(StoreTest, AJobThatComesMeanwhileDoesNotShiftThePages) {
    write_jobs({job(1, "a"), job(2, "b"), job(3, "c"), job(4, "d")});
    JobQuery query;
    query.limit = 2;
    const auto first = store_->list(query);
    write_jobs({job(5, "e")});
    query.cursor = first->next_cursor;
    EXPECT_THAT(names(query), ElementsAre("b", "a"));
}

TEST_F(StoreTest, PrintsARowAnewOnlyWhenItsJobWasWritten) {
    std::vector<StoredJob> jobs;
    for (int number = 1; number <= 7; ++number) jobs.push_back(job(number, fmt::format("job {}", number % 3)));
    write_jobs(jobs);
    int printed = 0;
    const auto print = [&](const Job& one) {
        ++printed;
        return one.name;
    };
    const auto rows = [&](JobQuery query) {
        std::vector<std::string> texts;
        query.limit = 3;
        do {
            const auto page = store_->list_rows(query, print);
            EXPECT_TRUE(page) << page.error().to_string();
            for (const auto& row : page->rows) texts.push_back(row.id + " " + *row.text);
            query.cursor = page->next_cursor;
        } while (!query.cursor.empty());
        return texts;
    };
    for (const auto& [sort, name] : EnumNames<JobSort>::kNames) {
        JobQuery query;
        query.sort = sort;
        query.limit = 100;
        std::vector<std::string> expected;
        const auto listed = store_->list(query);
        for (const auto& one : listed->jobs) expected.push_back(one.id + " " + one.name);
        EXPECT_EQ(rows(query), expected) << name;
    }
    EXPECT_EQ(printed, 7) << "each once, for all orders";
    EXPECT_EQ((*store_->find(id(4)))->job.name, "job 1");
    write_jobs({job(4, "another name")});
    EXPECT_EQ((*store_->find(id(4)))->job.name, "another name");
    EXPECT_THAT(rows({}), testing::Contains(id(4) + " another name"));
    EXPECT_EQ(printed, 8);
    ASSERT_TRUE(store_->erase(id(4)));
    EXPECT_THAT(rows({}), testing::SizeIs(6));
    EXPECT_FALSE(*store_->find(id(4)));
    EXPECT_EQ(printed, 8);
}

TEST_F(StoreTest, RefusesACursorThatIsNotOfThisList) {
    write_jobs({job(1, "a"), job(2, "b")});
    JobQuery query;
    query.limit = 1;
    const auto cursor = store_->list(query)->next_cursor;
    query.sort = JobSort::kName;
    for (const auto& wrong : {cursor, std::string("zz"), std::string("5"), std::string("5b5d")}) {
        query.cursor = wrong;
        const auto page = store_->list(query);
        ASSERT_FALSE(page) << wrong;
        EXPECT_EQ(page.error().code, ErrorCode::kInvalidArgument);
        EXPECT_THAT(page.error().to_string(), AllOf(HasSubstr("sorted by name"), HasSubstr("start without a cursor")));
    }
}

TEST_F(StoreTest, APointReplacesTheEarlierOneOfItsIteration) {
    WriteBatch batch;
    batch.jobs = {job(1, "a")};
    batch.metrics = {{id(1), "train/loss", {0, 0, 9}}, {id(1), "train/loss", {10, 1, 8}}};
    write(batch);
    batch.metrics = {{id(1), "train/loss", {10, 1, 7}}, {id(1), "val/loss", {10, 1, 5}}};
    write(batch);
    const auto series = *store_->metrics(id(1), {});
    ASSERT_EQ(series.size(), 2u);
    EXPECT_EQ(series[0].series, "train/loss");
    ASSERT_EQ(series[0].points.size(), 2u);
    EXPECT_EQ(series[0].points[1].value, 7);
    EXPECT_THAT(iterations(id(1), {.series = {"train/loss"}, .since_iteration = 0}), ElementsAre(10));
}

TEST_F(StoreTest, DropsVoidPointsInTheSameTransactionAsTheirSuccessors) {
    WriteBatch batch;
    batch.jobs = {job(1, "a"), job(2, "b")};
    for (const int number : {1, 2})
        for (const int iteration : {0, 10, 20}) batch.metrics.push_back({id(number), "train/loss", {iteration, 0, 9}});
    write(batch);
    WriteBatch resumed;
    resumed.drops = {{id(1), 10}};
    resumed.metrics = {{id(1), "train/loss", {10, 0, 1}}, {id(7), "train/loss", {0, 0, 1}}};
    EXPECT_FALSE(store_->write(resumed)) << "there is no job 7";
    EXPECT_THAT(iterations(id(1)), ElementsAre(0, 10, 20));
    resumed.metrics.pop_back();
    write(resumed);
    EXPECT_THAT(iterations(id(1)), ElementsAre(0, 10));
    EXPECT_THAT(iterations(id(2)), ElementsAre(0, 10, 20));
}

TEST_F(StoreTest, ErasesAJobWithAllThatIsIts) {
    WriteBatch batch;
    batch.jobs = {job(1, "a"), job(2, "b")};
    batch.metrics = {{id(1), "train/loss", {0, 0, 9}}, {id(2), "train/loss", {0, 0, 1}}};
    write(batch);
    ASSERT_TRUE(store_->erase(id(1)));
    EXPECT_FALSE(*store_->find(id(1)));
    EXPECT_THAT(iterations(id(1)), IsEmpty());
    EXPECT_THAT(iterations(id(2)), ElementsAre(0));
}

TEST_F(StoreTest, ReplaysEventsAndSaysWhenSomeAreNoLongerKept) {
    open(3);
    WriteBatch batch;
    for (int i = 1; i <= 5; ++i)
        batch.events.push_back({i, 0, id(1), "log", std::make_shared<const json>(json{{"i", i}})});
    write(batch);
    EXPECT_EQ(*store_->last_event_id(), 5);
    const auto after = [&](std::int64_t since) {
        const auto replay = *store_->replay(since);
        std::vector<std::int64_t> ids;
        for (const auto& event : replay.events) ids.push_back(event.id);
        return std::pair(ids, replay.complete);
    };
    EXPECT_EQ(after(5), std::pair(std::vector<std::int64_t>{}, true));
    EXPECT_EQ(after(2), std::pair(std::vector<std::int64_t>{3, 4, 5}, true));
    EXPECT_EQ(after(1), std::pair(std::vector<std::int64_t>{3, 4, 5}, false));
    EXPECT_FALSE(after(99).second) << "an id that was never given, as of another data folder";
    open(3);
    EXPECT_EQ(*store_->last_event_id(), 5);
}

TEST_F(StoreTest, WritesAllOfABatchOrNothing) {
    WriteBatch batch;
    batch.jobs = {job(1, "a")};
    batch.metrics = {{id(1), "train/loss", {0, 0, 9}}, {id(7), "train/loss", {0, 0, 1}}};
    EXPECT_FALSE(store_->write(batch)) << "there is no job 7";
    EXPECT_FALSE(*store_->find(id(1)));
    batch.metrics.pop_back();
    write(batch);
    EXPECT_THAT(iterations(id(1)), ElementsAre(0));
}

TEST_F(StoreTest, BringsAnOlderDatabaseUpToDate) {
    store_.reset();
    std::filesystem::remove(file_);
    {
        SQLite::Database old(file_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        old.exec(std::string(job_migrations()[0]));
        old.exec("CREATE TABLE schema_versions (module TEXT PRIMARY KEY, version INTEGER NOT NULL)");
        old.exec("INSERT INTO schema_versions VALUES ('jobs', 1)");
        old.exec(
            "INSERT INTO jobs VALUES ('20260101-000000-0001', 'model', 'old', '', '', '', 'done', 1, 2, '{}', "
            "'{\"format\": 1}', '{}')");
    }
    open();
    EXPECT_THAT(names({}), ElementsAre("old"));
    WriteBatch batch;
    batch.events = {{1, 0, id(1), "log", std::make_shared<const json>(json::object())}};
    write(batch);
    EXPECT_EQ(*store_->last_event_id(), 1);
}

/// What the server adds to a spec moved into a grant, and the single GPU into a placement. Snapshots have no table.
TEST_F(StoreTest, ReadsADatabaseOfSchema5) {
    store_.reset();
    std::filesystem::remove(file_);
    const auto dump = read_file(std::filesystem::path(DIGITS_SOURCE_DIR) / "src/jobs/testdata/schema-5.sql");
    ASSERT_TRUE(dump);
    SQLite::Database(file_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(*dump);
    open();
    std::map<std::string, StoredJob> jobs;
    const auto page = store_->list({});
    ASSERT_TRUE(page) << page.error().to_string();
    for (const auto& one : page->jobs) jobs[one.name] = **store_->find(one.id);
    ASSERT_EQ(jobs.size(), 5U);
    for (const auto& [name, stored] : jobs)
        for (const char* member : {"roots", "dataset_dir", "model_dir"})
            EXPECT_FALSE(stored.job.spec->contains(member)) << name << " has " << member;
    EXPECT_FALSE(jobs["eval"].job.spec->contains("weights"));
    EXPECT_EQ((*jobs["eval"].job.spec)["snapshot"], "1");
    EXPECT_EQ((*jobs["LeNet"].job.spec)["weights"], json::array()) << "that is the user's";
    EXPECT_EQ((*jobs["small"].job.spec)["source"]["path"], "/srv/images");
    EXPECT_FALSE(SQLite::Database(file_.string()).tableExists("snapshots")) << "they are listed from the folders";

    const auto& running = jobs["running"];
    EXPECT_EQ(running.position.launcher, "local");
    EXPECT_THAT(running.position.handle, testing::StartsWith(std::to_string(running.job.pid) + " "));
    EXPECT_EQ(running.position.placement, (Placement{"", {"1"}, 1}));
    EXPECT_GT(running.position.seq, 0U);
    for (const char* name : {"small", "LeNet", "eval", "waiting"}) {
        EXPECT_EQ(jobs[name].position.handle, "") << name;
        EXPECT_EQ(jobs[name].position.placement, Placement()) << name;
    }
}

TEST_F(StoreTest, RefusesADatabaseOfANewerProgram) {
    store_.reset();
    SQLite::Database(file_.string(), SQLite::OPEN_READWRITE).exec("UPDATE schema_versions SET version = 99");
    const auto opened = JobStore::open(file_, 100);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().to_string(), AllOf(HasSubstr("schema 99"), HasSubstr("newer version")));
}

TEST_F(StoreTest, SaysWhatToDoWithADamagedDatabase) {
    store_.reset();
    for (const char* name : {"digits.db-wal", "digits.db-shm"}) std::filesystem::remove(folder_.path() / name);
    std::ofstream(file_, std::ios::trunc) << std::string(8192, 'x');
    const auto opened = JobStore::open(file_, 100);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(opened.error().to_string(),
                AllOf(HasSubstr(file_.string()), HasSubstr("damaged"), HasSubstr("move digits.db,"),
                      HasSubstr("read back from their folders")));
}

}  // namespace
}  // namespace digits
