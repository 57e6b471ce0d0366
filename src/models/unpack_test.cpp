#include "models/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include "base/file.hpp"

namespace digits {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class UnpackTest : public testing::Test {
  protected:
    void SetUp() override { std::filesystem::create_directory(out()); }

    std::filesystem::path file() const { return folder_.path() / "x.tar"; }
    std::filesystem::path out() const { return folder_.path() / "out"; }

    void pack(const std::vector<std::pair<std::string, std::string>>& members) const {
        auto* writer = archive_write_new();
        archive_write_set_format_pax_restricted(writer);
        archive_write_open_filename(writer, file().c_str());
        for (const auto& [name, bytes] : members) {
            auto* entry = archive_entry_new();
            archive_entry_set_pathname(entry, name.c_str());
            archive_entry_set_filetype(entry, AE_IFREG);
            archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
            archive_write_header(writer, entry);
            archive_write_data(writer, bytes.data(), bytes.size());
            archive_entry_free(entry);
        }
        archive_write_free(writer);
    }

    Result<std::vector<std::string>> unpack(UnpackLimits limits = {}) const {
        return unpack_archive(file(), out(), limits, [] { return false; });
    }

    TemporaryFolder folder_;
};

TEST_F(UnpackTest, WritesTheMembersAndNamesThem) {
    pack({{"a.txt", "first"}, {"./b.txt", ""}});
    const auto names = unpack();
    ASSERT_TRUE(names) << names.error().to_string();
    EXPECT_THAT(*names, ElementsAre("a.txt", "b.txt"));
    EXPECT_EQ(*read_file(out() / "a.txt"), "first");
    EXPECT_EQ(*read_file(out() / "b.txt"), "");
}

TEST_F(UnpackTest, StopsAtEachLimit) {
    pack({{"a", std::string(5000, 'a')}, {"b", "b"}, {"c", "c"}});
    EXPECT_THAT(unpack({.entries = 2}).error().message, HasSubstr("more than 2 members"));
    std::filesystem::remove_all(out());
    SetUp();
    EXPECT_THAT(unpack({.bytes = 4000}).error().message, HasSubstr("larger than 4000 bytes"));
    std::filesystem::remove_all(out());
    SetUp();
    const auto stopped = unpack_archive(file(), out(), {}, [] { return true; });
    EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_F(UnpackTest, NeverWritesOverAFileThatIsThere) {
    pack({{"a", "new"}});
    ASSERT_TRUE(write_file_atomic(out() / "a", "old"));
    EXPECT_FALSE(unpack());
    EXPECT_EQ(*read_file(out() / "a"), "old");
}

TEST(FlatName, IsANameAndNothingElse) {
    for (const auto* name : {"a", "info.json", "snapshot_iter_40.caffemodel", "ä.txt", "..a"})
        EXPECT_TRUE(is_flat_name(name)) << name;
    for (const auto* name : {"", ".", "..", "/a", "a/", "a/b", "../a", "a\\b", "a\nb", "\x7f"})
        EXPECT_FALSE(is_flat_name(name)) << name;
    EXPECT_FALSE(is_flat_name(std::string(300, 'a')));
}

}  // namespace
}  // namespace digits
