#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include "base/disk_space.hpp"
#include "base/file.hpp"
#include "caffe/hdf5_handle.hpp"
#include "data/records/record_sink.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr int kGzipLevel = 4;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kBatchRecords = 100;
constexpr std::size_t kBatchBytes = std::size_t{64} << 20;

/// A float dataset that grows along its first axis.
struct GrowingArray {
    Hdf5Handle dataset;
    std::vector<hsize_t> row;  ///< the axes after the first
    hsize_t rows = 0;

    static GrowingArray create(hid_t file, const char* name, std::vector<hsize_t> row, Hdf5Compression compression) {
        std::vector<hsize_t> size{0};
        std::vector<hsize_t> most{H5S_UNLIMITED};
        std::size_t row_bytes = sizeof(float);
        for (const hsize_t n : row) row_bytes *= n;
        std::vector<hsize_t> chunk{std::clamp<hsize_t>(kChunkBytes / row_bytes, 1, 1024)};
        for (auto* axes : {&size, &most, &chunk}) axes->insert(axes->end(), row.begin(), row.end());
        const int rank = static_cast<int>(size.size());
        const Hdf5Handle space(H5Screate_simple(rank, size.data(), most.data()), H5Sclose);
        const Hdf5Handle layout(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
        H5Pset_chunk(layout.get(), rank, chunk.data());
        if (compression == Hdf5Compression::kGzip) H5Pset_deflate(layout.get(), kGzipLevel);
        GrowingArray array;
        array.row = std::move(row);
        array.dataset = Hdf5Handle(
            H5Dcreate2(file, name, H5T_IEEE_F32LE, space.get(), H5P_DEFAULT, layout.get(), H5P_DEFAULT), H5Dclose);
        return array;
    }

    bool append(const float* values, hsize_t count) {
        std::vector<hsize_t> size{rows + count};
        std::vector<hsize_t> start{rows};
        std::vector<hsize_t> part{count};
        for (const hsize_t n : row) {
            size.push_back(n);
            start.push_back(0);
            part.push_back(n);
        }
        if (H5Dset_extent(dataset.get(), size.data()) < 0) return false;
        const Hdf5Handle file_space(H5Dget_space(dataset.get()), H5Sclose);
        const Hdf5Handle memory(H5Screate_simple(static_cast<int>(part.size()), part.data(), nullptr), H5Sclose);
        H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, part.data(), nullptr);
        if (H5Dwrite(dataset.get(), H5T_NATIVE_FLOAT, memory.get(), file_space.get(), H5P_DEFAULT, values) < 0)
            return false;
        rows += count;
        return true;
    }
};

class Hdf5Sink : public RecordSink {
  public:
    Hdf5Sink(fs::path folder, const ImageSpec& image, Hdf5Compression compression, std::string list_prefix,
             std::uint64_t most_elements, const std::vector<int>& target_shape)
        : folder_(std::move(folder)), list_prefix_(std::move(list_prefix)), compression_(compression) {
        row_ = {static_cast<hsize_t>(image.channels), static_cast<hsize_t>(image.height),
                static_cast<hsize_t>(image.width)};
        target_row_.assign(target_shape.begin(), target_shape.end());
        record_floats_ = static_cast<std::size_t>(row_[0] * row_[1] * row_[2]);
        most_rows_ = std::max<std::uint64_t>(1, most_elements / record_floats_);
        batch_ = std::clamp<std::size_t>(kBatchBytes / (record_floats_ * sizeof(float)), 1, kBatchRecords);
    }

    Status put(PackedRecord record) override {
        for (const char byte : record.bytes) values_.push_back(static_cast<float>(static_cast<unsigned char>(byte)));
        if (target_row_.empty())
            labels_.push_back(static_cast<float>(record.label));
        else
            labels_.insert(labels_.end(), record.target.begin(), record.target.end());
        ++pending_;
        const bool full = data_.rows + pending_ == most_rows_;
        return full || pending_ == batch_ ? flush() : Status{};
    }

    Status finish() override {
        DIGITS_TRY(flush());
        DIGITS_TRY(close_file());
        return write_file_atomic(folder_ / "list.txt", list_);
    }

  private:
    Status open_file() {
        const auto name = fmt::format("{}.h5", written_);
        file_path_ = folder_ / name;
        list_ += list_prefix_ + name + "\n";
        file_ = Hdf5Handle(H5Fcreate(file_path_.c_str(), H5F_ACC_EXCL, H5P_DEFAULT, H5P_DEFAULT), H5Fclose);
        if (!file_.valid()) return write_failed();
        data_ = GrowingArray::create(file_.get(), "data", row_, compression_);
        label_ = GrowingArray::create(file_.get(), "label", target_row_, compression_);
        return data_.dataset.valid() && label_.dataset.valid() ? Status{} : write_failed();
    }

    Status close_file() {
        if (!file_.valid()) return {};
        const bool flushed = H5Fflush(file_.get(), H5F_SCOPE_LOCAL) >= 0;
        data_ = {};
        label_ = {};
        file_ = {};
        return flushed ? Status{} : write_failed();
    }

    Status flush() {
        if (pending_ == 0) return {};
        if (!file_.valid()) DIGITS_TRY(open_file());
        if (!data_.append(values_.data(), pending_) || !label_.append(labels_.data(), pending_)) return write_failed();
        written_ += pending_;
        pending_ = 0;
        values_.clear();
        labels_.clear();
        return data_.rows == most_rows_ ? close_file() : Status{};
    }

    Status write_failed() const {
        // HDF5 tells nothing but that it failed.
        return fail(write_error(fmt::format("cannot write {}", file_path_.string()), file_path_, EIO));
    }

    fs::path folder_;
    std::string list_prefix_;
    Hdf5Compression compression_;
    std::vector<hsize_t> row_;
    std::vector<hsize_t> target_row_;  ///< empty: a class
    std::size_t record_floats_ = 0;
    std::uint64_t most_rows_ = 0;
    std::size_t batch_ = 0;
    std::vector<float> values_;
    std::vector<float> labels_;
    std::size_t pending_ = 0;  ///< records in both
    std::uint64_t written_ = 0;
    std::string list_;
    fs::path file_path_;
    Hdf5Handle file_;
    GrowingArray data_;
    GrowingArray label_;
};

}  // namespace

Result<std::unique_ptr<RecordSink>> sink::create_hdf5(const fs::path& folder, const ImageSpec& image,
                                                      Hdf5Compression compression, const std::string& list_prefix,
                                                      std::uint64_t most_elements,
                                                      const std::vector<int>& target_shape) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return fail(errno_error("cannot make the folder " + folder.string(), error.value()));
    // The library otherwise prints every failure on its own.
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    return std::make_unique<Hdf5Sink>(folder, image, compression, list_prefix, most_elements, target_shape);
}

}  // namespace digits
