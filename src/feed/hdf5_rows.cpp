#include "feed/hdf5_rows.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>

#include "base/random.hpp"
#include "base/text.hpp"
#include "caffe/hdf5_handle.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostListBytes = std::uint64_t{16} << 20;
constexpr std::uint64_t kMostRowValues = std::uint64_t{1} << 28;

tl::unexpected<Error> damaged(const fs::path& file, const std::string& dataset, std::string_view what) {
    return fail(make_error(ErrorCode::kDataLoss, "dataset \"{}\" {}", dataset, what).at(file.string()));
}

/// A dataset of one file whose first axis counts the rows.
struct Rows {
    Hdf5Handle dataset;
    std::vector<hsize_t> shape;

    std::size_t row_values() const {
        return std::accumulate(shape.begin() + 1, shape.end(), std::size_t{1}, std::multiplies<>());
    }
    bool read(hsize_t first, hsize_t count, float* to) const {
        std::vector<hsize_t> start(shape.size(), 0);
        std::vector<hsize_t> part = shape;
        start[0] = first;
        part[0] = count;
        const Hdf5Handle file(H5Dget_space(dataset.get()), H5Sclose);
        const Hdf5Handle memory(H5Screate_simple(static_cast<int>(part.size()), part.data(), nullptr), H5Sclose);
        return H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, start.data(), nullptr, part.data(), nullptr) >= 0 &&
               H5Dread(dataset.get(), H5T_NATIVE_FLOAT, memory.get(), file.get(), H5P_DEFAULT, to) >= 0;
    }
};

Result<Rows> open_rows(hid_t file, const fs::path& path, const std::string& name) {
    Rows rows;
    if (H5Lexists(file, name.c_str(), H5P_DEFAULT) > 0)
        rows.dataset = Hdf5Handle(H5Dopen2(file, name.c_str(), H5P_DEFAULT), H5Dclose);
    if (!rows.dataset.valid())
        return fail(
            make_error(ErrorCode::kInvalidArgument, "there is no dataset \"{}\", which a top is named after", name)
                .at(path.string()));
    const Hdf5Handle type(H5Dget_type(rows.dataset.get()), H5Tclose);
    const auto kind = H5Tget_class(type.get());
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) return damaged(path, name, "has no numbers");
    const Hdf5Handle space(H5Dget_space(rows.dataset.get()), H5Sclose);
    const int axes = H5Sget_simple_extent_ndims(space.get());
    if (axes < 1) return damaged(path, name, "has no rows: it must have at least one axis");
    rows.shape.resize(static_cast<std::size_t>(axes));
    H5Sget_simple_extent_dims(space.get(), rows.shape.data(), nullptr);
    std::uint64_t values = 1;
    for (std::size_t i = 1; i < rows.shape.size(); ++i) {
        if (rows.shape[i] == 0 || values > kMostRowValues / rows.shape[i])
            return damaged(path, name, "has rows of no or too many values");
        values *= rows.shape[i];
    }
    return rows;
}

/// One file, open, and its values when they are not too many.
class OpenFile {
  public:
    static Result<OpenFile> open(const fs::path& path, const std::vector<std::string>& names) {
        const QuietHdf5 quiet;
        if (!fs::exists(path)) return fail(make_error(ErrorCode::kNotFound, "no such file").at(path.string()));
        OpenFile file;
        file.path_ = path;
        file.file_ = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
        if (!file.file_.valid())
            return fail(make_error(ErrorCode::kDataLoss, "cannot be opened as HDF5").at(path.string()));
        for (const auto& name : names) {
            DIGITS_ASSIGN(auto rows, open_rows(file.file_.get(), path, name));
            if (!file.rows_.empty() && rows.shape[0] != file.row_count())
                return damaged(path, name,
                               fmt::format("has {} rows, \"{}\" has {}", rows.shape[0], names[0], file.row_count()));
            file.rows_.push_back(std::move(rows));
        }
        return file;
    }

    std::uint64_t row_count() const { return rows_[0].shape[0]; }
    const std::vector<hsize_t>& shape(std::size_t which) const { return rows_[which].shape; }
    const fs::path& path() const { return path_; }

    Status keep_values(const std::vector<std::string>& names, std::uint64_t most_bytes) {
        std::uint64_t bytes = 0;
        for (const auto& rows : rows_) bytes += row_count() * rows.row_values() * sizeof(float);
        if (bytes > most_bytes || row_count() == 0) return {};
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            kept_.emplace_back(row_count() * rows_[i].row_values());
            if (!rows_[i].read(0, row_count(), kept_.back().data())) return damaged(path_, names[i], "cannot be read");
        }
        return {};
    }

    bool copy(std::size_t which, std::uint64_t row, std::uint64_t count, float* to) const {
        if (kept_.empty()) return rows_[which].read(row, count, to);
        const std::size_t size = rows_[which].row_values();
        std::copy_n(kept_[which].data() + row * size, count * size, to);
        return true;
    }

  private:
    fs::path path_;
    Hdf5Handle file_;
    std::vector<Rows> rows_;
    std::vector<std::vector<float>> kept_;
};

Result<std::vector<fs::path>> read_list(const Hdf5RowsOptions& options) {
    DIGITS_ASSIGN(const auto text, read_text_file(options.source.string(), kMostListBytes));
    std::vector<fs::path> files;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        auto line = text.substr(begin, end - begin);
        begin = end + 1;
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
        if (line.empty()) continue;
        auto path = options.base_dir / line;
        std::error_code ignored;
        if (const auto beside = options.source.parent_path() / fs::path(line).filename();
            !fs::exists(path, ignored) && fs::exists(beside, ignored))
            path = beside;
        files.push_back(std::move(path));
    }
    if (files.empty())
        return fail(
            make_error(ErrorCode::kInvalidArgument, "the list names no file; give each line the path of an HDF5 file")
                .at(options.source.string()));
    return files;
}

}  // namespace

class Hdf5Rows::Impl {
  public:
    explicit Impl(const Hdf5RowsOptions& options) : options_(options), batch_(options.first_batch) {}

    Status start() {
        DIGITS_ASSIGN(files_, read_list(options_));
        for (const auto& path : files_) {
            DIGITS_ASSIGN(const auto file, OpenFile::open(path, options_.datasets));
            counts_.push_back(file.row_count());
            total_ += file.row_count();
            DIGITS_TRY(check_shapes(file));
        }
        if (total_ == 0)
            return fail(make_error(ErrorCode::kInvalidArgument, "the files have no rows").at(options_.source.string()));
        for (const auto& shape : shapes_)
            buffers_.emplace_back(static_cast<std::size_t>(
                std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>())));
        rounds_ = {total_, static_cast<std::uint64_t>(options_.batch_size), options_.round_end};
        // The place of the first batch, by whole rounds and then by files.
        const auto first = rounds_.batch(batch_).first;
        round_ = first / total_;
        DIGITS_TRY(begin_round());
        for (row_ = first % total_; row_ >= counts_[file_order_[place_]];) {
            row_ -= counts_[file_order_[place_]];
            DIGITS_TRY(go_to_file(place_ + 1));
        }
        return {};
    }

    Result<std::vector<const float*>> next() {
        const QuietHdf5 quiet;
        const auto batch = rounds_.batch(batch_++);
        if (rounds_.end != RoundEnd::kWrap && batch.first % total_ == 0) {
            round_ = batch.first / total_;
            row_ = 0;
            DIGITS_TRY(begin_round());
        }
        rows_ = static_cast<std::int64_t>(batch.size);
        for (std::uint64_t done = 0; done < batch.size;) {
            const auto count = counts_[file_order_[place_]];
            if (row_ == count) {
                row_ = 0;
                DIGITS_TRY(go_to_file(place_ + 1));
                continue;
            }
            DIGITS_TRY(load_file());
            const auto run = options_.shuffle ? 1 : std::min(batch.size - done, count - row_);
            const auto from = options_.shuffle ? row_order_[row_] : row_;
            for (std::size_t i = 0; i < buffers_.size(); ++i) {
                const auto values = buffers_[i].size() / rounds_.batch_size;
                if (!open_->copy(i, from, run, buffers_[i].data() + done * values))
                    return damaged(open_->path(), options_.datasets[i], fmt::format("cannot be read at row {}", from));
            }
            done += run;
            row_ += run;
        }
        std::vector<const float*> tops;
        for (const auto& buffer : buffers_) tops.push_back(buffer.data());
        return tops;
    }

    const std::vector<std::vector<std::int64_t>>& shapes() const { return shapes_; }
    std::uint64_t row_count() const { return total_; }
    const Rounds& rounds() const { return rounds_; }
    std::int64_t rows() const { return rows_; }

  private:
    Status check_shapes(const OpenFile& file) {
        for (std::size_t i = 0; i < options_.datasets.size(); ++i) {
            std::vector<std::int64_t> shape(file.shape(i).begin(), file.shape(i).end());
            shape[0] = options_.batch_size;
            if (shapes_.size() == i) shapes_.push_back(shape);
            if (shapes_[i] != shape)
                return fail(make_error(ErrorCode::kInvalidArgument,
                                       "the rows of \"{}\" have another shape than those of the first file",
                                       options_.datasets[i])
                                .at(file.path().string()));
        }
        return {};
    }

    Status begin_round() {
        file_order_.resize(files_.size());
        std::iota(file_order_.begin(), file_order_.end(), std::size_t{0});
        if (options_.shuffle) {
            SplitMix64 random(options_.seed, round_ << 1);
            shuffle(std::span(file_order_), random);
        }
        return go_to_file(0);
    }

    Status go_to_file(std::size_t place) {
        if (place == files_.size()) {
            ++round_;
            return begin_round();
        }
        place_ = place;
        if (options_.shuffle) {
            row_order_.resize(counts_[file_order_[place]]);
            std::iota(row_order_.begin(), row_order_.end(), std::uint64_t{0});
            SplitMix64 random(options_.seed + file_order_[place] + 1, round_ << 1 | 1);
            shuffle(std::span(row_order_), random);
        }
        return {};
    }

    /// Opens the file at the current place, unless it is the one that is open.
    Status load_file() {
        const auto& path = files_[file_order_[place_]];
        if (open_ && open_->path() == path) return {};
        open_.reset();
        DIGITS_ASSIGN(auto file, OpenFile::open(path, options_.datasets));
        if (file.row_count() != counts_[file_order_[place_]])
            return fail(make_error(ErrorCode::kDataLoss, "the file has changed").at(path.string()));
        DIGITS_TRY(file.keep_values(options_.datasets, options_.keep_bytes));
        open_.emplace(std::move(file));
        return {};
    }

    const Hdf5RowsOptions options_;
    std::vector<fs::path> files_;
    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    Rounds rounds_;
    std::uint64_t batch_;  ///< the number of the next one
    std::int64_t rows_ = 0;
    std::vector<std::vector<std::int64_t>> shapes_;
    std::vector<std::vector<float>> buffers_;
    std::uint64_t round_ = 0;
    std::vector<std::size_t> file_order_;
    std::size_t place_ = 0;  ///< in file_order_
    std::uint64_t row_ = 0;  ///< of that file, in row_order_ when shuffled
    std::vector<std::uint64_t> row_order_;
    std::optional<OpenFile> open_;
};

Hdf5Rows::Hdf5Rows(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hdf5Rows::~Hdf5Rows() = default;

Result<std::unique_ptr<Hdf5Rows>> Hdf5Rows::open(const Hdf5RowsOptions& options) {
    auto impl = std::make_unique<Impl>(options);
    DIGITS_TRY(impl->start());
    return std::unique_ptr<Hdf5Rows>(new Hdf5Rows(std::move(impl)));
}

const std::vector<std::vector<std::int64_t>>& Hdf5Rows::shapes() const { return impl_->shapes(); }
std::uint64_t Hdf5Rows::row_count() const { return impl_->row_count(); }
const Rounds& Hdf5Rows::rounds() const { return impl_->rounds(); }
std::int64_t Hdf5Rows::rows() const { return impl_->rows(); }
Result<std::vector<const float*>> Hdf5Rows::next() { return impl_->next(); }

}  // namespace digits
