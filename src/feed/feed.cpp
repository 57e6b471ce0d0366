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
#include "feed/box_records.hpp"
#include "feed/record_size.hpp"
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
    std::vector<std::uint8_t> classes;  // of a moved mask
    std::vector<float> class_numbers;
    Augmenter::Scratch augmented;
    std::unique_ptr<Scratch> other;  // of the records that a mosaic takes
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

/// What is done to records of one size.
struct Recipe {
    RecordSize size;
    Augmenter augmenter;
    Transformer transformer;

    static Result<Recipe> create(const FeedOptions& options, const RecordSize& size, std::uint64_t records) {
        DIGITS_ASSIGN(auto transformer, Transformer::create(options.transform, options.phase, options.seed,
                                                            size.channels, size.height, size.width));
        DIGITS_ASSIGN(const auto augmenter, Augmenter::create(options.augmentation, options.seed, size.channels,
                                                              size.height, size.width, records));
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

/// An image's samples in planes.
struct Planes {
    RecordSize size;
    const std::uint8_t* samples = nullptr;
};

/// Of encoded images that all fit decoded. Decoded they are hardly ever a quarter of what they take on the disk.
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
    std::array<std::int64_t, 4> shape() const {
        return boxes_ ? boxes_->shape(options_.batch_size) : recipe_.shape(options_.batch_size);
    }
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
             Recipe recipe, std::unique_ptr<DecodedCache> cache, std::optional<BoxRecords> boxes);
    Status list_entries();
    void start();
    void work();
    /// False at the end. Blocks until a slot is free.
    bool claim(Claim& claim);
    Status fill(const Claim& claim, Scratch& scratch);
    Status fill_record(const RecordEntry& entry, std::uint64_t index, Slot& slot, std::size_t item, Scratch& scratch);
    Status fill_other_size(const DatumView& datum, const Planes& planes, std::uint64_t index, Slot& slot,
                           Scratch& scratch);
    Status apply(const Recipe& recipe, const DatumView& datum, const std::uint8_t* planes, std::uint64_t index,
                 float* out, Scratch& scratch);
    Status apply_mask(const Recipe& recipe, const DatumView& datum, const std::uint8_t* planes, std::uint64_t index,
                      float* out, Scratch& scratch);
    Result<DatumView> other_datum(std::uint64_t record) const;
    Result<const std::uint8_t*> other_planes(const Recipe& recipe, std::uint64_t record, Scratch& scratch);
    Result<Planes> planes_of(const DatumView& datum, std::uint64_t index, Scratch& scratch);
    Result<Planes> decoded_planes(const DatumView& datum, std::uint64_t index, Scratch& scratch);
    Slot& slot_of(std::uint64_t batch) { return slots_[batch % slots_.size()]; }

    const FeedOptions options_;
    const std::shared_ptr<RecordDatabase> database_;
    const Rounds rounds_;
    const Recipe recipe_;  ///< for records of the first one's size
    const std::unique_ptr<DecodedCache> cache_;
    const std::optional<BoxRecords> boxes_;  ///< where the records are boxes; then the recipe has no part in it
    const int thread_count_;
    std::vector<Slot> slots_;
    std::atomic<double> waited_ = 0;

    std::mutex mutex_;
    std::condition_variable slot_free_;
    std::condition_variable batch_ready_;
    std::unique_ptr<RecordCursor> cursor_;
    std::unique_ptr<RecordCursor> list_cursor_;  ///< keeps entries_ valid
    std::vector<RecordEntry> entries_;           ///< of all records, where mosaics take them in any order
    std::uint64_t claim_batch_;                  ///< the batch that is being given out
    int claim_item_ = 0;                         ///< its first image that nobody has yet
    std::uint64_t give_batch_;                   ///< the batch that `next` gives next
    std::uint64_t oldest_batch_;                 ///< the consumer may still hold this one; all before are free
    bool stop_ = false;
    std::vector<std::thread> workers_;
};

Feed::Pipeline::Pipeline(const FeedOptions& options, std::shared_ptr<RecordDatabase> database,
                         std::unique_ptr<RecordCursor> cursor, Recipe recipe, std::unique_ptr<DecodedCache> cache,
                         std::optional<BoxRecords> boxes)
    : options_(options),
      database_(std::move(database)),
      rounds_{database_->record_count(), static_cast<std::uint64_t>(options.batch_size), options.round_end},
      recipe_(std::move(recipe)),
      cache_(std::move(cache)),
      boxes_(std::move(boxes)),
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
        slot.capacity = batch_size * (boxes_ ? boxes_->floats() : recipe_.floats());
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
                    "batch_size and prefetch must be at least 1 and threads at least 0; got {}, {} and {}",
                    options.batch_size, options.prefetch, options.threads);
    const auto& transform = options.transform;
    if (transform.force_color() && transform.force_gray())
        return fail(ErrorCode::kInvalidArgument, "transform_param may have force_color or force_gray, not both");

    DIGITS_ASSIGN(auto database, RecordDatabase::open(options.source));
    DIGITS_ASSIGN(auto reader, RecordReader::open(options.source));
    RecordReader::Record record;
    DIGITS_ASSIGN(const bool has_records, reader.next(record));
    if (!has_records)
        return fail(ErrorCode::kInvalidArgument, "the database {} has no records", options.source.string());
    DIGITS_ASSIGN(const auto size, size_of(record.datum, transform));
    const auto records = database->record_count();
    std::optional<BoxRecords> boxes;
    FeedOptions recipe_options = options;
    if (options.records == FeedRecords::kBoxes) {
        DIGITS_ASSIGN(boxes, BoxRecords::create(options, record.datum, records));
        recipe_options.transform.Clear();
        recipe_options.augmentation = {};
    }
    if (options.records == FeedRecords::kMask && size.channels != 1)
        return fail(ErrorCode::kInvalidArgument, "the records of {} have {} channels; masks must have one",
                    options.source.string(), size.channels);
    DIGITS_ASSIGN(auto recipe, Recipe::create(recipe_options, size, records));
    DIGITS_ASSIGN(auto cursor, database->cursor());
    if (options.first_batch > 0) {
        const Rounds rounds{database->record_count(), static_cast<std::uint64_t>(options.batch_size),
                            options.round_end};
        DIGITS_TRY(cursor->skip(rounds.batch(options.first_batch).first % rounds.records));
    }
    auto cache = make_cache(*database, record.datum, size, options.cache_bytes);
    std::unique_ptr<Pipeline> pipeline(new Pipeline(options, std::move(database), std::move(cursor), std::move(recipe),
                                                    std::move(cache), std::move(boxes)));
    DIGITS_TRY(pipeline->list_entries());
    pipeline->start();
    return pipeline;
}

/// Where a mosaic finds its records.
Status Feed::Pipeline::list_entries() {
    if (boxes_ ? !boxes_->mixes_records() : !recipe_.augmenter.geometry().mixes_records()) return {};
    DIGITS_ASSIGN(list_cursor_, database_->cursor());
    entries_.resize(record_count());
    for (auto& entry : entries_) {
        DIGITS_ASSIGN(const bool more, list_cursor_->next(entry));
        if (!more) return fail(ErrorCode::kDataLoss, "the database {} ends early", database_->folder().string());
    }
    return {};
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
    if (boxes_)
        return boxes_->apply(
            datum, entry.key, index, [this](std::uint64_t record) { return other_datum(record); },
            slot.data.get() + item * boxes_->floats());
    DIGITS_ASSIGN(const auto planes, planes_of(datum, index, scratch));
    if (planes.size != recipe_.size) return fill_other_size(datum, planes, index, slot, scratch);
    return apply(recipe_, datum, planes.samples, index, slot.data.get() + item * recipe_.floats(), scratch);
}

Result<Planes> Feed::Pipeline::planes_of(const DatumView& datum, std::uint64_t index, Scratch& scratch) {
    if (datum.encoded) return decoded_planes(datum, index, scratch);
    const bool numbers = datum.data.empty();
    return Planes{{datum.channels, datum.height, datum.width},
                  numbers ? nullptr : reinterpret_cast<const std::uint8_t*>(datum.data.data())};
}

Result<DatumView> Feed::Pipeline::other_datum(std::uint64_t record) const {
    return parse_datum(entries_[record].value);
}

Result<const std::uint8_t*> Feed::Pipeline::other_planes(const Recipe& recipe, std::uint64_t record, Scratch& scratch) {
    if (!scratch.other) scratch.other = std::make_unique<Scratch>();
    DIGITS_ASSIGN(const auto datum, other_datum(record));
    DIGITS_ASSIGN(const auto planes, planes_of(datum, record, *scratch.other));
    if (planes.size != recipe.size || planes.samples == nullptr)
        return fail(make_error(ErrorCode::kUnsupported,
                               "a mosaic takes images of one size: the record {} has {} channels of {} x {}, this one "
                               "{} of {} x {}",
                               entries_[record].key, planes.size.channels, planes.size.width, planes.size.height,
                               recipe.size.channels, recipe.size.width, recipe.size.height)
                        .advise("Set mosaic to 0, or make the dataset with images of one size"));
    return planes.samples;
}

/// A batch takes its size from its first record; so a batch of one may have any.
Status Feed::Pipeline::fill_other_size(const DatumView& datum, const Planes& planes, std::uint64_t index, Slot& slot,
                                       Scratch& scratch) {
    const auto &size = planes.size, &first = recipe_.size;
    if (options_.batch_size > 1)
        return fail(make_error(ErrorCode::kDataLoss,
                               "the record has {} channels of {} x {}, but the first has {} of {} x {}", size.channels,
                               size.width, size.height, first.channels, first.width, first.height)
                        .advise("Set batch_size: 1, or give all images one size"));
    DIGITS_ASSIGN(const auto recipe, Recipe::create(options_, size, record_count()));
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
    if (options_.records == FeedRecords::kMask && !recipe.augmenter.geometry().keeps_places())
        return apply_mask(recipe, datum, planes, index, out, scratch);
    if (planes != nullptr) {
        const auto others = [&](std::uint64_t record) { return other_planes(recipe, record, scratch); };
        DIGITS_ASSIGN(const auto* varied, recipe.augmenter.apply(planes, index, scratch.augmented, others));
        recipe.transformer.apply(varied, index, out);
    } else if (!recipe.augmenter.changes_nothing()) {
        return fail(ErrorCode::kUnsupported, "the record holds numbers; only images can be augmented");
    } else {
        scratch.floats.resize(datum.float_count);
        copy_float_data(datum, scratch.floats.data());
        recipe.transformer.apply(scratch.floats.data(), index, out);
    }
    return {};
}

/// Class numbers above 255 are stored as numbers.
Status Feed::Pipeline::apply_mask(const Recipe& recipe, const DatumView& datum, const std::uint8_t* planes,
                                  std::uint64_t index, float* out, Scratch& scratch) {
    if (planes != nullptr) {
        scratch.classes.resize(recipe.size.samples());
        DIGITS_TRY(recipe.augmenter.move_classes<std::uint8_t>(
            planes, index, [&](std::uint64_t record) { return other_planes(recipe, record, scratch); },
            scratch.classes.data()));
        recipe.transformer.apply(scratch.classes.data(), index, out);
        return {};
    }
    const auto numbers = [&recipe](const DatumView& from, std::vector<float>& to) -> Result<const float*> {
        if (from.float_count != recipe.size.samples())
            return fail(ErrorCode::kDataLoss, "a mask has {} class numbers; it must have {}", from.float_count,
                        recipe.size.samples());
        to.resize(from.float_count);
        copy_float_data(from, to.data());
        return to.data();
    };
    DIGITS_ASSIGN(const auto* own, numbers(datum, scratch.floats));
    scratch.class_numbers.resize(recipe.size.samples());
    const auto others = [&](std::uint64_t record) -> Result<const float*> {
        if (!scratch.other) scratch.other = std::make_unique<Scratch>();
        DIGITS_ASSIGN(const auto other, other_datum(record));
        return numbers(other, scratch.other->floats);
    };
    DIGITS_TRY(recipe.augmenter.move_classes<float>(own, index, others, scratch.class_numbers.data()));
    recipe.transformer.apply(scratch.class_numbers.data(), index, out);
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
