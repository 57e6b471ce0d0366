// Label files as people have them: tests/cases/odd_labels.json has the files of small folders, and what the dry run of
// the dataset that is recognized in each says.

#include <gtest/gtest.h>

#include <array>

#include "data/builder.hpp"
#include "data/recognition/recognize.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class OddLabels : public testing::Test {
  protected:
    /// A PNM file, whatever its name ends with. `areas`: x, y, width, height, value.
    static std::string image(int width, int height, int channels, const std::vector<std::array<int, 5>>& areas) {
        Image pixels;
        pixels.reset(width, height, channels);
        std::ranges::fill(pixels.pixels, std::uint8_t{0});
        for (const auto& [left, top, w, h, value] : areas)
            for (int y = top; y < top + h; ++y)
                std::fill_n(pixels.row(y) + left * channels, w * channels, static_cast<std::uint8_t>(value));
        return fmt::format("P{} {} {} 255\n", channels == 1 ? 5 : 6, width, height) +
               std::string(pixels.pixels.begin(), pixels.pixels.end());
    }
    static json scan(const fs::path& folder, const json& one) {
        const auto recognized = recognize_folder(folder.string(), {});
        EXPECT_TRUE(recognized) << recognized.error().to_string();
        if (!recognized || (*recognized)["found"].empty()) return json{{"error", "nothing is recognized"}};
        auto formats = json::array();
        for (const auto& each : (*recognized)["found"]) formats.push_back(each["format"]);
        if (one.contains("formats")) {
            EXPECT_EQ(formats, one["formats"]);
        }
        const auto& first = (*recognized)["found"][one.value("choose", std::size_t{0})];
        const auto notes = one.value("notes", json::array());
        for (const auto& note : notes)
            EXPECT_NE(first["text"].get<std::string>().find(note.get<std::string>()), std::string::npos) << first;
        json document{{"source", first["source"]}, {"image", {{"resize", "none"}}}, {"same_size", false}};
        document["type"] = one.value("task", first["task"].get<std::string>());
        const auto spec = parse_dataset_spec(document);
        if (!spec) return json{{"error", spec.error().to_string()}};
        auto found = scan_dataset(*spec);
        return found ? std::move(*found) : json{{"error", found.error().to_string()}};
    }
    static void expect(const json& found, const json& want) {
        for (const char* member : {"images", "boxes", "labels", "pixels"})
            if (want.contains(member)) {
                EXPECT_EQ(found.value(member, json()), want[member]) << member;
            }
        for (const char* member : {"splits", "problems"}) {
            if (!want.contains(member)) continue;
            const auto told = found.value(member, json::object());
            auto counts = json::object();
            for (const auto& [key, one] : told.items()) counts[key] = one["count"];
            EXPECT_EQ(counts, want[member]) << told;
        }
        if (want.contains("box")) {
            const auto& box = found["samples"][0]["boxes"][0];
            for (std::size_t i = 0; i < 4; ++i)
                EXPECT_NEAR(box[i].get<double>(), want["box"][i].get<double>(), 0.6) << "edge " << i;
        }
        const auto texts = want.value("says", json::array());
        for (const auto& text : texts) EXPECT_NE(found.dump().find(text.get<std::string>()), std::string::npos) << text;
        EXPECT_EQ(found.value("errors", json::array()).empty(), !want.value("refused", false)) << found["errors"];
    }
};

TEST_F(OddLabels, are_read_or_named) {
    const auto cases = json::parse(text_of(fs::path(DIGITS_SOURCE_DIR) / "tests/cases/odd_labels.json"));
    ASSERT_FALSE(cases.empty());
    for (const auto& one : cases) {
        SCOPED_TRACE(one["name"].get<std::string>());
        TemporaryFolder folder;
        for (const auto& [path, text] : one["files"].items()) put_file(folder.path() / path, text.get<std::string>());
        for (const auto& [path, size] : one["images"].items())
            put_file(folder.path() / path, image(size[0], size[1], 1, {}));
        const auto masks = one.value("masks", json::object());
        for (const auto& [path, mask] : masks.items())
            put_file(folder.path() / path, image(mask["size"][0], mask["size"][1], mask["channels"], mask["areas"]));
        const auto copies = one.value("copies", json::object());
        for (const auto& [path, file] : copies.items())
            put_file(folder.path() / path, text_of(fs::path(DIGITS_SOURCE_DIR) / "tests/images" / file));
        expect(scan(folder.path(), one), one["want"]);
    }
}

}  // namespace
}  // namespace digits
