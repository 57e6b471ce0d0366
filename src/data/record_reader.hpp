#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "data/datum.hpp"
#include "data/lmdb.hpp"

namespace digits {

/// The records of an image database, in order or by key. One thread at a time; what it gives stays valid as long as it
/// lives. `where` of an error names database and key.
class RecordReader {
  public:
    struct Record {
        std::string_view key;
        DatumView datum;
    };

    static Result<RecordReader> open(const std::filesystem::path& folder);

    std::uint64_t count() const { return environment_->record_count(); }
    /// False behind the last record; then the next call begins anew.
    Result<bool> next(Record& record);
    /// As if `next` had been called `n` times, wrapping around.
    Status skip(std::uint64_t n) { return cursor_.skip(n); }
    void rewind() { cursor_.rewind(); }
    Result<Record> find(std::string_view key);

  private:
    RecordReader(std::shared_ptr<LmdbEnvironment> environment, LmdbCursor cursor)
        : environment_(std::move(environment)), cursor_(std::move(cursor)) {}
    Result<Record> parse(std::string_view key, std::string_view value) const;

    std::shared_ptr<LmdbEnvironment> environment_;
    LmdbCursor cursor_;
};

}  // namespace digits
