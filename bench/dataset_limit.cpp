// The least that creating a dataset costs with the same libraries: read, decode, resize, encode on all threads, put by
// one writer. No search for images, no order, no mean, no report.
//
//   dataset_limit LIST WIDTH HEIGHT CHANNELS none|png|jpeg OUT      LIST: a path and a class number a line
#include <lmdb.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "data/records/record_sink.hpp"
#include "data/sources/files/image_list.hpp"
#include "image/decode.hpp"

namespace {

using namespace digits;

constexpr std::size_t kRecordsATransaction = 1000;
constexpr std::size_t kMapBytes = std::size_t{1} << 38;

void expect(bool good, const char* what) {
    if (good) return;
    std::fprintf(stderr, "dataset_limit: %s failed\n", what);
    std::exit(1);
}

class Writer {
  public:
    explicit Writer(const std::string& folder) {
        std::filesystem::create_directories(folder);
        expect(mdb_env_create(&env_) == 0 && mdb_env_set_mapsize(env_, kMapBytes) == 0 &&
                   mdb_env_open(env_, folder.c_str(), MDB_NOSYNC | MDB_NOTLS, 0644) == 0,
               "opening the database");
    }
    void put(const PackedRecord& record) {
        if (txn_ == nullptr)
            expect(mdb_txn_begin(env_, nullptr, 0, &txn_) == 0 && mdb_dbi_open(txn_, nullptr, 0, &dbi_) == 0, "begin");
        char key[32];
        const int length = std::snprintf(key, sizeof key, "%08zu_%d", count_, record.label);
        MDB_val name{static_cast<std::size_t>(length), key};
        MDB_val value{record.bytes.size(), const_cast<char*>(record.bytes.data())};
        expect(mdb_put(txn_, dbi_, &name, &value, MDB_APPEND) == 0, "put");
        if (++count_ % kRecordsATransaction == 0) commit();
    }
    void finish() {
        if (txn_ != nullptr) commit();
        expect(mdb_env_sync(env_, 1) == 0, "flushing");
        mdb_env_close(env_);
    }

  private:
    void commit() { expect(mdb_txn_commit(std::exchange(txn_, nullptr)) == 0, "commit"); }

    MDB_env* env_ = nullptr;
    MDB_txn* txn_ = nullptr;
    MDB_dbi dbi_ = 0;
    std::size_t count_ = 0;
};

PackedRecord make_record(const ListEntry& entry, const ImageSpec& image, const StorageSpec& storage) {
    std::ifstream file(entry.path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    auto decoded = decode_image(bytes);
    expect(decoded.has_value(), entry.path.c_str());
    auto record = pack_record(
        fit_image(convert_channels(std::move(*decoded), image.channels), image.width, image.height, image.resize),
        entry.label, storage);
    expect(record.has_value(), "encoding");
    return std::move(*record);
}

}  // namespace

int main(int count, char** arguments) {
    expect(count == 7, "reading the arguments: LIST WIDTH HEIGHT CHANNELS none|png|jpeg OUT");
    const auto list = read_image_list(arguments[1], "");
    const ImageSpec image{std::atoi(arguments[2]), std::atoi(arguments[3]), std::atoi(arguments[4])};
    const auto encoding = find_enum<RecordEncoding>(arguments[5]);
    expect(list.has_value() && encoding.has_value(), "reading the arguments");
    const StorageSpec storage{.encoding = *encoding};
    const auto& entries = list->entries;

    const auto start = std::chrono::steady_clock::now();
    std::mutex mutex;
    std::condition_variable arrived;
    std::condition_variable taken;
    std::deque<std::vector<PackedRecord>> ready;
    std::atomic<std::size_t> next = 0;
    const std::size_t block = image.width * image.height > 4096 ? 8 : 64;
    const unsigned thread_count = std::max(1u, std::thread::hardware_concurrency());
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < thread_count; ++i)
        threads.emplace_back([&] {
            for (std::size_t first; (first = next.fetch_add(block)) < entries.size();) {
                std::vector<PackedRecord> records;
                for (std::size_t n = first; n < std::min(first + block, entries.size()); ++n)
                    records.push_back(make_record(entries[n], image, storage));
                std::unique_lock lock(mutex);
                taken.wait(lock, [&] { return ready.size() < 4 * thread_count; });
                ready.push_back(std::move(records));
                arrived.notify_one();
            }
        });
    Writer writer(arguments[6]);
    for (std::size_t written = 0; written < entries.size();) {
        std::vector<PackedRecord> records;
        {
            std::unique_lock lock(mutex);
            arrived.wait(lock, [&] { return !ready.empty(); });
            records = std::move(ready.front());
            ready.pop_front();
        }
        taken.notify_one();
        for (const auto& record : records) writer.put(record);
        written += records.size();
    }
    for (auto& thread : threads) thread.join();
    writer.finish();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("{\"images_per_s\": %.1f, \"seconds\": %.4f}\n", static_cast<double>(entries.size()) / seconds,
                seconds);
}
