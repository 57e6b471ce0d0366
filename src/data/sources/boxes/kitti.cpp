#include "data/sources/boxes/kitti.hpp"

#include <atomic>
#include <charconv>
#include <map>
#include <set>

#include "base/named_file.hpp"
#include "base/text.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/delimited.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "data/sources/split_folders.hpp"

namespace digits {

template <>
struct JsonBinding<KittiOptions> {
    static constexpr const char* kSchema = "KittiSource";
    static Fields fields() {
        using O = KittiOptions;
        return {json_field("labels", &O::labels)
                    .label("Training labels")
                    .help("Folder with a text file of KITTI's for each image")
                    .key("field.kitti_labels")
                    .cli("kitti")
                    .digits("train_label_folder")
                    .path(PlaceKind::kFolder)
                    .required(),
                images_field<O>(true).digits("train_image_folder"),
                json_field("val_labels", &O::val_labels)
                    .label("Validation labels")
                    .help("Separate folder of labels, instead of a share of the training images")
                    .key("field.kitti_val_labels")
                    .digits("val_label_folder")
                    .path(PlaceKind::kFolder),
                json_field("val_images", &O::val_images)
                    .label("Validation images")
                    .help("Their images")
                    .key("field.kitti_val_images")
                    .digits("val_image_folder")
                    .path(PlaceKind::kFolder),
                json_field("test_labels", &O::test_labels)
                    .label("Test labels")
                    .help("Separate folder of labels, instead of a share of the training images")
                    .key("field.kitti_test_labels")
                    .path(PlaceKind::kFolder)
                    .advanced(),
                json_field("test_images", &O::test_images)
                    .label("Test images")
                    .help("Their images")
                    .key("field.kitti_test_images")
                    .path(PlaceKind::kFolder)
                    .advanced(),
                percent_val_field<O>(),
                percent_test_field<O>(),
                json_field("padding_width", &O::padding_width)
                    .label("Padding width")
                    .help("Images get black at the right up to this width before they are resized; 0: none")
                    .unit("px")
                    .digits("padding_image_width")
                    .range(0, 10000),
                json_field("padding_height", &O::padding_height)
                    .label("Padding height")
                    .help("Images get black at the bottom up to this height before they are resized; 0: none")
                    .unit("px")
                    .digits("padding_image_height")
                    .range(0, 10000),
                json_field("val_min_box", &O::val_min_box)
                    .label("Minimum box size for validation")
                    .help("Validation boxes that are narrower or lower do not count")
                    .unit("px")
                    .digits("val_min_box_size")
                    .range(0, 10000),
                json_field("custom_classes", &O::custom_classes)
                    .label("Custom classes")
                    .help("Names with commas between; their order gives the numbers, and other names get 0: begin with "
                          "dontcare")
                    .digits("custom_classes"),
                skip_bad_field<O>()};
    }
};

namespace {

std::vector<FolderPair> folder_pairs(const KittiOptions& o) {
    return {{"val_labels", "val_images", o.val_labels, o.val_images, Split::kVal},
            {"test_labels", "test_images", o.test_labels, o.test_images, Split::kTest}};
}

}  // namespace

Status KittiOptions::validate(const std::string& where) const {
    DIGITS_TRY(check_folder_pairs(folder_pairs(*this), "labels", where));
    if ((padding_width == 0) != (padding_height == 0))
        return wrong_source(where, padding_width == 0 ? "padding_width" : "padding_height",
                            "Padding needs a width and a height");
    return check_percentages(val_labels.empty() ? percent_val : 0, percent_test, where);
}

std::vector<SourcePlace> KittiOptions::places() const {
    std::vector<SourcePlace> places{{"labels", labels, true, true}, {"images", images, true, true}};
    add_places(folder_pairs(*this), places);
    return places;
}

std::vector<Split> KittiOptions::splits() const {
    return splits_of(!val_labels.empty() || percent_val > 0, !test_labels.empty() || percent_test > 0);
}

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;
constexpr std::size_t kColumns = 15;
constexpr std::string_view kIgnored = "dontcare";

/// DIGITS's table, by number.
constexpr std::array<std::string_view, 16> kClasses{
    "dontcare", "car",       "van",     "truck",  "bus",     "pickup", "vehicle-with-trailer", "special-vehicle",
    "person",   "person-fa", "person?", "people", "cyclist", "tram",   "person_sitting",       "misc"};

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return out;
}

struct ClassTable {
    std::vector<std::string> names;
    std::map<std::string, int> numbers;

    explicit ClassTable(const std::string& custom) {
        if (custom.empty()) {
            for (const auto name : kClasses) add(name);
            numbers.emplace("pedestrian", 8);
            return;
        }
        for (const auto& name : split_line(custom, 1).fields) add(name);
    }
    /// As DIGITS: a name that comes twice has its last number.
    void add(std::string_view name) {
        numbers[lower(name)] = static_cast<int>(names.size());
        names.push_back(lower(name));
    }
    int number_of(const std::string& name) const {
        const auto found = numbers.find(lower(name));
        return found == numbers.end() ? 0 : found->second;
    }
    bool knows(const std::string& name) const { return lower(name) == kIgnored || numbers.contains(lower(name)); }
    bool ignores_first() const { return !names.empty() && names.front() == kIgnored; }
};

/// The fields of a line with white space between; quotes may hold some.
std::vector<std::string> fields_of(std::string_view line) {
    std::vector<std::string> fields;
    bool quoted = false, inside = false;
    for (const char c : line) {
        if (c == '"') {
            quoted = !quoted;
            if (!inside) fields.emplace_back();
            inside = true;
        } else if (!quoted && (c == ' ' || c == '\t' || c == '\r')) {
            inside = false;
        } else {
            if (!inside) fields.emplace_back();
            inside = true;
            fields.back() += c;
        }
    }
    return fields;
}

/// An object of a line, or what is wrong with it.
Result<LabelledObject> object_of(const std::vector<std::string>& fields) {
    if (fields.size() < kColumns)
        return fail(ErrorCode::kInvalidArgument, "the number of columns is {}; it must be at least {}", fields.size(),
                    kColumns);
    std::array<double, kColumns> v{};
    for (std::size_t i = 1; i < kColumns; ++i) {
        const auto value = finite_number(fields[i]);
        if (!value || (i == 2 && *value != std::trunc(*value)))
            return fail(ErrorCode::kInvalidArgument, "\"{}\" in column {} is not a {}number", fields[i], i + 1,
                        i == 2 ? "whole " : "");
        v[i] = *value;
    }
    LabelledObject object;
    object.name = fields[0];
    object.box = {v[4], v[5], v[6], v[7]};
    const auto f = [&](std::size_t i) { return static_cast<float>(v[i]); };
    // The file has height, width, length.
    object.box.kitti = {f(3), f(14), f(1), f(2), {f(10), f(9), f(8)}, {f(11), f(12), f(13)}};
    return object;
}

struct LabelRows {
    std::vector<LabelledObject> objects;
    std::vector<Finding> findings;
};

LabelRows read_rows(std::string_view text, const std::string& name) {
    LabelRows rows;
    int number = 0;
    for (std::string_view rest = without_byte_order_mark(text); !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto fields = fields_of(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        ++number;
        if (fields.empty()) continue;
        auto object = object_of(fields);
        if (object) {
            object->line = number;
            rows.objects.push_back(std::move(*object));
            continue;
        }
        rows.findings.push_back({FindingKind::kBadRow,
                                 name,
                                 number,
                                 object.error().message,
                                 {{"columns", static_cast<std::int64_t>(fields.size())}}});
    }
    // As DIGITS: from far to near, and of equal depth the last first.
    std::ranges::reverse(rows.objects);
    std::ranges::stable_sort(rows.objects, std::greater(),
                             [](const LabelledObject& object) { return object.box.kitti.position_m[2]; });
    return rows;
}

struct Kitti {
    /// A pair of folders.
    struct Part {
        std::string labels, images;
        std::optional<Split> split;
        std::string labels_place = "/source/labels", images_place = "/source/images";
    };

    static Result<std::unique_ptr<SampleSource>> open(const KittiOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const ReadableRoots roots(context.roots);
        const ClassTable table(options.custom_classes);
        SourceFacts facts;
        facts.labels = table.names;
        const bool has_val = !options.val_labels.empty();
        std::vector<Part> parts{{options.labels, options.images, std::nullopt}};
        for (const auto& pair : folder_pairs(options)) {
            if (pair.labels.empty()) continue;
            parts[0].split = Split::kTrain;
            parts.push_back({pair.labels, pair.images, pair.split, fmt::format("/source/{}", pair.labels_member),
                             fmt::format("/source/{}", pair.images_member)});
        }
        struct Pair {
            std::string image, label;
            std::size_t part = 0;
        };
        std::vector<Pair> pairs;
        for (std::size_t part = 0; part < parts.size(); ++part) {
            DIGITS_TRY(check_folder(parts[part].labels, parts[part].labels_place));
            DIGITS_TRY(check_folder(parts[part].images, parts[part].images_place));
            DIGITS_ASSIGN(const auto files, find_files(parts[part].labels, ".txt", roots, guard, facts.warnings));
            if (files.empty())
                return fail(make_error(ErrorCode::kNotFound, "no label files found in {}", parts[part].labels)
                                .at(parts[part].labels));
            DIGITS_ASSIGN(const auto images, ImageIndex::of(parts[part].images, roots, guard, facts.warnings));
            images.report_shared_stems(facts.findings);
            std::map<std::string, std::string, std::less<>> labels;  // as DIGITS, by the name alone
            for (const auto& file : files) labels[std::string(without_ending(last_part(file)))] = file;
            for (const auto& image : images.paths()) {
                const auto found = labels.find(without_ending(last_part(image)));
                pairs.push_back({image, found == labels.end() ? "" : found->second, part});
                if (found != labels.end()) labels.erase(found);
            }
            // They count for the size of the array, as in DIGITS.
            for (const auto& [stem, file] : labels) pairs.push_back({"", file, part});
        }
        ObjectRules rules;
        rules.folder = options.labels;
        rules.images = options.images;
        rules.val_images = options.val_images;
        rules.keeps_numbers = true;
        rules.number_of = [&](const std::string& name) { return table.number_of(name); };
        rules.knows = [&](const std::string& name) { return table.knows(name); };
        rules.least_val_size = options.val_min_box;
        rules.percent_val = options.percent_val;
        rules.percent_test = options.percent_test;
        rules.skips_bad = options.skip_bad_rows;
        if (table.ignores_first()) facts.ignore_label = 0;
        rules.pad_width = options.padding_width;
        rules.pad_height = options.padding_height;
        std::array<std::atomic<int>, 3> most{};  ///< by Split
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> {
            const auto& pair = pairs[i];
            const auto& part = parts[pair.part];
            ObjectImage image;
            image.path = pair.image;
            image.label_file = pair.label;
            image.split = part.split;
            image.has_label = !pair.label.empty();
            if (pair.label.empty()) {
                image.findings.push_back({FindingKind::kMissingLabel, below(part.images, pair.image), 0, ""});
                return image;
            }
            const auto name = below(part.labels, pair.label);
            if (pair.image.empty()) image.findings.push_back({FindingKind::kOrphanLabel, name, 0, ""});
            DIGITS_ASSIGN(const auto text, read_named_file(pair.label, kMostBytes, roots));
            auto rows = read_rows(text, name);
            for (auto& finding : rows.findings) image.findings.push_back(std::move(finding));
            image.objects = std::move(rows.objects);
            auto& so_far = most[static_cast<std::size_t>(part.split.value_or(Split::kTrain))];
            const int count = static_cast<int>(image.objects.size());
            for (int known = so_far; known < count && !so_far.compare_exchange_weak(known, count);) {
            }
            return image;
        };
        // Known only once all files are read; the source is told below.
        DIGITS_ASSIGN(auto source, ObjectFiles::open(pairs.size(), make, rules, std::move(facts), context, guard));
        const bool has_test = !options.test_labels.empty();
        source->set_most_boxes({most[0], has_val ? most[1] : most[0], has_test ? most[2] : most[0]});
        return std::unique_ptr<SampleSource>(std::move(source));
    }
};

}  // namespace

const SourceKind kKitti = source_kind<KittiOptions, Kitti>(
    "kitti", "KITTI", "A text file of KITTI's for each image, as DIGITS's object detection takes them", {"detection"});

}  // namespace digits
