#include "data/records/databases/leveldb.hpp"

#include <leveldb/db.h>

namespace digits {
namespace {

namespace fs = std::filesystem;

std::string_view to_view(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

/// LevelDB says in words alone what is wrong.
Error leveldb_error(const leveldb::Status& status, const fs::path& folder, std::string_view doing) {
    const std::string words = status.ToString();
    const auto says = [&](std::string_view part) { return words.find(part) != std::string::npos; };
    if (says("/LOCK: Resource temporarily unavailable") || says("already held by process"))
        return make_error(ErrorCode::kFailedPrecondition, "another process has the LevelDB database {} open",
                          folder.string())
            .advise("End that process (another training, or Caffe itself), or work with a copy of the folder");
    if (says("Permission denied") || says("Read-only file system"))
        return make_error(ErrorCode::kPermissionDenied, "cannot {} the LevelDB database {}: {}", doing, folder.string(),
                          words)
            .advise("LevelDB writes into the folder that it reads: make it writable, or copy it");
    return make_error(status.IsIOError() ? ErrorCode::kUnavailable : ErrorCode::kDataLoss,
                      "cannot {} the LevelDB database {}: {}", doing, folder.string(), words);
}

leveldb::ReadOptions sequential() {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    options.fill_cache = false;
    return options;
}

/// Key and value in a text of the entry's own.
void own(RecordEntry& entry, std::string_view key, std::string_view value) {
    auto text = std::make_shared<std::string>();
    text->reserve(key.size() + value.size());
    text->append(key).append(value);
    const std::string_view whole = *text;
    entry.key = whole.substr(0, key.size());
    entry.value = whole.substr(key.size());
    entry.owner = std::move(text);
}

}  // namespace

class LevelDbCursor final : public RecordCursor {
  public:
    explicit LevelDbCursor(std::shared_ptr<LevelDbDatabase> database)
        : database_(std::move(database)), iterator_(database_->database_->NewIterator(sequential())) {}

    Result<bool> next(RecordEntry& entry) override {
        if (at_start_) {
            iterator_->SeekToFirst();
        } else {
            iterator_->Next();
        }
        at_start_ = !iterator_->Valid();
        if (!iterator_->status().ok()) return fail(leveldb_error(iterator_->status(), database_->folder(), "read"));
        if (at_start_) return false;
        own(entry, to_view(iterator_->key()), to_view(iterator_->value()));
        return true;
    }

    void rewind() override { at_start_ = true; }

    Result<RecordEntry> find(std::string_view key) override {
        std::string value;
        const auto status = database_->database_->Get(sequential(), leveldb::Slice(key.data(), key.size()), &value);
        if (status.IsNotFound())
            return fail(ErrorCode::kNotFound, "no record {} in {}", key, database_->folder().string());
        if (!status.ok()) return fail(leveldb_error(status, database_->folder(), "read"));
        RecordEntry entry;
        own(entry, key, value);
        return entry;
    }

  protected:
    std::uint64_t record_count() const override { return database_->record_count(); }

  private:
    const std::shared_ptr<LevelDbDatabase> database_;
    const std::unique_ptr<leveldb::Iterator> iterator_;
    bool at_start_ = true;
};

LevelDbDatabase::~LevelDbDatabase() = default;

Result<std::shared_ptr<LevelDbDatabase>> LevelDbDatabase::open(const fs::path& folder) {
    leveldb::Options options;
    options.max_open_files = 100;
    leveldb::DB* opened = nullptr;
    const auto status = leveldb::DB::Open(options, folder.string(), &opened);
    if (!status.ok()) return fail(leveldb_error(status, folder, "open"));
    std::shared_ptr<LevelDbDatabase> database(new LevelDbDatabase(folder));
    database->database_.reset(opened);
    return database;
}

Result<std::unique_ptr<RecordCursor>> LevelDbDatabase::cursor() {
    return std::make_unique<LevelDbCursor>(shared_from_this());
}

std::uint64_t LevelDbDatabase::record_count() const {
    std::call_once(counted_, [&] {
        const std::unique_ptr<leveldb::Iterator> all(database_->NewIterator(sequential()));
        for (all->SeekToFirst(); all->Valid(); all->Next()) ++count_;
    });
    return count_;
}

}  // namespace digits
