#include "engine/verify/label_case.hpp"

#include <nlohmann/json.hpp>

#include "data/open_source.hpp"
#include "data/prepare_image.hpp"
#include "data/records/target_codec.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

Result<DatasetSpec> spec_of(const fs::path& folder, const json& options, bool is_val) {
    json source{{"type", "kitti"},
                {"labels", (folder / "labels").string()},
                {"images", (folder / "images").string()},
                {"padding_width", options.value("padding_image_width", 0)},
                {"padding_height", options.value("padding_image_height", 0)},
                {"val_min_box", options.value("val_min_box_size", 25)},
                {"custom_classes", options.value("custom_classes", "")}};
    if (is_val) {
        // A validation set needs a training set; the same one is used.
        source["val_labels"] = source["labels"];
        source["val_images"] = source["images"];
    }
    json image{{"resize", "none"}};
    if (options.contains("resize_image_width"))
        image = {{"width", options["resize_image_width"]}, {"height", options["resize_image_height"]}};
    return parse_dataset_spec({{"source", std::move(source)}, {"image", std::move(image)}});
}

/// The number that was written in the file: a float holds it only nearly.
double as_written(float value) { return std::stod(fmt::format("{}", value)); }

json row_of(const Box& box) {
    const auto& kitti = box.kitti;
    json row{box.left,
             box.top,
             box.width(),
             box.height(),
             as_written(kitti.alpha),
             box.label,
             0,
             as_written(kitti.rotation_y),
             as_written(kitti.truncated),
             as_written(kitti.occluded)};
    for (const auto& three : {kitti.size_m, kitti.position_m})
        for (const float value : three) row.push_back(as_written(value));
    return row;
}

json label_of(const Boxes& boxes, int most) {
    json header = json::array(), rows = json::array();
    header.push_back(boxes.boxes.size());
    header.push_back(kBoxColumns);
    while (header.size() < static_cast<std::size_t>(kBoxColumns)) header.push_back(0);
    rows.push_back(std::move(header));
    for (const auto& box : boxes.boxes) rows.push_back(row_of(box));
    while (rows.size() < static_cast<std::size_t>(most) + 1) rows.push_back(std::vector<int>(kBoxColumns));
    return json::array({std::move(rows)});
}

Result<json> compute_labels(const DatasetSpec& spec, Split split) {
    DIGITS_ASSIGN(const auto source, open_source(spec));
    const int most = source->facts().max_boxes[static_cast<std::size_t>(split)];
    json entries = json::object();
    for (std::size_t i = 0; i < source->size(split); ++i) {
        DIGITS_ASSIGN(auto sample, source->get(split, i));
        const auto name = fs::path(sample.name).filename().string();
        DIGITS_ASSIGN(const auto prepared, prepare_sample(std::move(sample), spec.image, 0, std::nullopt));
        const auto* boxes = std::get_if<Boxes>(&prepared.target);
        if (!boxes) return fail(ErrorCode::kInternal, "{} has no boxes", name);
        entries[name] = {{"image_after", {prepared.image.width, prepared.image.height}},
                         {"shape", {1, most + 1, kBoxColumns}},
                         {"label", label_of(*boxes, most)}};
    }
    return json{{"max_boxes", most}, {"entries", std::move(entries)}};
}

Result<json> compute(const fs::path& folder) {
    DIGITS_ASSIGN(const auto expected, read_expected(folder));
    const bool is_val = expected.is_object() && expected.value("stage", "train") == "val";
    const json options = expected.is_object() ? expected.value("options", json::object()) : json::object();
    DIGITS_ASSIGN(const auto spec, spec_of(fs::absolute(folder), options, is_val));
    auto answer = compute_labels(spec, is_val ? Split::kVal : Split::kTrain);
    if (!answer) return json{{"error", answer.error().to_string()}};
    return answer;
}

}  // namespace

const ReferenceCaseKind& label_case_kind() {
    static const ReferenceCaseKind kind{"detectnet_labels",
                                        [](const fs::path& folder) {
                                            return fs::is_directory(folder / "labels") &&
                                                   fs::is_directory(folder / "images");
                                        },
                                        compute,
                                        read_expected,
                                        {"stage", "options"}};
    return kind;
}

}  // namespace digits
