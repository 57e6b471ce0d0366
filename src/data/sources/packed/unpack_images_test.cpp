#include "data/sources/packed/unpack_images.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <memory>
#include <random>
#include <set>

#include "base/utf8_locale.hpp"
#include "data/exports/export_sink.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

struct Member {
    std::string path;
    std::string bytes = "image";
    unsigned type = AE_IFREG;
    std::string link = {};
};

class Unpack : public testing::Test {
  protected:
    void SetUp() override { fs::create_directory(out()); }
    fs::path file() const { return folder_.path() / "archive"; }
    fs::path out() const { return folder_.path() / "out"; }

    void pack(const std::vector<Member>& members, int format = ARCHIVE_FORMAT_TAR) {
        const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), archive_write_free);
        archive_write_set_format(writer.get(), format);
        if (format == ARCHIVE_FORMAT_TAR) archive_write_add_filter_gzip(writer.get());
        ASSERT_EQ(archive_write_open_filename(writer.get(), file().c_str()), ARCHIVE_OK);
        for (const auto& member : members) {
            const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                                 archive_entry_free);
            archive_entry_set_pathname(entry.get(), member.path.c_str());
            archive_entry_set_filetype(entry.get(), member.type);
            archive_entry_set_perm(entry.get(), 0644);
            const bool plain = member.type == AE_IFREG;
            archive_entry_set_size(entry.get(), plain ? static_cast<la_int64_t>(member.bytes.size()) : 0);
            if (!member.link.empty()) archive_entry_set_symlink(entry.get(), member.link.c_str());
            ASSERT_EQ(archive_write_header(writer.get(), entry.get()), ARCHIVE_OK) << member.path;
            if (plain) archive_write_data(writer.get(), member.bytes.data(), member.bytes.size());
        }
        ASSERT_EQ(archive_write_close(writer.get()), ARCHIVE_OK);
    }

    std::set<std::string> unpacked() const {
        std::set<std::string> paths;
        for (const auto& entry : fs::recursive_directory_iterator(out()))
            if (entry.is_regular_file()) paths.insert(fs::relative(entry.path(), out()).string());
        return paths;
    }

    void expect_refused(ErrorCode code, const std::string& words, const ImageArchiveLimits& limits = {}) {
        const auto found = unpack_images(file(), out(), limits);
        ASSERT_FALSE(found);
        EXPECT_EQ(found.error().code, code) << found.error().to_string();
        EXPECT_THAT(found.error().message, HasSubstr(words));
        EXPECT_TRUE(fs::is_empty(out()));
        EXPECT_FALSE(fs::exists(folder_.path() / "escaped.png"));
    }

    TemporaryFolder folder_;
};

TEST_F(Unpack, takes_images_with_their_folders_and_passes_over_the_rest) {
    const std::vector<Member> members{{"set/"
                                       "cats",
                                       "", AE_IFDIR},
                                      {"set/cats/1.png", "one"},
                                      {"./set/dogs/deep/2.JPG", "two"},
                                      {"set/README.txt"},
                                      {"set/cats/.hidden.png"},
                                      {"__MACOSX/set/cats/1.png"}};
    for (const int format : {ARCHIVE_FORMAT_TAR, ARCHIVE_FORMAT_ZIP}) {
        pack(members, format);
        const auto found = unpack_images(file(), out());
        ASSERT_TRUE(found) << found.error().to_string();
        EXPECT_EQ(*found, (json{{"images", 2}, {"bytes", 6}, {"unsupported", {{".txt", 1}}}}));
        EXPECT_EQ(unpacked(), (std::set<std::string>{"set/cats/1.png", "set/dogs/deep/2.JPG"}));
        EXPECT_EQ(text_of(out() / "set/dogs/deep/2.JPG"), "two");
        fs::remove_all(out() / "set");
    }
}

TEST_F(Unpack, says_where_an_archive_is_cut_off) {
    const auto first = tar_entry("x/a.png", std::string(700, 'a')),
               second = tar_entry("x/b.png", std::string(700, 'b'));
    put_file(file(), first + second + std::string(tar_end()));
    EXPECT_FALSE(unpack_images(file(), out())->contains("warnings"));
    fs::remove_all(out() / "x");
    put_file(file(), first + second);
    const auto found = unpack_images(file(), out());
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ((*found)["images"], 2);
    EXPECT_THAT((*found)["warnings"][0].get<std::string>(), HasSubstr("no end-of-archive block"));
    fs::remove_all(out() / "x");
    for (const std::size_t kept : {300U, 512U, 900U}) {
        put_file(file(), first + second.substr(0, kept));
        expect_refused(ErrorCode::kInvalidArgument,
                       kept < 512 ? "is cut off in or behind \"x/a.png\"" : "is cut off in or behind \"x/b.png\"");
    }
}

TEST_F(Unpack, takes_the_files_of_labels_along) {
    pack({{"voc/JPEGImages/1.jpg", "one"},
          {"voc/Annotations/1.xml", "<annotation/>"},
          {"voc/ImageSets/Main/train.txt", "1"},
          {"voc/data.YAML", "names:"},
          {"voc/LICENSE.txt"},
          {"voc/code.py"},
          {"voc/.secret.json"}});
    const auto found = unpack_images(file(), out());
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ((*found)["images"], 1);
    EXPECT_EQ((*found)["unsupported"], (json{{".py", 1}, {".txt", 1}}));
    EXPECT_EQ(unpacked(), (std::set<std::string>{"voc/Annotations/1.xml", "voc/ImageSets/Main/train.txt",
                                                 "voc/JPEGImages/1.jpg", "voc/data.YAML"}));
}

TEST_F(Unpack, reads_names_of_any_language) {
    {
        const Utf8Locale locale;
        pack({{"caf\u00e9/1.png"}, {"\u732b/2.png"}}, ARCHIVE_FORMAT_ZIP);
    }
    ASSERT_TRUE(unpack_images(file(), out(), {}));
    EXPECT_EQ(unpacked(), (std::set<std::string>{"caf\u00e9/1.png", "\u732b/2.png"}));
    // As zip programs write them that know the character set of their machine alone.
    fs::remove_all(out());
    fs::create_directory(out());
    pack({{"caf\x82/1.png"}, {"\xc3\xa8\xb9\xb7/2.png"}}, ARCHIVE_FORMAT_ZIP);
    ASSERT_TRUE(unpack_images(file(), out(), {}));
    EXPECT_EQ(unpacked(), (std::set<std::string>{"caf\u00e9/1.png", "\u732b\u72d7/2.png"}));
}

TEST_F(Unpack, refuses_a_name_that_comes_twice) {
    pack({{"cat/1.png"}, {"cat/./1.png"}});
    expect_refused(ErrorCode::kInvalidArgument, "\"cat/./1.png\" twice");
}

TEST_F(Unpack, refuses_paths_that_lead_out) {
    for (const char* path : {"../escaped.png", "a/../../escaped.png", "/tmp/escaped.png", "a\\..\\escaped.png"}) {
        pack({{"good/1.png"}, {path}});
        expect_refused(ErrorCode::kInvalidArgument, path);
    }
    for (const int format : {ARCHIVE_FORMAT_TAR, ARCHIVE_FORMAT_ZIP})
        for (const char* path : {"C:\\escaped.png", "C:/escaped.png", "c:escaped.png"}) {
            pack({{"good/1.png"}, {path}}, format);
            expect_refused(ErrorCode::kInvalidArgument, "its path");
        }
}

TEST_F(Unpack, refuses_links_and_devices) {
    pack({{"a/1.png"}, {"a/link.png", "", AE_IFLNK, "/etc/passwd"}});
    expect_refused(ErrorCode::kInvalidArgument, "a link: \"a/link.png\"");
    pack({{"a/1.png"}, {"a/pipe.png", "", AE_IFIFO}});
    expect_refused(ErrorCode::kInvalidArgument, "neither file nor folder");
}

TEST_F(Unpack, refuses_what_is_too_much) {
    pack({{"a/1.png"}, {"a/2.png"}, {"a/3.png"}});
    expect_refused(ErrorCode::kTooLarge, "more than 2 members", {.entries = 2});
    pack({{"a/1.png", std::string(1 << 20, '\0')}});
    expect_refused(ErrorCode::kTooLarge, "unpacks to more than", {.free_bytes = 1000, .ratio = 100});
    expect_refused(ErrorCode::kTooLarge, "more than 1000 bytes", {.bytes = 1000});
}

TEST_F(Unpack, says_what_is_wrong_with_the_archive) {
    put_file(file(), "these are some words");
    expect_refused(ErrorCode::kInvalidArgument, "not an archive");
    pack({{"a/notes.txt"}});
    expect_refused(ErrorCode::kInvalidArgument,
                   "no image in the archive; 1 file of unsupported types is skipped: .txt 1");
    // More than the reader looks at before it knows the format, and nothing that could be packed.
    std::string noise;
    std::minstd_rand random(1);
    for (int i = 0; i < 2'000'000; ++i) noise += static_cast<char>(random() >> 8);
    pack({{"a/1.png", noise}});
    fs::resize_file(file(), fs::file_size(file()) / 2);
    expect_refused(ErrorCode::kInvalidArgument, "the archive is cut off in or behind \"a/1.png\"");
    fs::resize_file(file(), 1000);
    expect_refused(ErrorCode::kInvalidArgument, "the archive is cut off: ");
}

}  // namespace
}  // namespace digits
