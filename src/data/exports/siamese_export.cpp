#include <array>

#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

/// SPLIT/NAME_1.png and SPLIT/NAME_2.png, and SPLIT.txt of two paths and 1 (similar) or 0.
class SiameseExport final : public ExportWriter {
  public:
    explicit SiameseExport(ExportSink& sink) : sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        const auto path = [&](int number, const ImageFileBytes& image) {
            return fmt::format("{}/{}_{}{}", enum_name(split), stem, number, image.ending);
        };
        const auto first = path(1, sample.image), second = path(2, sample.second_image);
        lists_[static_cast<std::size_t>(split)] +=
            fmt::format("{} {} {}\n", first, second, std::get<ClassLabel>(sample.target).index);
        DIGITS_TRY(sink_.add(first, sample.image.bytes));
        return sink_.add(second, sample.second_image.bytes);
    }
    Status finish() override {
        for (const Split split : kSplits)
            if (const auto& list = lists_[static_cast<std::size_t>(split)]; !list.empty())
                DIGITS_TRY(sink_.add(fmt::format("{}.txt", enum_name(split)), list));
        return {};
    }

  private:
    ExportSink& sink_;
    std::array<std::string, 3> lists_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_siamese(const DatasetFacts&, ExportSink& sink) {
    return std::make_unique<SiameseExport>(sink);
}

}  // namespace digits
