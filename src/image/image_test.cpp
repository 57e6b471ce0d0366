#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <regex>

#include "base/file.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"
#include "image/resize.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(DIGITS_SOURCE_DIR) / "tests/images";

std::string bytes_of(const fs::path& path) {
    auto bytes = read_file(path);
    EXPECT_TRUE(bytes.has_value()) << path;
    return bytes.value_or("");
}

Image decoded(const fs::path& path) {
    auto image = decode_image(bytes_of(path));
    EXPECT_TRUE(image.has_value()) << path << ": " << (image ? "" : image.error().message);
    return image.value_or(Image{});
}

int largest_difference(const Image& a, const Image& b) {
    if (a.width != b.width || a.height != b.height || a.channels != b.channels) return 999;
    int most = 0;
    for (std::size_t i = 0; i < a.pixels.size(); ++i) most = std::max(most, std::abs(a.pixels[i] - b.pixels[i]));
    return most;
}

std::vector<fs::path> inputs() {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(kFolder / "in")) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
}

/// A picture whose samples all differ from white and from each other along a row.
Image ramp(int width, int height, int channels) {
    Image image;
    image.reset(width, height, channels);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
    return image;
}

TEST(Decode, equals_pillow) {
    ASSERT_EQ(inputs().size(), 23u);
    for (const auto& path : inputs()) {
        const auto expected = decoded(kFolder / "out" / (path.filename().string() + ".pnm"));
        EXPECT_EQ(largest_difference(decoded(path), expected), 0) << path.filename();
    }
}

TEST(Decode, refuses_every_cut_off_file) {
    for (const auto& path : inputs()) {
        const auto bytes = bytes_of(path);
        for (std::size_t keep = 0; keep + 40 < bytes.size(); keep += 1 + bytes.size() / 50) {
            const auto image = decode_image(std::string_view(bytes).substr(0, keep));
            ASSERT_FALSE(image.has_value()) << path.filename() << " cut to " << keep << " of " << bytes.size();
            EXPECT_FALSE(image.error().message.empty());
        }
    }
}

TEST(Decode, survives_damaged_bytes) {
    std::uint32_t random = 1;
    const auto next = [&] { return random = random * 1664525u + 1013904223u; };
    for (const auto& path : inputs()) {
        const auto whole = bytes_of(path);
        for (int round = 0; round < 60; ++round) {
            auto bytes = whole;
            for (int i = 0; i < 4; ++i) bytes[(next() >> 8) % bytes.size()] = static_cast<char>(next() >> 24);
            const auto image = decode_image(bytes, {.max_pixels = 1'000'000});
            if (!image) continue;
            EXPECT_EQ(image->pixels.size(), image->row_bytes() * static_cast<std::size_t>(image->height));
        }
    }
}

TEST(Decode, survives_files_of_a_few_bytes) {
    std::vector<std::string> starts{
        "RIFF....WEBPVP8 ", std::string("II*\0....", 8), "....ftypheic", "P6\n# ", "BM", "<svg"};
    for (const auto& path : inputs()) starts.push_back(bytes_of(path).substr(0, 64));
    for (const auto& start : starts)
        for (std::size_t keep = 0; keep <= start.size(); ++keep) {
            const auto image = decode_image(std::string_view(start).substr(0, keep));
            ASSERT_FALSE(image.has_value()) << start << " cut to " << keep;
            EXPECT_FALSE(image.error().message.empty());
        }
}

TEST(Decode, survives_every_flipped_byte_of_a_header) {
    for (const auto& path : inputs()) {
        auto bytes = bytes_of(path);
        for (std::size_t at = 0; at < std::min<std::size_t>(bytes.size(), 64); ++at)
            for (const int flip : {0x01, 0x80, 0xff}) {
                const char whole = bytes[at];
                bytes[at] = static_cast<char>(whole ^ flip);
                const auto image = decode_image(bytes, {.max_pixels = 1'000'000});
                bytes[at] = whole;
                if (image)
                    EXPECT_EQ(image->pixels.size(), image->row_bytes() * static_cast<std::size_t>(image->height));
            }
    }
}

TEST(Decode, keeps_its_limits) {
    for (const auto& path : inputs()) {
        const auto image = decode_image(bytes_of(path), {.max_pixels = 40});
        ASSERT_FALSE(image.has_value()) << path;
        EXPECT_EQ(image.error().code, ErrorCode::kTooLarge) << path << image.error().message;
    }
    const auto scans = decode_image(bytes_of(kFolder / "in/progressive.jpg"), {.max_scans = 3});
    ASSERT_FALSE(scans.has_value());
    EXPECT_EQ(scans.error().code, ErrorCode::kTooLarge);
}

TEST(Decode, names_what_it_does_not_read) {
    EXPECT_EQ(decode_image("").error().message, "the file is empty");
    EXPECT_EQ(decode_image("GIF89a......").error().message, "a GIF file; expected JPEG, PNG, BMP or PNM");
    EXPECT_EQ(decode_image("<!DOCTYPE html>").error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(decode_image("hello world, this is no picture").error().code, ErrorCode::kUnsupported);
}

TEST(Resize, equals_pillow_bit_by_bit) {
    const std::regex name(R"((.+)\.(\d+)x(\d+)\.pnm)");
    int cases = 0;
    for (const auto& entry : fs::directory_iterator(kFolder / "out")) {
        std::smatch parts;
        const auto file = entry.path().filename().string();
        if (!std::regex_match(file, parts, name)) continue;
        const auto resized =
            resize_bilinear(decoded(kFolder / "in" / parts[1].str()), std::stoi(parts[2]), std::stoi(parts[3]));
        EXPECT_EQ(largest_difference(resized, decoded(entry.path())), 0) << file;
        ++cases;
    }
    EXPECT_EQ(cases, 16);
}

TEST(Convert, equals_pillow) {
    const auto grey = convert_channels(decoded(kFolder / "in/rgb.png"), 1);
    EXPECT_EQ(largest_difference(grey, decoded(kFolder / "out/rgb.png.grey.pnm")), 0);
    const auto colour = convert_channels(grey, 3);
    ASSERT_EQ(colour.channels, 3);
    EXPECT_EQ(largest_difference(convert_channels(colour, 1), grey), 0);
}

TEST(Convert, planar_bgr_and_back) {
    const auto image = ramp(5, 4, 3);
    std::vector<std::uint8_t> planes(image.pixels.size());
    to_planar_bgr(image, planes.data());
    EXPECT_EQ(planes[0], image.pixels[2]);
    EXPECT_EQ(planes[20], image.pixels[1]);
    EXPECT_EQ(planes[40], image.pixels[0]);
    EXPECT_EQ(from_planar_bgr(planes.data(), 5, 4, 3).pixels, image.pixels);
}

TEST(Fit, crop_scales_to_cover_and_cuts_the_centre) {
    const auto image = ramp(30, 10, 3);
    const auto out = fit_image(image, 8, 8, ResizeMode::kCrop);
    const auto covering = resize_bilinear(image, 24, 8);
    ASSERT_EQ(out.width, 8);
    ASSERT_EQ(out.height, 8);
    for (int y = 0; y < 8; ++y) EXPECT_TRUE(std::equal(out.row(y), out.row(y) + 24, covering.row(y) + 8 * 3)) << y;
}

TEST(Fit, fill_pads_both_ends_with_the_same_noise) {
    const auto image = ramp(40, 11, 3);
    const auto out = fit_image(image, 20, 20, ResizeMode::kFill, 5);
    // 11 / 2 rounds to 6: a gap of 14, seven rows at each end.
    const auto inner = resize_bilinear(image, 20, 6);
    for (int y = 0; y < 6; ++y) EXPECT_TRUE(std::equal(out.row(y + 7), out.row(y + 8), inner.row(y))) << y;
    for (int y = 0; y < 7; ++y) EXPECT_TRUE(std::equal(out.row(y), out.row(y + 1), out.row(13 + y))) << y;
    EXPECT_EQ(fit_image(image, 20, 20, ResizeMode::kFill, 5).pixels, out.pixels);
    EXPECT_NE(fit_image(image, 20, 20, ResizeMode::kFill, 6).pixels, out.pixels);
    EXPECT_EQ(std::count(out.pixels.begin(), out.pixels.begin() + 7 * 60, 255), 0);
}

TEST(Fit, fill_makes_an_odd_gap_even) {
    // 12 / 2 = 6 rows leave a gap of 15; one row is added.
    const auto out = fit_image(ramp(42, 12, 1), 21, 21, ResizeMode::kFill);
    const auto inner = resize_bilinear(ramp(42, 12, 1), 21, 7);
    EXPECT_TRUE(std::equal(out.row(7), out.row(14), inner.row(0)));
}

TEST(Fit, half_crop_cuts_one_way_and_pads_the_other) {
    // Ratios 3 and 1: scaled by 2 to 60 x 20 / 2 = 30 x 10, cut to 20, padded from 10 to 20.
    const auto image = ramp(60, 20, 3);
    const auto out = fit_image(image, 20, 20, ResizeMode::kHalfCrop);
    const auto inner = resize_bilinear(image, 30, 10);
    for (int y = 0; y < 10; ++y) EXPECT_TRUE(std::equal(out.row(y + 5), out.row(y + 6), inner.row(y) + 5 * 3)) << y;
}

TEST(Fit, extreme_shapes_keep_one_pixel) {
    for (const auto mode : {ResizeMode::kSquash, ResizeMode::kCrop, ResizeMode::kFill, ResizeMode::kHalfCrop})
        for (const auto& image : {ramp(2000, 1, 1), ramp(1, 2000, 3)}) {
            const auto out = fit_image(image, 10, 7, mode);
            EXPECT_EQ(out.width, 10);
            EXPECT_EQ(out.height, 7);
            EXPECT_EQ(out.pixels.size(), 70u * static_cast<std::size_t>(image.channels));
        }
}

TEST(Encode, png_comes_back_equal) {
    for (const int channels : {1, 3})
        for (const auto& [width, height] : {std::pair{1, 1}, {28, 28}, {33, 21}, {1, 1500}, {1500, 1}, {256, 256}}) {
            const auto image = ramp(width, height, channels);
            EXPECT_EQ(largest_difference(*decode_image(*encode_png(image)), image), 0) << width << " x " << height;
        }
}

TEST(Encode, png_is_no_larger_than_pillows) {
    // Image.open("tests/images/in/rgb.jpg").resize((256, 256), BILINEAR).save(f, "PNG", compress_level=1)
    const auto image = resize_bilinear(decoded(kFolder / "in/rgb.jpg"), 256, 256);
    EXPECT_LT(encode_png(image)->size(), 81943u);
}

TEST(Encode, jpeg_comes_back_close) {
    const auto image = resize_bilinear(decoded(kFolder / "in/grey.png"), 200, 150);
    const auto bytes = *encode_jpeg(image, 90);
    EXPECT_LE(largest_difference(*decode_image(bytes), image), 12);
    EXPECT_LT(bytes.size(), image.pixels.size());
    EXPECT_EQ(decode_image(*encode_jpeg(convert_channels(image, 3)))->channels, 3);
}

}  // namespace
}  // namespace digits
