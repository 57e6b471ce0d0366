#include <ranges>

#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

/// SPLIT/images/NAME.png and SPLIT/labels/NAME.txt. labels.txt has the names in the order of the numbers, for the field
/// "custom classes".
class KittiExport final : public ExportWriter {
  public:
    KittiExport(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        std::string text;
        // Readers of the files sort from far to near, and of equal depth take the last first.
        for (const auto& box : std::get<Boxes>(sample.target).boxes | std::views::reverse) {
            const auto& k = box.kitti;
            text += fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {}\n", name_of(box.label), k.truncated,
                                static_cast<int>(k.occluded), k.alpha, box.left, box.top, box.right, box.bottom,
                                k.size_m[2], k.size_m[1], k.size_m[0], k.position_m[0], k.position_m[1],
                                k.position_m[2], k.rotation_y);
        }
        DIGITS_TRY(sink_.add(fmt::format("{}/labels/{}.txt", enum_name(split), stem), text));
        return sink_.add(fmt::format("{}/images/{}{}", enum_name(split), stem, sample.image.ending),
                         sample.image.bytes);
    }
    Status finish() override { return sink_.add("labels.txt", label_lines(facts_.labels)); }

  private:
    /// In quotes where it has spaces.
    std::string name_of(int label) const {
        auto name = class_name_of(facts_, label);
        std::erase(name, '"');
        return name.find_first_of(" \t") == std::string::npos ? name : '"' + name + '"';
    }

    const DatasetFacts& facts_;
    ExportSink& sink_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_kitti(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<KittiExport>(facts, sink);
}

}  // namespace digits
