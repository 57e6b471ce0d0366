#include "data/sources/classes/label_table.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/random.hpp"
#include "base/safe_path.hpp"
#include "base/text.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/delimited.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/json_rows.hpp"
#include "data/sources/files/loose_name.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<LabelTableOptions> {
    static constexpr const char* kSchema = "LabelTableSource";
    static Fields fields() {
        using O = LabelTableOptions;
        return {json_field("table", &O::table)
                    .label("Table")
                    .help("CSV file with the path of an image and its labels on each line, or a column of 0 and 1 for "
                          "each label; or JSON with \"image\" and \"labels\"")
                    .key("field.label_table")
                    .cli("label-table")
                    .path(PlaceKind::kFile)
                    .required(),
                json_field("val_table", &O::val_table)
                    .label("Table for validation")
                    .help("Instead of a share of the images")
                    .key("field.label_val_table")
                    .cli("label-val-table")
                    .path(PlaceKind::kFile),
                json_field("test_table", &O::test_table)
                    .label("Table for tests")
                    .help("Instead of a share of the images")
                    .key("field.label_test_table")
                    .cli("label-test-table")
                    .path(PlaceKind::kFile),
                list_root_field<O>(),
                json_field("separator", &O::separator)
                    .label("Separator")
                    .help("Between the labels of an image; empty: | or ; or a comma")
                    .key("field.label_separator")
                    .cli("label-separator")
                    .advanced(),
                percent_val_field<O>(),
                percent_test_field<O>()};
    }
};

std::vector<SourcePlace> LabelTableOptions::places() const {
    return {{"table", table, false, true},
            {"val_table", val_table, false, false},
            {"test_table", test_table, false, false},
            {"root", root, true, false}};
}
std::vector<Split> LabelTableOptions::splits() const {
    return splits_of(percent_val > 0 || !val_table.empty(), percent_test > 0 || !test_table.empty());
}

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;
constexpr std::size_t kMostLabels = 100'000;

struct Row {
    std::string path;
    std::vector<std::string> labels;
};

std::string trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

/// Whether a field of a column of a label is 1; none for what is neither 0 nor 1. CelebA has -1 for 0.
std::optional<bool> truth_of(std::string field) {
    std::ranges::transform(field, field.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    if (field == "1" || field == "1.0" || field == "true" || field == "yes") return true;
    if (field == "0" || field == "0.0" || field == "-1" || field == "false" || field == "no" || field.empty())
        return false;
    return std::nullopt;
}

/// Reads tables of the same columns.
class TableReader {
  public:
    TableReader(const LabelTableOptions& options, const SourceContext& context, ScanGuard& guard)
        : options_(options), context_(context), allowed_(context.roots), roots_(context.roots), guard_(guard) {}

    Result<std::vector<Row>> read(const std::string& file, SourceFacts& facts, std::size_t most_rows = SIZE_MAX) {
        DIGITS_ASSIGN(const auto text, read_text_file(file, kMostBytes, roots_));
        const auto start = text.find_first_not_of(" \t\r\n");
        const bool is_json = start != std::string::npos && (text[start] == '[' || text[start] == '{');
        std::vector<Row> rows;
        LineWarnings left_out(file);
        DIGITS_TRY(is_json ? read_json(text, file, most_rows, left_out, rows)
                           : read_lines(text, file, most_rows, left_out, rows));
        for (auto& warning : left_out.finish()) facts.warnings.push_back(std::move(warning));
        if (rows.empty())
            return fail(with_causes(make_error(ErrorCode::kInvalidArgument,
                                               "the file has no valid line; give each line a path and its labels")
                                        .at(file),
                                    facts, context_));
        return rows;
    }
    /// In the order of the columns; empty where labels are written out.
    const std::vector<std::string>& columns() const { return columns_; }

  private:
    Status add(Row row, const std::string& file, int line, std::vector<Row>& rows) {
        DIGITS_TRY(guard_.add_entry());
        row.path = listed_path(options_.root, row.path, file);
        if (const auto inside = allowed_.check(row.path); !inside)
            return fail(Error(inside.error()).at(fmt::format("{}:{}", file, line)));
        rows.push_back(std::move(row));
        guard_.add_image();
        return {};
    }

    std::vector<std::string> split_labels(std::string_view text) const {
        std::vector<std::string> labels;
        const std::string_view separators = options_.separator.empty() ? "|;," : std::string_view(options_.separator);
        while (!text.empty()) {
            const auto end = std::min(text.find_first_of(separators), text.size());
            if (auto label = trimmed(text.substr(0, end)); !label.empty()) labels.push_back(std::move(label));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return labels;
    }

    Status read_json(const std::string& text, const std::string& file, std::size_t most_rows, LineWarnings& left_out,
                     std::vector<Row>& rows) {
        DIGITS_ASSIGN(auto items, read_json_rows(text, file));
        int number = 0;
        for (auto& [path, value] : items) {
            ++number;
            if (rows.size() == most_rows) break;
            const nlohmann::json* labels = value.is_object() ? nullptr : &value;
            if (value.is_object())
                for (const char* member : {"labels", "tags", "classes", "label"})
                    if (const auto found = value.find(member); found != value.end()) {
                        labels = &*found;
                        break;
                    }
            Row row{path, {}};
            if (labels && labels->is_string()) {
                row.labels = split_labels(labels->get<std::string>());
            } else if (labels && labels->is_array()) {
                for (const auto& label : *labels)
                    row.labels.push_back(label.is_string() ? trimmed(label.get<std::string>()) : label.dump());
            } else {
                left_out.add(number, "it has no list \"labels\"");
                continue;
            }
            DIGITS_TRY(add(std::move(row), file, number, rows));
        }
        return {};
    }

    Status read_lines(const std::string& text, const std::string& file, std::size_t most_rows, LineWarnings& left_out,
                      std::vector<Row>& rows) {
        DIGITS_ASSIGN(const bool has_header, read_header(text, file));
        DelimitedText lines(text);
        bool is_first = true;
        for (DelimitedLine line; rows.size() < most_rows && lines.next(line); is_first = false) {
            if (is_first && has_header) continue;
            const auto& fields = line.fields;
            if (fields.empty() || fields[0].empty()) {
                left_out.add(line.number, "the path is missing");
                continue;
            }
            Row row{fields[0], {}};
            // "a.png,cat;dog": the comma follows the path.
            const auto comma = row.path.find(',');
            if (columns_.empty() && comma != std::string::npos && !has_image_extension(row.path) &&
                has_image_extension(std::string_view(row.path).substr(0, comma))) {
                row.labels = split_labels(std::string_view(row.path).substr(comma + 1));
                row.path.resize(comma);
            }
            if (columns_.empty()) {
                for (std::size_t i = 1; i < fields.size(); ++i)
                    for (auto& label : split_labels(fields[i])) row.labels.push_back(std::move(label));
            } else {
                if (fields.size() != columns_.size() + 1) {
                    left_out.add(line.number, fmt::format("the number of labels is {}; it must be {}",
                                                          fields.size() - 1, columns_.size()));
                    continue;
                }
                std::string wrong;
                for (std::size_t i = 0; i < columns_.size(); ++i) {
                    const auto truth = truth_of(fields[i + 1]);
                    if (!truth) wrong = fields[i + 1];
                    if (truth.value_or(false)) row.labels.push_back(columns_[i]);
                }
                if (!wrong.empty()) {
                    left_out.add(line.number, fmt::format("\"{}\" is neither 0 nor 1", wrong));
                    continue;
                }
            }
            DIGITS_TRY(add(std::move(row), file, line.number, rows));
        }
        return {};
    }

    /// Whether the first line names columns. With two columns and more behind the path whose second line has 0 and 1
    /// only, they are labels.
    Result<bool> read_header(const std::string& text, const std::string& file) {
        DelimitedText lines(text);
        DelimitedLine first, second;
        if (!lines.next(first) || first.fields.empty() || has_image_extension(first.fields[0])) return false;
        if (!lines.next(second)) return true;
        const bool has_columns =
            first.fields.size() > 2 && second.fields.size() == first.fields.size() &&
            std::all_of(second.fields.begin() + 1, second.fields.end(),
                        [](const std::string& field) { return !field.empty() && truth_of(field).has_value(); });
        if (!has_columns) return true;
        std::vector<std::string> columns(first.fields.begin() + 1, first.fields.end());
        if (!columns_.empty() && columns != columns_)
            return fail(
                make_error(ErrorCode::kInvalidArgument, "its columns are not those of the first table").at(file));
        columns_ = std::move(columns);
        return true;
    }

    const LabelTableOptions& options_;
    const SourceContext& context_;
    AllowedRoots allowed_;
    ReadableRoots roots_;
    ScanGuard& guard_;
    std::vector<std::string> columns_;
};

class LabelTable final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const LabelTableOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        if (!options.root.empty()) DIGITS_TRY(check_folder(options.root, "/source/root"));
        std::unique_ptr<LabelTable> source(new LabelTable(context));
        TableReader reader(options, context, guard);
        std::array<std::vector<Row>, 3> splits;
        const std::array<const std::string*, 3> files{&options.table, &options.val_table, &options.test_table};
        for (std::size_t i = 0; i < files.size(); ++i)
            if (!files[i]->empty()) {
                DIGITS_ASSIGN(splits[i], reader.read(*files[i], source->facts_));
            }
        const bool has_val = !splits[1].empty(), has_test = !splits[2].empty();
        auto& train = splits[0];
        SplitMix64 random(context.seed);
        shuffle(std::span(train), random);
        const auto sizes =
            split_sizes(train.size(), has_val ? 0 : options.percent_val, has_test ? 0 : options.percent_test);
        const auto take = [&](Split to, std::size_t count) {
            auto& split = splits[static_cast<std::size_t>(to)];
            split.insert(split.end(), std::move_iterator(train.end() - static_cast<std::ptrdiff_t>(count)),
                         std::move_iterator(train.end()));
            train.resize(train.size() - count);
        };
        take(Split::kTest, sizes.test);
        take(Split::kVal, sizes.val);
        DIGITS_TRY(source->settle(std::move(splits), reader.columns(), options, context));
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return entries(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        return images_.read(name(split, index), target(split, index));
    }
    SampleName name(Split split, std::size_t index) const override { return {entries(split)[index].path}; }
    Target target(Split split, std::size_t index) const override {
        Tensor tensor{facts_.target_shape, std::vector<float>(facts_.labels.size())};
        for (const int label : entries(split)[index].labels) tensor.values[static_cast<std::size_t>(label)] = 1;
        return tensor;
    }

  private:
    struct Entry {
        std::string path;
        std::vector<int> labels;
    };
    explicit LabelTable(const SourceContext& context) : images_(context) {}
    const std::vector<Entry>& entries(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    /// Labels are numbered by the columns or else by their names.
    Status settle(std::array<std::vector<Row>, 3> splits, const std::vector<std::string>& columns,
                  const LabelTableOptions& options, const SourceContext& context) {
        std::set<std::string> found;
        for (const auto& rows : splits)
            for (const auto& row : rows) found.insert(row.labels.begin(), row.labels.end());
        facts_.labels = columns.empty() ? std::vector<std::string>(found.begin(), found.end()) : columns;
        const auto count = facts_.labels.size();
        if (count < 2 || count > kMostLabels)
            return fail(with_causes(make_error(ErrorCode::kInvalidArgument,
                                               "the number of labels is {}; it must be 2 to {}", count, kMostLabels)
                                        .at(options.table),
                                    facts_, context));
        std::map<std::string_view, int> numbers;
        for (std::size_t i = 0; i < count; ++i) numbers.emplace(facts_.labels[i], static_cast<int>(i));
        for (std::size_t i = 0; i < splits.size(); ++i)
            for (auto& row : splits[i]) {
                Entry entry{std::move(row.path), {}};
                for (const auto& label : row.labels) entry.labels.push_back(numbers.at(label));
                splits_[i].push_back(std::move(entry));
            }
        facts_.target = TargetKind::kTensor;
        facts_.target_shape = {static_cast<int>(count)};
        facts_.target_names = facts_.labels;
        return {};
    }

    SourceFacts facts_;
    std::array<std::vector<Entry>, 3> splits_;
    ImageReader images_;
};

}  // namespace

const SourceKind kLabelTable = source_kind<LabelTableOptions, LabelTable>(
    "label_table", "Several labels an image", "CSV or JSON with the path of an image and its labels", {"multilabel"});

}  // namespace digits
