#include "data/sources/boxes/yolo.hpp"

#include <map>
#include <set>

#include "base/named_file.hpp"
#include "base/text.hpp"
#include "data/sources/boxes/data_yaml.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/folder_words.hpp"
#include "data/sources/files/loose_name.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/objects/image_sets.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<YoloOptions> {
    static constexpr const char* kSchema = "YoloSource";
    static Fields fields() {
        using O = YoloOptions;
        return {json_field("folder", &O::folder)
                    .label("Dataset folder")
                    .help("Folder with data.yaml, or with images and labels (text files of the same names)")
                    .key("field.yolo_folder")
                    .cli("yolo")
                    .path(PlaceKind::kFolder)
                    .required(),
                images_field<O>(false), percent_val_field<O>(), percent_test_field<O>(), skip_bad_field<O>()};
    }
};

std::vector<SourcePlace> YoloOptions::places() const {
    return {{"folder", folder, true, true}, {"images", images, true, false}};
}
std::vector<Split> YoloOptions::splits() const { return splits_of(true, true); }

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostYaml = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostLabel = std::uint64_t{16} << 20;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// By white space; by commas or semicolons where there is none between the numbers.
std::vector<std::string> fields_of(std::string_view line) {
    std::vector<std::string> fields;
    for (std::size_t i = 0; i < line.size();) {
        while (i < line.size() && is_space(line[i])) ++i;
        const auto start = i;
        while (i < line.size() && !is_space(line[i])) ++i;
        if (i > start) fields.emplace_back(line.substr(start, i - start));
    }
    const auto at = fields.size() == 1 ? fields[0].find_first_of(",;") : std::string::npos;
    if (at != std::string::npos) {
        // Where both are, the commas belong to the numbers.
        const char separator = fields[0].find(';') != std::string::npos ? ';' : ',';
        std::vector<std::string> parts(1);
        for (const char c : fields[0]) {
            if (c == separator)
                parts.emplace_back();
            else
                parts.back() += c;
        }
        return parts;
    }
    for (std::size_t i = 0; i + 1 < fields.size(); ++i)
        if (fields[i].ends_with(',') || fields[i].ends_with(';')) fields[i].pop_back();
    return fields;
}

/// `points_behind`: how many numbers follow the box, of the key points of a pose.
Result<LabelledObject> object_of(const std::vector<std::string>& fields, std::size_t points_behind) {
    if (fields.size() < 5)
        return fail(ErrorCode::kInvalidArgument, "the number of columns is {}; a class and 4 numbers are needed",
                    fields.size());
    std::vector<double> v;
    for (const auto& field : fields) {
        const auto value = finite_number(field, true);
        if (!value) return fail(ErrorCode::kInvalidArgument, "\"{}\" is not a number", field);
        v.push_back(*value);
    }
    LabelledObject object;
    if (v[0] != std::trunc(v[0]) || v[0] < 0 || v[0] > 1e6)
        return fail(ErrorCode::kInvalidArgument, "\"{}\" is not a class number", fields[0]);
    object.index = static_cast<int>(v[0]);
    object.name = std::to_string(*object.index);
    if (v.size() == 5 || v.size() == 5 + points_behind) {
        object.box = {v[1] - v[3] / 2, v[2] - v[4] / 2, v[1] + v[3] / 2, v[2] + v[4] / 2};
        object.outline.polygons = {{object.box.left, object.box.top, object.box.right, object.box.top, object.box.right,
                                    object.box.bottom, object.box.left, object.box.bottom}};
        return object;
    }
    std::vector<double> points(v.begin() + 1, v.end());
    if (points.size() % 2 != 0 || points.size() < 6)
        return fail(
            ErrorCode::kInvalidArgument,
            "the number of columns is {}; a class and 4 numbers, or a class and the points of a polygon, are needed",
            fields.size());
    object.box = bounds_of(points);
    object.outline.polygons = {std::move(points)};
    return object;
}

void read_label(std::string_view text, const std::string& name, std::size_t points_behind, ObjectImage& image) {
    int number = 0;
    for (std::string_view rest = without_byte_order_mark(text); !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto fields = fields_of(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++number;
        if (fields.empty()) continue;
        auto object = object_of(fields, points_behind);
        if (object) {
            object->line = number;
            image.objects.push_back(std::move(*object));
        } else {
            image.findings.push_back({FindingKind::kBadRow,
                                      name,
                                      number,
                                      object.error().message,
                                      {{"columns", static_cast<std::int64_t>(fields.size())}}});
        }
    }
}

/// Lines of a file of names.
std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::string_view rest = without_byte_order_mark(text); !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
        if (!line.empty()) lines.emplace_back(line);
    }
    return lines;
}

bool is_label_name(std::string_view path) {
    const auto name = last_part(path);
    static const std::set<std::string_view> others{
        "train.txt",  "val.txt",    "valid.txt",  "test.txt",    "classes.txt",        "names.txt",
        "labels.txt", "README.txt", "readme.txt", "LICENSE.txt", "README.dataset.txt", "README.roboflow.txt"};
    return !others.contains(name);
}

class YoloFolder {
  public:
    YoloFolder(const YoloOptions& options, const SourceContext& context, ScanGuard& guard)
        : options_(options), context_(context), roots_(context.roots), guard_(guard) {}

    Result<std::unique_ptr<SampleSource>> open() {
        DIGITS_TRY(check_folder(options_.folder, "/source/folder"));
        if (has_own_images()) DIGITS_TRY(check_folder(options_.images, "/source/images"));
        DIGITS_ASSIGN(images_, ImageIndex::of(image_folder(), roots_, guard_, facts_.warnings));
        DIGITS_ASSIGN(auto files, find_files(options_.folder, {".txt", ".yaml", ".yml", ".names"}, roots_, guard_,
                                             facts_.warnings));
        labels_ = std::move(files.at(".txt"));
        DIGITS_TRY(read_names(files));
        DIGITS_TRY(read_splits());
        pair();
        ObjectRules rules;
        rules.folder = options_.folder;
        rules.images = options_.images;
        rules.classes = yaml_.names;
        rules.percent_val = options_.percent_val;
        rules.percent_test = options_.percent_test;
        rules.skips_bad = options_.skip_bad_rows;
        rules.may_be_corners = true;
        const bool has_names = !yaml_.names.empty();
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> {
            const auto& [path, label] = pairs_[i];
            ObjectImage image;
            image.path = path;
            image.label_file = label;
            image.has_label = !label.empty();
            image.is_relative = true;
            if (path.empty()) {
                image.findings.push_back({FindingKind::kOrphanLabel, std::string(last_part(label)), 0, ""});
                return image;
            }
            image.split = split_of(path);
            if (label.empty()) return image;
            DIGITS_ASSIGN(const auto text, read_named_file(label, kMostLabel, roots_));
            read_label(text, below(options_.folder, label), yaml_.points_behind, image);
            if (!has_names)
                for (auto& object : image.objects) object.index.reset();
            return image;
        };
        DIGITS_ASSIGN(auto source, ObjectFiles::open(pairs_.size(), make, rules, std::move(facts_), context_, guard_));
        return std::unique_ptr<SampleSource>(std::move(source));
    }

  private:
    bool has_own_images() const { return !options_.images.empty(); }
    const std::string& image_folder() const { return has_own_images() ? options_.images : options_.folder; }
    static std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

    Status read_names(const FilesByEnding& files) {
        for (const char* ending : {".yaml", ".yml"}) {
            for (const auto& file : files.at(ending)) {
                DIGITS_ASSIGN(const auto text, read_text_file(file, kMostYaml, roots_));
                auto yaml = parse_data_yaml(text, file);
                if (!yaml) return fail(std::move(yaml).error());
                if (yaml->names.empty() && (!yaml->has_splits() || !yaml_folder_.empty())) continue;
                yaml_ = std::move(*yaml);
                yaml_folder_ = fs::path(file).parent_path();
                if (!yaml_.names.empty()) return check_count(file);
            }
        }
        auto lists = files.at(".names");
        for (const auto& label : labels_)
            if (last_part(label) == "classes.txt" || last_part(label) == "names.txt" ||
                last_part(label) == "labels.txt")
                lists.push_back(label);
        for (const auto& file : lists) {
            DIGITS_ASSIGN(const auto text, read_text_file(file, kMostYaml, roots_));
            yaml_.names = lines_of(text);
            if (!yaml_.names.empty()) return {};
        }
        return {};
    }

    Status check_count(const std::string& file) {
        if (yaml_.count && *yaml_.count != yaml_.names.size())
            facts_.warnings.push_back(fmt::format("{} says nc: {}, but names {} classes: the names count",
                                                  last_part(file), *yaml_.count, yaml_.names.size()));
        return {};
    }

    /// Where data.yaml or the names of folders and lists say it.
    Status read_splits() {
        const auto root = [&] {
            if (yaml_.path.empty()) return yaml_folder_.empty() ? fs::path(options_.folder) : yaml_folder_;
            const auto path = yaml_folder_ / plain_path(yaml_.path);
            std::error_code ignored;
            return fs::is_directory(path, ignored) ? path : yaml_folder_;
        }();
        for (const Split split : kSplits)
            for (const auto& place : yaml_.splits[static_cast<std::size_t>(split)]) {
                const auto path = place_of(root, place);
                if (path.empty()) {
                    facts_.findings.add({FindingKind::kMissingSplit, place, 0, std::string(enum_name(split))});
                    continue;
                }
                if (path.extension() == ".txt") {
                    DIGITS_TRY(lists_.add(path.string(), split, images_, roots_, facts_));
                } else {
                    auto text = path.string();
                    while (text.ends_with('/')) text.pop_back();
                    folders_.emplace_back(text + '/', split);
                }
            }
        if (lists_.empty() && folders_.empty())
            for (const auto& [name, split] : {std::pair("train.txt", Split::kTrain),
                                              {"val.txt", Split::kVal},
                                              {"valid.txt", Split::kVal},
                                              {"test.txt", Split::kTest}}) {
                const auto path = (fs::path(options_.folder) / name).string();
                if (std::ranges::find(labels_, path) != labels_.end())
                    DIGITS_TRY(lists_.add(path, split, images_, roots_, facts_));
            }
        for (const auto& [folder, split] : folders_) named_.push_back(folder);
        if (!std::ranges::any_of(images_.paths(), [&](const auto& image) { return is_named(image); })) named_.clear();
        // All in one place is not a split.
        if (folders_.size() > 1 &&
            std::ranges::all_of(folders_, [&](const auto& one) { return one.first == folders_[0].first; }))
            folders_.clear();
        if (folders_.size() == 1 && folders_[0].second == Split::kTrain) folders_.clear();
        if (lists_.empty() && folders_.empty()) by_names_ = images_.has_split_folders();
        return {};
    }

    /// Whether an image is in one of the folders that data.yaml names, if it does.
    bool is_named(const std::string& image) const {
        return named_.empty() ||
               std::ranges::any_of(named_, [&](const auto& folder) { return image.starts_with(folder); });
    }

    /// A folder or list of data.yaml: below the folder of the dataset, whatever is in front of it on another machine,
    /// such as Roboflow's "../train/images" for the folder beside data.yaml. Empty where there is none.
    fs::path place_of(const fs::path& root, const std::string& place) const {
        std::vector<fs::path> starts{root, yaml_folder_, options_.folder};
        std::vector<std::string> within{options_.folder};
        if (has_own_images()) {
            starts.insert(starts.end(), {fs::path(options_.images).parent_path(), options_.images});
            within.push_back(options_.images);
        }
        return find_yaml_place(place, starts, within);
    }

    std::optional<Split> split_of(const std::string& path) const {
        if (!lists_.empty()) return lists_.split_of(path);
        for (const auto& [folder, split] : folders_)
            if (path.starts_with(folder)) return split;
        return by_names_ ? images_.split_of_folder(path) : std::nullopt;
    }

    /// The label of an image: its path with "labels" in place of the last "images", beside it, or of the only label of
    /// this name.
    void pair() {
        images_.report_shared_stems(facts_.findings);
        std::map<std::string, std::vector<std::string>, std::less<>> by_stem;  // and by what is like it
        std::set<std::string, std::less<>> left, all, labelled;                // the last of folders
        for (const auto& label : labels_) {
            if (!is_label_name(label)) continue;
            const auto stem = std::string(without_ending(last_part(label)));
            const auto loose = loose_name(stem);
            by_stem[stem].push_back(label);
            if (loose != stem) by_stem[loose].push_back(label);
            left.insert(label);
        }
        all = left;
        for (const auto& image : images_.paths()) {
            const auto stem = std::string(without_ending(image));
            // Images that differ in their ending share a label.
            std::string label = stem + ".txt";
            if (!all.contains(label)) label = swapped(stem) + ".txt";
            if (!all.contains(label)) {
                label.clear();
                const auto name = std::string(last_part(stem));
                for (const auto& key : {name, loose_name(name)}) {
                    const auto named = by_stem.find(key);
                    if (label.empty() && named != by_stem.end() && named->second.size() == 1 &&
                        left.contains(named->second[0]))
                        label = named->second[0];
                }
            }
            left.erase(label);
            if (!is_named(image)) {
                facts_.findings.add({FindingKind::kUnlistedImage, below(image_folder(), image), 0, ""});
                continue;
            }
            if (!label.empty()) labelled.insert(folder_of(image));
            pairs_.emplace_back(image, label);
        }
        // Masks that lie beside the images are not images.
        std::erase_if(pairs_, [&](const auto& pair) {
            const auto inner = std::filesystem::path(below(image_folder(), pair.first)).parent_path().string();
            return !labelled.contains(folder_of(pair.first)) && is_mask_folder(inner);
        });
        for (const auto& label : left) pairs_.emplace_back("", label);
    }
    static std::string swapped(const std::string& stem) {
        auto path = stem;
        const auto at = path.rfind("/images/");
        if (at != std::string::npos) path.replace(at, 8, "/labels/");
        return path;
    }

    const YoloOptions& options_;
    const SourceContext& context_;
    ReadableRoots roots_;
    ScanGuard& guard_;
    SourceFacts facts_;
    ImageIndex images_;
    std::vector<std::string> labels_;
    DataYaml yaml_;
    fs::path yaml_folder_;
    ImageSets lists_;
    std::vector<std::pair<std::string, Split>> folders_;
    std::vector<std::string> named_;  ///< folders of images in data.yaml; empty: images lie everywhere
    bool by_names_ = false;
    std::vector<std::pair<std::string, std::string>> pairs_;  ///< image, label; either may be empty
};

struct Yolo {
    static Result<std::unique_ptr<SampleSource>> open(const YoloOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        return YoloFolder(options, context, guard).open();
    }
};

}  // namespace

const SourceKind kYolo = source_kind<YoloOptions, Yolo>(
    "yolo", "YOLO", "A text file with class numbers and boxes for each image", {"detection", "segmentation"});

}  // namespace digits
