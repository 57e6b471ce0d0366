#include "feed/feed.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "data/records/record_reader.hpp"
#include "feed/augmenter.hpp"
#include "feed/transformer.hpp"
#include "image/decode.hpp"

namespace digits {
namespace {

constexpr int kMostPerClaim = 32;
constexpr std::size_t kAlignment = 64;

struct FreeAligned {
    void operator()(float* pointer) const { std::free(pointer); }
};
using AlignedFloats = std::unique_ptr<float[], FreeAligned>;

AlignedFloats make_floats(std::size_t count) {
    const std::size_t bytes = (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
    return AlignedFloats(static_cast<float*>(std::aligned_alloc(kAlignment, bytes)));
}

/// Memory of one worker, used again for each record.
struct Scratch {
    Image image;
    std::vector<std::uint8_t> planes;
    std::vector<float> floats;
    Augmenter::Scratch augmented;
};

/// Decoded samples of all records, filled as they come by.
class DecodedCache {
  public:
    DecodedCache(std::uint64_t records, std::size_t record_bytes)
        : record_bytes_(record_bytes),
          samples_(std::make_unique_for_overwrite<std::uint8_t[]>(records * record_bytes)),
          state_(std::make_unique<std::atomic<std::uint8_t>[]>(records)) {}

    /// The samples, or null while they are not there.
    const std::uint8_t* find(std::uint64_t record) const {
        return state_[record].load(std::memory_order_acquire) == kFilled ? place(record) : nullptr;
    }
    /// Where to decode it to, or null when another thread is about it.
    std::uint8_t* begin_fill(std::uint64_t record) {
        std::uint8_t expected = kEmpty;
        return state_[record].compare_exchange_strong(expected, kFilling) ? place(record) : nullptr;
    }
    void end_fill(std::uint64_t record, bool filled) {
        state_[record].store(filled ? kFilled : kEmpty, std::memory_order_release);
    }

  private:
    enum State : std::uint8_t { kEmpty, kFilling, kFilled };
    std::uint8_t* place(std::uint64_t record) const { return samples_.get() + record * record_bytes_; }

    std::size_t record_bytes_;
    std::unique_ptr<std::uint8_t[]> samples_;
    std::unique_ptr<std::atomic<std::uint8_t>[]> state_;
};

/// The colours that an encoded record is given: Caffe's force_color, force_gray, or as it is.
int wanted_channels(const caffe::TransformationParameter& transform, int native) {
    if (transform.force_color()) return 3;
    return transform.force_gray() ? 1 : native;
}

struct RecordSize {
    int channels = 0;
    int height = 0;
    int width = 0;
    bool operator==(const RecordSize&) const = default;
    std::size_t samples() const {
        return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    }
};

Status decode_record(const DatumView& datum, const caffe::TransformationParameter& transform, Image& image) {
    DIGITS_TRY(decode_image_into(datum.data, {.upright = false}, image));
    const int channels = wanted_channels(transform, image.channels);
    if (channels != image.channels) image = convert_channels(std::move(image), channels);
    return {};
}

Result<RecordSize> size_of(const DatumView& datum, const caffe::TransformationParameter& transform) {
    if (!datum.encoded) return RecordSize{datum.channels, datum.height, datum.width};
    Image image;
    DIGITS_TRY(decode_record(datum, transform, image));
    return RecordSize{image.channels, image.height, image.width};
}

/// What is done to records of one size.
struct Recipe {
    RecordSize size;
    Augmenter augmenter;
    Transformer transformer;

    static Result<Recipe> create(const FeedOptions& options, const RecordSize& size) {
        DIGITS_ASSIGN(auto transformer, Transformer::create(options.transform, options.phase, options.seed,
                                                            size.channels, size.height, size.width));
        DIGITS_ASSIGN(const auto augmenter,
                      Augmenter::create(options.augmentation, options.seed, size.channels, size.height, size.width));
        return Recipe{size, augmenter, std::move(transformer)};
    }

    std::array<std::int64_t, 4> shape(int batch_size) const {
        return {batch_size, transformer.channels(), transformer.height(), transformer.width()};
    }
    std::size_t floats() const {
        const auto one = shape(1);
        return static_cast<std::size_t>(one[1] * one[2] * one[3]);
    }
};

/// A picture's samples in planes.
struct Planes {
    RecordSize size;
    const std::uint8_t* samples = nullptr;
};

/// Of encoded pictures that all fit decoded. Decoded they are hardly ever a quarter of what they take on the disk.
std::unique_ptr<DecodedCache> make_cache(const RecordDatabase& database, const DatumView& first, const RecordSize& size,
                                         std::uint64_t bytes) {
    if (!first.encoded || database.stored_bytes() / 4 > bytes) return nullptr;
    const auto records = database.record_count();
    return records * size.samples() <= bytes ? std::make_unique<DecodedCache>(records, size.samples()) : nullptr;
}

}  // namespace

class Feed::Pipeline {
  public:
    static Result<std::unique_ptr<Pipeline>> create(const FeedOptions& options);
    ~Pipeline();

    Result<FeedBatch> next();
    std::array<std::int64_t, 4> shape() const { return recipe_.shape(options_.batch_size); }
    std::uint64_t record_count() const { return rounds_.records; }
    const Rounds& rounds() const { return rounds_; }
    double wait_seconds() const { return waited_.load(); }

  private:
    struct Slot {
        AlignedFloats data;
        std::size_t capacity = 0;  // of data
        std::array<std::int64_t, 4> shape{};
        std::vector<float> labels;
        int unfinished = 0;
        std::optional<Error> error;
    };
    /// Records of one batch that one worker transforms.
    struct Claim {
        std::uint64_t batch = 0;
        int first = 0;
        std::vector<RecordEntry> entries;
    };

    Pipeline(const FeedOptions& options, std::shared_ptr<RecordDatabase> database, std::unique_ptr<RecordCursor> cursor,
             Recipe recipe, std::unique_ptr<DecodedCache> cache);
    void start();
    void work();
    /// False at the end. Blocks until a slot is free.
    bool claim(Claim& claim);
    Status fill(const Claim& claim, Scratch& scratch);
    Status fill_record(const RecordEntry& entry, std::uint64_t index, Slot& slot, std::size_t item, Scratch& scratch);
    Status fill_other_size(const DatumView& datum, const Planes& planes, std::uint64_t index, Slot& slot,
                           Scratch& scratch);
    static Status apply(const Recipe& recipe, const DatumView& datum, const std::uint8_t* planes, std::uint64_t index,
                        float* out, Scratch& scratch);
    Result<Planes> decoded_planes(const DatumView& datum, std::uint64_t index, Scratch& scratch);
    Slot& slot_of(std::uint64_t batch) { return slots_[batch % slots_.size()]; }

    const FeedOptions options_;
    const std::shared_ptr<RecordDatabase> database_;
    const Rounds rounds_;
    const Recipe recipe_;  ///< for records of the first one's size
    const std::unique_ptr<DecodedCache> cache_;
    const int thread_count_;
    std::vector<Slot> slots_;
    std::atomic<double> waited_ = 0;

    std::mutex mutex_;
    std::condition_variable slot_free_;
    std::condition_variable batch_ready_;
    std::unique_ptr<RecordCursor> cursor_;
    std::uint64_t claim_batch_;   ///< the batch that is being given out
    int claim_item_ = 0;          ///< its first picture that nobody has yet
    std::uint64_t give_batch_;    ///< the batch that `next` gives next
    std::uint64_t oldest_batch_;  ///< the consumer may still hold this one; all before are free
    bool stop_ = false;
    std::vector<std::thread> workers_;
};

Feed::Pipeline::Pipeline(const FeedOptions& options, std::shared_ptr<RecordDatabase> database,
                         std::unique_ptr<RecordCursor> cursor, Recipe recipe, std::unique_ptr<DecodedCache> cache)
    : options_(options),
      database_(std::move(database)),
      rounds_{database_->record_count(), static_cast<std::uint64_t>(options.batch_size), options.round_end},
      recipe_(std::move(recipe)),
      cache_(std::move(cache)),
      thread_count_(options.threads > 0 ? options.threads
                                        : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))),
      cursor_(std::move(cursor)),
      claim_batch_(options.first_batch),
      give_batch_(options.first_batch),
      oldest_batch_(options.first_batch) {
    // The one that the consumer holds, and those ahead of it.
    slots_.resize(static_cast<std::size_t>(options.prefetch) + 1);
    const auto batch_size = static_cast<std::size_t>(options.batch_size);
    for (auto& slot : slots_) {
        slot.capacity = batch_size * recipe_.floats();
        slot.data = make_floats(slot.capacity);
        slot.labels.resize(batch_size);
    }
}

void Feed::Pipeline::start() {
    for (int i = 0; i < thread_count_; ++i) workers_.emplace_back([this] { work(); });
}

Feed::Pipeline::~Pipeline() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    slot_free_.notify_all();
    for (auto& worker : workers_) worker.join();
}

Result<std::unique_ptr<Feed::Pipeline>> Feed::Pipeline::create(const FeedOptions& options) {
    if (options.batch_size < 1 || options.prefetch < 1 || options.threads < 0)
        return fail(ErrorCode::kInvalidArgument,
                    "batch_size {}, prefetch {} and threads {}, expected at least 1, 1 and 0", options.batch_size,
                    options.prefetch, options.threads);
    const auto& transform = options.transform;
    if (transform.force_color() && transform.force_gray())
        return fail(ErrorCode::kInvalidArgument,
                    "transform_param has force_color and force_gray, expected one of them");

    DIGITS_ASSIGN(auto database, RecordDatabase::open(options.source));
    DIGITS_ASSIGN(auto reader, RecordReader::open(options.source));
    RecordReader::Record record;
    DIGITS_ASSIGN(const bool has_records, reader.next(record));
    if (!has_records)
        return fail(ErrorCode::kInvalidArgument, "the database {} has no records", options.source.string());
    DIGITS_ASSIGN(const auto size, size_of(record.datum, transform));
    DIGITS_ASSIGN(auto recipe, Recipe::create(options, size));
    DIGITS_ASSIGN(auto cursor, database->cursor());
    if (options.first_batch > 0) {
        const Rounds rounds{database->record_count(), static_cast<std::uint64_t>(options.batch_size),
                            options.round_end};
        DIGITS_TRY(cursor->skip(rounds.batch(options.first_batch).first % rounds.records));
    }
    auto cache = make_cache(*database, record.datum, size, options.cache_bytes);
    std::unique_ptr<Pipeline> pipeline(
        new Pipeline(options, std::move(database), std::move(cursor), std::move(recipe), std::move(cache)));
    pipeline->start();
    return pipeline;
}

void Feed::Pipeline::work() {
    Claim claimed;
    Scratch scratch;
    while (claim(claimed)) {
        auto status = fill(claimed, scratch);
        bool complete = false;
        {
            const std::lock_guard lock(mutex_);
            auto& slot = slot_of(claimed.batch);
            if (!status && !slot.error) slot.error = std::move(status).error();
            slot.unfinished -= static_cast<int>(claimed.entries.size());
            complete = slot.unfinished == 0;
        }
        if (complete) batch_ready_.notify_one();
    }
}

bool Feed::Pipeline::claim(Claim& claim) {
    std::unique_lock lock(mutex_);
    slot_free_.wait(lock, [&] { return stop_ || claim_batch_ < oldest_batch_ + slots_.size(); });
    if (stop_) return false;
    auto& slot = slot_of(claim_batch_);
    if (claim_item_ == 0) {
        const auto batch = rounds_.batch(claim_batch_);
        slot.unfinished = static_cast<int>(batch.size);
        slot.shape = shape();
        slot.shape[0] = slot.unfinished;
        slot.error.reset();
        if (rounds_.end != RoundEnd::kWrap && batch.first % rounds_.records == 0) cursor_->rewind();
    }
    const int size = static_cast<int>(slot.shape[0]);
    const int share = size / thread_count_;
    const int count = std::min(std::clamp(share, 1, kMostPerClaim), size - claim_item_);
    claim.batch = claim_batch_;
    claim.first = claim_item_;
    claim.entries.resize(static_cast<std::size_t>(count));
    for (auto& entry : claim.entries) {
        entry = {};
        auto more = cursor_->next(entry);
        if (more && !*more) more = cursor_->next(entry);
        if (!more && !slot.error) slot.error = std::move(more).error();
    }
    claim_item_ += count;
    if (claim_item_ == size) {
        claim_item_ = 0;
        ++claim_batch_;
    }
    return true;
}

Status Feed::Pipeline::fill(const Claim& claim, Scratch& scratch) {
    auto& slot = slot_of(claim.batch);
    const std::uint64_t first = rounds_.batch(claim.batch).first;
    Status status;
    for (std::size_t i = 0; i < claim.entries.size(); ++i) {
        const std::size_t item = static_cast<std::size_t>(claim.first) + i;
        auto one = fill_record(claim.entries[i], first + item, slot, item, scratch);
        if (one || !status) continue;
        status =
            fail(std::move(one).error().at(fmt::format("{}:{}", database_->folder().string(), claim.entries[i].key)));
    }
    return status;
}

Status Feed::Pipeline::fill_record(const RecordEntry& entry, std::uint64_t index, Slot& slot, std::size_t item,
                                   Scratch& scratch) {
    DIGITS_ASSIGN(const auto datum, parse_datum(entry.value));
    slot.labels[item] = static_cast<float>(datum.label);
    Planes planes{{datum.channels, datum.height, datum.width}};
    if (datum.encoded) {
        DIGITS_ASSIGN(planes, decoded_planes(datum, index, scratch));
    } else if (!datum.data.empty()) {
        planes.samples = reinterpret_cast<const std::uint8_t*>(datum.data.data());
    }
    if (planes.size != recipe_.size) return fill_other_size(datum, planes, index, slot, scratch);
    return apply(recipe_, datum, planes.samples, index, slot.data.get() + item * recipe_.floats(), scratch);
}

/// A batch takes its size from its first record; so a batch of one may have any.
Status Feed::Pipeline::fill_other_size(const DatumView& datum, const Planes& planes, std::uint64_t index, Slot& slot,
                                       Scratch& scratch) {
    const auto &size = planes.size, &first = recipe_.size;
    if (options_.batch_size > 1)
        return fail(make_error(ErrorCode::kDataLoss,
                               "the record has {} channels of {} x {}, but the first has {} of {} x {}", size.channels,
                               size.width, size.height, first.channels, first.width, first.height)
                        .advise("Set batch_size: 1, or give all pictures one size"));
    DIGITS_ASSIGN(const auto recipe, Recipe::create(options_, size));
    if (recipe.floats() > slot.capacity) {
        slot.capacity = recipe.floats();
        slot.data = make_floats(slot.capacity);
    }
    slot.shape = recipe.shape(1);
    return apply(recipe, datum, planes.samples, index, slot.data.get(), scratch);
}

/// `planes` is null where the record has numbers instead.
Status Feed::Pipeline::apply(const Recipe& recipe, const DatumView& datum, const std::uint8_t* planes,
                             std::uint64_t index, float* out, Scratch& scratch) {
    if (planes != nullptr) {
        recipe.transformer.apply(recipe.augmenter.apply(planes, index, scratch.augmented), index, out);
    } else if (!recipe.augmenter.changes_nothing()) {
        return fail(ErrorCode::kUnsupported, "the record holds numbers, expected a picture to vary");
    } else {
        scratch.floats.resize(datum.float_count);
        copy_float_data(datum, scratch.floats.data());
        recipe.transformer.apply(scratch.floats.data(), index, out);
    }
    return {};
}

Result<Planes> Feed::Pipeline::decoded_planes(const DatumView& datum, std::uint64_t index, Scratch& scratch) {
    const std::uint64_t record = cache_ != nullptr ? index % record_count() : 0;
    if (cache_ != nullptr)
        if (const auto* samples = cache_->find(record)) return Planes{recipe_.size, samples};
    DIGITS_TRY(decode_record(datum, options_.transform, scratch.image));
    const auto& image = scratch.image;
    const RecordSize size{image.channels, image.height, image.width};
    // The cache is for the first record's size only.
    DecodedCache* cache = size == recipe_.size ? cache_.get() : nullptr;
    if (image.channels == 1 && cache == nullptr) return Planes{size, image.pixels.data()};
    std::uint8_t* place = cache != nullptr ? cache->begin_fill(record) : nullptr;
    const bool keep = place != nullptr;
    if (!keep) {
        scratch.planes.resize(size.samples());
        place = scratch.planes.data();
    }
    to_planar_bgr(image, place);
    if (keep) cache->end_fill(record, true);
    return Planes{size, place};
}

Result<FeedBatch> Feed::Pipeline::next() {
    std::unique_lock lock(mutex_);
    if (oldest_batch_ != give_batch_) {
        oldest_batch_ = give_batch_;
        slot_free_.notify_all();
    }
    auto& slot = slot_of(give_batch_);
    const auto ready = [&] {
        const bool given_out = claim_batch_ > give_batch_;
        return given_out && slot.unfinished == 0;
    };
    if (!ready()) {
        const auto start = std::chrono::steady_clock::now();
        batch_ready_.wait(lock, ready);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
        waited_ = waited_ + took.count();
    }
    ++give_batch_;
    if (slot.error) return fail(*slot.error);
    return FeedBatch{slot.data.get(), slot.labels.data(), slot.shape};
}

Feed::Feed(std::unique_ptr<Pipeline> pipeline) : pipeline_(std::move(pipeline)) {}
Feed::~Feed() = default;

Result<std::unique_ptr<Feed>> Feed::open(const FeedOptions& options) {
    DIGITS_ASSIGN(auto pipeline, Pipeline::create(options));
    return std::unique_ptr<Feed>(new Feed(std::move(pipeline)));
}

std::array<std::int64_t, 4> Feed::shape() const { return pipeline_->shape(); }
std::uint64_t Feed::record_count() const { return pipeline_->record_count(); }
const Rounds& Feed::rounds() const { return pipeline_->rounds(); }
Result<FeedBatch> Feed::next() { return pipeline_->next(); }
double Feed::wait_seconds() const { return pipeline_->wait_seconds(); }

}  // namespace digits
