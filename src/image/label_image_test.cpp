#include "image/label_image.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"

namespace digits {
namespace {

using nlohmann::json;

/// Small masks of every kind, and what numpy's array of Pillow's image holds: tests/images/make_labels.py.
class LabelImages : public testing::Test {
  protected:
    static std::string bytes_of(const std::string& name) {
        auto bytes = read_file(std::string(DIGITS_SOURCE_DIR) + "/tests/images/labels/" + name);
        EXPECT_TRUE(bytes) << name;
        return bytes.value_or("");
    }
    static LabelImage read(const std::string& name) {
        auto image = decode_label_image(bytes_of(name));
        EXPECT_TRUE(image) << name << ": " << image.error().message;
        return image.value_or(LabelImage{});
    }
};

TEST_F(LabelImages, equal_pillow_and_numpy) {
    const auto cases = json::parse(bytes_of("labels.json"));
    ASSERT_GT(cases.size(), 30u);
    for (const auto& [name, wanted] : cases.items()) {
        SCOPED_TRACE(name);
        if (wanted.contains("refused")) {
            const auto image = decode_label_image(bytes_of(name));
            ASSERT_FALSE(image);
            EXPECT_NE(image.error().message.find(wanted["refused"].get<std::string>()), std::string::npos)
                << image.error().message;
            continue;
        }
        const auto image = read(name);
        EXPECT_EQ(image.has_colors, wanted.contains("colors"));
        EXPECT_EQ(json(image.values), wanted[image.has_colors ? "colors" : "numbers"]);
        EXPECT_EQ(json(image.alpha), wanted.value("alpha", json::array()));
    }
}

TEST_F(LabelImages, have_the_colors_of_their_palettes) {
    for (const auto* name : {"palette.png", "palette.gif", "palette.bmp", "palette.tga", "palette.pcx", "palette.tif",
                             "transparent.gif"}) {
        auto palette = read(name).palette;
        ASSERT_GE(palette.size(), 4u) << name;
        palette.resize(4);
        EXPECT_EQ(palette, (std::vector<std::uint32_t>{0, 0x800000, 0x008000, 0x808000})) << name;
    }
    EXPECT_TRUE(read("grey.gif").palette.empty());
}

TEST_F(LabelImages, tell_whether_only_alpha_differs) {
    for (const auto* name : {"alpha_class.png", "alpha_class_grey.png", "alpha_class.tif", "alpha_class.webp"})
        EXPECT_TRUE(read(name).differs_only_in_alpha()) << name;
    for (const auto* name : {"alpha_full.png", "alpha_none_grey.png", "color_varying_alpha.png", "palette.png"})
        EXPECT_FALSE(read(name).differs_only_in_alpha()) << name;
}

TEST_F(LabelImages, are_refused_when_they_are_no_images) { EXPECT_FALSE(decode_label_image("no image")); }

}  // namespace
}  // namespace digits
