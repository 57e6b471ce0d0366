#include <array>

#include "base/markup.hpp"
#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

/// JPEGImages/NAME.png; Annotations/NAME.xml and ImageSets/Main, or SegmentationClass/NAME.png and
/// ImageSets/Segmentation.
class VocExport final : public ExportWriter {
  public:
    VocExport(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        lists_[static_cast<std::size_t>(split)] += stem + '\n';
        const auto file = stem + std::string(sample.image.ending);
        DIGITS_TRY(sink_.add("JPEGImages/" + file, sample.image.bytes));
        if (const auto* mask = std::get_if<Mask>(&sample.target)) {
            DIGITS_ASSIGN(const auto bytes, mask_file(*mask, facts_));
            return sink_.add("SegmentationClass/" + stem + ".png", bytes);
        }
        auto text = fmt::format(
            "<annotation>\n  <folder>JPEGImages</folder>\n  <filename>{}</filename>\n  <size>\n    <width>{}</width>\n"
            "    <height>{}</height>\n    <depth>{}</depth>\n  </size>\n  <segmented>0</segmented>\n",
            escape_markup(file), sample.width, sample.height, sample.channels);
        for (const auto& box : std::get<Boxes>(sample.target).boxes)
            text += fmt::format(
                "  <object>\n    <name>{}</name>\n    <pose>Unspecified</pose>\n    <truncated>{}</truncated>\n"
                "    <difficult>{}</difficult>\n    <bndbox>\n      <xmin>{}</xmin>\n      <ymin>{}</ymin>\n"
                "      <xmax>{}</xmax>\n      <ymax>{}</ymax>\n    </bndbox>\n  </object>\n",
                escape_markup(class_name_of(facts_, box.label)), box.kitti.truncated > 0 ? 1 : 0, box.difficult ? 1 : 0,
                box.left, box.top, box.right, box.bottom);
        return sink_.add("Annotations/" + stem + ".xml", text + "</annotation>\n");
    }
    Status finish() override {
        const char* folder = facts_.target == TargetKind::kMask ? "Segmentation" : "Main";
        for (const Split split : kSplits)
            if (const auto& list = lists_[static_cast<std::size_t>(split)]; !list.empty())
                DIGITS_TRY(sink_.add(fmt::format("ImageSets/{}/{}.txt", folder, enum_name(split)), list));
        return sink_.add("labels.txt", label_lines(facts_.labels));
    }

  private:
    const DatasetFacts& facts_;
    ExportSink& sink_;
    std::array<std::string, 3> lists_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_voc(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<VocExport>(facts, sink);
}

}  // namespace digits
