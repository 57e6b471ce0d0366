#include <array>
#include <map>
#include <set>

#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

/// SPLIT/CLASS/NAME.png; the lists keep the numbers of the classes, which folders lose.
class ClassFolders final : public ExportWriter {
  public:
    ClassFolders(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        const int label = std::get<ClassLabel>(sample.target).index;
        const auto path = fmt::format("{}/{}/{}{}", enum_name(split), folder_of(label), stem, sample.image.ending);
        lists_[static_cast<std::size_t>(split)] += fmt::format("{} {}\n", path, label);
        return sink_.add(path, sample.image.bytes);
    }
    Status finish() override {
        DIGITS_TRY(sink_.add("labels.txt", label_lines(facts_.labels)));
        for (const Split split : kSplits)
            if (const auto& list = lists_[static_cast<std::size_t>(split)]; !list.empty())
                DIGITS_TRY(sink_.add(fmt::format("{}.txt", enum_name(split)), list));
        return {};
    }

  private:
    /// Two classes whose names become equal get numbers.
    const std::string& folder_of(int label) {
        auto& folder = folders_[label];
        if (!folder.empty()) return folder;
        const auto name = file_name_of(class_name_of(facts_, label));
        folder = name;
        for (int i = 2; !used_.insert(folder).second; ++i) folder = fmt::format("{}_{}", name, i);
        return folder;
    }

    const DatasetFacts& facts_;
    ExportSink& sink_;
    std::map<int, std::string> folders_;
    std::set<std::string> used_;
    std::array<std::string, 3> lists_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_class_folders(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<ClassFolders>(facts, sink);
}

}  // namespace digits
