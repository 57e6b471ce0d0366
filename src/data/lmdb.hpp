#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

struct MDB_cursor;
struct MDB_env;
struct MDB_txn;

namespace digits {

/// A database folder opened for reading, without lock file, so it may lie on a read-only disk. LMDB forbids to open
/// one twice in a process: `open` gives the same one again while somebody holds it. Thread-safe.
class LmdbEnvironment {
  public:
    /// Errors: kNotFound, kPermissionDenied, kDataLoss for a file that is not LMDB's or is cut off.
    static Result<std::shared_ptr<LmdbEnvironment>> open(const std::filesystem::path& folder);
    ~LmdbEnvironment();
    LmdbEnvironment(const LmdbEnvironment&) = delete;
    LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

    std::uint64_t record_count() const { return count_; }
    const std::filesystem::path& folder() const { return folder_; }

  private:
    friend class LmdbCursor;
    LmdbEnvironment() = default;
    Status start(const std::filesystem::path& folder);

    MDB_env* env_ = nullptr;
    unsigned dbi_ = 0;
    std::uint64_t count_ = 0;
    std::filesystem::path folder_;
};

/// Records in key order. One thread at a time; the texts it gives stay valid as long as the cursor lives.
class LmdbCursor {
  public:
    struct Entry {
        std::string_view key;
        std::string_view value;
    };

    static Result<LmdbCursor> open(std::shared_ptr<LmdbEnvironment> environment);
    LmdbCursor(LmdbCursor&& other) noexcept;
    LmdbCursor& operator=(LmdbCursor&&) = delete;
    ~LmdbCursor();

    /// False behind the last record; then the next call begins anew.
    Result<bool> next(Entry& entry);
    /// As if `next` had been called `n` times, wrapping around.
    Status skip(std::uint64_t n);
    void rewind() { at_start_ = true; }
    /// kNotFound without such a key.
    Result<std::string_view> find(std::string_view key);

  private:
    explicit LmdbCursor(std::shared_ptr<LmdbEnvironment> environment) : environment_(std::move(environment)) {}

    std::shared_ptr<LmdbEnvironment> environment_;
    MDB_txn* txn_ = nullptr;
    MDB_cursor* cursor_ = nullptr;
    bool at_start_ = true;
};

/// Makes a new database folder. The map grows by itself; records reach the disk in batches. One thread.
class LmdbWriter {
  public:
    /// `folder` must not exist or be empty.
    static Result<LmdbWriter> create(const std::filesystem::path& folder,
                                     std::uint64_t first_map_bytes = std::uint64_t{64} << 20);
    LmdbWriter(LmdbWriter&& other) noexcept;
    LmdbWriter& operator=(LmdbWriter&&) = delete;
    /// Without `finish` the last records are missing.
    ~LmdbWriter();

    Status put(std::string key, std::string value);
    /// Writes what is left and flushes to disk; to call once.
    Status finish();

  private:
    LmdbWriter() = default;
    Status flush();
    /// MDB_MAP_FULL or another LMDB code.
    int try_flush();

    std::filesystem::path folder_;
    MDB_env* env_ = nullptr;
    std::uint64_t map_bytes_ = 0;
    std::vector<std::pair<std::string, std::string>> pending_;
    std::size_t pending_bytes_ = 0;
    std::string last_key_;
};

}  // namespace digits
