// Small inputs that broke other tools: tests/traps has what goes wrong elsewhere and what is right (expect.md), and the
// numbers to be met (expect.json).

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "data/builder.hpp"
#include "data/open_source.hpp"
#include "data/testing.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;

class Traps : public testing::Test {
  protected:
    void use(const std::string& name) {
        folder_ = fs::path(DIGITS_SOURCE_DIR) / "tests/traps" / name;
        expect_ = json::parse(text_of(folder_ / "expect.json"));
    }
    std::string at(const char* part) const { return (folder_ / part).string(); }
    /// The dry run of a source.
    json scan(const json& source, const std::string& task = "") const {
        json document{{"source", source}, {"image", {{"resize", "none"}}}, {"same_size", false}};
        if (!task.empty()) document["type"] = task;
        const auto spec = parse_dataset_spec(document);
        EXPECT_TRUE(spec) << spec.error().to_string();
        const auto found = scan_dataset(*spec);
        EXPECT_TRUE(found) << found.error().to_string();
        return found.value_or(json::object());
    }
    Status build(const json& source, const std::string& task = "") const {
        json document{{"source", source}, {"image", {{"resize", "none"}}}, {"same_size", false}};
        if (!task.empty()) document["type"] = task;
        const auto spec = parse_dataset_spec(document);
        JobFolder job;
        const auto built = build_dataset(*spec, job);
        return built ? Status() : fail(built.error());
    }
    static json sample(const json& found, const std::string& name) {
        for (const auto& one : found["samples"])
            if (one["name"] == name) return one;
        ADD_FAILURE() << "no sample " << name;
        return json::object();
    }
    static std::uint64_t count(const json& found, const char* kind) {
        const auto& problems = found["problems"];
        return problems.contains(kind) ? problems[kind]["count"].get<std::uint64_t>() : 0;
    }
    static std::vector<json> each(const json& found, const char* kind, const char* member) {
        std::vector<json> values;
        if (found["problems"].contains(kind))
            for (const auto& item : found["problems"][kind]["items"]) values.push_back(item.value(member, json()));
        return values;
    }
    /// x, y, width, height, class.
    static void expect_box(const json& box, const json& wanted, double tolerance) {
        ASSERT_GE(box.size(), wanted.size());
        for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(box[i].get<double>(), wanted[i].get<double>(), tolerance);
        if (wanted.size() > 4 && wanted[4].is_string()) {
            EXPECT_EQ(box[4], wanted[4]);
        }
    }

    fs::path folder_;
    json expect_;
};

TEST_F(Traps, kitti_unknown_class) {
    use("00-kitti-unknown-class");
    json source{{"type", "kitti"}, {"labels", at("labels")}, {"images", at("images")}};
    const auto found = scan(source);
    EXPECT_EQ(found["images"], expect_["images"]);
    EXPECT_EQ(found["classes_found"], expect_["classes_found"]);
    EXPECT_EQ(found["usable_boxes"], expect_["usable_boxes_default_table"]);
    EXPECT_EQ(count(found, "unknown_class"), 4U);
    source["custom_classes"] = "dontcare,hand,face";
    const auto custom = scan(source);
    EXPECT_EQ(custom["usable_boxes"], expect_["usable_boxes_custom"]);
    EXPECT_EQ(custom["splits"]["train"]["boxes_per_class"], (json{0, 3, 1}));
    EXPECT_TRUE(custom["warnings"].empty()) << custom["warnings"];
}

TEST_F(Traps, kitti_short_row) {
    use("01-kitti-short-row");
    json source{{"type", "kitti"}, {"labels", at("labels")}, {"images", at("images")}};
    const auto found = scan(source);
    json rows = json::array();
    for (const auto& item : found["problems"]["bad_row"]["items"])
        rows.push_back({item["file"], item["line"], item["columns"]});
    EXPECT_EQ(rows, expect_["bad_rows"]);
    EXPECT_EQ(found["boxes"], expect_["good_boxes"]);
    EXPECT_FALSE(found["errors"].empty());
    const auto refused = build(source);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("b.txt:2 (the number of columns is 14"));
    EXPECT_THAT(refused.error().message, HasSubstr("c.txt:1 (the number of columns is 5"));
    source["skip_bad_rows"] = true;
    EXPECT_TRUE(build(source));
}

TEST_F(Traps, kitti_all_below_minimum) {
    use("03-kitti-all-below-minimum");
    const auto found = scan({{"type", "kitti"},
                             {"labels", at("train/labels")},
                             {"images", at("train/images")},
                             {"val_labels", at("val/labels")},
                             {"val_images", at("val/images")}});
    EXPECT_EQ(found["splits"]["val"]["boxes"], expect_["val_boxes"]);
    EXPECT_EQ(count(found, "below_minimum"), expect_["val_boxes_below_25"].get<std::uint64_t>());
    EXPECT_EQ(found["splits"]["train"]["boxes"], expect_["train_boxes"]);
    EXPECT_EQ(found["splits"]["val"]["usable_boxes"], 0);
    EXPECT_EQ(each(found, "below_minimum", "file").at(0), "b.png");
}

TEST_F(Traps, kitti_box_outside) {
    use("05-kitti-box-outside");
    const auto found = scan({{"type", "kitti"}, {"labels", at("labels")}, {"images", at("images")}});
    const auto boxes = sample(found, "a")["boxes"];
    ASSERT_EQ(boxes.size(), expect_["boxes"].size());
    expect_box(boxes[0], expect_["boxes"][0], 1e-9);
    std::set<int> lines;
    for (const char* kind : {"box_inverted", "box_empty"})
        for (const auto& line : each(found, kind, "line")) lines.insert(line.get<int>());
    EXPECT_EQ(json(lines), expect_["suspicious_rows"]);
    EXPECT_EQ(count(found, "box_outside"), 1U);
}

TEST_F(Traps, yolo_class_from_1) {
    use("06-yolo-class-from-1");
    const json source{{"type", "yolo"}, {"folder", folder_.string()}};
    const auto found = scan(source);
    EXPECT_EQ(!found["errors"].empty(), expect_["error"].get<bool>());
    EXPECT_EQ(found["classes_used"], expect_["classes_used"]);
    EXPECT_EQ(found["labels"], expect_["names"]);
    const auto refused = build(source);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr(".txt:"));
    EXPECT_THAT(refused.error().message, HasSubstr("2; class numbers must be 0 to 1"));
    EXPECT_THAT(refused.error().message, HasSubstr("numbered from 1"));
}

TEST_F(Traps, yolo_decimal_comma) {
    use("08-yolo-decimal-comma");
    const auto found = scan({{"type", "yolo"}, {"folder", folder_.string()}});
    const auto& wanted = expect_["box_if_read"];
    for (const char* name : {"comma", "csv"}) {
        const auto one = sample(found, name);
        ASSERT_EQ(one["boxes"].size(), 1U) << name;
        expect_box(one["boxes"][0], wanted, 1e-6);
        EXPECT_EQ(one["labels"][0], wanted[4]);
    }
}

TEST_F(Traps, yolo_missing_empty_orphan) {
    use("10-yolo-missing-empty-orphan");
    const auto found = scan({{"type", "yolo"}, {"folder", folder_.string()}});
    EXPECT_EQ(found["images"], expect_["images"]);
    for (const auto& [name, boxes] : expect_["boxes"].items())
        EXPECT_EQ(sample(found, name)["boxes"].size(), boxes) << name;
    EXPECT_EQ(json(each(found, "orphan_label", "file")), expect_["orphans"]);
}

TEST_F(Traps, yolo_duplicate_rows) {
    use("11-yolo-duplicate-rows");
    const auto found = scan({{"type", "yolo"}, {"folder", folder_.string()}});
    EXPECT_EQ(found["boxes"], expect_["boxes"]);
    EXPECT_EQ(count(found, "duplicate_box"), expect_["removed"].get<std::uint64_t>());
}

TEST_F(Traps, exif_rotated_box) {
    use("13-exif-rotated-box");
    for (const auto& source : {json{{"type", "yolo"}, {"folder", folder_.string()}},
                               json{{"type", "coco"}, {"json", at("upright.json")}, {"images", at("images")}},
                               json{{"type", "coco"}, {"json", at("raw.json")}, {"images", at("images")}}}) {
        const auto found = scan(source);
        const auto one = sample(found, "phone");
        EXPECT_EQ(one["size"], expect_["size"]) << source;
        ASSERT_EQ(one["boxes"].size(), 1U) << source;
        expect_box(one["boxes"][0], expect_["boxes"][0], 1e-3);
        EXPECT_EQ(count(found, "size_mismatch"), 0U);
        // The pixels inside are red.
        const auto spec = parse_dataset_spec({{"source", source}});
        const auto opened = open_source(*spec);
        const auto read = (*opened)->get(Split::kTrain, 0);
        ASSERT_TRUE(read) << read.error().to_string();
        const auto& image = read->images[0];
        EXPECT_EQ((json{image.width, image.height}), expect_["size"]);
        const auto* pixel = image.row(18) + 32 * image.channels;
        EXPECT_GT(pixel[0], 150);
        EXPECT_LT(pixel[1], 100);
    }
}

TEST_F(Traps, exif_rotated_mask) {
    // The red rectangle of the image as the file stores it, turned with the image.
    use("13-exif-rotated-box");
    TemporaryFolder folder;
    const int width = 64, height = 48;
    std::string pixels(static_cast<std::size_t>(width * height), '\0');
    for (int y = 8; y < 24; ++y) std::fill_n(pixels.begin() + y * width + 8, 20, '\1');
    put_file(folder.path() / "masks/phone.pgm", fmt::format("P5 {} {} 255\n", width, height) + pixels);
    put_file(folder.path() / "images/phone.jpg", text_of(folder_ / "images/phone.jpg"));
    json counts = json::array({8 * height + 8});
    for (int x = 8; x < 28; ++x)
        counts.insert(counts.end(), {16, x < 27 ? height - 16 : width * height - 27 * height - 24});
    const json coco{{"images", {{{"id", 1}, {"file_name", "phone.jpg"}, {"width", width}, {"height", height}}}},
                    {"categories", {{{"id", 1}, {"name", "red"}}}},
                    {"annotations",
                     {{{"id", 1},
                       {"image_id", 1},
                       {"category_id", 1},
                       {"bbox", {8, 8, 20, 16}},
                       {"segmentation", {{"size", {height, width}}, {"counts", counts}}}}}}};
    put_file(folder.path() / "coco.json", coco.dump());
    const auto images = (folder.path() / "images").string();
    for (const auto& source :
         {json{{"type", "masks"}, {"masks", (folder.path() / "masks").string()}, {"images", images}},
          json{{"type", "coco"}, {"json", (folder.path() / "coco.json").string()}, {"images", images}}}) {
        const auto found = scan(source, "segmentation");
        EXPECT_TRUE(found["problems"].empty()) << found["problems"];
        const auto spec = parse_dataset_spec({{"source", source}, {"type", "segmentation"}});
        const auto opened = open_source(*spec);
        ASSERT_TRUE(opened) << opened.error().to_string();
        const auto read = (*opened)->get(Split::kTrain, 0);
        ASSERT_TRUE(read) << read.error().to_string();
        const auto& mask = std::get<Mask>(read->target);
        ASSERT_EQ((json{mask.width, mask.height}), expect_["size"]);
        for (int y = 0; y < mask.height; ++y)
            for (int x = 0; x < mask.width; ++x)
                ASSERT_EQ(mask.ids[static_cast<std::size_t>(y * mask.width + x)],
                          x >= 24 && x < 40 && y >= 8 && y < 28 ? 1 : 0)
                    << x << ", " << y << ": " << source;
    }
}

TEST_F(Traps, voc_size_swapped) {
    use("15-voc-size-swapped");
    const auto found = scan({{"type", "voc"}, {"annotations", at("Annotations")}, {"images", at("JPEGImages")}});
    EXPECT_EQ(json(each(found, "size_mismatch", "file")), (json{"a.xml", "b.xml"}));
    const auto boxes = sample(found, "a")["boxes"];
    ASSERT_EQ(boxes.size(), 1U);
    expect_box(boxes[0], expect_["boxes"]["a"][0], expect_["tolerance_px"]);
    EXPECT_EQ(count(found, "box_empty") + count(found, "box_outside"), 1U) << "b's box leaves its image";
}

TEST_F(Traps, voc_float_coordinates) {
    use("16-voc-float-coordinates");
    const auto found = scan({{"type", "voc"}, {"annotations", at("Annotations")}, {"images", at("JPEGImages")}});
    const auto boxes = sample(found, "a")["boxes"];
    ASSERT_EQ(boxes.size(), 1U);
    expect_box(boxes[0], expect_["boxes"]["a"][0], expect_["tolerance_px"]);
}

TEST_F(Traps, voc_no_object_no_difficult) {
    use("18-voc-no-object-no-difficult");
    const auto found = scan({{"type", "voc"}, {"annotations", at("Annotations")}, {"images", at("JPEGImages")}});
    for (const auto& [name, boxes] : expect_["boxes"].items())
        EXPECT_EQ(sample(found, name)["boxes"].size(), boxes) << name;
    EXPECT_EQ(sample(found, "c")["difficult"], expect_["difficult"]["c"]);
}

TEST_F(Traps, voc_imagesets) {
    use("20-voc-imagesets");
    const auto found = scan({{"type", "voc"},
                             {"annotations", at("Annotations")},
                             {"images", at("JPEGImages")},
                             {"sets", at("ImageSets/Main")}});
    json splits{{"train", json::array()}, {"val", json::array()}};
    for (const auto& one : found["samples"]) splits[one["split"].get<std::string>()].push_back(one["name"]);
    EXPECT_EQ(splits["train"], expect_["train"]);
    EXPECT_EQ(splits["val"], expect_["val"]);
    EXPECT_EQ(json(each(found, "missing_image", "file")), expect_["missing"]);
    EXPECT_EQ(json(each(found, "unlisted_image", "file")), (json{"d.jpg"}));
}

TEST_F(Traps, coco_rle_three_kinds) {
    use("23-coco-rle-three-kinds");
    const auto found =
        scan({{"type", "coco"}, {"json", at("annotations.json")}, {"images", at("images")}}, "segmentation");
    EXPECT_EQ(json(each(found, "refused_mask", "id")), expect_["refused"]);
    // All three overlap.
    std::uint64_t area = 0;
    for (const auto& [id, pixels] : found["pixels"].items())
        if (id != "0") area += pixels.get<std::uint64_t>();
    EXPECT_EQ(area, expect_["area"].get<std::uint64_t>());
    const auto boxes = scan({{"type", "coco"}, {"json", at("annotations.json")}, {"images", at("images")}});
    expect_box(sample(boxes, "a")["boxes"][0], expect_["bbox"], 1e-9);
}

TEST_F(Traps, coco_sparse_fields) {
    use("25-coco-sparse-fields");
    const auto found = scan({{"type", "coco"}, {"json", at("annotations.json")}, {"images", at("images")}});
    EXPECT_EQ(found["images"], expect_["images"]);
    for (const auto& [name, boxes] : expect_["boxes"].items())
        EXPECT_EQ(sample(found, name)["boxes"].size(), boxes) << name;
}

TEST_F(Traps, coco_dangling) {
    use("26-coco-dangling");
    const auto found = scan({{"type", "coco"}, {"json", at("annotations.json")}, {"images", at("images")}});
    EXPECT_EQ(found["images"], expect_["images"]);
    EXPECT_EQ(found["boxes"], expect_["boxes"]);
    const auto& reported = expect_["reported"];
    EXPECT_EQ(json(each(found, "unknown_image", "id")), reported["unknown_image"]);
    EXPECT_EQ(json(each(found, "unknown_category", "id")), reported["unknown_category"]);
    EXPECT_EQ(json(each(found, "missing_image", "file")), reported["missing_file"]);
    EXPECT_EQ(json(each(found, "refused_path", "file")), reported["refused_path"]);
}

TEST_F(Traps, coco_corner_boxes) {
    use("28-coco-corner-boxes");
    const auto found = scan({{"type", "coco"}, {"json", at("annotations.json")}, {"images", at("images")}});
    EXPECT_EQ(count(found, "box_outside"), expect_["outside"].get<std::uint64_t>());
    EXPECT_EQ(count(found, "corner_boxes"), 1U);
}

TEST_F(Traps, seg_palettes_differ) {
    use("30-seg-palettes-differ");
    const auto found = scan({{"type", "masks"}, {"masks", at("masks")}, {"images", at("images")}});
    for (const auto& name : expect_["equal_masks"]) EXPECT_EQ(sample(found, name)["pixels"], expect_["pixels"]) << name;
    EXPECT_THAT(found["warnings"].get<std::vector<std::string>>(), Contains(HasSubstr("matched by color")));
}

TEST_F(Traps, seg_mask_modes) {
    use("31-seg-mask-modes");
    const auto found =
        scan({{"type", "masks"}, {"masks", at("masks")}, {"images", at("images")}, {"color_map", at("colors.txt")}});
    for (const char* name : {"rgb", "rgba", "pal", "grey"})
        EXPECT_EQ(sample(found, name)["pixels"], expect_["pixels"]) << name;
}

TEST_F(Traps, seg_colormap_file) {
    use("33-seg-colormap-file");
    for (const char* name : {"spaces.txt", "commas.txt", "tabs.txt", "bom.txt"}) {
        const auto found =
            scan({{"type", "masks"}, {"masks", at("masks")}, {"images", at("images")}, {"color_map", at(name)}});
        EXPECT_EQ(found["colors"], expect_["colors"]) << name;
        EXPECT_TRUE(found["errors"].empty()) << name;
    }
    const json bad{{"type", "masks"}, {"masks", at("masks")}, {"images", at("images")}, {"color_map", at("bad.txt")}};
    EXPECT_EQ(json(each(scan(bad), "bad_row", "line")), expect_["bad_lines"]);
    EXPECT_FALSE(build(bad));
}

TEST_F(Traps, seg_size_mismatch) {
    use("35-seg-size-mismatch");
    const json source{{"type", "masks"}, {"masks", at("masks")}, {"images", at("images")}};
    const auto found = scan(source);
    json mismatch = json::object();
    for (const auto& item : found["problems"]["size_mismatch"]["items"])
        mismatch[fs::path(item["file"].get<std::string>()).stem().string()] = {
            {item["width"], item["height"]}, {item["label_width"], item["label_height"]}};
    EXPECT_EQ(mismatch, expect_["mismatch"]);
    std::vector<json> good;
    for (const auto& one : found["samples"])
        if (one.contains("pixels")) good.push_back(one["name"]);
    EXPECT_EQ(json(good), expect_["good"]);
}

TEST_F(Traps, seg_black_masks) {
    use("36-seg-black-masks");
    const auto found = scan({{"type", "masks"}, {"masks", at("masks")}, {"images", at("images")}});
    for (const auto& [name, pixels] : expect_["pixels"].items())
        EXPECT_EQ(sample(found, name)["pixels"], pixels) << name;
    EXPECT_EQ(found["labels"].size(), 3U);
}

TEST_F(Traps, seg_cityscapes_ids) {
    use("38-seg-cityscapes-ids");
    const auto found = scan({{"type", "masks"}, {"masks", at("gtFine")}, {"images", at("leftImg8bit")}});
    ASSERT_EQ(found["images"], 1);
    EXPECT_EQ(found["samples"][0]["pixels"], expect_["trainids"]);
    EXPECT_EQ(found["labels"][13], "car");
    EXPECT_EQ(found["ignore_label"], 255);
    EXPECT_EQ(each(found, "chosen_mask", "file").size(), 1U);
    // The ids of all classes alone become the training ids.
    TemporaryFolder folder;
    put_file(folder.path() / "leftImg8bit/x_leftImg8bit.png",
             text_of(folder_ / "leftImg8bit/train/town/x_leftImg8bit.png"));
    put_file(folder.path() / "gtFine/x_gtFine_labelIds.png",
             text_of(folder_ / "gtFine/train/town/x_gtFine_labelIds.png"));
    const auto ids =
        scan({{"type", "masks"}, {"masks", folder.path() / "gtFine"}, {"images", folder.path() / "leftImg8bit"}});
    EXPECT_EQ(ids["samples"][0]["pixels"], expect_["trainids"]);
    EXPECT_THAT(ids["warnings"].get<std::vector<std::string>>(), Contains(HasSubstr("labelIds")));
}

TEST_F(Traps, pairs_names) {
    use("40-pairs-names");
    const auto found = scan({{"type", "pairs"}, {"labels", at("label")}, {"images", at("feature")}});
    EXPECT_EQ(found["images"], expect_["pairs"]);
    EXPECT_TRUE(found["errors"].empty()) << found["errors"];
    const json extra{{"type", "pairs"}, {"labels", at("extra")}, {"images", at("feature")}};
    EXPECT_EQ(json(each(scan(extra), "orphan_label", "file")), expect_["extra"]);
    const auto refused = build(extra);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("3.jpg"));
    const auto sub = scan({{"type", "pairs"}, {"labels", at("sub/label")}, {"images", at("sub/feature")}});
    EXPECT_EQ(sub["images"], expect_["sub_pairs"]);
}

}  // namespace
}  // namespace digits
