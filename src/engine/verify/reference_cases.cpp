#include "engine/verify/reference_cases.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "engine/verify/detectnet_cases.hpp"
#include "engine/verify/label_case.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr double kArrayTolerance = 1e-5;  ///< relative

std::string name_of(const ReferenceCaseKind& kind, const fs::path& folder) {
    // The file with overlaps is beside the cases with masks.
    return kind.name == "coco_iou" ? "iou" : folder.filename().string();
}

void compare_arrays(const NpyArray& got, const NpyArray& expected, CaseReport& report) {
    ++report.compared;
    if (got.shape != expected.shape) {
        report.problem =
            fmt::format("expected.npy: shape is {}, expected {}", shape_text(got.shape), shape_text(expected.shape));
        return;
    }
    for (std::size_t i = 0; i < got.values.size(); ++i) {
        const double want = expected.values[i], off = std::fabs(got.values[i] - want) / (1 + std::fabs(want));
        if (!(off <= report.worst)) {
            report.worst = off;
            report.worst_file = "expected.npy";
        }
        if (!(off <= kArrayTolerance) && report.problem.empty())
            report.problem = fmt::format("expected.npy: value {} is {}, expected {}", i, got.values[i], want);
    }
}

Status run(const ReferenceCaseKind& kind, const fs::path& folder, const VerifyOptions& options, CaseReport& report) {
    DIGITS_ASSIGN(const auto got, kind.compute(folder));
    std::optional<fs::path> dump;
    if (options.dump) {
        dump = *options.dump / report.name;
        fs::create_directories(*dump);
        DIGITS_TRY(write_file_atomic(*dump / "expected.json", got.dump(1) + "\n"));
    }
    DIGITS_ASSIGN(const auto expected, kind.expected(folder));
    if (!expected.is_null()) {
        const auto difference = compare_json(got, expected, kind.tolerance, kind.inputs);
        report.compared = difference.compared;
        report.worst = difference.worst;
        report.problem = difference.problem;
        // Words differ from program to program; that it fails does not.
        if (expected.is_object() && expected.contains("error")) {
            ++report.compared;
            if (!got.contains("error")) report.problem = "it was computed, expected an error";
        }
    }
    if (has_array(kind)) {
        DIGITS_ASSIGN(const auto array, compute_grid(folder));
        if (dump) DIGITS_TRY(write_npy(array, *dump / "expected.npy"));
        if (fs::exists(folder / "expected.npy")) {
            DIGITS_ASSIGN(const auto wanted, read_npy(folder / "expected.npy"));
            compare_arrays(array, wanted, report);
        }
    }
    if (report.compared == 0 && !options.dump) report.problem = "the case has no expected.json to compare with";
    return {};
}

}  // namespace

const ReferenceCaseKind* find_reference_kind(const fs::path& folder) {
    for (const auto* kinds : {&metric_case_kinds(), &detectnet_case_kinds()})
        for (const auto& kind : *kinds)
            if (kind.recognizes(folder)) return &kind;
    return label_case_kind().recognizes(folder) ? &label_case_kind() : nullptr;
}

CaseReport verify_reference(const ReferenceCaseKind& kind, const fs::path& folder, const VerifyOptions& options) {
    CaseReport report;
    report.name = name_of(kind, folder);
    report.area = kind.name;
    report.tolerance = kind.tolerance;
    if (const auto status = run(kind, folder, options, report); !status) report.problem = status.error().to_string();
    return report;
}

}  // namespace digits
