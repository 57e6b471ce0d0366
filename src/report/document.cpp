#include "report/document.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/json_binding.hpp"

namespace digits {

template <>
struct JsonBinding<ReportFact> {
    static Fields fields() {
        using F = ReportFact;
        return {json_field("name", &F::name), json_field("value", &F::value)};
    }
};
template <>
struct JsonBinding<ReportSeries> {
    static Fields fields() {
        using S = ReportSeries;
        return {json_field("name", &S::name), json_field("x", &S::x), json_field("y", &S::y),
                json_field("dashed", &S::dashed)};
    }
};
template <>
struct JsonBinding<ReportImage> {
    static Fields fields() {
        using I = ReportImage;
        return {json_field("path", &I::path), json_field("database", &I::database), json_field("index", &I::index),
                json_field("label", &I::label), json_field("caption", &I::caption)};
    }
};
template <>
struct JsonBinding<ReportBlock> {
    static Fields fields() {
        using B = ReportBlock;
        return {json_field("kind", &B::kind).required(),
                json_field("title", &B::title),
                json_field("text", &B::text),
                json_field("facts", &B::facts),
                json_field("header", &B::header),
                json_field("rows", &B::rows),
                json_field("series", &B::series),
                json_field("x_label", &B::x_label),
                json_field("labels", &B::labels),
                json_field("matrix", &B::matrix),
                json_field("images", &B::images)};
    }
};
template <>
struct JsonBinding<ReportSection> {
    static Fields fields() {
        using S = ReportSection;
        return {json_field("title", &S::title), json_field("blocks", &S::blocks)};
    }
};
template <>
struct JsonBinding<Report> {
    static Fields fields() {
        using R = Report;
        return {json_field("title", &R::title), json_field("subtitle", &R::subtitle),
                json_field("sections", &R::sections)};
    }
};

Result<Report> parse_report(const nlohmann::json& json) { return parse_json<Report>(json); }
nlohmann::json to_json(const Report& report) { return json_detail::print_value<Report>(&report); }

std::optional<ChartRange> chart_range(const std::vector<ReportSeries>& series) {
    double x_low = std::numeric_limits<double>::max(), x_high = -x_low, y_low = x_low, y_high = -x_low;
    for (const auto& one : series)
        for (std::size_t i = 0; i < std::min(one.x.size(), one.y.size()); ++i) {
            if (!std::isfinite(one.y[i])) continue;
            x_low = std::min(x_low, one.x[i]);
            x_high = std::max(x_high, one.x[i]);
            y_low = std::min(y_low, one.y[i]);
            y_high = std::max(y_high, one.y[i]);
        }
    if (x_low > x_high) return std::nullopt;
    if (x_low == x_high) x_high = x_low + 1;
    if (y_low == y_high) y_high = y_low + (y_low == 0 ? 1 : std::abs(y_low));
    return ChartRange{x_low, x_high, y_low, y_high};
}

std::vector<double> axis_ticks(double low, double high, int most) {
    if (!(high > low) || !std::isfinite(low) || !std::isfinite(high)) return {low};
    const double rough = (high - low) / most;
    const double power = std::pow(10, std::floor(std::log10(rough)));
    double step = power;
    for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
        step = factor * power;
        if (step >= rough) break;
    }
    std::vector<double> ticks;
    const double first = std::ceil(low / step - 1e-9);
    // Counted, because a step may be less than what doubles of this size tell apart.
    for (int i = 0; i <= most && (first + i) * step <= high + step * 1e-9; ++i) ticks.push_back((first + i) * step);
    return ticks;
}

std::string number_text(double value) { return fmt::format("{:.4g}", value == 0 ? 0 : value); }

}  // namespace digits
