#include <array>

#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

/// A text in double quotes, which are JSON's and YAML's.
std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

/// images/SPLIT/NAME.png, labels/SPLIT/NAME.txt and data.yaml.
class YoloExport final : public ExportWriter {
  public:
    YoloExport(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        ++counts_[static_cast<std::size_t>(split)];
        const double width = sample.width, height = sample.height;
        std::string text;
        for (const auto& box : std::get<Boxes>(sample.target).boxes)
            text += fmt::format("{} {} {} {} {}\n", box.label, (box.left + box.right) / 2 / width,
                                (box.top + box.bottom) / 2 / height, box.width() / width, box.height() / height);
        const auto name = fmt::format("{}/{}", enum_name(split), stem);
        DIGITS_TRY(sink_.add("labels/" + name + ".txt", text));
        return sink_.add("images/" + name + std::string(sample.image.ending), sample.image.bytes);
    }
    Status finish() override {
        std::string text;
        for (const Split split : kSplits)
            if (counts_[static_cast<std::size_t>(split)] > 0)
                text += fmt::format("{0}: images/{0}\n", enum_name(split));
        // Programs that train want both.
        if (counts_[1] == 0) text += "val: images/train\n";
        text += fmt::format("nc: {}\nnames:\n", facts_.labels.size());
        for (std::size_t i = 0; i < facts_.labels.size(); ++i)
            text += fmt::format("  {}: {}\n", i, in_quotes(facts_.labels[i]));
        return sink_.add("data.yaml", text);
    }

  private:
    const DatasetFacts& facts_;
    ExportSink& sink_;
    std::array<std::uint64_t, 3> counts_{};
};

}  // namespace

std::unique_ptr<ExportWriter> export_yolo(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<YoloExport>(facts, sink);
}

}  // namespace digits
