#include "base/folder_listing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/file.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class FolderListings : public testing::Test {
  protected:
    void SetUp() override {
        for (const auto* name : {"root/b", "root/A", "root/.hidden", "other"}) fs::create_directories(path(name));
        for (const auto* name : {"root/c.png", "root/a.png", "root/B.png", "root/\xff.png", "other/secret"})
            std::ofstream(path(name)) << "12345";
        fs::create_symlink("../other", path("root/out"));
        fs::create_symlink("A", path("root/in"));
        ASSERT_EQ(::mkfifo(path("root/pipe").c_str(), 0600), 0);
    }
    fs::path path(const std::string& name) const { return folder_.path() / name; }
    std::vector<std::string> roots() const { return {path("root").string()}; }
    static std::vector<std::string> names(const FolderListing& listing) {
        std::vector<std::string> names;
        for (const auto& entry : listing.entries) names.push_back(entry.name);
        return names;
    }

    TemporaryFolder folder_;
};

TEST_F(FolderListings, ShowWhatMayBeChosen) {
    const auto found = list_folder(path("root"), roots()).value();
    EXPECT_THAT(names(found), ElementsAre("A", "b", "in", "a.png", "B.png", "c.png"));
    EXPECT_EQ(found.entries[3].bytes, 5U);
    EXPECT_FALSE(found.entries[0].bytes.has_value());
    EXPECT_FALSE(found.truncated);
    EXPECT_FALSE(found.parent.has_value());
    EXPECT_EQ(list_folder(path("root/A"), roots()).value().parent, fs::canonical(path("root")));
    EXPECT_THAT(names(list_folder(path("root"), {}).value()),
                ElementsAre("A", "b", "in", "out", "a.png", "B.png", "c.png"));
    EXPECT_THAT(names(list_folder(path("root"), {}, "a").value()), ElementsAre("a.png"));
    EXPECT_THAT(names(list_folder(path("root"), {}, ".h").value()), ElementsAre(".hidden"));
}

TEST_F(FolderListings, HaveLimits) {
    const auto shown = list_folder(path("root"), {}, "", {.most_shown = 2}).value();
    EXPECT_THAT(names(shown), ElementsAre("A", "b"));
    EXPECT_TRUE(shown.truncated);
    EXPECT_TRUE(list_folder(path("root"), {}, "", {.most_read = 3}).value().truncated);
    EXPECT_TRUE(list_folder(path("root"), {}, "", {.time = std::chrono::milliseconds(-1)}).value().truncated);
}

TEST_F(FolderListings, StayInsideTheRoots) {
    for (const auto* name : {"other", "root/out", "root/../other", "none", "other/none"}) {
        const auto found = list_folder(path(name), roots());
        ASSERT_FALSE(found.has_value()) << name;
        EXPECT_EQ(found.error().code, ErrorCode::kPermissionDenied) << name;
    }
    EXPECT_EQ(list_folder(path("root/none"), roots()).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(list_folder("relative", {}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(FolderListings, PathsOfRequestsAreChecked) {
    EXPECT_TRUE(check_named_path(path("root/A").string(), true, roots()).has_value());
    EXPECT_TRUE(check_named_path(path("root/a.png").string(), false, roots()).has_value());
    for (const auto* name : {"root/none", "root/A", "root/pipe"})
        EXPECT_EQ(check_named_path(path(name).string(), false, roots()).error().code, ErrorCode::kNotFound) << name;
    for (const auto* name : {"other", "root/out", "none"})
        EXPECT_EQ(check_named_path(path(name).string(), true, roots()).error().code, ErrorCode::kPermissionDenied)
            << name;
    EXPECT_EQ(check_named_path("relative", false, {}).error().code, ErrorCode::kInvalidArgument);
    for (const auto* name : {"/proc", "/sys", "/proc/self", "/proc/self/cwd", "/tmp/../proc/self/cwd"})
        EXPECT_THAT(check_named_path(name, true, {}).error().message,
                    HasSubstr("belongs to a file system of the kernel"))
            << name;
    EXPECT_THAT(check_named_path("/", true, {}).error().message, HasSubstr("root folder of the machine"));
    EXPECT_THAT(check_named_path("/dev/zero", false, {}).error().message, HasSubstr("is not a regular file"));
    EXPECT_THAT(check_named_path("/proc/self/environ", false, {}).error().message,
                HasSubstr("belongs to a file system of the kernel"));
}

}  // namespace
}  // namespace digits
