#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

/// SPLIT/images/NAME.png and SPLIT/masks/NAME.png; labels.txt.
class MaskExport final : public ExportWriter {
  public:
    MaskExport(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        DIGITS_ASSIGN(const auto mask, mask_file(std::get<Mask>(sample.target), facts_));
        DIGITS_TRY(sink_.add(fmt::format("{}/masks/{}.png", enum_name(split), stem), mask));
        return sink_.add(fmt::format("{}/images/{}{}", enum_name(split), stem, sample.image.ending),
                         sample.image.bytes);
    }
    Status finish() override { return sink_.add("labels.txt", label_lines(facts_.labels)); }

  private:
    const DatasetFacts& facts_;
    ExportSink& sink_;
};

/// SPLIT/feature/NAME.png and SPLIT/label/NAME.png.
class PairExport final : public ExportWriter {
  public:
    explicit PairExport(ExportSink& sink) : sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        const auto& target = sample.target_image;
        DIGITS_TRY(sink_.add(fmt::format("{}/label/{}{}", enum_name(split), stem, target.ending), target.bytes));
        return sink_.add(fmt::format("{}/feature/{}{}", enum_name(split), stem, sample.image.ending),
                         sample.image.bytes);
    }
    Status finish() override { return {}; }

  private:
    ExportSink& sink_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_masks(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<MaskExport>(facts, sink);
}

std::unique_ptr<ExportWriter> export_pairs(const DatasetFacts&, ExportSink& sink) {
    return std::make_unique<PairExport>(sink);
}

}  // namespace digits
