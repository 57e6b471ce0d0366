#include "data/dataset_plan.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/random.hpp"
#include "data/sources/crop_list.hpp"
#include "data/sources/folder.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// Mixes a class and keeps at most `most` of it; which ones depends on seed, pass and class alone.
template <class File>
void choose_files(std::vector<File>& files, int most, std::uint64_t seed, std::uint64_t stream) {
    SplitMix64 random(seed, stream);
    shuffle(std::span(files), random);
    if (most > 0 && files.size() > static_cast<std::size_t>(most)) files.resize(static_cast<std::size_t>(most));
}

void add_entries(std::vector<ListEntry>& entries, std::span<std::string> files, int label) {
    for (auto& file : files) entries.push_back({std::move(file), label, {}});
}

class FolderPlanner {
  public:
    FolderPlanner(const DatasetSpec& spec, const std::function<bool(std::size_t)>& found)
        : spec_(spec), source_(spec.source), found_(found) {}

    Result<DatasetPlan> plan() {
        DIGITS_TRY(plan_training());
        if (!source_.val_path.empty())
            DIGITS_TRY(plan_other(Split::kVal, source_.val_path, "/source/val_path", source_.val_min_per_class,
                                  source_.val_max_per_class));
        if (!source_.test_path.empty())
            DIGITS_TRY(plan_other(Split::kTest, source_.test_path, "/source/test_path", source_.test_min_per_class,
                                  source_.test_max_per_class));
        return std::move(plan_);
    }

  private:
    Result<FolderScan> scan(const std::string& path, const char* where) {
        DIGITS_TRY(check_folder(path, where));
        auto scan = scan_folder(path, found_);
        if (!scan) {
            auto error = std::move(scan).error();
            if (error.where.empty()) error.where = where;
            return fail(std::move(error));
        }
        plan_.warnings.insert(plan_.warnings.end(), scan->warnings.begin(), scan->warnings.end());
        return scan;
    }

    Status plan_training() {
        DIGITS_ASSIGN(auto found, scan(source_.path, "/source/path"));
        const int percent_val = source_.val_path.empty() ? source_.percent_val : 0;
        const int percent_test = source_.test_path.empty() ? source_.percent_test : 0;
        const int sets = 1 + (percent_val > 0) + (percent_test > 0);
        const auto least = static_cast<std::size_t>(std::max(source_.min_per_class, sets));
        std::set<std::string> known;
        for (auto& one : found.classes) {
            if (!is_large_enough(one, least)) continue;
            if (!known.insert(one.label).second)
                return fail(make_error(ErrorCode::kInvalidArgument, "two sub-folders mean the class \"{}\"", one.label)
                                .at("/source/path")
                                .advise("rename one: _ and a space are the same in a class name"));
            const int label = static_cast<int>(plan_.labels.size());
            plan_.labels.push_back(one.label);
            choose_files(one.files, source_.max_per_class, spec_.seed, static_cast<std::uint64_t>(label));
            const auto sizes = split_sizes(one.files.size(), percent_val, percent_test);
            const std::span files(one.files);
            add_entries(plan_.entries(Split::kTrain), files.first(sizes.train), label);
            add_entries(plan_.entries(Split::kVal), files.subspan(sizes.train, sizes.val), label);
            add_entries(plan_.entries(Split::kTest), files.last(sizes.test), label);
        }
        if (plan_.labels.size() < 2)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "{} has {} classes with at least {} pictures, expected two or more", source_.path,
                                   plan_.labels.size(), least)
                            .at("/source/path"));
        return {};
    }

    Status plan_other(Split split, const std::string& path, const char* where, std::optional<int> least,
                      std::optional<int> most) {
        DIGITS_ASSIGN(auto found, scan(path, where));
        std::map<std::string, int> numbers;
        for (std::size_t i = 0; i < plan_.labels.size(); ++i) numbers[plan_.labels[i]] = static_cast<int>(i);
        for (auto& one : found.classes) {
            if (!is_large_enough(one, static_cast<std::size_t>(least.value_or(source_.min_per_class)))) continue;
            const auto number = numbers.find(one.label);
            if (number == numbers.end()) {
                plan_.warnings.push_back(
                    fmt::format("class \"{}\" of {} is left out: the training set has no such class", one.label, path));
                continue;
            }
            // Streams above those of the training pass.
            const auto stream = (static_cast<std::uint64_t>(split) << 32) + static_cast<std::uint64_t>(number->second);
            choose_files(one.files, most.value_or(source_.max_per_class), spec_.seed, stream);
            add_entries(plan_.entries(split), one.files, number->second);
        }
        return {};
    }

    bool is_large_enough(const ClassFolder& one, std::size_t least) {
        if (one.files.size() >= std::max<std::size_t>(least, 1)) return true;
        plan_.warnings.push_back(fmt::format("class \"{}\" is left out: not enough pictures ({}, expected at least {})",
                                             one.label, one.files.size(), least));
        return false;
    }

    const DatasetSpec& spec_;
    const SourceSpec& source_;
    const std::function<bool(std::size_t)>& found_;
    DatasetPlan plan_;
};

/// Crops of one label, dealt out as the files of a folder are.
Result<DatasetPlan> plan_crops(const DatasetSpec& spec) {
    const auto& source = spec.source;
    if (!source.root.empty()) DIGITS_TRY(check_folder(source.root, "/source/root"));
    DIGITS_ASSIGN(auto list, read_crop_list(source.crops, source.root, spec.roots));
    DatasetPlan plan;
    plan.warnings = std::move(list.warnings);
    std::map<std::string, std::vector<ListEntry>> classes;
    for (auto& crop : list.entries) classes[crop.label].push_back({std::move(crop.path), 0, crop.box});
    const int sets = 1 + (source.percent_val > 0) + (source.percent_test > 0);
    const auto least = static_cast<std::size_t>(std::max(source.min_per_class, sets));
    for (auto& [name, crops] : classes) {
        if (crops.size() < least) {
            plan.warnings.push_back(fmt::format(
                "class \"{}\" is left out: not enough pictures ({}, expected at least {})", name, crops.size(), least));
            continue;
        }
        const auto label = plan.labels.size();
        plan.labels.push_back(name);
        choose_files(crops, source.max_per_class, spec.seed, label);
        for (auto& crop : crops) crop.label = static_cast<int>(label);
        const auto sizes = split_sizes(crops.size(), source.percent_val, source.percent_test);
        const std::span all(crops);
        const auto add = [&](Split split, std::span<ListEntry> part) {
            auto& entries = plan.entries(split);
            entries.insert(entries.end(), part.begin(), part.end());
        };
        add(Split::kTrain, all.first(sizes.train));
        add(Split::kVal, all.subspan(sizes.train, sizes.val));
        add(Split::kTest, all.last(sizes.test));
    }
    if (plan.labels.size() < 2)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "{} has {} labels with at least {} rectangles, expected two or more", source.crops,
                               plan.labels.size(), least)
                        .at("/source/crops"));
    return plan;
}

std::string first_lines(const std::vector<int>& lines) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 5); ++i)
        text += (i ? ", " : "") + std::to_string(lines[i]);
    return lines.size() > 5 ? text + ", …" : text;
}

Result<DatasetPlan> plan_lists(const DatasetSpec& spec) {
    const auto& source = spec.source;
    DatasetPlan plan;
    if (!source.root.empty()) DIGITS_TRY(check_folder(source.root, "/source/root"));
    DIGITS_ASSIGN(plan.labels, read_labels(source.labels));
    const std::array<std::pair<Split, const std::string*>, 3> files{
        {{Split::kTrain, &source.train}, {Split::kVal, &source.val}, {Split::kTest, &source.test}}};
    for (const auto& [split, file] : files) {
        if (file->empty()) continue;
        DIGITS_ASSIGN(auto list, read_image_list(*file, source.root, spec.roots));
        if (!list.skipped_lines.empty())
            plan.warnings.push_back(fmt::format("{}: {} lines are not a path and a class number (lines {})", *file,
                                                list.skipped_lines.size(), first_lines(list.skipped_lines)));
        for (const auto& entry : list.entries)
            if (static_cast<std::size_t>(entry.label) >= plan.labels.size())
                return fail(make_error(ErrorCode::kInvalidArgument, "{} has class {}, but {} names only {} classes",
                                       entry.path, entry.label, source.labels, plan.labels.size())
                                .at(*file));
        plan.entries(split) = std::move(list.entries);
    }
    return plan;
}

}  // namespace

std::vector<std::size_t> DatasetPlan::per_class(Split split) const {
    std::vector<std::size_t> counts(labels.size(), 0);
    for (const auto& entry : entries(split)) ++counts[static_cast<std::size_t>(entry.label)];
    return counts;
}

Result<DatasetPlan> plan_dataset(const DatasetSpec& spec, const std::function<bool(std::size_t)>& found) {
    if (spec.source.type == SourceType::kLists) return plan_lists(spec);
    if (spec.source.type == SourceType::kCrops) return plan_crops(spec);
    return FolderPlanner(spec, found).plan();
}

}  // namespace digits
