#include "base/disk_space.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "base/file.hpp"

namespace digits {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t kTera = std::int64_t{1} << 40;

TEST(DiskSpaceTest, WritesSizes) {
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(12), "12 bytes");
    EXPECT_EQ(size_text(2'000), "2.0 KB");
    EXPECT_EQ(size_text(50 << 20), "50 MB");
    EXPECT_EQ(size_text(std::int64_t{2100} << 20), "2.1 GB");
}

TEST(DiskSpaceTest, LooksAtTheNearestFolderThatExists) {
    const TemporaryFolder folder;
    EXPECT_GT(free_disk_bytes(folder.path()).value_or(0), 0);
    EXPECT_GT(free_disk_bytes(folder.path() / "not" / "yet").value_or(0), 0);
}

TEST(DiskSpaceTest, RefusesWhatDoesNotFit) {
    const TemporaryFolder folder;
    EXPECT_TRUE(check_disk_space(folder.path(), 1));
    const auto refused = check_disk_space(folder.path(), 1000 * kTera);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
    EXPECT_THAT(refused.error().message, StartsWith("No space left on device: needs about 1000.0 TB, "));
    EXPECT_THAT(refused.error().message, HasSubstr(" are free where " + folder.path().string()));
    EXPECT_THAT(refused.error().advice, HasSubstr("empty the trash"));
}

TEST(DiskSpaceTest, SaysThatTheDiskIsFull) {
    const TemporaryFolder folder;
    EXPECT_THAT(write_error("cannot write", folder.path(), ENOSPC, 5 << 20).message,
                StartsWith("No space left on device: needs about 5.0 MB, "));
    EXPECT_THAT(write_error("cannot write", folder.path(), EDQUOT).message, StartsWith("No space left on device: "));
    EXPECT_EQ(write_error("cannot write it", folder.path(), EIO).message, "cannot write it: Input/output error");
}

TEST(DiskSpaceTest, AFileOnAFullDiskSaysSo) {
    std::FILE* file = std::fopen("/dev/full", "w");
    ASSERT_NE(file, nullptr);
    std::setbuf(file, nullptr);
    errno = 0;
    std::fputs("x", file);
    EXPECT_THAT(write_error("cannot write", "/dev/full", errno).message, StartsWith("No space left on device"));
    std::fclose(file);
}

}  // namespace
}  // namespace digits
