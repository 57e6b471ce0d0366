#include "image/header.hpp"

#include <gtest/gtest.h>

#include "base/file.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

Image grey(int width, int height) {
    Image image;
    image.reset(width, height, 1);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i % 3);
    return image;
}

TEST(ImageHeader, tells_the_size_without_decoding) {
    for (const auto& bytes : {*encode_png(grey(31, 17)), *encode_jpeg(grey(31, 17)), std::string("P5 31 17 255\n")}) {
        const auto header = read_image_header(bytes);
        ASSERT_TRUE(header);
        EXPECT_EQ(header->upright_width(), 31);
        EXPECT_EQ(header->upright_height(), 17);
    }
}

TEST(ImageHeader, tells_the_size_of_files_of_simple_formats) {
    for (const auto* name : {"rgb.bmp", "palette.gif", "rgb.ppm", "ega.pcx", "rgb.pcx", "rgb.sgi", "grey16_runs.sgi"}) {
        const auto bytes = read_file(std::string(DIGITS_SOURCE_DIR) + "/tests/images/in/" + name);
        ASSERT_TRUE(bytes) << name;
        const auto header = read_image_header(bytes->substr(0, 200));
        ASSERT_TRUE(header) << name;
        EXPECT_EQ(header->width, 51) << name;
        EXPECT_EQ(header->height, 37) << name;
    }
}

TEST(ImageHeader, tells_how_an_image_is_turned) {
    const auto phone = read_file(std::string(DIGITS_SOURCE_DIR) + "/tests/traps/13-exif-rotated-box/images/phone.jpg");
    ASSERT_TRUE(phone);
    const auto header = read_image_header(*phone);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->orientation, 6);
    EXPECT_EQ(header->width, 64);
    EXPECT_EQ(header->upright_width(), 48);
    EXPECT_EQ(header->upright_height(), 64);
}

TEST(ImageHeader, is_none_of_a_file_that_ends_too_early) {
    for (const auto& bytes : {*encode_png(grey(31, 17)), *encode_jpeg(grey(31, 17))})
        for (std::size_t size = 0; size < 33; ++size) EXPECT_FALSE(read_image_header(bytes.substr(0, size)));
    EXPECT_FALSE(read_image_header("no image"));
}

}  // namespace
}  // namespace digits
