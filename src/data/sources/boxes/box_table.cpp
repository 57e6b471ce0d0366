#include "data/sources/boxes/box_table.hpp"

#include <map>

#include "base/text.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/delimited.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<BoxTableOptions> {
    static constexpr const char* kSchema = "BoxTableSource";
    static Fields fields() {
        using O = BoxTableOptions;
        return {json_field("table", &O::table)
                    .label("CSV file of boxes")
                    .help("A box a row; columns as OpenImages has them, or filename, class, xmin, ymin, xmax, ymax")
                    .key("field.box_table")
                    .cli("boxes")
                    .path(PlaceKind::kFile)
                    .required(),
                json_field("val_table", &O::val_table)
                    .label("CSV file for validation")
                    .help("Instead of a share of the images")
                    .key("field.box_val_table")
                    .path(PlaceKind::kFile),
                json_field("test_table", &O::test_table)
                    .label("CSV file for tests")
                    .help("Instead of a share of the images")
                    .key("field.box_test_table")
                    .path(PlaceKind::kFile),
                images_field<O>(false),
                json_field("class_names", &O::class_names)
                    .label("Class names")
                    .help("OpenImages: CSV file with a code and a name on each line")
                    .path(PlaceKind::kFile)
                    .advanced(),
                percent_val_field<O>(),
                percent_test_field<O>(),
                skip_bad_field<O>()};
    }
};

std::vector<SourcePlace> BoxTableOptions::places() const {
    return {{"table", table, false, true},
            {"val_table", val_table, false, false},
            {"test_table", test_table, false, false},
            {"images", images, true, false},
            {"class_names", class_names, false, false}};
}
std::vector<Split> BoxTableOptions::splits() const {
    return splits_of(percent_val > 0 || !val_table.empty(), percent_test > 0 || !test_table.empty());
}

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;

std::string lower(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return text;
}

/// A name of a column without what people put between its words.
std::string column_name(const std::string& text) {
    auto name = lower(text);
    std::erase_if(name, [](char c) { return c == '_' || c == ' ' || c == '-' || c == '.'; });
    return name;
}

/// kWidth and kHeight are those of the box where it has no right and bottom edge, else of the image.
enum Place { kImage, kClass, kLeft, kTop, kRight, kBottom, kWidth, kHeight, kGroup, kPlaces };

/// Which column holds what.
struct Columns {
    std::array<int, kPlaces> at{};
    bool is_relative = false;
    bool has_size = false;  ///< of the box, instead of its right and bottom edge

    static std::optional<Columns> of_header(const std::vector<std::string>& fields) {
        static const std::map<std::string, Place> known{
            {"imageid", kImage},   {"filename", kImage},  {"file", kImage},        {"image", kImage},
            {"imagepath", kImage}, {"path", kImage},      {"frame", kImage},       {"imagename", kImage},
            {"filepath", kImage},  {"name", kImage},      {"class", kClass},       {"label", kClass},
            {"labelname", kClass}, {"classname", kClass}, {"classid", kClass},     {"category", kClass},
            {"labels", kClass},    {"xmin", kLeft},       {"x1", kLeft},           {"left", kLeft},
            {"x", kLeft},          {"bboxx", kLeft},      {"ymin", kTop},          {"y1", kTop},
            {"top", kTop},         {"y", kTop},           {"bboxy", kTop},         {"xmax", kRight},
            {"x2", kRight},        {"right", kRight},     {"ymax", kBottom},       {"y2", kBottom},
            {"bottom", kBottom},   {"width", kWidth},     {"w", kWidth},           {"bboxwidth", kWidth},
            {"height", kHeight},   {"h", kHeight},        {"bboxheight", kHeight}, {"isgroupof", kGroup}};
        Columns columns;
        columns.at.fill(-1);
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const auto found = known.find(column_name(fields[i]));
            if (found == known.end()) continue;
            auto& at = columns.at[found->second];
            if (at < 0) at = static_cast<int>(i);
            if (lower(fields[i]) == "imageid") columns.is_relative = true;
        }
        columns.has_size = columns.at[kRight] < 0 && columns.at[kBottom] < 0;
        for (const Place place : columns.edges())
            if (columns.at[place] < 0) return std::nullopt;
        return columns.at[kImage] < 0 ? std::nullopt : std::optional(columns);
    }
    std::array<Place, 4> edges() const {
        return has_size ? std::array{kLeft, kTop, kWidth, kHeight} : std::array{kLeft, kTop, kRight, kBottom};
    }
    /// Without a header: path, four numbers, class.
    static std::optional<Columns> of_row(const std::vector<std::string>& fields) {
        if (fields.size() < 5) return std::nullopt;
        for (std::size_t i = 1; i < 5; ++i)
            if (!finite_number(fields[i], true) && !(fields[i].empty() && has_image_extension(fields[0])))
                return std::nullopt;
        Columns columns;
        columns.at = {0, fields.size() > 5 ? 5 : -1, 1, 2, 3, 4, -1, -1, -1};
        return columns;
    }
};

class TableReader {
  public:
    TableReader(const ImageIndex& images, const std::map<std::string, std::string>& names, const ReadableRoots& roots,
                ScanGuard& guard)
        : images_(images), names_(names), roots_(roots), guard_(guard) {}

    Status read(const std::string& file, std::optional<Split> split, std::vector<ObjectImage>& all) {
        DIGITS_ASSIGN(const auto text, read_text_file(file, kMostBytes, roots_));
        DelimitedText lines(text);
        std::optional<Columns> columns;
        std::map<std::string, std::size_t> places;
        for (DelimitedLine line; lines.next(line);) {
            DIGITS_TRY(guard_.add_entry());
            if (!columns) {
                columns = Columns::of_header(line.fields);
                if (columns) continue;
                columns = Columns::of_row(line.fields);
                if (!columns)
                    return fail(make_error(ErrorCode::kInvalidArgument,
                                           "the first line names no columns of boxes; it must name filename, class, "
                                           "xmin, ymin, xmax, ymax, or those of OpenImages")
                                    .at(file));
            }
            const auto field = [&](Place place) {
                const auto at = static_cast<std::size_t>(columns->at[place]);
                return columns->at[place] >= 0 && at < line.fields.size() ? line.fields[at] : std::string();
            };
            const auto image_name = field(kImage);
            const auto [place, is_new] = places.emplace(image_name, all.size());
            if (is_new) {
                ObjectImage image;
                image.label_file = file;
                image.split = split;
                image.is_relative = columns->is_relative;
                images_.assign(image_name, image, line.number);
                if (!columns->has_size) {
                    image.stated_width = stated_side(finite_number(field(kWidth)).value_or(0));
                    image.stated_height = stated_side(finite_number(field(kHeight)).value_or(0));
                }
                all.push_back(std::move(image));
            }
            add_row(line, *columns, field, all[place->second], last_part(file));
        }
        return {};
    }

  private:
    template <class GetField>
    void add_row(const DelimitedLine& line, const Columns& columns, const GetField& field, ObjectImage& image,
                 std::string_view file) const {
        const auto bad = [&](std::string why) {
            image.findings.push_back({FindingKind::kBadRow,
                                      std::string(file),
                                      line.number,
                                      std::move(why),
                                      {{"columns", static_cast<std::int64_t>(line.fields.size())}}});
        };
        const auto edges = columns.edges();
        LabelledObject object;
        object.name = field(kClass);
        // An image without objects has a row without a box.
        if (object.name.empty() && std::ranges::all_of(edges, [&](Place place) { return field(place).empty(); }))
            return;
        std::array<double, 4> v{};
        for (std::size_t i = 0; i < edges.size(); ++i) {
            const auto value = finite_number(field(edges[i]), true);
            if (!value) return bad(fmt::format("\"{}\" is not a number", field(edges[i])));
            v[i] = *value;
        }
        if (columns.at[kClass] >= 0 && object.name.empty()) return bad("a box without a class");
        if (object.name.empty()) object.name = "object";
        if (const auto known = names_.find(object.name); known != names_.end()) object.name = known->second;
        object.box = {v[0], v[1], columns.has_size ? v[0] + v[2] : v[2], columns.has_size ? v[1] + v[3] : v[3]};
        object.box.crowd = field(kGroup) == "1";
        object.line = line.number;
        image.objects.push_back(std::move(object));
    }

    const ImageIndex& images_;
    const std::map<std::string, std::string>& names_;
    const ReadableRoots& roots_;
    ScanGuard& guard_;
};

struct BoxTable {
    static Result<std::unique_ptr<SampleSource>> open(const BoxTableOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const ReadableRoots roots(context.roots);
        SourceFacts facts;
        const auto folder_of = [&](const std::string& table) {
            return options.images.empty() ? std::filesystem::path(table).parent_path().string() : options.images;
        };
        std::map<std::string, ImageIndex> indices;  // by folder
        for (const auto* table : {&options.table, &options.val_table, &options.test_table}) {
            const auto folder = table->empty() ? std::string() : folder_of(*table);
            if (folder.empty() || indices.contains(folder)) continue;
            DIGITS_TRY(check_folder(folder, "/source/images"));
            DIGITS_ASSIGN(indices[folder], ImageIndex::of(folder, roots, guard, facts.warnings));
        }
        std::map<std::string, std::string> names;
        ObjectRules rules;
        if (!options.class_names.empty()) {
            DIGITS_ASSIGN(const auto text, read_text_file(options.class_names, kMostBytes, roots));
            DelimitedText lines(text);
            for (DelimitedLine line; lines.next(line);)
                if (line.fields.size() > 1 && lower(line.fields[0]) != "labelname")
                    names[line.fields[0]] = line.fields[1];
        }
        const bool has_lists = !options.val_table.empty() || !options.test_table.empty();
        std::vector<ObjectImage> all;
        const auto read = [&](const std::string& table, std::optional<Split> split) -> Status {
            if (table.empty()) return {};
            return TableReader(indices.at(folder_of(table)), names, roots, guard).read(table, split, all);
        };
        DIGITS_TRY(read(options.table, has_lists ? std::optional(Split::kTrain) : std::nullopt));
        DIGITS_TRY(read(options.val_table, Split::kVal));
        DIGITS_TRY(read(options.test_table, Split::kTest));
        for (const auto& [folder, images] : indices) images.report_unlisted(all, facts.findings);
        rules.folder = folder_of(options.table);
        rules.percent_val = options.percent_val;
        rules.percent_test = options.percent_test;
        rules.skips_bad = options.skip_bad_rows;
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> { return std::move(all[i]); };
        DIGITS_ASSIGN(auto source, ObjectFiles::open(all.size(), make, rules, std::move(facts), context, guard));
        return std::unique_ptr<SampleSource>(std::move(source));
    }
};

}  // namespace

const SourceKind kBoxTable = source_kind<BoxTableOptions, BoxTable>(
    "box_table", "CSV file of boxes", "A CSV file with a box a row: OpenImages, or any other", {"detection"});

}  // namespace digits
