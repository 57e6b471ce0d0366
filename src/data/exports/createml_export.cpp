#include <array>
#include <nlohmann/json.hpp>

#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

using nlohmann::json;

/// SPLIT/NAME.png and SPLIT/_annotations.createml.json, a list of images in the order of the dataset.
class CreateMlExport final : public ExportWriter {
  public:
    CreateMlExport(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        const auto file = fmt::format("{}{}", stem, sample.image.ending);
        auto annotations = json::array();
        for (const auto& box : std::get<Boxes>(sample.target).boxes)
            annotations.push_back({{"label", class_name_of(facts_, box.label)},
                                   {"coordinates",
                                    {{"x", (box.left + box.right) / 2},
                                     {"y", (box.top + box.bottom) / 2},
                                     {"width", box.width()},
                                     {"height", box.height()}}}});
        const json entry{{"image", file}, {"annotations", std::move(annotations)}};
        auto& list = lists_[static_cast<std::size_t>(split)];
        list += list.empty() ? "" : ",\n";
        list += entry.dump(-1, ' ', false, json::error_handler_t::replace);
        return sink_.add(fmt::format("{}/{}", enum_name(split), file), sample.image.bytes);
    }

    Status finish() override {
        for (const Split split : kSplits) {
            const auto& list = lists_[static_cast<std::size_t>(split)];
            if (list.empty()) continue;
            DIGITS_TRY(
                sink_.add(fmt::format("{}/_annotations.createml.json", enum_name(split)), fmt::format("[{}]\n", list)));
        }
        return {};
    }

  private:
    const DatasetFacts& facts_;
    ExportSink& sink_;
    std::array<std::string, 3> lists_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_createml(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<CreateMlExport>(facts, sink);
}

}  // namespace digits
