#include "api/compat/pages/network_drawing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "api/compat/pages/html.hpp"
#include "base/markup.hpp"

namespace digits::api::compat {
namespace {

using nlohmann::json;

constexpr int kLetter_px = 7, kLine_px = 16, kMargin_px = 10, kGap_px = 28;

struct Box {
    std::vector<std::string> lines;
    std::vector<std::size_t> from;  ///< boxes that it reads
    int rank = 0;
    int x = 0, y = 0, width = 0, height = 0;
};

std::string shape_text(const json& layer, const std::string& blob) {
    std::string text;
    for (const auto& size : layer["shapes"].value(blob, json::array()))
        text += (text.empty() ? "" : " × ") + std::to_string(size.get<std::int64_t>());
    return text;
}

class Drawing {
  public:
    explicit Drawing(const json& networks) {
        std::map<std::string, bool> known;
        for (const auto* stage : {"train", "val", "deploy"}) {
            // Each stage has its own writers of a blob: "data" of the training is not that of the validation.
            writers_.clear();
            for (const auto& layer : networks.value(stage, json::object()).value("layers", json::array()))
                add(layer, !known.emplace(layer.value("name", ""), true).second);
        }
        place();
    }

    std::string svg() const {
        std::string lines, boxes;
        for (const auto& box : boxes_) {
            for (const auto from : box.from) {
                const auto& above = boxes_[from];
                lines += fmt::format("<path d=\"M{} {}L{} {}\"/>", above.x + above.width / 2, above.y + above.height,
                                     box.x + box.width / 2, box.y);
            }
            boxes += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/><text>", box.x, box.y,
                                 box.width, box.height);
            for (std::size_t i = 0; i < box.lines.size(); ++i)
                boxes +=
                    fmt::format("<tspan x=\"{}\" y=\"{}\">{}</tspan>", box.x + kMargin_px,
                                box.y + kMargin_px + 11 + kLine_px * static_cast<int>(i), escape_markup(box.lines[i]));
            boxes += "</text>";
        }
        return fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
            "font-family=\"monospace\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
            "<g stroke=\"#666\" fill=\"none\">{2}</g><g fill=\"#e7f0fb\" stroke=\"#1c6dd0\">{3}</g>"
            "<style>text{{fill:#111;stroke:none}}</style></svg>",
            width_, height_, lines, boxes);
    }

  private:
    static std::string title(const json& layer) {
        return fmt::format("{} ({})", layer.value("name", ""), layer.value("type", ""));
    }

    /// `known`: it was drawn for an earlier stage, and only says which layer writes its tops.
    void add(const json& layer, bool known) {
        const auto bottoms = layer.value("bottoms", std::vector<std::string>{});
        const auto tops = layer.value("tops", std::vector<std::string>{});
        if (known) {
            const auto index = drawn_[layer.value("name", "")];
            for (const auto& bottom : bottoms) read(index, bottom);
            for (const auto& top : tops) writers_[top] = index;
            return;
        }
        const bool in_place = tops.size() == 1 && bottoms.size() == 1 && tops == bottoms && writers_.contains(tops[0]);
        const auto index = in_place ? writers_[tops[0]] : boxes_.size();
        drawn_[layer.value("name", "")] = index;
        if (in_place) {
            boxes_[index].lines.push_back(title(layer));
            return;
        }
        auto& box = boxes_.emplace_back();
        box.lines.push_back(title(layer));
        for (const auto& bottom : bottoms) read(index, bottom);
        for (const auto& top : tops) {
            if (const auto shape = shape_text(layer, top); !shape.empty()) box.lines.push_back(top + ": " + shape);
            writers_[top] = index;
        }
    }

    void read(std::size_t index, const std::string& blob) {
        const auto writer = writers_.find(blob);
        auto& box = boxes_[index];
        if (writer == writers_.end() || writer->second == index) return;
        if (std::ranges::find(box.from, writer->second) != box.from.end()) return;
        box.from.push_back(writer->second);
        box.rank = std::max(box.rank, boxes_[writer->second].rank + 1);
    }

    /// Rows of equal rank, each in the middle.
    void place() {
        std::map<int, std::vector<Box*>> rows;
        for (auto& box : boxes_) {
            std::size_t letters = 0;
            for (const auto& line : box.lines) letters = std::max(letters, line.size());
            box.width = static_cast<int>(letters) * kLetter_px + 2 * kMargin_px;
            box.height = static_cast<int>(box.lines.size()) * kLine_px + 2 * kMargin_px;
            rows[box.rank].push_back(&box);
        }
        const auto row_width = [](const std::vector<Box*>& row) {
            int width = kGap_px;
            for (const auto* box : row) width += box->width + kGap_px;
            return width;
        };
        for (const auto& [rank, row] : rows) width_ = std::max(width_, row_width(row));
        height_ = kGap_px;
        for (const auto& [rank, row] : rows) {
            int x = (width_ - row_width(row)) / 2 + kGap_px, tallest = 0;
            for (auto* box : row) {
                box->x = x;
                box->y = height_;
                x += box->width + kGap_px;
                tallest = std::max(tallest, box->height);
            }
            height_ += tallest + kGap_px;
        }
    }

    std::vector<Box> boxes_;
    std::map<std::string, std::size_t> writers_;  ///< of each blob, its last one
    std::map<std::string, std::size_t> drawn_;    ///< layer → box
    int width_ = 0, height_ = 0;
};

}  // namespace

std::string network_drawing(const json& networks) { return Drawing(networks).svg(); }

}  // namespace digits::api::compat
