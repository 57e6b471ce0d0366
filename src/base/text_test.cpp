#include "base/text.hpp"

#include <gmock/gmock.h>

#include "base/file.hpp"

namespace digits {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

TEST(PlainText, drops_byte_order_marks_and_carriage_returns) {
    EXPECT_EQ(*plain_text("\xef\xbb\xbf"
                          "a\r\nb\r\n"),
              "a\nb\n");
    EXPECT_EQ(*plain_text("a\nb"), "a\nb");
    EXPECT_EQ(*plain_text("a\rb\r"), "a\nb\n");
    EXPECT_EQ(*plain_text("a\rb\nc\r\n"), "a\rb\nc\n") << "a carriage return inside a line stays";
    EXPECT_EQ(*plain_text("a\r\r\nb\r"), "a\r\nb\r");
    EXPECT_EQ(*plain_text(""), "");
    EXPECT_EQ(*plain_text("\xef\xbb\xbf"), "");
    EXPECT_EQ(*plain_text("caf\xe9\n"), "caf\xe9\n") << "names of files may be of another encoding";
    EXPECT_EQ(without_byte_order_mark("\xef\xbb\xbf"
                                      "x"),
              "x");
}

TEST(PlainText, names_encodings_that_it_does_not_take) {
    const std::pair<std::string, const char*> cases[]{
        {std::string("\xff\xfe"
                     "a\0\n\0",
                     6),
         "UTF-16 (little endian)"},
        {std::string("\xfe\xff\0a\0\n", 6), "UTF-16 (big endian)"},
        {std::string("a\0 \0", 4) + std::string("0\0\n\0", 4), "UTF-16 (little endian)"},
        {std::string("\0a\0\n", 4), "UTF-16 (big endian)"},
        {std::string("\xff\xfe\0\0a\0\0\0", 8), "UTF-32 (little endian)"},
        {std::string("\0\0\xfe\xff\0\0\0a", 8), "UTF-32 (big endian)"},
    };
    for (const auto& [bytes, name] : cases) {
        const auto text = plain_text(bytes);
        ASSERT_FALSE(text) << name;
        EXPECT_EQ(text.error().code, ErrorCode::kInvalidArgument);
        EXPECT_EQ(text.error().message, fmt::format("the text is in {}; it must be in UTF-8", name));
        EXPECT_EQ(text.error().advice, "Save it as UTF-8");
    }
}

TEST(PlainText, is_read_from_files) {
    const TemporaryFolder folder;
    const auto path = (folder.path() / "list.txt").string();
    ASSERT_TRUE(write_file_atomic(path,
                                  "\xef\xbb\xbf"
                                  "a.png 0\r\n"));
    EXPECT_EQ(*read_text_file(path, 100), "a.png 0\n");
    EXPECT_EQ(read_text_file(path, 3).error().code, ErrorCode::kTooLarge);
    ASSERT_TRUE(write_file_atomic(path, std::string("\xff\xfe"
                                                    "a\0",
                                                    4)));
    const auto foreign = read_text_file(path, 100);
    ASSERT_FALSE(foreign);
    EXPECT_THAT(foreign.error().where, EndsWith("list.txt"));
    EXPECT_THAT(foreign.error().message, HasSubstr("UTF-16"));
}

TEST(Text, SeparatesThousandsOfCounts) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(27060), "27,060");
    EXPECT_EQ(grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace digits
