#include "data/reports/image_table.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <numeric>

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kLinesFile = "images.jsonl";
constexpr const char* kRowsFile = "images.bin";
constexpr const char* kMarksFile = "images_marks.bin";
constexpr const char* kErrorsFile = "images_errors.bin";
constexpr std::size_t kFlush_bytes = 1 << 20;
constexpr std::uint32_t kMostLine_bytes = 64 << 20;

/// On disk, as this machine lays it out.
struct StoredRow {
    std::uint64_t index;
    std::uint64_t offset;
    std::uint32_t bytes;
    std::uint32_t reserved;
    double worst;
};
static_assert(sizeof(StoredRow) == 32);

struct StoredMark {
    std::uint32_t row;
    std::int32_t truth;
    std::int32_t predicted;
};
static_assert(sizeof(StoredMark) == 12);

template <class T>
void append(std::string& bytes, const T& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Error damaged(const fs::path& file) {
    return make_error(ErrorCode::kDataLoss, "the file is cut off or of another version").at(file.string());
}

template <class T>
Result<std::vector<T>> read_all(const fs::path& file) {
    DIGITS_ASSIGN(const auto bytes, read_file(file, std::uint64_t{1} << 34));
    if (bytes.size() % sizeof(T) != 0) return fail(damaged(file));
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

bool is_wanted(const StoredMark& mark, const ImageTableQuery& query) {
    if (query.truth && mark.truth != *query.truth) return false;
    if (query.predicted && mark.predicted != *query.predicted) return false;
    return !query.correct || (mark.truth == mark.predicted) == *query.correct;
}

/// The error of one number in each image.
Result<std::vector<float>> errors_of(const fs::path& folder, std::uint64_t number, std::size_t images) {
    const auto file = folder / kErrorsFile;
    std::vector<float> all;
    if (fs::exists(file)) {
        DIGITS_ASSIGN(all, read_all<float>(file));
    }
    const auto numbers = images > 0 ? all.size() / images : 0;
    if (numbers * images != all.size()) return fail(damaged(file));
    if (number >= numbers)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "The images of this evaluation have {} numbers; give one of them, counted from 0.",
                               numbers)
                        .at("?number"));
    std::vector<float> errors(images);
    for (std::size_t i = 0; i < images; ++i) errors[i] = all[i * numbers + number];
    return errors;
}

Result<json> read_line(std::ifstream& lines, const StoredRow& row, const fs::path& folder) {
    std::string text(std::min(row.bytes, kMostLine_bytes), '\0');
    lines.seekg(static_cast<std::streamoff>(row.offset));
    lines.read(text.data(), static_cast<std::streamsize>(text.size()));
    auto document = lines ? json::parse(text, nullptr, false) : json(json::value_t::discarded);
    if (!document.is_object()) return fail(damaged(folder / kLinesFile));
    upgrade_image_member(document);
    return document;
}

}  // namespace

void upgrade_image_member(json& row) {
    const auto old = row.find("picture");
    if (old == row.end()) return;
    row.emplace("image", std::move(*old));
    row.erase("picture");
}

Result<ImageTableWriter> ImageTableWriter::create(const fs::path& folder) {
    DIGITS_ASSIGN(auto lines, AtomicFile::create(folder / kLinesFile));
    DIGITS_ASSIGN(auto rows, AtomicFile::create(folder / kRowsFile));
    DIGITS_ASSIGN(auto marks, AtomicFile::create(folder / kMarksFile));
    DIGITS_ASSIGN(auto errors, AtomicFile::create(folder / kErrorsFile));
    return ImageTableWriter(std::move(lines), std::move(rows), std::move(marks), std::move(errors));
}

Status ImageTableWriter::add(const json& row, double worst, std::span<const ImageMark> marks,
                             std::span<const float> errors) {
    // Names of files need not be UTF-8.
    const auto line = row.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    append(row_bytes_,
           StoredRow{row.at("index").get<std::uint64_t>(), offset_, static_cast<std::uint32_t>(line.size()), 0, worst});
    for (const auto& mark : marks) append(mark_bytes_, StoredMark{count_, mark.truth, mark.predicted});
    for (const float error : errors) append(error_bytes_, error);
    has_errors_ = has_errors_ || !errors.empty();
    line_bytes_ += line;
    offset_ += line.size();
    ++count_;
    return line_bytes_.size() < kFlush_bytes ? Status() : flush();
}

Status ImageTableWriter::flush() {
    for (auto [file, bytes] : {std::pair(&lines_, &line_bytes_), std::pair(&rows_, &row_bytes_),
                               std::pair(&marks_, &mark_bytes_), std::pair(&errors_, &error_bytes_)}) {
        DIGITS_TRY(file->write(*bytes));
        bytes->clear();
    }
    return {};
}

Status ImageTableWriter::commit() {
    DIGITS_TRY(flush());
    DIGITS_TRY(lines_.commit());
    DIGITS_TRY(marks_.commit());
    if (has_errors_) DIGITS_TRY(errors_.commit());
    return rows_.commit();
}

bool ImageTable::is_in(const fs::path& folder) { return fs::exists(folder / kRowsFile); }

Result<ImageTable> ImageTable::open(const fs::path& folder) {
    ImageTable table(folder);
    std::error_code error;
    const auto bytes = fs::file_size(folder / kRowsFile, error);
    if (error) return fail(errno_error("cannot open " + (folder / kRowsFile).string(), error.value()));
    if (bytes % sizeof(StoredRow) != 0) return fail(damaged(folder / kRowsFile));
    table.count_ = bytes / sizeof(StoredRow);
    return table;
}

Result<json> ImageTable::row(std::uint64_t index) const {
    DIGITS_ASSIGN(const auto rows, read_all<StoredRow>(folder_ / kRowsFile));
    const auto found = std::ranges::lower_bound(rows, index, {}, &StoredRow::index);
    if (found == rows.end() || found->index != index)
        return fail(ErrorCode::kNotFound, "The evaluation has no image {} (counted from 0).", index);
    std::ifstream lines(folder_ / kLinesFile, std::ios::binary);
    return read_line(lines, *found, folder_);
}

Result<ImageTablePage> ImageTable::find(const ImageTableQuery& query) const {
    DIGITS_ASSIGN(const auto rows, read_all<StoredRow>(folder_ / kRowsFile));
    std::vector<std::uint32_t> wanted;
    if (query.selects()) {
        DIGITS_ASSIGN(const auto marks, read_all<StoredMark>(folder_ / kMarksFile));
        for (const auto& mark : marks)
            if (is_wanted(mark, query) && (wanted.empty() || wanted.back() != mark.row)) wanted.push_back(mark.row);
        if (!wanted.empty() && wanted.back() >= rows.size()) return fail(damaged(folder_ / kMarksFile));
    } else {
        wanted.resize(rows.size());
        std::iota(wanted.begin(), wanted.end(), 0U);
    }
    if (query.worst_first && query.number) {
        DIGITS_ASSIGN(const auto errors, errors_of(folder_, *query.number, rows.size()));
        std::ranges::stable_sort(wanted, std::greater(), [&](std::uint32_t row) { return errors[row]; });
    } else if (query.worst_first) {
        std::ranges::stable_sort(wanted, std::greater(), [&](std::uint32_t row) { return rows[row].worst; });
    }
    ImageTablePage page;
    page.total = wanted.size();
    std::ifstream lines(folder_ / kLinesFile, std::ios::binary);
    for (auto at = query.offset; at < std::min(page.total, query.offset + query.limit); ++at) {
        DIGITS_ASSIGN(auto row, read_line(lines, rows[wanted[at]], folder_));
        page.rows.push_back(std::move(row));
    }
    return page;
}

}  // namespace digits
