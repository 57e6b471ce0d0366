#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// A kind of case folders that say what another program computed (docs/formats/golden-cases.md).
struct ReferenceCaseKind {
    std::string_view name;                                    ///< "coco_map"
    bool (*recognizes)(const std::filesystem::path& folder);  ///< by the names of its files
    /// The expected.json of a case.
    Result<nlohmann::json> (*compute)(const std::filesystem::path& folder);
    /// What is compared with it.
    Result<nlohmann::json> (*expected)(const std::filesystem::path& folder);
    std::vector<std::string> inputs = {};  ///< members of that which are not answers
    double tolerance = 1e-6;
};

/// The kinds of this module: coco_map, coco_masks, coco_iou, segmentation, classification.
const std::vector<ReferenceCaseKind>& metric_case_kinds();

/// The expected.json of a folder; null if there is none.
Result<nlohmann::json> read_expected(const std::filesystem::path& folder);
Result<nlohmann::json> read_case_file(const std::filesystem::path& file);

struct JsonDifference {
    int compared = 0;  ///< numbers, texts and nulls
    double worst = 0;  ///< the largest difference of two numbers
    std::string problem;
};
/// Whether every member of `expected` is in `got` with the same value; numbers may differ by `tolerance`. Members
/// that tell how a case was made (`note`, `seed` and those of `inputs`) are passed over.
JsonDifference compare_json(const nlohmann::json& got, const nlohmann::json& expected, double tolerance,
                            const std::vector<std::string>& inputs = {});

}  // namespace digits
