#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "data/exports/export_writer.hpp"
#include "metrics/run_lengths.hpp"

namespace digits {
namespace {

using nlohmann::json;

/// Of the precision that records have.
json number(double value) { return json::parse(fmt::format("{}", static_cast<float>(value))); }

/// images/SPLIT/NAME.png and annotations/instances_SPLIT.json. The id of a category is the number of its class; of
/// masks the class 0 is the background, which has no annotation.
class CocoExport final : public ExportWriter {
  public:
    CocoExport(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        auto& part = parts_[static_cast<std::size_t>(split)];
        const auto file = fmt::format("{}/{}{}", enum_name(split), stem, sample.image.ending);
        ++part.count;
        append(part.images,
               json{{"id", part.count}, {"file_name", file}, {"width", sample.width}, {"height", sample.height}});
        if (const auto* boxes = std::get_if<Boxes>(&sample.target))
            for (const auto& box : boxes->boxes) add_box(part, box);
        if (const auto* mask = std::get_if<Mask>(&sample.target)) add_mask(part, *mask);
        return sink_.add("images/" + file, sample.image.bytes);
    }

    Status finish() override {
        const bool masks = facts_.target == TargetKind::kMask;
        auto categories = json::array();
        for (std::size_t i = masks ? 1 : 0; i < facts_.labels.size(); ++i)
            categories.push_back({{"id", i}, {"name", facts_.labels[i]}, {"supercategory", ""}});
        for (const Split split : kSplits) {
            auto& part = parts_[static_cast<std::size_t>(split)];
            if (part.count == 0) continue;
            DIGITS_TRY(sink_.add(fmt::format("annotations/instances_{}.json", enum_name(split)),
                                 fmt::format("{{\"info\": {{\"description\": \"{}\"}},\n\"images\": [{}],\n"
                                             "\"annotations\": [{}],\n\"categories\": {}}}\n",
                                             "exported by Digits", part.images, part.annotations,
                                             categories.dump(-1, ' ', false, json::error_handler_t::replace))));
            part = {};
        }
        return {};
    }

  private:
    struct Part {
        std::uint64_t count = 0, objects = 0;
        std::string images, annotations;
    };
    static void append(std::string& list, const json& item) {
        if (!list.empty()) list += ",\n";
        list += item.dump(-1, ' ', false, json::error_handler_t::replace);
    }
    static void add_box(Part& part, const Box& box) {
        append(part.annotations,
               json{{"id", ++part.objects},
                    {"image_id", part.count},
                    {"category_id", box.label},
                    {"bbox", {number(box.left), number(box.top), number(box.width()), number(box.height())}},
                    {"area", number(box.width() * box.height())},
                    {"iscrowd", box.crowd ? 1 : 0},
                    {"ignore", box.difficult ? 1 : 0}});
    }
    void add_mask(Part& part, const Mask& mask) const {
        std::set<std::uint16_t> classes(mask.ids.begin(), mask.ids.end());
        classes.erase(0);
        if (facts_.ignore_label) classes.erase(static_cast<std::uint16_t>(*facts_.ignore_label));
        std::vector<std::uint8_t> pixels(mask.ids.size());
        for (const auto id : classes) {
            std::ranges::transform(mask.ids, pixels.begin(),
                                   [&](std::uint16_t one) { return static_cast<std::uint8_t>(one == id); });
            const auto runs =
                encode_mask(static_cast<std::uint32_t>(mask.height), static_cast<std::uint32_t>(mask.width), pixels);
            const auto bounds = mask_bounds(runs);
            append(part.annotations,
                   json{{"id", ++part.objects},
                        {"image_id", part.count},
                        {"category_id", id},
                        {"bbox", {bounds.x, bounds.y, bounds.width, bounds.height}},
                        {"area", mask_area(runs)},
                        {"iscrowd", 1},
                        {"segmentation", {{"size", {mask.height, mask.width}}, {"counts", compress(runs)}}}});
        }
    }

    const DatasetFacts& facts_;
    ExportSink& sink_;
    std::array<Part, 3> parts_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_coco(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<CocoExport>(facts, sink);
}

}  // namespace digits
