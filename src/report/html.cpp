#include "report/html.hpp"

#include <algorithm>
#include <cmath>

#include "base/base64.hpp"
#include "base/markup.hpp"

namespace digits {
namespace {

constexpr std::string_view kStyle = R"(
body{font:15px/1.5 system-ui,sans-serif;color:#1a1b1e;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem;margin:0}h2{font-size:1.25rem;margin:2.2rem 0 .6rem;border-bottom:1px solid #ced4da;padding-bottom:.2rem}
p{white-space:pre-line}h3{font-size:1rem;margin:1.2rem 0 .4rem}.sub{color:#495057;margin:.2rem 0 0}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.2rem .7rem;text-align:left;border-bottom:1px solid #e9ecef}
td.n,th.n{text-align:right}table.facts th{font-weight:normal;color:#495057;vertical-align:top}
.scroll{overflow-x:auto}table.matrix td{text-align:right;min-width:2.2rem}table.matrix caption{text-align:left;white-space:nowrap;color:#495057;font-size:.85rem}
.images{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;width:10rem}figure img{max-width:10rem;max-height:10rem;display:block}
figcaption{font-size:.85rem;color:#495057;overflow-wrap:anywhere}.none{width:10rem;height:6rem;background:#e9ecef;display:flex;align-items:center;justify-content:center}
svg{max-width:100%;height:auto}@media print{body{margin:0;max-width:none}h2{break-after:avoid}figure,tr,svg{break-inside:avoid}}
)";
constexpr const char* kColors[]{"#1971c2", "#e8590c", "#2f9e44", "#9c36b5", "#c92a2a", "#0c8599", "#f08c00", "#495057"};

/// Whether a column of a table is one of numbers.
bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.,-+e% ") == std::string_view::npos;
}

class HtmlWriter {
  public:
    explicit HtmlWriter(const PrintedImages& images) : images_(images) {}

    std::string write(const Report& report) {
        out_ = fmt::format(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            "content=\"width=device-width\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n"
            "<p class=\"sub\">{2}</p>\n",
            escape_markup(report.title), kStyle, escape_markup(report.subtitle));
        for (const auto& section : report.sections) {
            out_ += fmt::format("<h2>{}</h2>\n", escape_markup(section.title));
            for (const auto& block : section.blocks) add(block);
        }
        out_ += "</body>\n</html>\n";
        return std::move(out_);
    }

  private:
    void add(const ReportBlock& block) {
        if (!block.title.empty()) out_ += fmt::format("<h3>{}</h3>\n", escape_markup(block.title));
        switch (block.kind) {
            case ReportBlockKind::kText: out_ += fmt::format("<p>{}</p>\n", escape_markup(block.text)); break;
            case ReportBlockKind::kFacts: add_facts(block); break;
            case ReportBlockKind::kTable: add_table(block); break;
            case ReportBlockKind::kChart: add_chart(block); break;
            case ReportBlockKind::kMatrix: add_matrix(block); break;
            case ReportBlockKind::kImages: add_images(block); break;
        }
    }

    void add_facts(const ReportBlock& block) {
        out_ += "<table class=\"facts\">\n";
        for (const auto& fact : block.facts)
            out_ +=
                fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escape_markup(fact.name), escape_markup(fact.value));
        out_ += "</table>\n";
    }

    /// Columns are aligned as the cells of the first row ask.
    void add_row(const std::vector<std::string>& cells, const std::vector<std::string>& first, const char* tag) {
        out_ += "<tr>";
        for (std::size_t i = 0; i < cells.size(); ++i)
            out_ += fmt::format("<{0}{1}>{2}</{0}>", tag,
                                is_number(i < first.size() ? first[i] : cells[i]) ? " class=\"n\"" : "",
                                escape_markup(cells[i]));
        out_ += "</tr>\n";
    }

    void add_table(const ReportBlock& block) {
        out_ += "<div class=\"scroll\"><table>\n";
        const auto first = block.rows.empty() ? std::vector<std::string>() : block.rows.front();
        add_row(block.header, first, "th");
        for (const auto& row : block.rows) add_row(row, first, "td");
        out_ += "</table></div>\n";
    }

    /// The places of the names of series below a chart: in rows that are not wider than it.
    struct LegendPlace {
        double x = 0;
        int row = 0;
    };
    static std::vector<LegendPlace> legend_places(const std::vector<ReportSeries>& series, double left, double right) {
        std::vector<LegendPlace> places;
        LegendPlace next{left, 0};
        for (const auto& one : series) {
            const double width = 42 + 6.6 * static_cast<double>(one.name.size());
            if (next.x > left && next.x + width > right) next = {left, next.row + 1};
            places.push_back(next);
            next.x += width;
        }
        return places;
    }

    void add_chart(const ReportBlock& block) {
        constexpr double kWidth = 720, kHeight = 280, kLeft = 60, kRight = 10, kTop = 10, kBottom = 62, kRow = 18;
        const auto range = chart_range(block.series);
        if (!range) return;
        const auto [x_low, x_high, y_low, y_high] = *range;
        const auto to_x = [&](double x) { return kLeft + (x - x_low) / (x_high - x_low) * (kWidth - kLeft - kRight); };
        const auto to_y = [&](double y) {
            return kHeight - kBottom - (y - y_low) / (y_high - y_low) * (kHeight - kTop - kBottom);
        };
        const auto places = legend_places(block.series, kLeft, kWidth);
        out_ += fmt::format(
            "<svg viewBox=\"0 0 {} {}\" width=\"{}\" role=\"img\" aria-label=\"{}\" font-size=\"12\" "
            "fill=\"#495057\">\n",
            kWidth, kHeight + kRow * places.back().row, kWidth,
            escape_markup(block.title.empty() ? "Curves" : block.title));
        for (const double y : axis_ticks(y_low, y_high, 5))
            out_ += fmt::format(
                "<path d=\"M{0} {1:.1f}H{2}\" stroke=\"#dee2e6\"/><text x=\"{3}\" y=\"{4:.1f}\" "
                "text-anchor=\"end\">{5}</text>\n",
                kLeft, to_y(y), kWidth - kRight, kLeft - 6, to_y(y) + 4, number_text(y));
        for (const double x : axis_ticks(x_low, x_high, 8))
            out_ += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", to_x(x),
                                kHeight - kBottom + 18, number_text(x));
        out_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", (kLeft + kWidth) / 2,
                            kHeight - kBottom + 34, escape_markup(block.x_label));
        for (std::size_t s = 0; s < block.series.size(); ++s) {
            const auto& series = block.series[s];
            const char* color = kColors[s % std::size(kColors)];
            const char* dash = series.dashed ? " stroke-dasharray=\"5 3\"" : "";
            std::string path;
            bool is_open = false;
            for (std::size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
                if (!std::isfinite(series.y[i])) {
                    is_open = false;
                    continue;
                }
                path += fmt::format("{}{:.1f} {:.1f}", is_open ? "L" : "M", to_x(series.x[i]), to_y(series.y[i]));
                is_open = true;
            }
            out_ +=
                fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"{}/>\n", path, color, dash);
            out_ += fmt::format(
                "<path d=\"M{0} {1}h18\" stroke=\"{2}\" stroke-width=\"2\"{3}/><text x=\"{4}\" y=\"{5}\">{6}</text>\n",
                places[s].x, kHeight - 10 + kRow * places[s].row, color, dash, places[s].x + 23,
                kHeight - 6 + kRow * places[s].row, escape_markup(series.name));
        }
        out_ += "</svg>\n";
    }

    void add_matrix(const ReportBlock& block) {
        out_ +=
            "<div class=\"scroll\"><table class=\"matrix\"><caption>Rows: actual class; columns: predicted "
            "class</caption>\n<tr><th></th>";
        for (const auto& label : block.labels) out_ += fmt::format("<th>{}</th>", escape_markup(label));
        out_ += "</tr>\n";
        for (std::size_t i = 0; i < block.matrix.size(); ++i) {
            std::int64_t sum = 0;
            for (const auto count : block.matrix[i]) sum += count;
            out_ += fmt::format("<tr><th>{}</th>", escape_markup(i < block.labels.size() ? block.labels[i] : ""));
            for (const auto count : block.matrix[i]) {
                const double share = sum == 0 ? 0 : static_cast<double>(count) / static_cast<double>(sum);
                out_ += fmt::format("<td style=\"background:rgba(25,113,194,{:.2f})\">{}</td>", 0.55 * share, count);
            }
            out_ += "</tr>\n";
        }
        out_ += "</table></div>\n";
    }

    void add_images(const ReportBlock& block) {
        out_ += "<div class=\"images\">\n";
        for (const auto& image : block.images) {
            const auto* printed = next_ < images_.size() ? &images_[next_] : nullptr;
            ++next_;
            out_ += "<figure>";
            if (printed && !printed->jpeg.empty())
                out_ += fmt::format("<img width=\"{}\" height=\"{}\" alt=\"{}\" src=\"data:image/jpeg;base64,{}\">",
                                    printed->width, printed->height, escape_markup(image.caption),
                                    encode_base64(printed->jpeg));
            else
                out_ += "<div class=\"none\">not readable</div>";
            out_ += fmt::format("<figcaption>{}</figcaption></figure>\n", escape_markup(image.caption));
        }
        out_ += "</div>\n";
    }

    const PrintedImages& images_;
    std::size_t next_ = 0;
    std::string out_;
};

}  // namespace

std::string write_html(const Report& report, const PrintedImages& images) { return HtmlWriter(images).write(report); }

}  // namespace digits
