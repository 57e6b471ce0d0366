#include "data/reports/prediction_table.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRowsFile = "predictions.bin";
constexpr const char* kNamesFile = "predictions_names.bin";
constexpr const char* kTopFile = "top_images.bin";
constexpr const char* kOldTopFile = "top_pictures.bin";  // of version 0.1
constexpr std::size_t kFlush_bytes = 1 << 20;
constexpr std::size_t kRowsAtOnce = 16384;

/// A row on disk, as this machine lays it out.
struct StoredRow {
    std::uint64_t name_offset;
    std::uint32_t name_bytes;
    std::int32_t truth;
    std::int32_t classes[PredictionRow::kTop];
    float probabilities[PredictionRow::kTop];
    float truth_probability;
    std::uint32_t reserved;
};
static_assert(sizeof(StoredRow) == 64);

struct StoredTop {
    std::int64_t index;  ///< -1: none
    float probability;
    std::uint32_t reserved;
};
static_assert(sizeof(StoredTop) == 16);

template <class T>
void append(std::string& bytes, const T& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Error damaged(const fs::path& file) {
    return make_error(ErrorCode::kDataLoss, "the file is cut off or of another version").at(file.string());
}

bool is_wanted(const StoredRow& row, const PredictionQuery& query) {
    if (row.classes[0] < 0) return false;
    if (query.truth && row.truth != *query.truth) return false;
    if (query.predicted && row.classes[0] != *query.predicted) return false;
    return !query.correct || (row.truth >= 0 && (row.truth == row.classes[0]) == *query.correct);
}

PredictionRow to_row(const StoredRow& stored, std::uint64_t index, std::ifstream& names) {
    PredictionRow row;
    row.index = index;
    row.name.resize(std::min<std::uint32_t>(stored.name_bytes, 1 << 16));
    names.seekg(static_cast<std::streamoff>(stored.name_offset));
    names.read(row.name.data(), static_cast<std::streamsize>(row.name.size()));
    row.truth = stored.truth;
    std::copy_n(stored.classes, PredictionRow::kTop, row.classes.begin());
    std::copy_n(stored.probabilities, PredictionRow::kTop, row.probabilities.begin());
    row.truth_probability = stored.truth_probability;
    return row;
}

/// Evaluations of numbers keep none, and those that never began.
Error no_list() { return make_error(ErrorCode::kNotFound, "This evaluation keeps no list of its images."); }

}  // namespace

Result<PredictionWriter> PredictionWriter::create(const fs::path& folder) {
    DIGITS_ASSIGN(auto rows, AtomicFile::create(folder / kRowsFile));
    DIGITS_ASSIGN(auto names, AtomicFile::create(folder / kNamesFile));
    return PredictionWriter(std::move(rows), std::move(names));
}

Status PredictionWriter::add(const PredictionRow& row) {
    StoredRow stored{};
    stored.name_offset = name_offset_;
    stored.name_bytes = static_cast<std::uint32_t>(row.name.size());
    stored.truth = row.truth;
    std::copy(row.classes.begin(), row.classes.end(), stored.classes);
    std::copy(row.probabilities.begin(), row.probabilities.end(), stored.probabilities);
    stored.truth_probability = row.truth_probability;
    append(row_bytes_, stored);
    name_bytes_ += row.name;
    name_offset_ += row.name.size();
    return row_bytes_.size() + name_bytes_.size() < kFlush_bytes ? Status() : flush();
}

Status PredictionWriter::flush() {
    DIGITS_TRY(rows_.write(row_bytes_));
    DIGITS_TRY(names_.write(name_bytes_));
    row_bytes_.clear();
    name_bytes_.clear();
    return {};
}

Status PredictionWriter::commit() {
    DIGITS_TRY(flush());
    DIGITS_TRY(names_.commit());
    return rows_.commit();
}

Result<PredictionTable> PredictionTable::open(const fs::path& folder) {
    PredictionTable table(folder);
    std::error_code error;
    const auto bytes = fs::file_size(folder / kRowsFile, error);
    if (error == std::errc::no_such_file_or_directory) return fail(no_list());
    if (error) return fail(errno_error("cannot open " + (folder / kRowsFile).string(), error.value()));
    if (bytes % sizeof(StoredRow) != 0) return fail(damaged(folder / kRowsFile));
    table.count_ = bytes / sizeof(StoredRow);
    return table;
}

Result<PredictionRow> PredictionTable::row(std::uint64_t index) const {
    if (index >= count_)
        return fail(ErrorCode::kNotFound, "there is no image {}, only {} (counted from 0)", index, count_);
    std::ifstream rows(folder_ / kRowsFile, std::ios::binary), names(folder_ / kNamesFile, std::ios::binary);
    StoredRow stored{};
    rows.seekg(static_cast<std::streamoff>(index * sizeof stored));
    rows.read(reinterpret_cast<char*>(&stored), sizeof stored);
    if (!rows || !names) return fail(damaged(folder_ / kRowsFile));
    return to_row(stored, index, names);
}

Result<PredictionPage> PredictionTable::find(const PredictionQuery& query) const {
    struct Found {
        std::uint64_t index;
        float probability;
    };
    std::ifstream file(folder_ / kRowsFile, std::ios::binary);
    std::vector<StoredRow> some(kRowsAtOnce);
    std::vector<Found> found;
    for (std::uint64_t first = 0; first < count_; first += some.size()) {
        some.resize(std::min<std::uint64_t>(some.size(), count_ - first));
        if (!file.read(reinterpret_cast<char*>(some.data()),
                       static_cast<std::streamsize>(some.size() * sizeof(StoredRow))))
            return fail(damaged(folder_ / kRowsFile));
        for (std::size_t i = 0; i < some.size(); ++i)
            if (is_wanted(some[i], query)) found.push_back({first + i, some[i].probabilities[0]});
    }
    PredictionPage page;
    page.total = found.size();
    const auto begin = std::min<std::uint64_t>(query.offset, found.size());
    const auto end = std::min<std::uint64_t>(begin + query.limit, found.size());
    if (query.order != PredictionOrder::kIndex) {
        const bool most = query.order == PredictionOrder::kMostConfident;
        std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(end), found.end(),
                          [&](const Found& a, const Found& b) {
                              if (a.probability != b.probability)
                                  return most ? a.probability > b.probability : a.probability < b.probability;
                              return a.index < b.index;
                          });
    }
    for (auto i = begin; i < end; ++i) {
        DIGITS_ASSIGN(auto row, this->row(found[i].index));
        page.rows.push_back(std::move(row));
    }
    return page;
}

void TopImages::add(std::uint64_t index, const float* probabilities, std::size_t classes) {
    if (best_.size() < classes) best_.resize(classes);
    for (std::size_t i = 0; i < classes; ++i) {
        auto& list = best_[i];
        const float probability = probabilities[i];
        if (list.size() == kKept && !(probability > list.back().probability)) continue;
        const auto place = std::upper_bound(list.begin(), list.end(), probability,
                                            [](float value, const Entry& entry) { return value > entry.probability; });
        list.insert(place, {index, probability});
        if (list.size() > kKept) list.pop_back();
    }
}

Status TopImages::write(const fs::path& folder) const {
    std::string bytes;
    bytes.reserve(best_.size() * kKept * sizeof(StoredTop));
    for (const auto& list : best_)
        for (std::size_t i = 0; i < kKept; ++i)
            append(bytes, i < list.size() ? StoredTop{static_cast<std::int64_t>(list[i].index), list[i].probability, 0}
                                          : StoredTop{-1, 0, 0});
    return write_file_atomic(folder / kTopFile, bytes);
}

Result<std::vector<TopImages::Entry>> TopImages::read(const fs::path& folder, std::uint64_t label) {
    std::ifstream file(folder / kTopFile, std::ios::binary);
    if (!file) file.open(folder / kOldTopFile, std::ios::binary);
    if (!file && errno == ENOENT) return fail(no_list());
    if (!file) return fail(errno_error("cannot open " + (folder / kTopFile).string(), errno));
    std::vector<StoredTop> stored(kKept);
    const auto bytes = kKept * sizeof(StoredTop);
    file.seekg(static_cast<std::streamoff>(label * bytes));
    if (!file.read(reinterpret_cast<char*>(stored.data()), static_cast<std::streamsize>(bytes)))
        return fail(ErrorCode::kNotFound, "the network has no class {}", label);
    std::vector<Entry> entries;
    for (const auto& one : stored)
        if (one.index >= 0) entries.push_back({static_cast<std::uint64_t>(one.index), one.probability});
    return entries;
}

}  // namespace digits
