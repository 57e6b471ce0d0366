#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "data/records/databases/record_database.hpp"
#include "data/records/datum.hpp"

namespace digits {

/// The records of an image database, in order or by key. One thread at a time; a record stays valid as long as it
/// and the reader live. `where` of an error names database and key.
class RecordReader {
  public:
    struct Record {
        std::string_view key;
        DatumView datum;
        std::shared_ptr<const std::string> owner;  ///< of key and datum; may be empty
    };

    static Result<RecordReader> open(const std::filesystem::path& folder);

    std::uint64_t count() const { return database_->record_count(); }
    /// False behind the last record; then the next call begins again.
    Result<bool> next(Record& record);
    /// As if `next` had been called `n` times, wrapping around.
    Status skip(std::uint64_t n) { return cursor_->skip(n); }
    void rewind() { cursor_->rewind(); }
    Result<Record> find(std::string_view key);

  private:
    RecordReader(std::shared_ptr<RecordDatabase> database, std::unique_ptr<RecordCursor> cursor)
        : database_(std::move(database)), cursor_(std::move(cursor)) {}
    Result<Record> parse(const RecordEntry& entry) const;

    std::shared_ptr<RecordDatabase> database_;
    std::unique_ptr<RecordCursor> cursor_;
};

}  // namespace digits
