#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"

// What a report says, whatever it is printed as. Texts are plain.

namespace digits {

struct ReportFact {
    std::string name, value;
};

/// A line of a chart.
struct ReportSeries {
    std::string name;
    std::vector<double> x, y;
    bool dashed = false;
};

/// An image by its place: a file, or a record of a database.
struct ReportImage {
    std::string path;
    std::string database;  ///< empty: a file
    std::uint64_t index = 0;
    int label = -1;  ///< of the record
    std::string caption;
};

enum class ReportBlockKind { kText, kFacts, kTable, kChart, kMatrix, kImages };
template <>
struct EnumNames<ReportBlockKind> {
    static constexpr std::array<std::pair<ReportBlockKind, std::string_view>, 6> kNames{{
        {ReportBlockKind::kText, "text"},
        {ReportBlockKind::kFacts, "facts"},
        {ReportBlockKind::kTable, "table"},
        {ReportBlockKind::kChart, "chart"},
        {ReportBlockKind::kMatrix, "matrix"},
        {ReportBlockKind::kImages, "images"},
    }};
};

/// The members that its kind needs; the others are empty.
struct ReportBlock {
    ReportBlockKind kind = ReportBlockKind::kText;
    std::string title;
    std::string text;
    std::vector<ReportFact> facts;
    std::vector<std::string> header;
    std::vector<std::vector<std::string>> rows;
    std::vector<ReportSeries> series;
    std::string x_label;
    std::vector<std::string> labels;                ///< of a matrix: the classes
    std::vector<std::vector<std::int64_t>> matrix;  ///< row by row: actual classes, of predicted ones
    std::vector<ReportImage> images;
};

struct ReportSection {
    std::string title;
    std::vector<ReportBlock> blocks;
};

struct Report {
    std::string title, subtitle;
    std::vector<ReportSection> sections;
};

Result<Report> parse_report(const nlohmann::json& json);
nlohmann::json to_json(const Report& report);

/// An image as it is printed; empty bytes: it could not be read.
struct PrintedImage {
    std::string jpeg;
    int width = 0, height = 0;
};
/// Of each image of the report, in the order in which its blocks list them.
using PrintedImages = std::vector<PrintedImage>;

/// What the finite points of a chart's curves cover; no side is empty.
struct ChartRange {
    double x_low, x_high, y_low, y_high;
};
/// nullopt: no point is finite.
std::optional<ChartRange> chart_range(const std::vector<ReportSeries>& series);
/// The values of an axis that are labelled: few, round, from `low` to `high`.
std::vector<double> axis_ticks(double low, double high, int most);
/// "0.25", "1.2e-05"
std::string number_text(double value);

}  // namespace digits
