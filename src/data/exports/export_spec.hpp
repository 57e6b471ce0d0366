#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "base/result.hpp"
#include "data/dataset_facts.hpp"
#include "data/sample.hpp"

namespace digits {

struct FieldList;

/// A form in which datasets leave: what people and other programs read. Knows no encoder, so that the server can list
/// them; the writers are in data/exports/writers.hpp.
struct ExportFormat {
    std::string_view name;            ///< "coco"
    std::string_view title;           ///< "COCO"
    std::string_view help;            ///< one line
    std::vector<TargetKind> targets;  ///< of the datasets that it can hold

    bool can_hold(const DatasetFacts& facts) const;
};

/// All formats. The list that is built in: data/exports/export_spec.cpp.
Registry<ExportFormat>& export_formats();

/// What is wanted of an export; docs/formats/specs.md.
struct ExportSpec {
    std::string dataset_id;
    std::string format;
    std::string folder;                  ///< new, on the server's machine; empty: a tar file in the job's folder
    const ExportFormat* kind = nullptr;  ///< by `format`
};

/// Parses and validates. Errors: kInvalidArgument with the JSON path in `where`.
Result<ExportSpec> parse_export_spec(const nlohmann::json& json);
nlohmann::json to_json(const ExportSpec& spec);
const FieldList& export_fields();

/// kInvalidArgument, at /format, for a dataset whose targets the format cannot hold.
Status check_export(const ExportSpec& spec, const DatasetFacts& facts);

/// The file in the job's folder, where no folder is wanted.
inline constexpr std::string_view kExportArchive = "export.tar";

}  // namespace digits
