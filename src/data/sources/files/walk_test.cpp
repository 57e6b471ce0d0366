#include "data/sources/files/walk.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "data/builder.hpp"
#include "data/open_source.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/testing.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Walk : public testing::Test {
  protected:
    fs::path at(const std::string& name) const { return folder_.path() / name; }
    void put(const std::string& name) const { put_file(at(name), *encode_png(ramp(2, 2, 1))); }
    /// Names below the folder.
    std::vector<std::string> found(const std::string& name, const std::vector<std::string>& roots = {}) {
        ScanGuard guard(limits_);
        warnings_.clear();
        auto files = find_images(at(name), ReadableRoots(roots), guard, warnings_);
        EXPECT_TRUE(files) << files.error().to_string();
        for (auto& file : *files) file = fs::path(file).lexically_relative(at(name)).string();
        return *files;
    }

    TemporaryFolder folder_;
    ScanLimits limits_;
    std::vector<std::string> warnings_;
};

TEST_F(Walk, follows_links_but_not_to_a_folder_above) {
    put("in/a/1.png");
    put("other/2.png");
    fs::create_directory_symlink(at("other"), at("in/a/aside"));
    fs::create_directory_symlink("..", at("in/a/up"));
    fs::create_directory_symlink(folder_.path(), at("in/a/far_up"));
    fs::create_directory_symlink("/", at("in/a/root"));
    fs::create_directory_symlink("../in", at("other/back"));
    EXPECT_THAT(found("in"), ElementsAre("a/1.png", "a/aside/2.png"));
    EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(Walk, does_not_leave_the_roots) {
    put("in/a/1.png");
    put("other/2.png");
    fs::create_directory_symlink(at("other"), at("in/a/aside"));
    fs::create_symlink(at("other/2.png"), at("in/a/3.png"));
    EXPECT_THAT(found("in", {at("in").string()}), ElementsAre("a/1.png", "a/3.png"));
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("in/a/aside is left out")));
    const auto linked = ImageReader({at("in").string()}, decode_with_facts).read({at("in/a/3.png").string()});
    ASSERT_FALSE(linked);
    EXPECT_EQ(linked.error().code, ErrorCode::kPermissionDenied);
}

TEST_F(Walk, passes_over_what_programs_leave_beside_images) {
    for (const char* name : {"in/1.png", "in/.ipynb_checkpoints/1.png", "in/__MACOSX/._1.png", "in/Thumbs.db"})
        put(name);
    EXPECT_THAT(found("in"), ElementsAre("1.png"));
    put("classes/a/1.png");
    put("classes/b/1.png");
    put("classes/.ipynb_checkpoints/1.png");
    ScanGuard guard(limits_);
    const auto scan = scan_folder(at("classes"), ReadableRoots(), guard);
    ASSERT_TRUE(scan) << scan.error().to_string();
    EXPECT_THAT(scan->classes, SizeIs(2));
}

TEST_F(Walk, reads_to_a_depth) {
    put("in/1/2/3/a.png");
    limits_.depth = 2;
    EXPECT_THAT(found("in"), IsEmpty());
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("in/1/2/3 is left out")));
    limits_.depth = 3;
    EXPECT_THAT(found("in"), SizeIs(1));
}

/// Opening a pipe for reading waits for a writer, unless told not to.
TEST_F(Walk, a_named_pipe_is_an_unreadable_image) {
    for (int i = 0; i < 3; ++i) {
        put("in/a/" + std::to_string(i) + ".png");
        put("in/b/" + std::to_string(i) + ".png");
    }
    ASSERT_EQ(::mkfifo(at("in/a/pipe.png").c_str(), 0600), 0);
    JobFolder job;
    const auto spec = parse_dataset_spec({{"source", {{"path", at("in")}, {"percent_val", 0}}}});
    const auto built = build_dataset(*spec, job);
    ASSERT_TRUE(built) << built.error().to_string();
    EXPECT_EQ((*built)["splits"]["train"]["count"], 6);
    EXPECT_THAT(text_of(job.job_dir() / "unreadable.txt"), HasSubstr("in/a/pipe.png is a pipe"));
}

TEST_F(Walk, a_named_pipe_is_no_list) {
    ASSERT_EQ(::mkfifo(at("list.txt").c_str(), 0600), 0);
    put_file(at("labels.txt"), "a\nb\n");
    const auto spec =
        parse_dataset_spec({{"source", {{"type", "lists"}, {"train", at("list.txt")}, {"labels", at("labels.txt")}}}});
    const auto source = open_source(*spec);
    ASSERT_FALSE(source);
    EXPECT_THAT(source.error().message, HasSubstr("is a pipe"));
}

/// 12 GB of memory and a busy core once answered such a request.
TEST_F(Walk, refuses_folders_that_hold_no_images) {
    const auto start = std::chrono::steady_clock::now();
    for (const auto& [path, words] : {std::pair{"/", "root folder of the machine"},
                                      {"/proc", "file system of the kernel"},
                                      {"/proc/self", "file system of the kernel"},
                                      {"/sys", "file system of the kernel"}}) {
        const auto scanned = scan_dataset(*parse_dataset_spec({{"source", {{"path", path}}}}));
        ASSERT_FALSE(scanned) << path;
        EXPECT_EQ(scanned.error().code, ErrorCode::kInvalidArgument) << path;
        EXPECT_THAT(scanned.error().message, HasSubstr(words));
        EXPECT_EQ(scanned.error().where, "/source/path");
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
    fs::create_directory_symlink("/proc", at("proc"));
    put("real/1.png");
    EXPECT_THAT(found(""), ElementsAre("real/1.png")) << "nor is a link into one followed";
}

}  // namespace
}  // namespace digits
