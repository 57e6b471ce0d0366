#include "data/records/databases/lmdb.hpp"

#include <lmdb.h>

#include <cerrno>
#include <system_error>

#include "base/check.hpp"
#include "base/disk_space.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatchBytes = std::size_t{16} << 20;
// Few enough that the maker of the records does not wait for a batch to be written.
constexpr std::size_t kBatchRecords = 1024;

Error lmdb_error(int code, const fs::path& folder, std::string_view doing) {
    const auto what = fmt::format("cannot {} the database {}", doing, folder.string());
    // LMDB tells of a page that was written in part only by EIO.
    if (code > 0) return write_error(what, folder, code);
    const bool full = code == MDB_MAP_FULL || code == MDB_READERS_FULL || code == MDB_TXN_FULL;
    return make_error(full ? ErrorCode::kResourceExhausted : ErrorCode::kDataLoss, "{}: {}", what, mdb_strerror(code));
}

MDB_val to_val(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }
std::string_view to_view(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

/// A shorter file than its header says would end the process with SIGBUS on the first access behind its end.
Status check_length(MDB_env* env, const fs::path& folder) {
    MDB_envinfo info;
    MDB_stat stat;
    mdb_env_info(env, &info);
    mdb_env_stat(env, &stat);
    std::error_code error;
    const auto bytes = fs::file_size(folder / "data.mdb", error);
    const auto needed = (info.me_last_pgno + 1) * stat.ms_psize;
    if (error || bytes >= needed) return {};
    return fail(ErrorCode::kDataLoss, "the database {} is cut off: data.mdb has {} bytes instead of {}",
                folder.string(), bytes, needed);
}

}  // namespace

/// The map is in memory: what `next` gives needs no owner.
class LmdbCursor final : public RecordCursor {
  public:
    explicit LmdbCursor(std::shared_ptr<LmdbDatabase> database) : database_(std::move(database)) {}
    LmdbCursor(const LmdbCursor&) = delete;
    LmdbCursor& operator=(const LmdbCursor&) = delete;
    ~LmdbCursor() override {
        if (cursor_ != nullptr) mdb_cursor_close(cursor_);
        if (txn_ != nullptr) mdb_txn_abort(txn_);
    }

    Status start() {
        int code = mdb_txn_begin(database_->env_, nullptr, MDB_RDONLY, &txn_);
        if (code == 0) code = mdb_cursor_open(txn_, database_->dbi_, &cursor_);
        if (code != 0) return fail(lmdb_error(code, database_->folder(), "read"));
        return {};
    }

    Result<bool> next(RecordEntry& entry) override {
        MDB_val key{};
        MDB_val value{};
        const int code = mdb_cursor_get(cursor_, &key, &value, at_start_ ? MDB_FIRST : MDB_NEXT);
        at_start_ = code == MDB_NOTFOUND;
        if (code == MDB_NOTFOUND) return false;
        if (code != 0) return fail(lmdb_error(code, database_->folder(), "read"));
        entry = {to_view(key), to_view(value), nullptr};
        return true;
    }

    void rewind() override { at_start_ = true; }

    Result<RecordEntry> find(std::string_view key) override {
        MDB_val wanted = to_val(key);
        MDB_val value{};
        const int code = mdb_get(txn_, database_->dbi_, &wanted, &value);
        if (code == MDB_NOTFOUND || code == MDB_BAD_VALSIZE)
            return fail(ErrorCode::kNotFound, "no record {} in {}", key, database_->folder().string());
        if (code != 0) return fail(lmdb_error(code, database_->folder(), "read"));
        return RecordEntry{key, to_view(value), nullptr};
    }

  protected:
    std::uint64_t record_count() const override { return database_->record_count(); }

  private:
    const std::shared_ptr<LmdbDatabase> database_;
    MDB_txn* txn_ = nullptr;
    MDB_cursor* cursor_ = nullptr;
    bool at_start_ = true;
};

Status LmdbDatabase::start() {
    if (const int code = mdb_env_create(&env_)) return fail(lmdb_error(code, folder(), "open"));
    if (const int code = mdb_env_open(env_, folder().c_str(), MDB_RDONLY | MDB_NOLOCK | MDB_NOTLS, 0644))
        return fail(lmdb_error(code, folder(), "open"));
    DIGITS_TRY(check_length(env_, folder()));
    MDB_txn* txn = nullptr;
    if (const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn))
        return fail(lmdb_error(code, folder(), "read"));
    MDB_stat stat{};
    int code = mdb_dbi_open(txn, nullptr, 0, &dbi_);
    if (code == 0) code = mdb_stat(txn, dbi_, &stat);
    if (code != 0) {
        mdb_txn_abort(txn);
        return fail(lmdb_error(code, folder(), "read"));
    }
    mdb_txn_commit(txn);
    count_ = stat.ms_entries;
    return {};
}

Result<std::shared_ptr<LmdbDatabase>> LmdbDatabase::open(const fs::path& folder) {
    std::shared_ptr<LmdbDatabase> database(new LmdbDatabase(folder));
    DIGITS_TRY(database->start());
    return database;
}

LmdbDatabase::~LmdbDatabase() {
    if (env_ != nullptr) mdb_env_close(env_);
}

Result<std::unique_ptr<RecordCursor>> LmdbDatabase::cursor() {
    auto cursor = std::make_unique<LmdbCursor>(shared_from_this());
    DIGITS_TRY(cursor->start());
    return cursor;
}

Result<LmdbWriter> LmdbWriter::create(const fs::path& folder, std::uint64_t first_map_bytes) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return fail(errno_error("cannot make the folder " + folder.string(), error.value()));
    if (!fs::is_empty(folder, error))
        return fail(ErrorCode::kAlreadyExists, "{} is not empty; choose a new folder", folder.string());
    LmdbWriter writer;
    writer.folder_ = folder;
    writer.map_bytes_ = first_map_bytes;
    int code = mdb_env_create(&writer.env_);
    if (code == 0) code = mdb_env_set_mapsize(writer.env_, writer.map_bytes_);
    // Half-written databases are thrown away, so only the end needs to reach the disk.
    if (code == 0) code = mdb_env_open(writer.env_, folder.c_str(), MDB_NOSYNC | MDB_NOTLS, 0644);
    if (code != 0) return fail(lmdb_error(code, folder, "create"));
    return writer;
}

LmdbWriter::LmdbWriter(LmdbWriter&& other) noexcept
    : folder_(std::move(other.folder_)),
      env_(std::exchange(other.env_, nullptr)),
      map_bytes_(other.map_bytes_),
      pending_(std::move(other.pending_)),
      pending_bytes_(other.pending_bytes_),
      last_key_(std::move(other.last_key_)) {}

LmdbWriter::~LmdbWriter() {
    if (env_ != nullptr) mdb_env_close(env_);
}

Status LmdbWriter::put(std::string key, std::string value) {
    pending_bytes_ += key.size() + value.size();
    pending_.emplace_back(std::move(key), std::move(value));
    if (pending_bytes_ < kBatchBytes && pending_.size() < kBatchRecords) return {};
    return flush();
}

int LmdbWriter::try_flush() {
    MDB_txn* txn = nullptr;
    if (const int code = mdb_txn_begin(env_, nullptr, 0, &txn)) return code;
    MDB_dbi dbi = 0;
    int code = mdb_dbi_open(txn, nullptr, 0, &dbi);
    std::string_view last = last_key_;
    for (auto& [key, text] : pending_) {
        if (code != 0) break;
        MDB_val name = to_val(key);
        MDB_val value = to_val(text);
        // Keys mostly come in order; appending fills the pages and saves the search.
        const bool append = key > last;
        code = mdb_put(txn, dbi, &name, &value, append ? MDB_APPEND : 0);
        if (append) last = key;
    }
    if (code != 0) {
        mdb_txn_abort(txn);
        return code;
    }
    code = mdb_txn_commit(txn);
    if (code == 0) last_key_ = std::string(last);
    return code;
}

Status LmdbWriter::flush() {
    int code = try_flush();
    while (code == MDB_MAP_FULL) {
        map_bytes_ *= 2;
        code = mdb_env_set_mapsize(env_, map_bytes_);
        if (code == 0) code = try_flush();
    }
    if (code != 0) return fail(lmdb_error(code, folder_, "write"));
    pending_.clear();
    pending_bytes_ = 0;
    return {};
}

Status LmdbWriter::finish() {
    DIGITS_CHECK(env_ != nullptr);
    DIGITS_TRY(flush());
    const int code = mdb_env_sync(env_, 1);
    mdb_env_close(std::exchange(env_, nullptr));
    if (code != 0) return fail(lmdb_error(code, folder_, "flush"));
    return {};
}

}  // namespace digits
