#include "engine/verify/detectnet_cases.hpp"

#include <c10/util/Half.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/detectnet/detections.hpp"
#include "engine/detectnet/ground_truth.hpp"
#include "engine/guard.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr double kOverlap = 0.7;

float half(float value) { return static_cast<float>(c10::Half(value)); }

json edges_json(const BoxEdges& box) { return {box[0], box[1], box[2], box[3]}; }

json compute_variant(const NpyArray& coverage, const NpyArray& boxes, const json& parameters,
                     const std::vector<std::vector<DetectionRow>>& truths, RectangleForm form) {
    const std::int64_t rows = coverage.shape.at(1), columns = coverage.shape.at(2), cells = rows * columns;
    const auto size = [&](const char* name) { return parameters.at(name).get<std::int64_t>(); };
    const std::int64_t stride = size("stride"), used_rows = size("image_size_y") / stride,
                       used_columns = size("image_size_x") / stride;
    if (used_rows > rows || used_columns > columns || used_rows < 1 || used_columns < 1)
        throw std::invalid_argument("the grid does not fit the image size and stride");
    const CellGrid grid{used_rows, used_columns, size("image_size_x") / used_columns, size("image_size_y") / used_rows,
                        columns,   cells};
    const auto threshold = parameters.at("coverage_threshold").get<float>();
    const GroupingOptions options{parameters.at("rect_threshold"), parameters.at("rect_eps"),
                                  parameters.at("min_height"), form};
    json images = json::array();
    std::int64_t right = 0, wrong = 0, missed = 0;
    for (std::int64_t n = 0; n < coverage.shape.at(0); ++n) {
        const auto proposed = covered_boxes(coverage.values.data() + n * cells, boxes.values.data() + n * 4 * cells,
                                            grid, [&](float value) { return value >= threshold; });
        json image{
            {"detections", json::array()}, {"tp", json::array()}, {"fp", json::array()}, {"missed", json::array()}};
        std::vector<BoxEdges> detections, objects;
        for (auto row : group_boxes(proposed, options)) {
            for (auto& value : row) value = half(value);
            image["detections"].push_back(row);
            detections.push_back({row[0], row[1], row[2], row[3]});
        }
        for (const auto& truth : truths.at(static_cast<std::size_t>(n)))
            objects.push_back({truth[0], truth[1], truth[2], truth[3]});
        const auto matched = find_objects(objects, detections, kOverlap);
        for (std::size_t i = 0; i < detections.size(); ++i) {
            image[matched.right[i] ? "tp" : "fp"].push_back(edges_json(detections[i]));
            ++(matched.right[i] ? right : wrong);
        }
        for (std::size_t i = 0; i < objects.size(); ++i)
            if (!matched.found[i]) {
                image["missed"].push_back(edges_json(objects[i]));
                ++missed;
            }
        images.push_back(std::move(image));
    }
    const auto rates = detectnet_rates(right, wrong, missed);
    return {{"images", std::move(images)},
            {"tp", right},
            {"fp", wrong},
            {"missed", missed},
            {"precision", rates.precision},
            {"recall", rates.recall},
            {"mAP", rates.mean_ap}};
}

/// What a case that lacks something, or does not fit, ends in.
template <class Compute>
auto reading(const Compute& compute) -> decltype(compute()) {
    try {
        return compute();
    } catch (const std::exception& problem) {
        return fail(ErrorCode::kInvalidArgument, "The case cannot be read: {}.", problem.what());
    }
}

Result<json> compute_clusters(const fs::path& folder) {
    return reading([&]() -> Result<json> {
        DIGITS_ASSIGN(const auto expected, read_expected(folder));
        DIGITS_ASSIGN(const auto coverage, read_npy(folder / "coverage.npy"));
        DIGITS_ASSIGN(const auto boxes, read_npy(folder / "boxes.npy"));
        if (coverage.shape.size() != 3 ||
            boxes.shape != Shape{coverage.shape[0], 4, coverage.shape[1], coverage.shape[2]})
            return fail(ErrorCode::kInvalidArgument,
                        "Expected a coverage of N x rows x columns and boxes of N x 4 x "
                        "rows x columns.");
        const auto& parameters = expected.at("parameters");
        const std::vector<std::vector<DetectionRow>> truths = expected.at("truth");
        json variants;
        for (const auto& [name, form] : {std::pair("corners", RectangleForm::kEdges), {"xywh", RectangleForm::kSizes}})
            variants[name] = compute_variant(coverage, boxes, parameters, truths, form);
        return json{{"variants", std::move(variants)}};
    });
}

/// The order of boxes does not matter.
void sort_boxes(json& document) {
    if (document.is_array() && !document.empty() && document.front().is_array() && document.front().size() >= 4 &&
        document.front().front().is_number()) {
        std::sort(document.begin(), document.end());
    } else if (document.is_structured()) {
        for (auto& part : document) sort_boxes(part);
    }
}

Result<json> compute_sorted_clusters(const fs::path& folder) {
    auto answer = compute_clusters(folder);
    if (answer) sort_boxes(*answer);
    return answer;
}

Result<json> expected_clusters(const fs::path& folder) {
    auto expected = read_expected(folder);
    if (expected && expected->contains("variants")) sort_boxes((*expected)["variants"]);
    return expected;
}

Result<caffe::DetectNetGroundTruthParameter> parameter_of(const json& given) {
    caffe::DetectNetGroundTruthParameter parameter;
    // Null stands for the default.
    json parameters = json::object();
    for (const auto& [name, value] : given.items())
        if (!value.is_null()) parameters[name] = value;
    parameter.set_stride(parameters.value("stride", parameter.stride()));
    parameter.set_scale_cvg(parameters.value("scale_cvg", parameter.scale_cvg()));
    parameter.set_min_cvg_len(parameters.value("min_cvg_len", parameter.min_cvg_len()));
    parameter.set_max_cvg_len(parameters.value("max_cvg_len", parameter.max_cvg_len()));
    parameter.set_obj_norm(parameters.value("obj_norm", parameter.obj_norm()));
    parameter.set_image_size_x(parameters.value("image_size_x", parameter.image_size_x()));
    parameter.set_image_size_y(parameters.value("image_size_y", parameter.image_size_y()));
    parameter.set_crop_bboxes(parameters.value("crop_bboxes", parameter.crop_bboxes()));
    caffe::DetectNetGroundTruthParameter::GridboxType type{};
    const auto type_name = parameters.value("gridbox_type", std::string("GRIDBOX_MAX"));
    if (!caffe::DetectNetGroundTruthParameter::GridboxType_Parse(type_name, &type))
        return fail(ErrorCode::kInvalidArgument, "{} is not a gridbox_type.", type_name);
    parameter.set_gridbox_type(type);
    const auto classes = parameters.value("object_class", json::object());
    for (const auto& [from, to] : classes.items()) {
        auto& mapping = *parameter.add_object_class();
        mapping.set_src(static_cast<std::uint32_t>(std::stoul(from)));
        mapping.set_dst(to.get<std::uint32_t>());
    }
    return parameter;
}

/// The numbers that a case's expected.npy does not say: its shape and how many cells are foreground.
Result<json> describe_grid(const fs::path& folder) {
    DIGITS_ASSIGN(const auto grid, compute_grid(folder));
    const auto plane = static_cast<std::ptrdiff_t>(grid.shape[1] * grid.shape[2]);
    return json{{"shape", grid.shape},
                {"foreground_cells", std::count(grid.values.begin(), grid.values.begin() + plane, 1.0F)}};
}

}  // namespace

Result<NpyArray> compute_grid(const fs::path& folder) {
    return reading([&]() -> Result<NpyArray> {
        DIGITS_ASSIGN(const auto input, read_case_file(folder / "input.json"));
        DIGITS_ASSIGN(const auto parameter, parameter_of(input.at("parameters")));
        const std::vector<std::vector<float>> rows = input.at("boxes");
        std::vector<float> table(static_cast<std::size_t>(kLabelColumns) * (rows.size() + 1));
        table[0] = static_cast<float>(rows.size());
        table[1] = static_cast<float>(kLabelColumns);
        for (std::size_t i = 0; i < rows.size(); ++i)
            std::copy_n(rows[i].begin(), std::min(rows[i].size(), static_cast<std::size_t>(kLabelColumns)),
                        table.begin() + static_cast<std::ptrdiff_t>(i + 1) * kLabelColumns);
        NpyArray array;
        DIGITS_TRY(guarded([&] {
            const CoverageGrid grid(parameter);
            array.shape = {grid.planes(), grid.rows(), grid.columns()};
            array.values.resize(static_cast<std::size_t>(grid.planes() * grid.rows() * grid.columns()));
            grid.draw(read_boxes(table.data(), static_cast<std::int64_t>(rows.size()) + 1), array.values.data());
        }));
        return array;
    });
}

const std::vector<ReferenceCaseKind>& detectnet_case_kinds() {
    static const std::vector<ReferenceCaseKind> kinds{
        {"detectnet_cluster",
         [](const fs::path& folder) { return fs::exists(folder / "coverage.npy") && fs::exists(folder / "boxes.npy"); },
         compute_sorted_clusters,
         expected_clusters,
         {"parameters", "truth"}},
        {"detectnet_grid",
         [](const fs::path& folder) {
             const auto input = read_case_file(folder / "input.json");
             return input && input->is_object() && input->contains("boxes") && input->contains("parameters");
         },
         describe_grid,
         [](const fs::path& folder) { return read_case_file(folder / "input.json"); },
         {"parameters", "boxes"}}};
    return kinds;
}

bool has_array(const ReferenceCaseKind& kind) { return kind.compute == describe_grid; }

}  // namespace digits
