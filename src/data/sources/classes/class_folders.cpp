#include "data/sources/classes/class_folders.hpp"

#include "base/utf8.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<ClassFolderOptions> {
    static constexpr const char* kSchema = "FolderSource";
    static Fields fields() {
        using O = ClassFolderOptions;
        return with_separate_limits<O>(
            {json_field("path", &O::path)
                 .label("Training images")
                 .help("Folder on the server with one subfolder per class, named after the class")
                 .key("field.folder")
                 .cli("from")
                 .digits("folder_train")
                 .path(PlaceKind::kFolder)
                 .required(),
             json_field("val_path", &O::val_path)
                 .label("Validation images")
                 .help("Separate folder of validation images, instead of a share of the training images")
                 .cli("val-dir")
                 .digits("folder_val")
                 .path(PlaceKind::kFolder),
             json_field("test_path", &O::test_path)
                 .label("Test images")
                 .help("Separate folder of test images, instead of a share of the training images")
                 .cli("test-dir")
                 .digits("folder_test")
                 .path(PlaceKind::kFolder),
             percent_val_field<O>(), percent_test_field<O>(), min_per_class_field<O>(), max_per_class_field<O>()});
    }
};

Status ClassFolderOptions::validate(const std::string& where) const {
    DIGITS_TRY(check_percentages(dealt_to_val(), dealt_to_test(), where));
    DIGITS_TRY(check_class_limits(min_per_class, max_per_class, "", where));
    return check_separate_limits(*this, {min_per_class, max_per_class}, where);
}

std::vector<SourcePlace> ClassFolderOptions::places() const {
    return {{"path", path, true, true}, {"val_path", val_path, true, false}, {"test_path", test_path, true, false}};
}

std::vector<Split> ClassFolderOptions::splits() const {
    return splits_of(!val_path.empty() || percent_val > 0, !test_path.empty() || percent_test > 0);
}

namespace {

using Classes = std::vector<ClassItems<std::string>>;

class FolderScanner {
  public:
    FolderScanner(const ClassFolderOptions& options, const SourceContext& context)
        : options_(options), roots_(context.roots), guard_(context.limits, context.found), context_(context) {}

    Result<std::unique_ptr<SampleSource>> scan() {
        const auto& o = options_;
        DIGITS_TRY(guard_.check());
        facts_.labels_are_found = true;
        DIGITS_TRY(scan_training());
        DIGITS_TRY(scan_other(Split::kVal, o.val_path, "/source/val_path"));
        DIGITS_TRY(scan_other(Split::kTest, o.test_path, "/source/test_path"));
        for (const auto& label : facts_.labels)
            if (!is_utf8(label))
                facts_.warnings.push_back(fmt::format("The name of the folder \"{}\" is not UTF-8: rename it", label));
        return std::make_unique<LabelledFiles>(std::move(facts_), std::move(splits_), context_, NameOrigin::kWalk);
    }

  private:
    Result<Classes> classes_of(const std::string& path, const char* where) {
        DIGITS_TRY(check_folder(path, where));
        auto scan = scan_folder(path, roots_, guard_);
        if (!scan) {
            auto error = std::move(scan).error();
            if (error.where.empty()) error.where = where;
            return fail(std::move(error));
        }
        facts_.warnings.insert(facts_.warnings.end(), scan->warnings.begin(), scan->warnings.end());
        add_types(scan->unsupported, facts_.unsupported);
        Classes classes;
        for (auto& one : scan->classes) classes.push_back({std::move(one.label), std::move(one.files)});
        return classes;
    }

    auto adder() {
        return [this](Split split, std::string file, int label) {
            splits_[static_cast<std::size_t>(split)].push_back({std::move(file), label, {}});
        };
    }

    Status scan_training() {
        DIGITS_ASSIGN(auto classes, classes_of(options_.path, "/source/path"));
        const ClassLimits limits{options_.min_per_class, options_.max_per_class};
        const int val = options_.dealt_to_val(), test = options_.dealt_to_test();
        const auto least = ClassDealer::least_of(limits, val, test);
        std::set<std::string> known;
        for (const auto& one : classes)
            if (one.items.size() >= least && !known.insert(one.label).second)
                return fail(make_error(ErrorCode::kInvalidArgument, "two sub-folders mean the class \"{}\"", one.label)
                                .at("/source/path")
                                .advise("rename one: _ and a space are the same in a class name"));
        ClassDealer(context_.seed, facts_).deal(classes, limits, val, test, adder());
        if (facts_.labels.size() < 2)
            return fail(
                with_causes(make_error(ErrorCode::kInvalidArgument,
                                       "{} has {} with {} or more images; at least two classes are needed",
                                       options_.path, facts_.labels.empty() ? "no class" : "only one class", least)
                                .at("/source/path"),
                            facts_, context_));
        return {};
    }

    Status scan_other(Split split, const std::string& path, const char* where) {
        if (path.empty()) return {};
        DIGITS_ASSIGN(auto classes, classes_of(path, where));
        const auto limits = limits_for(split, options_, {options_.min_per_class, options_.max_per_class});
        ClassDealer(context_.seed, facts_).deal_to(split, classes, limits, path, adder());
        return {};
    }

    const ClassFolderOptions& options_;
    const ReadableRoots roots_;
    ScanGuard guard_;
    const SourceContext& context_;
    SourceFacts facts_;
    std::array<std::vector<ListEntry>, 3> splits_;
};

struct ClassFolders {
    static Result<std::unique_ptr<SampleSource>> open(const ClassFolderOptions& options, const SourceContext& context) {
        return FolderScanner(options, context).scan();
    }

    static Result<Sample> example(const ClassFolderOptions& options, const SourceContext& context) {
        DIGITS_TRY(check_folder(options.path, "/source/path"));
        const ReadableRoots roots(context.roots);
        ScanGuard guard(context.limits);
        DIGITS_ASSIGN(const auto file, find_first_image(options.path, roots, guard));
        if (file.empty())
            return fail(make_error(ErrorCode::kNotFound, "there is no image in {}", options.path).at("/source/path"));
        return ImageReader(context).read({file});
    }
};

}  // namespace

const SourceKind kClassFolders = source_kind<ClassFolderOptions, ClassFolders>(
    "folder", "Image folder", "A folder with one subfolder per class", {"classification"});

}  // namespace digits
