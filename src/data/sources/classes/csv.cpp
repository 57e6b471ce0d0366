#include "data/sources/classes/csv.hpp"

#include <charconv>
#include <cmath>

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
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<CsvOptions> {
    static constexpr const char* kSchema = "CsvSource";
    static Fields fields() {
        using O = CsvOptions;
        return {
            json_field("csv", &O::csv)
                .label("CSV file")
                .help("File on the server with the path of an image and one or more numbers on each line; or JSON with "
                      "\"image\" and \"values\"")
                .path(PlaceKind::kFile)
                .required(),
            json_field("val_csv", &O::val_csv)
                .label("CSV file for validation")
                .help("Instead of a share of the lines")
                .path(PlaceKind::kFile),
            json_field("test_csv", &O::test_csv)
                .label("CSV file for tests")
                .help("Instead of a share of the lines")
                .path(PlaceKind::kFile),
            list_root_field<O>(),
            percent_val_field<O>(),
            percent_test_field<O>()};
    }
};

std::vector<SourcePlace> CsvOptions::places() const {
    return {{"csv", csv, false, true},
            {"val_csv", val_csv, false, false},
            {"test_csv", test_csv, false, false},
            {"root", root, true, false}};
}

std::vector<Split> CsvOptions::splits() const {
    return splits_of(percent_val > 0 || !val_csv.empty(), percent_test > 0 || !test_csv.empty());
}

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 31;

/// A finite number; where no comma separates the fields, one may stand for the decimal point.
std::optional<float> number_in(std::string field, char separator) {
    if (separator != ',') std::ranges::replace(field, ',', '.');
    float value = 0;
    const char* end = field.data() + field.size();
    const char* begin = field.starts_with('+') ? field.data() + 1 : field.data();
    const auto [stop, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

struct Row {
    std::string path;
    std::vector<float> values;
};

/// Reads files of the same columns; the lines that hold no sample become warnings.
class CsvReader {
  public:
    CsvReader(const CsvOptions& options, const SourceContext& context, ScanGuard& guard)
        : options_(options), context_(context), allowed_(context.roots), roots_(context.roots), guard_(guard) {}

    Result<std::vector<Row>> read(const std::string& file, SourceFacts& facts, std::size_t most_rows = SIZE_MAX) {
        DIGITS_ASSIGN(const auto text, read_text_file(file, kMostBytes, roots_));
        LineWarnings left_out(file);
        const auto start = text.find_first_not_of(" \t\r\n");
        if (start != std::string::npos && (text[start] == '[' || text[start] == '{')) {
            DIGITS_ASSIGN(auto found, read_json(text, file, facts, left_out, most_rows));
            return finish(std::move(found), file, left_out, facts);
        }
        DelimitedText lines(text);
        std::vector<Row> rows;
        bool is_first = true;
        for (DelimitedLine line; rows.size() < most_rows && lines.next(line); is_first = false) {
            DIGITS_TRY(guard_.add_entry());
            if (is_first && take_header(line, facts)) continue;
            auto row = row_of(line, file);
            if (!row) {
                left_out.add(line.number, row.error().message);
                continue;
            }
            if (const auto inside = allowed_.check(row->path); !inside)
                return fail(Error(inside.error()).at(fmt::format("{}:{}", file, line.number)));
            count_ = row->values.size();
            rows.push_back(std::move(*row));
            guard_.add_image();
        }
        return finish(std::move(rows), file, left_out, facts);
    }

  private:
    Result<std::vector<Row>> finish(std::vector<Row> rows, const std::string& file, LineWarnings& left_out,
                                    SourceFacts& facts) const {
        for (auto& warning : left_out.finish()) facts.warnings.push_back(std::move(warning));
        if (rows.empty())
            return fail(
                with_causes(make_error(ErrorCode::kInvalidArgument,
                                       "the file has no valid line; give each line a path and one or more numbers")
                                .at(file),
                            facts, context_));
        facts.target = TargetKind::kTensor;
        facts.target_shape = {static_cast<int>(count_)};
        return rows;
    }

    /// Objects with a list "values", or with a number for each name; the first tells the names.
    Result<std::vector<Row>> read_json(const std::string& text, const std::string& file, SourceFacts& facts,
                                       LineWarnings& left_out, std::size_t most_rows) {
        DIGITS_ASSIGN(const auto items, read_json_rows(text, file));
        std::vector<Row> rows;
        int number = 0;
        for (const auto& [path, value] : items) {
            DIGITS_TRY(guard_.add_entry());
            ++number;
            if (rows.size() == most_rows) break;
            Row row{listed_path(options_.root, path, file), {}};
            const auto list = value.is_object() ? value.value("values", nlohmann::json()) : value;
            if (list.is_array()) {
                for (const auto& one : list)
                    if (one.is_number()) row.values.push_back(one.get<float>());
                if (row.values.size() != list.size()) row.values.clear();
            } else if (value.is_object()) {
                if (count_ == 0)
                    for (const auto& [name, one] : value.items())
                        if (one.is_number()) facts.target_names.push_back(name);
                for (const auto& name : facts.target_names)
                    if (const auto one = value.find(name); one != value.end() && one->is_number())
                        row.values.push_back(one->get<float>());
            }
            if (row.values.empty() || (count_ > 0 && row.values.size() != count_)) {
                left_out.add(number, fmt::format("the number of values is {}; it must be {}", row.values.size(),
                                                 count_ > 0 ? std::to_string(count_) : "one or more"));
                continue;
            }
            if (const auto inside = allowed_.check(row.path); !inside)
                return fail(Error(inside.error()).at(fmt::format("{}:{}", file, number)));
            count_ = row.values.size();
            rows.push_back(std::move(row));
            guard_.add_image();
        }
        return rows;
    }

    /// Names instead of numbers behind the path.
    bool take_header(const DelimitedLine& line, SourceFacts& facts) {
        const auto& fields = line.fields;
        if (fields.size() < 2) return false;
        for (std::size_t i = 1; i < fields.size(); ++i)
            if (fields[i].empty() || number_in(fields[i], line.separator)) return false;
        if (has_image_extension(fields[0])) return false;
        if (count_ == 0) facts.target_names.assign(fields.begin() + 1, fields.end());
        if (count_ == 0) count_ = facts.target_names.size();
        return true;
    }

    Result<Row> row_of(const DelimitedLine& line, const std::string& file) const {
        const auto& fields = line.fields;
        if (fields.size() < 2) return fail(ErrorCode::kInvalidArgument, "there is no number behind the path");
        if (count_ > 0 && fields.size() != count_ + 1)
            return fail(ErrorCode::kInvalidArgument, "the number of values is {}; it must be {}", fields.size() - 1,
                        count_);
        if (fields[0].empty()) return fail(ErrorCode::kInvalidArgument, "the path is missing");
        Row row;
        row.path = listed_path(options_.root, fields[0], file);
        for (std::size_t i = 1; i < fields.size(); ++i) {
            const auto value = number_in(fields[i], line.separator);
            if (!value) return fail(ErrorCode::kInvalidArgument, "\"{}\" is not a number", fields[i]);
            row.values.push_back(*value);
        }
        return row;
    }

    const CsvOptions& options_;
    const SourceContext& context_;
    AllowedRoots allowed_;
    ReadableRoots roots_;
    ScanGuard& guard_;
    std::size_t count_ = 0;  ///< of numbers a line; 0: not known yet
};

class Csv final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const CsvOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        if (!options.root.empty()) DIGITS_TRY(check_folder(options.root, "/source/root"));
        std::unique_ptr<Csv> source(new Csv(context));
        CsvReader reader(options, context, guard);
        DIGITS_ASSIGN(auto rows, reader.read(options.csv, source->facts_));
        const bool has_val = !options.val_csv.empty(), has_test = !options.test_csv.empty();
        SplitMix64 random(context.seed);
        shuffle(std::span(rows), random);
        const auto sizes =
            split_sizes(rows.size(), has_val ? 0 : options.percent_val, has_test ? 0 : options.percent_test);
        const auto val = rows.begin() + static_cast<std::ptrdiff_t>(sizes.train);
        const auto test = val + static_cast<std::ptrdiff_t>(sizes.val);
        source->splits_ = {std::vector(std::move_iterator(rows.begin()), std::move_iterator(val)),
                           std::vector(std::move_iterator(val), std::move_iterator(test)),
                           std::vector(std::move_iterator(test), std::move_iterator(rows.end()))};
        if (has_val) {
            DIGITS_ASSIGN(source->splits_[1], reader.read(options.val_csv, source->facts_));
        }
        if (has_test) {
            DIGITS_ASSIGN(source->splits_[2], reader.read(options.test_csv, source->facts_));
        }
        return source;
    }

    static Result<Sample> example(const CsvOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits);
        Csv source(context);
        DIGITS_ASSIGN(source.splits_[0], CsvReader(options, context, guard).read(options.csv, source.facts_, 1));
        return source.get(Split::kTrain, 0);
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return rows(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        return images_.read(name(split, index), target(split, index));
    }
    SampleName name(Split split, std::size_t index) const override { return {rows(split)[index].path}; }
    Target target(Split split, std::size_t index) const override {
        return Tensor{facts_.target_shape, rows(split)[index].values};
    }

  private:
    explicit Csv(const SourceContext& context) : images_(context) {}
    const std::vector<Row>& rows(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    SourceFacts facts_;
    std::array<std::vector<Row>, 3> splits_;
    ImageReader images_;
};

}  // namespace

const SourceKind kCsv = source_kind<CsvOptions, Csv>(
    "csv", "CSV file", "A text file with the path of an image and one or more numbers on each line", {"regression"});

}  // namespace digits
