#pragma once

#include <mutex>

#include "data/records/databases/record_database.hpp"

namespace leveldb {
class DB;
}

namespace digits {

/// The database that Caffe makes unless it is told otherwise. To read it, its folder must be writable: LevelDB locks
/// it.
class LevelDbDatabase final : public RecordDatabase, public std::enable_shared_from_this<LevelDbDatabase> {
  public:
    /// Use RecordDatabase::open.
    static Result<std::shared_ptr<LevelDbDatabase>> open(const std::filesystem::path& folder);
    ~LevelDbDatabase() override;

    Result<std::unique_ptr<RecordCursor>> cursor() override;
    std::uint64_t record_count() const override;

  private:
    friend class LevelDbCursor;
    using RecordDatabase::RecordDatabase;

    std::unique_ptr<leveldb::DB> database_;
    mutable std::once_flag counted_;
    mutable std::uint64_t count_ = 0;
};

}  // namespace digits
