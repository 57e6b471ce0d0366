#include "data/sources/classes/lists.hpp"

#include "base/text.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/label_file.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<ListOptions> {
    static constexpr const char* kSchema = "ListSource";
    static Fields fields() {
        using O = ListOptions;
        return {json_field("train", &O::train)
                    .label("Training list")
                    .help("Text file on the server: an image path and a class index, counted from 0, on each line")
                    .key("field.list_train")
                    .cli("train-list")
                    .digits("textfile_train_images")
                    .path(PlaceKind::kFile)
                    .required(),
                json_field("val", &O::val)
                    .label("Validation list")
                    .help("Same format; optional")
                    .key("field.list_val")
                    .cli("val-list")
                    .digits("textfile_val_images")
                    .path(PlaceKind::kFile),
                json_field("test", &O::test)
                    .label("Test list")
                    .help("Same format; optional")
                    .key("field.list_test")
                    .cli("test-list")
                    .digits("textfile_test_images")
                    .path(PlaceKind::kFile),
                json_field("labels", &O::labels)
                    .label("Labels")
                    .help("Text file with one class name on each line")
                    .key("field.list_labels")
                    .digits("textfile_labels_file")
                    .path(PlaceKind::kFile)
                    .required(),
                list_root_field<O>()};
    }
};

std::vector<SourcePlace> ListOptions::places() const {
    return {{"train", train, false, true},
            {"val", val, false, false},
            {"test", test, false, false},
            {"labels", labels, false, true},
            {"root", root, true, false}};
}

std::vector<Split> ListOptions::splits() const { return splits_of(!val.empty(), !test.empty()); }

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;

std::string first_lines(const std::vector<int>& lines) {
    std::string text;
    for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 5); ++i)
        text += (i ? ", " : "") + std::to_string(lines[i]);
    return lines.size() > 5 ? text + ", …" : text;
}

/// As people write them: empty lines and white space before a name do not count.
Result<std::vector<std::string>> class_names(const std::string& file, const ReadableRoots& roots) {
    DIGITS_ASSIGN(auto labels, read_labels(file, roots));
    for (auto& label : labels) label.erase(0, label.find_first_not_of(" \t\v\f"));
    std::erase(labels, "");
    if (labels.size() < 2)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "the file has too few class names ({}); at least two are needed, one per line",
                               labels.size())
                        .at(file));
    return labels;
}

Result<ImageList> list_of(const std::string& file, const ListOptions& options, const SourceContext& context,
                          ScanGuard& guard) {
    DIGITS_ASSIGN(const auto text, read_text_file(file, kMostBytes, ReadableRoots(context.roots)));
    return parse_image_list(text, file, options.root, context.roots, guard);
}

struct Lists {
    static Result<std::unique_ptr<SampleSource>> open(const ListOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        if (!options.root.empty()) DIGITS_TRY(check_folder(options.root, "/source/root"));
        SourceFacts facts;
        DIGITS_ASSIGN(facts.labels, class_names(options.labels, ReadableRoots(context.roots)));
        std::array<std::vector<ListEntry>, 3> splits;
        const std::array<const std::string*, 3> files{&options.train, &options.val, &options.test};
        for (std::size_t split = 0; split < files.size(); ++split) {
            const auto& file = *files[split];
            if (file.empty()) continue;
            DIGITS_ASSIGN(auto list, list_of(file, options, context, guard));
            if (!list.skipped_lines.empty())
                facts.warnings.push_back(fmt::format("{}: {} lines are not a path and a class number (lines {})", file,
                                                     list.skipped_lines.size(), first_lines(list.skipped_lines)));
            for (const auto& entry : list.entries)
                if (static_cast<std::size_t>(entry.label) >= facts.labels.size())
                    return fail(with_causes(
                        make_error(ErrorCode::kInvalidArgument, "{} has class {}, but {} names only {} classes",
                                   entry.path, entry.label, options.labels, facts.labels.size())
                            .at(file),
                        facts, context));
            splits[split] = std::move(list.entries);
        }
        return std::make_unique<LabelledFiles>(std::move(facts), std::move(splits), context);
    }

    static Result<Sample> example(const ListOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits);
        DIGITS_ASSIGN(const auto list, list_of(options.train, options, context, guard));
        const auto& first = list.entries.front();
        return ImageReader(context).read({first.path}, ClassLabel{first.label});
    }
};

}  // namespace

const SourceKind kLists = source_kind<ListOptions, Lists>(
    "lists", "Text files", "Text files with the path of an image and a class number on each line", {"classification"});

}  // namespace digits
