#include <gmock/gmock.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <regex>
#include <set>

#include "base/file.hpp"
#include "base/random.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"
#include "image/formats.hpp"
#include "image/raster.hpp"
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

/// Every release of the libraries for these rounds colours a little otherwise; HEIC's oracle is what was encoded.
int tolerance(const fs::path& path) {
    if (path.extension() == ".avif") return 3;
    return path.extension() == ".heic" ? 60 : 0;
}

std::vector<fs::path> inputs() {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(kFolder / "in")) paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    return paths;
}

/// An image whose samples all differ from white and from each other along a row.
Image ramp(int width, int height, int channels) {
    Image image;
    image.reset(width, height, channels);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
    return image;
}

TEST(Decode, equals_pillow) {
    ASSERT_EQ(inputs().size(), 74u);
    for (const auto& path : inputs()) {
        const auto expected = decoded(kFolder / "out" / (path.filename().string() + ".pnm"));
        EXPECT_LE(largest_difference(decoded(path), expected), tolerance(path)) << path.filename();
    }
}

TEST(Decode, refuses_every_cut_off_file) {
    // Of these only the first frame, page or size is read, and what follows it is not missed.
    const std::set<std::string> first_is_enough{"pages.tif", "transparent.gif", "rgba.ico"};
    for (const auto& path : inputs()) {
        if (first_is_enough.contains(path.filename())) continue;
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
            const auto image = decode_image(bytes, {.limits = {.max_pixels = 1'000'000}});
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
                const auto image = decode_image(bytes, {.limits = {.max_pixels = 1'000'000}});
                bytes[at] = whole;
                if (!image) continue;
                EXPECT_EQ(image->pixels.size(), image->row_bytes() * static_cast<std::size_t>(image->height));
            }
    }
}

TEST(Decode, keeps_its_limits) {
    for (const auto& path : inputs()) {
        const auto image = decode_image(bytes_of(path), {.limits = {.max_pixels = 40}});
        ASSERT_FALSE(image.has_value()) << path;
        EXPECT_EQ(image.error().code, ErrorCode::kTooLarge) << path << image.error().message;
    }
    const auto scans = decode_image(bytes_of(kFolder / "in/progressive.jpg"), {.limits = {.max_scans = 3}});
    ASSERT_FALSE(scans.has_value());
    EXPECT_EQ(scans.error().code, ErrorCode::kTooLarge);
}

TEST(Decode, names_what_it_does_not_read) {
    EXPECT_EQ(decode_image("").error().message, "the file is empty");
    EXPECT_EQ(decode_image("8BPS......").error().message,
              "Photoshop files are not supported; the supported formats are JPEG, PNG, BMP, PNM, TIFF, WebP, GIF, "
              "AVIF, HEIC, JPEG 2000, NumPy, PCX, SGI, "
              "ICO, TGA");
    for (const std::string_view foreign : {"<!DOCTYPE html>", "%PDF-1.7 ...", "%!PS-Adobe-3.0 EPSF",
                                           "\x7f"
                                           "ELF......",
                                           "hello world, this is not an image", "<?xml version='1.0'?><svg>"})
        EXPECT_EQ(decode_image(foreign).error().code, ErrorCode::kUnsupported) << foreign;
}

std::string big_endian(std::uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
            static_cast<char>(value)};
}

std::string png_chunk(const std::string& type, const std::string& data) {
    const auto body = type + data;
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
    return big_endian(static_cast<std::uint32_t>(data.size())) + body + big_endian(static_cast<std::uint32_t>(sum));
}

/// A PNG of an image with chunks of ours behind the header.
std::string with_chunks(const std::string& png, const std::string& chunks) {
    constexpr std::size_t kHeaderEnd = 8 + 25;
    return png.substr(0, kHeaderEnd) + chunks + png.substr(kHeaderEnd);
}

/// `bytes` with some of them replaced.
std::string patched(std::string bytes, std::size_t at, const std::string& with) {
    return bytes.replace(at, with.size(), with);
}

/// A PNG of 2 x 2, of unpacked rows.
std::string png_of(int bits, int color_type, const std::string& rows) {
    uLongf size = compressBound(static_cast<uLong>(rows.size()));
    std::string packed(size, '\0');
    compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
             static_cast<uLong>(rows.size()));
    packed.resize(size);
    const std::string head{static_cast<char>(bits), static_cast<char>(color_type), 0, 0, 0};
    return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", big_endian(2) + big_endian(2) + head) + png_chunk("IDAT", packed) +
           png_chunk("IEND", "");
}

TEST(DecodePng, reads_what_is_damaged_only_behind_the_pixels_or_in_their_checksum) {
    const auto good = png_of(8, 0, std::string("\0\1\2\0\3\4", 6));
    constexpr std::size_t kEnd = 12, kChecksum = 4, kHeaderChecksum = 8 + 8 + 13;
    const auto wrong = [&](std::size_t at) {
        return patched(good, at, std::string(1, static_cast<char>(good[at] ^ 1)));
    };
    for (const auto& bytes :
         {good, good.substr(0, good.size() - kEnd), wrong(good.size() - 1), wrong(good.size() - kEnd - 1)}) {
        const auto image = decode_image(bytes);
        ASSERT_TRUE(image) << image.error().message;
        EXPECT_EQ(image->pixels, (std::vector<std::uint8_t>{1, 2, 3, 4}));
    }
    EXPECT_FALSE(decode_image(wrong(kHeaderChecksum))) << "a header of other numbers";
    EXPECT_FALSE(decode_image(good.substr(0, good.size() - kEnd - kChecksum - 8))) << "pixels are missing";
}

TEST(DecodePng, makes_colors_of_grey_with_alpha_of_16_bits_as_pillow) {
    const auto image = decode_image(png_of(16, 4,
                                           std::string("\0\x10\0\xff\xff\x20\0\xff\xff"
                                                       "\0\x30\0\xff\xff\x40\0\xff\xff",
                                                       18)));
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(image->channels, 3);
    EXPECT_EQ(image->pixels[0], 0x10);
}

TEST(Decode, refuses_60000_x_60000_from_the_header) {
    const std::string side16("\x60\xea", 2);
    const std::string side32("\x60\xea\0\0", 4);
    const auto in = [](const char* name) { return bytes_of(kFolder / "in" / name); };
    const std::vector<std::pair<const char*, std::string>> bombs{
        {"PNG", "\x89PNG\r\n\x1a\n" +
                    png_chunk("IHDR", big_endian(60000) + big_endian(60000) + std::string("\x8\x2\0\0\0", 5)) +
                    png_chunk("IDAT", std::string(20, '\0'))},
        {"BMP", patched(in("rgb.bmp"), 18, side32 + side32)},
        {"PNM", "P6\n60000 60000\n255\n" + std::string(1000, ' ')},
        {"TGA", patched(in("rgb_runs.tga"), 12, side16 + side16) + std::string(1 << 20, '\0')},
        {"GIF", patched(in("palette.gif"), 6, side16 + side16)},
    };
    for (const auto& [name, bytes] : bombs) {
        const auto image = decode_image(bytes);
        ASSERT_FALSE(image.has_value()) << name;
        const auto code = std::string_view(name) == "TGA" ? ErrorCode::kUnsupported : ErrorCode::kTooLarge;
        EXPECT_EQ(image.error().code, code) << name << ": " << image.error().message;
    }
}

/// A codestream of JPEG 2000 whose only tile has no data. `size`: SIZ without components; `coding`: COD behind its
/// length.
std::string codestream(const std::array<std::uint32_t, 8>& size, std::uint16_t components, const std::string& coding) {
    const auto segment = [](unsigned char marker, const std::string& body) {
        return std::string("\xff") + static_cast<char>(marker) +
               big_endian(static_cast<std::uint32_t>(body.size()) + 2).substr(2) + body;
    };
    std::string siz("\0\0", 2);
    for (const auto value : size) siz += big_endian(value);
    siz += big_endian(components).substr(2);
    for (int i = 0; i < components; ++i) siz += std::string("\x07\x01\x01", 3);
    const std::string sot = std::string("\0\0", 2) + big_endian(0) + std::string("\0\x01", 2);
    return "\xff\x4f" + segment(0x51, siz) + segment(0x52, coding) + segment(0x5c, std::string("\x40\x40", 2)) +
           segment(0x90, sot) + "\xff\x93\xff\xd9";
}

TEST(Decode, headers_of_JPEG_2000_ask_for_no_more_tables_than_the_file_can_fill) {
    // Precincts of one pixel; a million tile components; 65535 layers of small precincts; a tile with its own coding.
    const std::string plain("\0\0\0\1\0\0\4\4\0\1", 10), dots("\1\0\0\1\0\0\4\4\0\1\0", 11);
    const std::string layers("\1\0\xff\xff\0\0\4\4\0\1\x44", 11);
    auto in_tile = codestream({9000, 9000, 0, 0, 9000, 9000, 0, 0}, 1, plain);
    in_tile.insert(in_tile.size() - 4, std::string("\xff\x52\0\x0d", 4) + dots);
    const std::pair<const char*, std::string> bombs[]{
        {"precincts", codestream({9000, 9000, 0, 0, 9000, 9000, 0, 0}, 1, dots)},
        {"tiles", codestream({255, 255, 0, 0, 1, 1, 0, 0}, 16, plain)},
        {"layers", codestream({2000, 2000, 0, 0, 2000, 2000, 0, 0}, 3, layers)},
        {"in a tile", in_tile},
    };
    for (const auto& [name, bytes] : bombs) {
        const auto image = decode_image(bytes);
        ASSERT_FALSE(image.has_value()) << name;
        EXPECT_EQ(image.error().code, ErrorCode::kDataLoss) << name;
        EXPECT_THAT(image.error().message, testing::HasSubstr("MB of tables of tiles, components and precincts"))
            << name;
    }
    const auto samples = decode_image(codestream({13000, 13000, 0, 0, 13000, 13000, 0, 0}, 200, plain));
    ASSERT_FALSE(samples.has_value());
    EXPECT_EQ(samples.error().code, ErrorCode::kTooLarge) << samples.error().message;
    const auto empty = decode_image(codestream({90, 90, 0, 0, 90, 90, 0, 0}, 1, plain));
    EXPECT_FALSE(!empty && empty.error().message.find("tables") != std::string::npos) << "a small image may have them";
}

TEST(Decode, a_directory_that_points_to_itself_ends) {
    auto tiff = bytes_of(kFolder / "in/rgb_lzw.tif");
    const auto at = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<std::uint8_t>(tiff[i])); };
    const std::size_t directory = at(4) | at(5) << 8 | at(6) << 16;
    const std::size_t next = directory + 2 + 12 * (at(directory) | at(directory + 1) << 8);
    ASSERT_LE(next + 4, tiff.size());
    tiff.replace(next, 4, tiff.substr(4, 4));
    EXPECT_EQ(largest_difference(decoded(kFolder / "in/rgb_lzw.tif"), *decode_image(tiff)), 0);
}

TEST(Decode, a_text_that_unpacks_to_a_gigabyte_takes_no_memory) {
    std::string zeros(std::size_t{64} << 20, '\0');
    uLongf size = compressBound(static_cast<uLong>(zeros.size()));
    std::string packed(size, '\0');
    ASSERT_EQ(compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(zeros.data()),
                        static_cast<uLong>(zeros.size()), 9),
              Z_OK);
    packed.resize(size);
    zeros = {};
    std::string chunks;
    for (int i = 0; i < 16; ++i) chunks += png_chunk("zTXt", "key" + std::string(2, '\0') + packed);
    const auto image = ramp(5, 4, 3);
    EXPECT_EQ(largest_difference(*decode_image(with_chunks(*encode_png(image), chunks)), image), 0);
}

TEST(Orientation, all_eight_are_turned_upright) {
    const auto upright = decoded(kFolder / "out/turned2.png.pnm");
    for (int orientation = 2; orientation <= 8; ++orientation) {
        const auto bytes = bytes_of(kFolder / "in" / ("turned" + std::to_string(orientation) + ".png"));
        const auto result = decode_with_facts(bytes);
        ASSERT_TRUE(result.has_value());
        EXPECT_EQ(result->facts.orientation, orientation);
        EXPECT_TRUE(result->facts.is_turned());
        const auto stored = *decode_image(bytes, {.upright = false});
        EXPECT_EQ(stored.width, 51);
        EXPECT_EQ(result->image.width, orientation < 5 ? 51 : 37);
        // The raster of the file, turned, is the same image.
        const auto raster = decode_raster(bytes);
        ASSERT_TRUE(raster.has_value());
        EXPECT_EQ(raster->samples, result->image.pixels);
    }
    EXPECT_EQ(upright.width, 51);
}

TEST(Orientation, comes_from_every_format_that_has_it) {
    for (const auto* name : {"turned.jpg", "turned.webp", "turned.tif"}) {
        const auto result = decode_with_facts(bytes_of(kFolder / "in" / name));
        ASSERT_TRUE(result.has_value()) << name;
        EXPECT_EQ(result->facts.orientation, 8) << name;
        EXPECT_EQ(result->image.width, 37) << name;
        EXPECT_EQ(result->image.height, 51) << name;
    }
}

TEST(Orientation, xmp_counts_where_exif_is_silent) {
    const auto image = ramp(6, 4, 3);
    const std::string key("XML:com.adobe.xmp\0\0\0\0\0", 22);
    for (const std::string_view packet : {"<a tiff:Orientation=\"6\"/>", "<tiff:Orientation>6</tiff:Orientation>"}) {
        const auto png = with_chunks(*encode_png(image), png_chunk("iTXt", key + std::string(packet)));
        EXPECT_EQ(decode_with_facts(png)->facts.orientation, 6);
        EXPECT_EQ(decode_image(png)->width, 4);
    }
    const std::string exif("MM\0*\0\0\0\x8\0\x1\x1\x12\0\x3\0\0\0\x1\0\x3\0\0\0\0\0\0", 26);
    const auto both =
        with_chunks(*encode_png(image), png_chunk("eXIf", exif) + png_chunk("iTXt", key + "tiff:Orientation=\"6\""));
    EXPECT_EQ(decode_with_facts(both)->facts.orientation, 3);
}

TEST(Orientation, nonsense_is_no_orientation) {
    const auto image = ramp(6, 4, 3);
    for (const std::string_view exif :
         {std::string_view("II*\0\xff\xff\xff\xff", 8), std::string_view("MM", 2), std::string_view("xx", 2),
          std::string_view("MM\0*\0\0\0\x8\0\x1\x1\x12\0\x3\0\0\0\x1\0\x9\0\0", 22)})
        EXPECT_EQ(
            decode_with_facts(with_chunks(*encode_png(image), png_chunk("eXIf", std::string(exif))))->facts.orientation,
            1);
}

/// A PGM of 16-bit samples.
std::string pgm16(const std::vector<int>& samples, int most) {
    auto bytes = fmt::format("P5\n{} 1\n{}\n", samples.size(), most);
    for (const int sample : samples) bytes += {static_cast<char>(sample >> 8), static_cast<char>(sample)};
    return bytes;
}

TEST(Depth, twelve_bits_in_sixteen_are_told_and_can_be_scaled) {
    const auto bytes = pgm16({0, 1024, 2048, 4095}, 65535);
    const auto by_depth = decode_with_facts(bytes);
    ASSERT_TRUE(by_depth.has_value());
    EXPECT_EQ(by_depth->image.pixels, (std::vector<std::uint8_t>{0, 4, 8, 16}));
    EXPECT_EQ(by_depth->facts.bits, 16);
    EXPECT_EQ(by_depth->facts.range.lowest, 0);
    EXPECT_EQ(by_depth->facts.range.highest, 4095);
    EXPECT_TRUE(by_depth->facts.loses_range());
    const auto own = decode_with_facts(bytes, {.depth = DepthConversion::kImageRange});
    EXPECT_EQ(own->image.pixels, (std::vector<std::uint8_t>{0, 64, 128, 255}));
    const auto given = decode_image(bytes, {.depth = DepthConversion::kGivenRange, .range = {1024, 3072}});
    EXPECT_EQ(given->pixels, (std::vector<std::uint8_t>{0, 0, 128, 255}));
    EXPECT_FALSE(decode_with_facts(pgm16({0, 60000}, 65535))->facts.loses_range());
    EXPECT_FALSE(decode_with_facts(pgm16({0, 4000}, 4095))->facts.loses_range());
}

TEST(Depth, eight_bits_are_never_scaled) {
    const auto image = ramp(5, 1, 1);
    const auto scaled = decode_with_facts(*encode_png(image), {.depth = DepthConversion::kImageRange});
    EXPECT_EQ(scaled->image.pixels, image.pixels);
    EXPECT_FALSE(scaled->facts.loses_range());
}

TEST(Depth, floats_are_cut_or_scaled) {
    const std::vector<float> values{-1.0f, 0.25f, 1.0f, std::numeric_limits<float>::quiet_NaN(),
                                    std::numeric_limits<float>::infinity()};
    std::string bytes = "Pf\n5 1\n-1\n";
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * 4);
    const auto cut = decode_with_facts(bytes);
    ASSERT_TRUE(cut.has_value());
    EXPECT_EQ(cut->image.pixels, (std::vector<std::uint8_t>{0, 0, 1, 0, 255}));
    EXPECT_TRUE(cut->facts.floating);
    EXPECT_TRUE(cut->facts.loses_range());
    const auto scaled = decode_image(bytes, {.depth = DepthConversion::kImageRange});
    EXPECT_EQ(scaled->pixels, (std::vector<std::uint8_t>{0, 159, 255, 0, 255}));
}

TEST(Raster, keeps_sixteen_bits_and_floats) {
    const auto deep = decode_raster(bytes_of(kFolder / "in/grey16.tif"));
    ASSERT_TRUE(deep.has_value());
    EXPECT_EQ(deep->type, SampleType::kU16);
    EXPECT_EQ(deep->bits, 16);
    EXPECT_EQ(deep->samples.size(), 20u * 15u * 2u);
    const auto same = decode_raster(bytes_of(kFolder / "in/grey16.png"));
    EXPECT_EQ(deep->samples, same->samples);
    const auto floats = decode_raster(bytes_of(kFolder / "in/float.tif"));
    ASSERT_TRUE(floats.has_value());
    EXPECT_EQ(floats->type, SampleType::kF32);
    EXPECT_NEAR(measure_range(*floats).lowest, 46.94, 0.01);
    EXPECT_EQ(decode_raster(bytes_of(kFolder / "in/cmyk_deflate.tif"))->channels, 4);
}

TEST(Formats, names_and_endings_agree) {
    for (const auto& format : image_formats()) {
        EXPECT_EQ(&format_info(format.format), &format);
        for (const auto ending : format.endings) EXPECT_TRUE(is_image_name("a" + std::string(ending))) << ending;
    }
    for (const auto* name : {"a.JPG", "dir.psd/b.Tiff", "x.y.webp", "a.HEIC"}) EXPECT_TRUE(is_image_name(name)) << name;
    for (const auto* name : {"", ".", ".png", "dir/.jpg", "a.png.txt", "png", "a.jpg/b"})
        EXPECT_FALSE(is_image_name(name)) << name;
}

TEST(Formats, what_an_image_file_holds_is_told_by_its_bytes) {
    for (const auto& path : inputs()) {
        const auto format = sniff_image(bytes_of(path));
        ASSERT_NE(format, ImageFormat::kUnknown) << path;
        const auto endings = format_info(format).endings;
        EXPECT_NE(std::find(endings.begin(), endings.end(), path.extension()), endings.end()) << path;
    }
}

TEST(Formats, files_of_other_types_are_counted_by_type) {
    EXPECT_EQ(unsupported_type("a/b.PSD"), ".psd");
    EXPECT_EQ(unsupported_type("labels.txt"), ".txt");
    EXPECT_EQ(unsupported_type("README"), "no ending");
    EXPECT_EQ(unsupported_type("a.b c"), "other");
    EXPECT_EQ(unsupported_type("a.abcdefghijklmnop"), "other");
    for (const auto* name : {"a.png", "Thumbs.db", "a/.DS_Store", "desktop.ini", ""})
        EXPECT_EQ(unsupported_type(name), "") << name;
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

// Rows of colors and of grey are filtered by different loops.
TEST(Resize, each_color_is_filtered_as_grey) {
    SplitMix64 random(3, 0);
    for (const int from : {1, 2, 3, 5, 8, 17, 64, 333})
        for (const int height : {1, 2, 7})
            for (const int to : {1, 2, 3, 7, 16, 100}) {
                Image image;
                image.reset(from, height, 3);
                for (auto& sample : image.pixels) sample = static_cast<std::uint8_t>(random.next());
                const auto resized = resize_bilinear(image, to, height);
                for (std::size_t c = 0; c < 3; ++c) {
                    Image grey;
                    grey.reset(from, height, 1);
                    for (std::size_t i = 0; i < grey.pixels.size(); ++i) grey.pixels[i] = image.pixels[i * 3 + c];
                    const auto expected = resize_bilinear(grey, to, height);
                    for (std::size_t i = 0; i < expected.pixels.size(); ++i)
                        ASSERT_EQ(resized.pixels[i * 3 + c], expected.pixels[i])
                            << from << " x " << height << " to " << to << ", sample " << i << " of color " << c;
                }
            }
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
