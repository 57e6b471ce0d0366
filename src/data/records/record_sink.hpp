#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset_spec.hpp"

namespace digits {

/// A record on its way to the database: a Datum for LMDB, planes of R, G, B bytes for HDF5.
struct PackedRecord {
    std::string bytes;
    int label = 0;
    std::vector<float> target;  ///< HDF5: of samples whose target is not a class
    std::string target_bytes;   ///< LMDB: the same as a Datum
};

/// How a resized image is stored; any thread.
Result<PackedRecord> pack_record(const Image& image, int label, const StorageSpec& storage);

/// Where packed records go, in order, from one thread.
class RecordSink {
  public:
    virtual ~RecordSink() = default;
    virtual Status put(PackedRecord record) = 0;
    /// Flushes everything to disk; to call once.
    virtual Status finish() = 0;
};

struct RecordSinkOptions {
    std::filesystem::path folder;        ///< of the database; new
    std::filesystem::path label_folder;  ///< LMDB: of a second database for targets that are not classes; else empty
    std::string list_prefix;             ///< HDF5: before the file names in the list
    std::vector<int> target_shape;       ///< HDF5: of arrays; empty: the target is a class
};
Result<std::unique_ptr<RecordSink>> create_record_sink(const RecordSinkOptions& options, const ImageSpec& image,
                                                       const StorageSpec& storage);

namespace sink {
Result<std::unique_ptr<RecordSink>> create_lmdb(const std::filesystem::path& folder);
/// Two databases with the same keys, the second with the targets.
Result<std::unique_ptr<RecordSink>> create_lmdb_with_targets(const std::filesystem::path& folder,
                                                             const std::filesystem::path& label_folder);
/// Files `<samples before>.h5` of at most `most_elements` values, named by `list.txt`. Their dataset `label` has a
/// class or, where `target_shape` is not empty, a tensor a row.
Result<std::unique_ptr<RecordSink>> create_hdf5(const std::filesystem::path& folder, const ImageSpec& image,
                                                Hdf5Compression compression, const std::string& list_prefix,
                                                std::uint64_t most_elements = std::uint64_t{1} << 31,
                                                const std::vector<int>& target_shape = {});
}  // namespace sink

}  // namespace digits
