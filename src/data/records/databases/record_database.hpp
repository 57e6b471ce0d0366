#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace digits {

/// A record as it is stored. The texts stay valid as long as the entry and its cursor live.
struct RecordEntry {
    std::string_view key;
    std::string_view value;
    std::shared_ptr<const std::string> owner;  ///< of the texts, where the database does not keep them in memory itself
};

/// Records in key order. One thread at a time.
class RecordCursor {
  public:
    virtual ~RecordCursor() = default;
    /// False behind the last record; then the next call begins again.
    virtual Result<bool> next(RecordEntry& entry) = 0;
    /// As if `next` had given `n` records, wrapping around.
    virtual Status skip(std::uint64_t n);
    virtual void rewind() = 0;
    /// kNotFound without such a key.
    virtual Result<RecordEntry> find(std::string_view key) = 0;

  protected:
    virtual std::uint64_t record_count() const = 0;
};

/// A database that is only read: a folder of LMDB's or LevelDB's as Caffe has them, or of HDF5 files
/// (hdf5_database.hpp), which its files tell. Thread-safe.
class RecordDatabase {
  public:
    /// Gives the same one again while somebody holds it: both kinds forbid to open a folder twice in a process.
    /// Errors: kNotFound, kPermissionDenied, kDataLoss for what is damaged, kFailedPrecondition for a LevelDB that
    /// another process has open.
    static Result<std::shared_ptr<RecordDatabase>> open(const std::filesystem::path& folder);
    virtual ~RecordDatabase() = default;
    RecordDatabase(const RecordDatabase&) = delete;
    RecordDatabase& operator=(const RecordDatabase&) = delete;

    virtual Result<std::unique_ptr<RecordCursor>> cursor() = 0;
    /// LevelDB reads all of its keys for this, once.
    virtual std::uint64_t record_count() const = 0;
    const std::filesystem::path& folder() const { return folder_; }
    /// What its files take on the disk.
    std::uint64_t stored_bytes() const;

  protected:
    explicit RecordDatabase(std::filesystem::path folder) : folder_(std::move(folder)) {}

  private:
    std::filesystem::path folder_;
};

}  // namespace digits
