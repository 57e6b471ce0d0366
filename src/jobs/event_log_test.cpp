#include "jobs/event_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.hpp"

namespace digits {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kPlenty_bytes = 1 << 20;

class EventLogTest : public testing::Test {
  protected:
    void add(std::string_view text) { std::ofstream(file_, std::ios::app) << text; }
    void add_event(int seq) { add(line(seq)); }
    static std::string line(int seq) { return "{\"event\":\"progress\",\"seq\":" + std::to_string(seq) + "}\n"; }

    static std::vector<int> read(EventLogReader& reader, std::size_t limit = kPlenty_bytes) {
        const auto events = reader.read(limit);
        EXPECT_TRUE(events) << events.error().to_string();
        std::vector<int> seqs;
        for (const auto& event : *events) seqs.push_back(event.value("seq", 0));
        return seqs;
    }

    TemporaryFolder folder_;
    const std::filesystem::path file_ = folder_.path() / "events.jsonl";
};

TEST_F(EventLogTest, FollowsAGrowingFile) {
    EventLogReader reader(file_, 0);
    EXPECT_THAT(read(reader), IsEmpty()) << "there is no file yet";
    add_event(1);
    add_event(2);
    EXPECT_THAT(read(reader), ElementsAre(1, 2));
    EXPECT_THAT(read(reader), IsEmpty());
    add_event(3);
    EXPECT_THAT(read(reader), ElementsAre(3));
}

TEST_F(EventLogTest, GoesOnFromWhereAnotherReaderStopped) {
    for (int seq : {1, 2, 3}) add_event(seq);
    EventLogReader first(file_, 0);
    read(first);
    for (int seq : {4, 5}) add_event(seq);
    EventLogReader second(file_, first.offset());
    EXPECT_THAT(read(second), ElementsAre(4, 5));
}

TEST_F(EventLogTest, WaitsForTheEndOfATornLine) {
    EventLogReader reader(file_, 0);
    add_event(1);
    add("{\"event\":\"progr");
    EXPECT_THAT(read(reader), ElementsAre(1));
    EXPECT_THAT(read(reader), IsEmpty());
    add("ess\",\"seq\":2}\n");
    EXPECT_THAT(read(reader), ElementsAre(2));
}

TEST_F(EventLogTest, SkipsATornLineThatTheNextAttemptEnded) {
    add_event(1);
    add("{\"event\":\"progr");
    ASSERT_TRUE(end_torn_line(file_));
    ASSERT_TRUE(end_torn_line(file_)) << "a second time changes nothing";
    add_event(2);
    EventLogReader reader(file_, 0);
    EXPECT_THAT(read(reader), ElementsAre(1, 2));
    EXPECT_EQ(*read_file(file_), line(1) + "{\"event\":\"progr\n" + line(2));
    EXPECT_TRUE(end_torn_line(folder_.path() / "none"));
}

TEST_F(EventLogTest, SkipsLinesThatAreNoEvents) {
    add("no json\n[1]\n{\"seq\":1}\n{\"event\":7}\n\n");
    add_event(5);
    EventLogReader reader(file_, 0);
    EXPECT_THAT(read(reader), ElementsAre(5));
}

TEST_F(EventLogTest, ReadsInPiecesOfWholeLines) {
    for (int seq = 1; seq <= 100; ++seq) add_event(seq);
    EventLogReader reader(file_, 0);
    std::vector<int> all;
    int pieces = 0;
    do {
        const auto some = read(reader, 200);
        EXPECT_FALSE(some.empty());
        all.insert(all.end(), some.begin(), some.end());
        ++pieces;
    } while (reader.has_more());
    EXPECT_EQ(all.size(), 100u);
    EXPECT_EQ(all.back(), 100);
    EXPECT_GT(pieces, 10);
}

TEST_F(EventLogTest, ReadsALineLongerThanTheLimitAndSkipsOneBeyondAllMeasure) {
    add("{\"event\":\"log\",\"seq\":1,\"text\":\"" + std::string(5000, 'x') + "\"}\n");
    EventLogReader reader(file_, 0);
    EXPECT_THAT(read(reader, 100), ElementsAre(1));
    add("{\"event\":\"log\",\"seq\":2,\"text\":\"" + std::string(kMaxEventLine_bytes + 100, 'x') + "\"}\n");
    add_event(3);
    std::vector<int> all;
    do {
        const auto some = read(reader);
        all.insert(all.end(), some.begin(), some.end());
    } while (reader.has_more());
    EXPECT_THAT(all, ElementsAre(3));
}

TEST_F(EventLogTest, BeginsAnewWithAFileThatBecameShorter) {
    for (int seq : {1, 2, 3}) add_event(seq);
    EventLogReader reader(file_, 0);
    read(reader);
    std::ofstream(file_, std::ios::trunc) << line(9);
    EXPECT_THAT(read(reader), ElementsAre(9));
}

TEST(TaskErrorTest, ReadsWhatTheWorkerSaid) {
    const auto error = parse_task_error(
        nlohmann::json::parse(R"({"error": {"code": "not_found", "message": "m", "where": "/x", "advice": "a"}})"));
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_EQ(error.message, "m");
    EXPECT_EQ(error.where, "/x");
    EXPECT_EQ(error.advice, "a");
}

TEST(TaskErrorTest, MakesDoWithoutWords) {
    for (const char* text : {"{}", R"({"error": 7})", R"({"error": {"code": "unheard", "message": ["m"]}})"}) {
        const auto error = parse_task_error(nlohmann::json::parse(text));
        EXPECT_EQ(error.code, ErrorCode::kInternal) << text;
        EXPECT_EQ(error.message, "the worker failed without saying why") << text;
    }
}

}  // namespace
}  // namespace digits
