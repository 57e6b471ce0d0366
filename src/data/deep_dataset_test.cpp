// Datasets that keep the depth of their images: 16-bit PNG files, float arrays, any number of channels.

#include <gmock/gmock.h>

#include <random>

#include "base/npy.hpp"
#include "data/builder.hpp"
#include "data/dataset_facts.hpp"
#include "data/open_source.hpp"
#include "data/prepare_image.hpp"
#include "data/records/gallery.hpp"
#include "data/records/mean.hpp"
#include "data/records/record_reader.hpp"
#include "data/testing.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

std::string npy_of(const std::vector<std::int64_t>& shape, const std::vector<float>& values) {
    auto bytes = npy_header("<f4", shape);
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    return bytes;
}

class DeepDataset : public testing::Test {
  protected:
    std::vector<float> random_values(std::size_t count, float lowest, float highest) {
        std::uniform_real_distribution<float> some(lowest, highest);
        std::vector<float> values(count);
        for (auto& value : values) value = some(random_);
        return values;
    }
    static DatasetSpec spec_for(const fs::path& folder, const json& changes) {
        json document{{"source", {{"type", "folder"}, {"path", folder.string()}}}, {"image", {{"depth", "float"}}}};
        document.merge_patch(changes);
        auto spec = parse_dataset_spec(document);
        EXPECT_TRUE(spec) << spec.error().to_string();
        return *spec;
    }
    std::vector<Image> records(const fs::path& database) {
        auto reader = RecordReader::open(database);
        EXPECT_TRUE(reader) << reader.error().to_string();
        std::vector<Image> images;
        RecordReader::Record record;
        while (*reader->next(record)) images.push_back(*sample_image(record.datum));
        return images;
    }

    JobFolder job_;
    fs::path folder_ = job_.root() / "in";
    std::mt19937 random_{7};
};

TEST_F(DeepDataset, holds_the_values_of_16_bit_files) {
    std::vector<std::vector<std::uint16_t>> all;
    for (int i = 0; i < 6; ++i) {
        DeepImage image{5, 4, 3, {}};
        for (int n = 0; n < 60; ++n) image.samples.push_back(static_cast<std::uint16_t>(random_()));
        image.samples[0] = i == 0 ? 65535 : 0;
        put_file(folder_ / (i < 3 ? "a" : "b") / fmt::format("{}.png", i), *encode_png(image));
        all.push_back(image.samples);
    }
    const auto spec = spec_for(folder_, {{"image", {{"width", 5}, {"height", 4}}}, {"shuffle", false}});
    const auto built = build_dataset(spec, job_);
    ASSERT_TRUE(built) << built.error().to_string();
    EXPECT_EQ((*built)["values"], (json{0.0, 65535.0}));
    EXPECT_EQ((*built)["depth"]["bits"], 16);
    EXPECT_EQ((*built)["depth"]["dark"], 0) << "nothing is lost";
    EXPECT_EQ((*built)["storage"]["encoding"], "none");
    std::vector<std::vector<std::uint16_t>> stored;
    for (const char* database : {"train_db", "val_db"})
        for (const auto& image : records(job_.job_dir() / database)) {
            EXPECT_EQ(image.channels, 3);
            stored.emplace_back(image.values.begin(), image.values.end());
        }
    EXPECT_THAT(stored, testing::UnorderedElementsAreArray(all));

    const auto facts = read_dataset_facts(job_.job_dir());
    ASSERT_TRUE(facts) << facts.error().to_string();
    EXPECT_TRUE(facts->image.is_deep());
    const auto mean = read_mean_file(job_.job_dir() / "mean.binaryproto");
    ASSERT_TRUE(mean);
    double sum = 0;
    const auto train = records(job_.job_dir() / "train_db");
    for (const auto& image : train) sum += static_cast<double>(image.values[2]);  // blue of the first pixel
    EXPECT_NEAR(static_cast<double>(mean->values[0]), sum / static_cast<double>(train.size()), 0.01);
    // A browser sees an 8-bit image of it.
    const auto shown = record_image(job_.job_dir() / "train_db", 0, 0);
    ASSERT_TRUE(shown) << shown.error().to_string();
    EXPECT_EQ(decode_image(shown->bytes)->width, 5);
}

TEST_F(DeepDataset, holds_arrays_of_any_number_of_channels) {
    const auto values = random_values(7 * 6 * 5, -3.5f, 1000);
    for (const char* name : {"a/1.npy", "a/2.npy", "b/1.npy", "b/2.npy"})
        put_file(folder_ / name, npy_of({7, 6, 5}, values));
    const json size{{"width", 6}, {"height", 7}};
    auto image = size;
    image["bands"] = 5;
    const auto built = build_dataset(spec_for(folder_, {{"image", image}}), job_);
    ASSERT_TRUE(built) << built.error().to_string();
    for (const auto& record : records(job_.job_dir() / "train_db")) {
        EXPECT_EQ(record.channels, 5);
        EXPECT_EQ(record.values, values);
    }
    EXPECT_EQ(read_mean_file(job_.job_dir() / "mean.binaryproto")->channels, 5);
    // Without their number, or with another one, they are told.
    JobFolder other;
    for (const int bands : {0, 4}) {
        image["bands"] = bands;
        const auto refused = build_dataset(spec_for(folder_, {{"image", image}}), other);
        ASSERT_FALSE(refused);
        EXPECT_THAT(refused.error().message, HasSubstr("5 channels"));
    }
}

TEST_F(DeepDataset, is_fitted_as_images_of_8_bits_are) {
    const auto eight = ramp(13, 9, 3, 5);
    Image deep;
    deep.reset_deep(13, 9, 3);
    std::ranges::copy(eight.pixels, deep.values.begin());
    for (const auto mode : {ResizeMode::kSquash, ResizeMode::kCrop, ResizeMode::kFill, ResizeMode::kHalfCrop})
        for (const auto& [width, height] : {std::pair(6, 6), {20, 30}, {13, 4}}) {
            ImageSpec spec;
            spec.width = width;
            spec.height = height;
            spec.resize = mode;
            for (const int channels : {3, 1}) {
                spec.channels = channels;
                const auto a = prepare_image(eight, spec, 1), b = prepare_image(deep, spec, 1);
                ASSERT_EQ(a.pixels.size(), b.values.size());
                const auto placed = fit_placement(13, 9, width, height, mode);
                for (int y = 0; y < height; ++y)
                    for (int x = 0; x < width; ++x) {
                        // Not the padding, which is noise in one and 0 in the other.
                        const bool inside = placed.original_x(x) >= 0 && placed.original_x(x + 1) <= 13.001 &&
                                            placed.original_y(y) >= 0 && placed.original_y(y + 1) <= 9.001;
                        if (!inside) continue;
                        for (int c = 0; c < channels; ++c) {
                            const auto at = static_cast<std::size_t>((y * width + x) * channels + c);
                            EXPECT_NEAR(a.pixels[at], b.values[at], 1.6) << enum_name(mode) << ' ' << x << ' ' << y;
                        }
                    }
            }
        }
}

TEST_F(DeepDataset, is_refused_where_it_cannot_be) {
    const auto error = [](const json& spec) { return parse_dataset_spec(spec).error(); };
    const json source{{"path", "/x"}};
    EXPECT_EQ(error({{"source", source}, {"image", {{"depth", "float"}, {"value_range", {0, 1}}}}}).where,
              "/image/value_range");
    EXPECT_EQ(error({{"source", source}, {"image", {{"depth", "float"}}}, {"storage", {{"backend", "hdf5"}}}}).where,
              "/image/depth");
    EXPECT_EQ(error({{"source", source}, {"image", {{"bands", 5}}}}).where, "/image/bands");
}

TEST_F(DeepDataset, reads_arrays_of_numpy) {
    DecodeOptions deep;
    deep.keeps_depth = true;
    const auto image = decode_image(npy_of({2, 3}, {1, -2, 3, 4.5, 5, 60000}), deep);
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(std::tuple(image->width, image->height, image->channels), std::tuple(3, 2, 1));
    EXPECT_EQ(image->values, (std::vector<float>{1, -2, 3, 4.5, 5, 60000}));
    // Of 8 bits they are cut, as all floats.
    EXPECT_EQ(decode_image(npy_of({2, 3}, {1, -2, 3, 4.5, 5, 60000}))->pixels,
              (std::vector<std::uint8_t>{1, 0, 3, 4, 5, 255}));
    auto big = npy_header(">u2", {1, 2});
    big += std::string("\x01\x02\x00\x07", 4);
    EXPECT_EQ(decode_image(big, deep)->values, (std::vector<float>{258, 7}));
    for (const auto& damaged :
         {npy_of({2, 3}, {1, 2}), npy_of({6}, {1, 2, 3, 4, 5, 6}), npy_header("<c8", {1, 1}) + "12345678",
          std::string("\x93NUMPY\x01\x00\xff\xff", 10) + std::string(70000, '\''), std::string("\x93NUMPY", 6)})
        EXPECT_FALSE(decode_image(damaged, deep));
}

}  // namespace
}  // namespace digits
