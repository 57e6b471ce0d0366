#include "data/records/databases/record_database.hpp"

#include <map>
#include <mutex>
#include <system_error>

#include "data/records/databases/hdf5_database.hpp"
#include "data/records/databases/leveldb.hpp"
#include "data/records/databases/lmdb.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

Result<std::shared_ptr<RecordDatabase>> open_new(const fs::path& folder) {
    if (fs::exists(folder / "data.mdb")) {
        DIGITS_ASSIGN(auto database, LmdbDatabase::open(folder));
        return std::shared_ptr<RecordDatabase>(std::move(database));
    }
    if (fs::exists(folder / "CURRENT")) {
        DIGITS_ASSIGN(auto database, LevelDbDatabase::open(folder));
        return std::shared_ptr<RecordDatabase>(std::move(database));
    }
    if (Hdf5Database::is_at(folder)) {
        DIGITS_ASSIGN(auto database, Hdf5Database::open(folder));
        return std::shared_ptr<RecordDatabase>(std::move(database));
    }
    return fail(ErrorCode::kNotFound,
                "{} has no database; give a folder of LMDB with data.mdb, or of LevelDB with CURRENT", folder.string());
}

}  // namespace

Status RecordCursor::skip(std::uint64_t n) {
    if (record_count() == 0) return {};
    RecordEntry entry;
    for (n %= record_count(); n > 0;) {
        DIGITS_ASSIGN(const bool more, next(entry));
        if (more) --n;
    }
    return {};
}

Result<std::shared_ptr<RecordDatabase>> RecordDatabase::open(const fs::path& folder) {
    static std::mutex mutex;
    static std::map<fs::path, std::weak_ptr<RecordDatabase>> opened;
    std::error_code error;
    // The targets of HDF5 files have no folder of their own.
    auto real = fs::weakly_canonical(folder, error);
    if (error || !(fs::exists(real, error) || Hdf5Database::is_at(real)))
        return fail(ErrorCode::kNotFound, "no such folder: {}", folder.string());
    const std::lock_guard lock(mutex);
    if (auto known = opened[real].lock()) return known;
    DIGITS_ASSIGN(auto database, open_new(real));
    opened[real] = database;
    return database;
}

std::uint64_t RecordDatabase::stored_bytes() const {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder_, error))
        if (entry.is_regular_file(error)) bytes += entry.file_size(error);
    return bytes;
}

}  // namespace digits
