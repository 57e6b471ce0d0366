#include "data/records/databases/hdf5_database.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <mutex>
#include <numeric>

#include "base/file.hpp"
#include "caffe/hdf5_handle.hpp"
#include "data/records/datum.hpp"
#include "data/records/target_codec.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr const char* kList = "list.txt";
constexpr std::uint64_t kMostListBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMostRowValues = std::uint64_t{1} << 28;
constexpr std::size_t kCacheBytes = std::size_t{16} << 20;  ///< of chunks: more than one

/// The library is for one thread.
std::mutex& library() {
    static std::mutex mutex;
    return mutex;
}

/// A dataset of numbers of a file, read by rows.
class RowArray {
  public:
    Status open(hid_t file, const fs::path& path, const char* name) {
        const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
        H5Pset_chunk_cache(access.get(), 1009, kCacheBytes, H5D_CHUNK_CACHE_W0_DEFAULT);
        set_ = Hdf5Handle(H5Dopen2(file, name, access.get()), H5Dclose);
        if (!set_.valid())
            return fail(make_error(ErrorCode::kDataLoss, "it has no array \"{}\"", name).at(path.string()));
        const Hdf5Handle space(H5Dget_space(set_.get()), H5Sclose);
        shape_.resize(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space.get()), 0)));
        const bool has_rows = !shape_.empty() && H5Sget_simple_extent_dims(space.get(), shape_.data(), nullptr) >= 0;
        std::uint64_t values = 1;
        for (std::size_t i = 1; i < shape_.size(); ++i)
            values = shape_[i] > kMostRowValues / values ? 0 : values * shape_[i];
        if (!has_rows || values == 0)
            return fail(make_error(ErrorCode::kDataLoss, "the array \"{}\" has no rows", name).at(path.string()));
        path_ = path.string();
        return {};
    }

    std::uint64_t count() const { return shape_.front(); }
    /// The axes of a row, of which there are at most three, the last ones of the array.
    std::vector<int> row_shape() const { return {shape_.begin() + 1, shape_.end()}; }
    Result<std::vector<float>> rows(std::uint64_t first, std::uint64_t count) const {
        std::vector<hsize_t> start(shape_.size()), part = shape_;
        start[0] = first;
        part[0] = count;
        std::vector<float> values(std::accumulate(part.begin(), part.end(), std::size_t{1}, std::multiplies<>()));
        const Hdf5Handle file(H5Dget_space(set_.get()), H5Sclose);
        const Hdf5Handle memory(H5Screate_simple(static_cast<int>(part.size()), part.data(), nullptr), H5Sclose);
        H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, start.data(), nullptr, part.data(), nullptr);
        if (H5Dread(set_.get(), H5T_NATIVE_FLOAT, memory.get(), file.get(), H5P_DEFAULT, values.data()) < 0)
            return fail(make_error(ErrorCode::kDataLoss, "row {} cannot be read", first).at(path_));
        return values;
    }

  private:
    std::string path_;
    Hdf5Handle set_;
    std::vector<hsize_t> shape_;
};

bool are_bytes(const std::vector<float>& values) {
    return std::ranges::all_of(values,
                               [](float value) { return value >= 0 && value <= 255 && value == std::floor(value); });
}

/// Whether a target is pixels, as opposed to numbers or boxes.
bool is_image(const std::vector<int>& shape, const std::vector<float>& values) {
    if (shape.size() != 3 || (shape[0] != 1 && shape[0] != 3) || shape[1] * shape[2] < 2) return false;
    return shape[2] != kBoxColumns || values[1] != kBoxColumns || shape[0] != 1;
}

/// Planes of R, G, B where `is_rgb`, else of B, G, R.
std::string image_datum(const std::vector<int>& shape, const std::vector<float>& values, bool is_rgb, int label) {
    const std::vector<std::uint8_t> bytes(values.begin(), values.end());
    auto image = from_planar_bgr(bytes.data(), shape[2], shape[1], shape[0]);
    if (is_rgb && image.channels == 3)
        for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3) std::swap(image.pixels[i], image.pixels[i + 2]);
    return raw_datum(image, label);
}

/// The floats of an image, its planes in B, G, R order.
std::string deep_datum(const std::vector<int>& shape, std::vector<float> values, int label) {
    const auto plane = values.size() / static_cast<std::size_t>(shape[0]);
    if (shape[0] == 3)
        std::swap_ranges(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(plane),
                         values.end() - static_cast<std::ptrdiff_t>(plane));
    return float_datum(shape, values, label);
}

class Hdf5Cursor final : public RecordCursor {
  public:
    explicit Hdf5Cursor(std::shared_ptr<const Hdf5Database> database) : database_(std::move(database)) {}

    Result<bool> next(RecordEntry& entry) override {
        if (next_ == record_count()) {
            next_ = 0;
            return false;
        }
        DIGITS_ASSIGN(entry, read(next_));
        ++next_;
        return true;
    }
    Status skip(std::uint64_t n) override {
        if (record_count() > 0) next_ = (next_ + n) % record_count();
        return {};
    }
    void rewind() override { next_ = 0; }
    Result<RecordEntry> find(std::string_view key) override {
        std::uint64_t index = 0;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        if (error != std::errc() || index >= record_count() || database_->key(index) != key)
            return fail(ErrorCode::kNotFound, "no record {} in {}", key, database_->folder().string());
        return read(index);
    }

  protected:
    std::uint64_t record_count() const override { return database_->record_count(); }

  private:
    /// Key and value in a text of the entry's own.
    Result<RecordEntry> read(std::uint64_t index) const {
        auto key = database_->key(index);
        DIGITS_ASSIGN(const auto value, database_->record(index));
        auto text = std::make_shared<const std::string>(key + value);
        const std::string_view whole = *text;
        return RecordEntry{whole.substr(0, key.size()), whole.substr(key.size()), std::move(text)};
    }

    const std::shared_ptr<const Hdf5Database> database_;
    std::uint64_t next_ = 0;
};

bool means_targets(const fs::path& folder) {
    return folder.filename() == Hdf5Database::kTargets && fs::exists(folder.parent_path() / kList);
}

}  // namespace

struct Hdf5Database::File {
    Hdf5Handle file;
    RowArray images, targets;
    std::uint64_t first = 0;  ///< the number of its first row
};

Hdf5Database::Hdf5Database(const fs::path& folder) : RecordDatabase(folder), of_targets_(means_targets(folder)) {}

Hdf5Database::~Hdf5Database() {
    const std::lock_guard lock(library());
    files_.clear();
}

bool Hdf5Database::is_at(const fs::path& folder) { return fs::exists(folder / kList) || means_targets(folder); }

Result<std::shared_ptr<Hdf5Database>> Hdf5Database::open(const fs::path& folder) {
    std::shared_ptr<Hdf5Database> database(new Hdf5Database(folder));
    DIGITS_TRY(database->start());
    return database;
}

Status Hdf5Database::start() {
    const std::lock_guard lock(library());
    const QuietHdf5 quiet;
    const auto home = of_targets_ ? folder().parent_path() : folder();
    DIGITS_ASSIGN(const auto list, read_file(home / kList, kMostListBytes));
    for (std::size_t begin = 0; begin < list.size();) {
        const auto end = std::min(list.find('\n', begin), list.size());
        // The list has their paths beside the folder of the dataset, which may have moved.
        const auto path = home / fs::path(list.substr(begin, end - begin)).filename();
        begin = end + 1;
        if (path.filename().empty()) continue;
        auto file = std::make_unique<File>();
        file->file = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
        if (!file->file.valid())
            return fail(make_error(ErrorCode::kDataLoss, "it cannot be opened as HDF5").at(path.string()));
        DIGITS_TRY(file->images.open(file->file.get(), path, "data"));
        DIGITS_TRY(file->targets.open(file->file.get(), path, kTargets));
        const auto rows = file->images.count();
        const auto shape = file->images.row_shape(), target = file->targets.row_shape();
        if (shape.size() != 3 || target.size() > 3 || file->targets.count() != rows ||
            (!files_.empty() &&
             (shape != files_.front()->images.row_shape() || target != files_.front()->targets.row_shape())))
            return fail(
                make_error(ErrorCode::kDataLoss, "its rows are not images with a target each").at(path.string()));
        file->first = count_;
        count_ += rows;
        if (target.empty() && rows > 0) {
            DIGITS_ASSIGN(const auto classes, file->targets.rows(0, rows));
            for (const float value : classes)
                classes_.push_back(static_cast<int>(std::lround(std::clamp(value, -1e9F, 1e9F))));
        }
        files_.push_back(std::move(file));
    }
    if (count_ == 0)
        return fail(make_error(ErrorCode::kDataLoss, "the files have no rows").at((home / kList).string()));
    return {};
}

Result<std::unique_ptr<RecordCursor>> Hdf5Database::cursor() {
    return std::make_unique<Hdf5Cursor>(shared_from_this());
}

std::string Hdf5Database::key(std::uint64_t index) const { return fmt::format("{:08}_{}", index, label(index)); }

std::vector<RecordHead> Hdf5Database::heads() const {
    const auto shape = of_targets_ ? std::vector<int>() : files_.front()->images.row_shape();
    std::vector<RecordHead> heads;
    heads.reserve(count_);
    for (std::uint64_t i = 0; i < count_; ++i)
        heads.push_back({key(i), label(i), shape.empty() ? 0 : shape[2], shape.empty() ? 0 : shape[1]});
    return heads;
}

Result<std::string> Hdf5Database::record(std::uint64_t index) const {
    const auto& file =
        **std::prev(std::ranges::upper_bound(files_, index, {}, [](const auto& one) { return one->first; }));
    const auto& array = of_targets_ ? file.targets : file.images;
    const auto shape = array.row_shape();
    std::vector<float> values;
    {
        const std::lock_guard lock(library());
        const QuietHdf5 quiet;
        DIGITS_ASSIGN(values, array.rows(index - file.first, 1));
    }
    if (of_targets_)
        return is_image(shape, values) && are_bytes(values) ? image_datum(shape, values, false, 0)
                                                            : float_datum(shape, values);
    const bool is_shown = shape[0] == 1 || shape[0] == 3;
    return is_shown && are_bytes(values) ? image_datum(shape, values, true, label(index))
                                         : deep_datum(shape, std::move(values), label(index));
}

}  // namespace digits
