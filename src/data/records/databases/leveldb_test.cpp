#include "data/records/databases/leveldb.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/file.hpp"
#include "data/records/databases/testing_leveldb.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

std::string key_of(int i) { return fmt::format("{:08}_images/{}.png", i, i); }

/// `count` records of `bytes` equal letters, so that they compress well.
void write_records(const fs::path& folder, int count, std::size_t bytes) {
    const auto database = create_leveldb(folder);
    for (int i = 0; i < count; ++i)
        ASSERT_TRUE(database->Put({}, key_of(i), std::string(bytes, static_cast<char>('a' + i % 26))).ok());
}

TEST(LevelDb, GivesBackWhatWasPutInKeyOrder) {
    const TemporaryFolder folder;
    write_records(folder.path() / "db", 50, 100);
    const auto database = RecordDatabase::open(folder.path() / "db");
    ASSERT_TRUE(database) << database.error().to_string();
    EXPECT_EQ((*database)->record_count(), 50U);
    const auto cursor = *(*database)->cursor();
    RecordEntry entry, first;
    for (int round = 0; round < 2; ++round) {
        for (int i = 0; i < 50; ++i) {
            ASSERT_TRUE(*cursor->next(entry));
            EXPECT_EQ(entry.key, key_of(i));
            EXPECT_EQ(entry.value, std::string(100, static_cast<char>('a' + i % 26)));
            if (i == 0) first = entry;
        }
        EXPECT_FALSE(*cursor->next(entry)) << "the end, then it begins again";
    }
    EXPECT_EQ(first.key, key_of(0)) << "an entry outlives the step of its cursor";
    EXPECT_EQ(cursor->find(key_of(17))->value.front(), 'r');
    EXPECT_EQ(cursor->find("nothing").error().code, ErrorCode::kNotFound);
    cursor->rewind();
    ASSERT_TRUE(cursor->skip(123));
    ASSERT_TRUE(*cursor->next(entry));
    EXPECT_EQ(entry.key, key_of(23));
}

TEST(LevelDb, ReadsCompressedTables) {
    const TemporaryFolder folder;
    constexpr std::size_t kBytes = 200'000;
    write_records(folder.path() / "db", 40, kBytes);
    const auto database = *RecordDatabase::open(folder.path() / "db");
    EXPECT_LT(database->stored_bytes(), 40 * kBytes / 2) << "this LevelDB does not compress: the test tests nothing";
    const auto cursor = *database->cursor();
    RecordEntry entry;
    for (int i = 0; i < 40; ++i) {
        ASSERT_TRUE(*cursor->next(entry));
        EXPECT_EQ(entry.value, std::string(kBytes, static_cast<char>('a' + i % 26)));
    }
}

TEST(LevelDb, IsOpenedOnceInAProcess) {
    const TemporaryFolder folder;
    write_records(folder.path() / "db", 3, 10);
    const auto first = RecordDatabase::open(folder.path() / "db");
    const auto second = RecordDatabase::open(folder.path() / "." / "db");
    EXPECT_EQ(first->get(), second->get());
}

/// Another process with a database open until this object goes.
class Holder {
  public:
    explicit Holder(const fs::path& folder) {
        int ready[2], done[2];
        EXPECT_EQ(::pipe(ready) + ::pipe(done), 0);
        process_ = ::fork();
        if (process_ == 0) {
            ::close(done[1]);
            const auto database = RecordDatabase::open(folder);
            char byte = database ? 'y' : 'n';
            const bool told = ::write(ready[1], &byte, 1) == 1;
            ::_exit(told && ::read(done[0], &byte, 1) == 0 ? 0 : 1);
        }
        ::close(ready[1]);
        ::close(done[0]);
        end_ = done[1];
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        EXPECT_EQ(byte, 'y');
        ::close(ready[0]);
    }
    ~Holder() {
        ::close(end_);
        ::waitpid(process_, nullptr, 0);
    }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

  private:
    pid_t process_ = 0;
    int end_ = -1;
};

TEST(LevelDb, SaysThatAnotherProcessHasIt) {
    const TemporaryFolder folder;
    write_records(folder.path() / "db", 3, 10);
    {
        const Holder holder(folder.path() / "db");
        const auto refused = RecordDatabase::open(folder.path() / "db");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
        EXPECT_THAT(refused.error().to_string(), testing::HasSubstr("another process has the LevelDB database"));
    }
    EXPECT_TRUE(RecordDatabase::open(folder.path() / "db"));
}

TEST(LevelDb, SaysWhatIsWrongWithAFolder) {
    const TemporaryFolder folder;
    EXPECT_EQ(RecordDatabase::open(folder.path() / "none").error().code, ErrorCode::kNotFound);
    const auto empty = RecordDatabase::open(folder.path());
    EXPECT_EQ(empty.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(fs::is_empty(folder.path())) << "looking leaves no trace";

    write_records(folder.path() / "db", 40, 200'000);
    for (const auto& file : fs::directory_iterator(folder.path() / "db"))
        if (file.path().extension() == ".ldb") {
            std::fstream table(file.path(), std::ios::in | std::ios::out | std::ios::binary);
            table.seekp(2000);
            table << "not what was written here";
        }
    const auto database = RecordDatabase::open(folder.path() / "db");
    ASSERT_TRUE(database) << database.error().to_string();
    const auto cursor = *(*database)->cursor();
    RecordEntry entry;
    Result<bool> more = true;
    while (more && *more) more = cursor->next(entry);
    ASSERT_FALSE(more) << "the damage was not noticed";
    EXPECT_EQ(more.error().code, ErrorCode::kDataLoss) << more.error().to_string();
}

}  // namespace
}  // namespace digits
