#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/dataset_spec.hpp"

namespace digits {

/// A record on its way to the database: a Datum for LMDB, planes of R, G, B bytes for HDF5.
struct PackedRecord {
    std::string bytes;
    int label = 0;
};

/// How a resized picture is stored; any thread.
Result<PackedRecord> pack_record(const Image& image, int label, const StorageSpec& storage);

/// Where packed records go, in order, from one thread.
class RecordSink {
  public:
    virtual ~RecordSink() = default;
    virtual Status put(PackedRecord record) = 0;
    /// Flushes everything to disk; to call once.
    virtual Status finish() = 0;
};

/// A database in a new folder. `list_prefix` stands before the file names in the list of an HDF5 database.
Result<std::unique_ptr<RecordSink>> create_record_sink(const std::filesystem::path& folder, const ImageSpec& image,
                                                       const StorageSpec& storage, const std::string& list_prefix);

namespace sink {
Result<std::unique_ptr<RecordSink>> create_lmdb(const std::filesystem::path& folder);
/// Files `<samples before>.h5` of at most `most_elements` values, named by `list.txt`.
Result<std::unique_ptr<RecordSink>> create_hdf5(const std::filesystem::path& folder, const ImageSpec& image,
                                                Hdf5Compression compression, const std::string& list_prefix,
                                                std::uint64_t most_elements = std::uint64_t{1} << 31);
}  // namespace sink

}  // namespace digits
