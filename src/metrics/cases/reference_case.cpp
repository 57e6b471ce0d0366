#include "metrics/cases/reference_case.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/npy.hpp"
#include "base/sha256.hpp"
#include "metrics/cases/coco_files.hpp"
#include "metrics/class_metrics.hpp"
#include "metrics/pixel_confusion.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// What a JSON document that lacks a member, or has it with another type, ends in.
template <class Compute>
Result<json> reading(const Compute& compute) {
    try {
        return compute();
    } catch (const json::exception& problem) {
        return fail(ErrorCode::kInvalidArgument, "The case cannot be read: {}.", problem.what());
    }
}

Result<json> compute_map(const fs::path& folder) {
    return reading([&]() -> Result<json> {
        DIGITS_ASSIGN(const auto truth, read_case_file(folder / "gt.json"));
        DIGITS_ASSIGN(const auto detections, read_case_file(folder / "dt.json"));
        DIGITS_ASSIGN(const auto expected, read_expected(folder));
        std::optional<bool> masks;
        if (expected.contains("iou_type")) masks = expected["iou_type"] == "segm";
        DIGITS_ASSIGN(const auto set, read_coco_set(truth, detections, masks));
        const auto scores = score_detections(set.objects);
        json stats, per_class = json::array();
        for (const auto& [name, member] : kPrecisionNames) stats[std::string(name)] = scores.all.*member;
        for (std::size_t i = 0; i < set.category_ids.size(); ++i) {
            json one{{"category_id", set.category_ids[i]}};
            for (const auto& [name, member] : kPrecisionNames)
                if (!name.starts_with("AR_")) one[std::string(name)] = scores.classes[i].*member;
            per_class.push_back(std::move(one));
        }
        return json{
            {"iou_type", set.with_masks ? "segm" : "bbox"}, {"stats", std::move(stats)}, {"per_class", per_class}};
    });
}

Result<json> compute_mask(const fs::path& folder) {
    return reading([&]() -> Result<json> {
        DIGITS_ASSIGN(const auto annotation, read_case_file(folder / "annotation.json"));
        const auto mask =
            read_coco_mask(annotation.at("segmentation"), annotation.at("height"), annotation.at("width"));
        if (!mask) return json{{"error", mask.error().to_string()}};
        const auto bounds = mask_bounds(*mask);
        return json{{"area", mask_area(*mask)},
                    {"bbox", {bounds.x, bounds.y, bounds.width, bounds.height}},
                    {"sha256_rows_u8_0_1", sha256_hex(decode_rows(*mask))},
                    {"rle_compressed", compress(*mask)},
                    {"rle_counts", mask->counts}};
    });
}

Result<json> compute_overlaps(const fs::path& folder) {
    return reading([&]() -> Result<json> {
        DIGITS_ASSIGN(const auto cases, read_case_file(folder / "iou.json"));
        json answers = json::array();
        for (const auto& one : cases) {
            json answer{{"case", one.at("case")}, {"mask_iou", json::array()}, {"box_iou", json::array()}};
            std::vector<RunLengths> detections, truths;
            for (auto [member, masks] : {std::pair("detections", &detections), std::pair("truths", &truths)})
                for (const auto& mask : one.at(member)) {
                    DIGITS_ASSIGN(auto runs, read_coco_mask(mask, 0, 0));
                    masks->push_back(std::move(runs));
                }
            const std::vector<int> crowd = one.at("iscrowd");
            std::vector<MeasuredMask> measured;
            for (const auto& truth : truths) measured.push_back(measure(truth));
            for (const auto& detection : detections) {
                json row = json::array();
                for (std::size_t t = 0; t < truths.size(); ++t)
                    row.push_back(mask_iou(measure(detection), measured[t], crowd.at(t) != 0));
                answer["mask_iou"].push_back(std::move(row));
            }
            const std::vector<std::array<double, 4>> boxes = one.at("boxes_dt"), truth_boxes = one.at("boxes_gt");
            for (const auto& d : boxes) {
                json row = json::array();
                for (std::size_t t = 0; t < truth_boxes.size(); ++t) {
                    const auto& g = truth_boxes[t];
                    row.push_back(box_iou({d[0], d[1], d[2], d[3]}, {g[0], g[1], g[2], g[3]}, crowd.at(t) != 0));
                }
                answer["box_iou"].push_back(std::move(row));
            }
            answers.push_back(std::move(answer));
        }
        return answers;
    });
}

Result<json> compute_segmentation(const fs::path& folder) {
    return reading([&]() -> Result<json> {
        DIGITS_ASSIGN(const auto expected, read_expected(folder));
        std::optional<int> ignored;
        if (expected.contains("ignore") && !expected["ignore"].is_null()) ignored = expected["ignore"].get<int>();
        PixelConfusion confusion(expected.at("classes").get<int>(), ignored);
        int images = 0;
        for (;; ++images) {
            const auto read = [&](std::string_view kind) -> Result<NpyIntegers> {
                DIGITS_ASSIGN(const auto bytes, read_file(folder / fmt::format("{}_{}.npy", kind, images)));
                return parse_npy_integers(bytes);
            };
            if (!fs::exists(folder / fmt::format("truth_{}.npy", images))) break;
            DIGITS_ASSIGN(const auto truth, read("truth"));
            DIGITS_ASSIGN(const auto predicted, read("pred"));
            if (truth.shape != predicted.shape)
                return fail(ErrorCode::kInvalidArgument, "Truth and prediction of image {} have different sizes.",
                            images);
            confusion.add(truth.values, predicted.values);
        }
        auto answer = confusion.to_json();
        answer["images"] = images;
        answer["classes"] = confusion.classes();
        answer["ignore"] = ignored ? json(*ignored) : json();
        return answer;
    });
}

Result<json> compute_classification(const fs::path& folder) {
    return reading([&]() -> Result<json> {
        DIGITS_ASSIGN(const auto input, read_case_file(folder / "input.json"));
        ClassMetrics metrics(input.at("classes").get<int>());
        const std::vector<int> labels = input.at("labels");
        const std::vector<std::vector<double>> scores = input.at("scores");
        if (labels.size() != scores.size())
            return fail(ErrorCode::kInvalidArgument, "The case has {} labels and scores of {} samples.", labels.size(),
                        scores.size());
        for (std::size_t i = 0; i < labels.size(); ++i) DIGITS_TRY(metrics.add(labels[i], scores[i]));
        return metrics.to_json();
    });
}

template <class... Names>
bool has(const fs::path& folder, const Names&... names) {
    return (fs::exists(folder / names) && ...);
}

/// Whether input.json has a member; which of the cases with this file it is.
bool input_has(const fs::path& folder, const char* member) {
    const auto input = read_case_file(folder / "input.json");
    return input && input->is_object() && input->contains(member);
}

void compare(const json& got, const json& expected, double tolerance, const std::vector<std::string>& inputs,
             const std::string& path, JsonDifference& difference) {
    const auto miss = [&](const std::string& what) {
        if (difference.problem.empty()) difference.problem = fmt::format("{}: {}", path.empty() ? "/" : path, what);
    };
    if (expected.is_object() && got.is_object()) {
        for (const auto& [name, value] : expected.items()) {
            if (name == "note" || name == "seed" || std::ranges::find(inputs, name) != inputs.end()) continue;
            // What an error says is in everybody's own words.
            if (name == "error" && got.contains(name)) continue;
            if (const auto found = got.find(name); found != got.end())
                compare(*found, value, tolerance, inputs, path + "/" + name, difference);
            else
                miss("has no member " + name);
        }
    } else if (expected.is_array() && got.is_array()) {
        if (expected.size() != got.size()) miss(fmt::format("has {} items, expected {}", got.size(), expected.size()));
        for (std::size_t i = 0; i < std::min(expected.size(), got.size()); ++i)
            compare(got[i], expected[i], tolerance, inputs, fmt::format("{}/{}", path, i), difference);
    } else if (expected.is_number() && got.is_number()) {
        ++difference.compared;
        const double off = std::fabs(expected.get<double>() - got.get<double>());
        difference.worst = std::max(difference.worst, off);
        if (!(off <= tolerance)) miss(fmt::format("is {}, expected {}", got.dump(), expected.dump()));
    } else {
        ++difference.compared;
        if (got != expected) miss(fmt::format("is {}, expected {}", got.dump(), expected.dump()));
    }
}

}  // namespace

Result<json> read_case_file(const fs::path& file) {
    DIGITS_ASSIGN(const auto text, read_file(file));
    auto document = json::parse(text, nullptr, false);
    if (document.is_discarded()) return fail(make_error(ErrorCode::kInvalidArgument, "not JSON").at(file.string()));
    return document;
}

Result<json> read_expected(const fs::path& folder) {
    if (!fs::exists(folder / "expected.json")) return json();
    return read_case_file(folder / "expected.json");
}

JsonDifference compare_json(const json& got, const json& expected, double tolerance,
                            const std::vector<std::string>& inputs) {
    JsonDifference difference;
    compare(got, expected, tolerance, inputs, "", difference);
    return difference;
}

const std::vector<ReferenceCaseKind>& metric_case_kinds() {
    static const std::vector<ReferenceCaseKind> kinds{
        {"coco_map", [](const fs::path& folder) { return has(folder, "gt.json", "dt.json"); }, compute_map,
         read_expected},
        {"coco_masks", [](const fs::path& folder) { return has(folder, "annotation.json"); }, compute_mask,
         read_expected},
        {"coco_iou",
         [](const fs::path& folder) { return has(folder, "iou.json"); },
         compute_overlaps,
         [](const fs::path& folder) { return read_case_file(folder / "iou.json"); },
         {"detections", "truths", "iscrowd", "boxes_dt", "boxes_gt", "split"}},
        {"segmentation", [](const fs::path& folder) { return has(folder, "truth_0.npy", "pred_0.npy"); },
         compute_segmentation, read_expected},
        {"classification", [](const fs::path& folder) { return input_has(folder, "scores"); }, compute_classification,
         read_expected}};
    return kinds;
}

}  // namespace digits
