#include <array>

#include "base/csv.hpp"
#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

/// SPLIT/NAME.png and SPLIT.csv of path and numbers.
class TableExport final : public ExportWriter {
  public:
    TableExport(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        const auto& values = std::get<Tensor>(sample.target).values;
        auto& table = tables_[static_cast<std::size_t>(split)];
        if (table.empty()) {
            table = "image";
            for (std::size_t i = 0; i < values.size(); ++i)
                table += ',' + csv_field(i < facts_.target_names.size() ? facts_.target_names[i]
                                                                        : fmt::format("value_{}", i + 1));
            table += '\n';
        }
        const auto path = fmt::format("{}/{}{}", enum_name(split), stem, sample.image.ending);
        table += csv_field(path);
        for (const float value : values) table += fmt::format(",{}", value);
        table += '\n';
        return sink_.add(path, sample.image.bytes);
    }
    Status finish() override {
        for (const Split split : kSplits)
            if (const auto& table = tables_[static_cast<std::size_t>(split)]; !table.empty())
                DIGITS_TRY(sink_.add(fmt::format("{}.csv", enum_name(split)), table));
        return {};
    }

  private:
    const DatasetFacts& facts_;
    ExportSink& sink_;
    std::array<std::string, 3> tables_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_table(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<TableExport>(facts, sink);
}

}  // namespace digits
