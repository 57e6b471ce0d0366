#include "base/markup.hpp"

#include <gtest/gtest.h>

namespace digits {
namespace {

TEST(EscapeMarkup, keeps_a_text_inside_its_tag_or_attribute) {
    EXPECT_EQ(escape_markup("<b> & \"c\""), "&lt;b&gt; &amp; &quot;c&quot;");
    EXPECT_EQ(escape_markup("caf\xc3\xa9 &amp;"), "caf\xc3\xa9 &amp;amp;");
    EXPECT_EQ(escape_markup(""), "");
}

}  // namespace
}  // namespace digits
