#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/records/databases/record_database.hpp"

struct MDB_cursor;
struct MDB_env;
struct MDB_txn;

namespace digits {

/// Opened without lock file, so it may be on a read-only disk.
class LmdbDatabase final : public RecordDatabase, public std::enable_shared_from_this<LmdbDatabase> {
  public:
    /// Use RecordDatabase::open.
    static Result<std::shared_ptr<LmdbDatabase>> open(const std::filesystem::path& folder);
    ~LmdbDatabase() override;

    Result<std::unique_ptr<RecordCursor>> cursor() override;
    std::uint64_t record_count() const override { return count_; }

  private:
    friend class LmdbCursor;
    using RecordDatabase::RecordDatabase;
    Status start();

    MDB_env* env_ = nullptr;
    unsigned dbi_ = 0;
    std::uint64_t count_ = 0;
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
