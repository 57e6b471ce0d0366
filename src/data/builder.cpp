#include "data/builder.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <system_error>

#include "base/disk_space.hpp"
#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "data/dataset_facts.hpp"
#include "data/guard.hpp"
#include "data/open_source.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/prepare_image.hpp"
#include "data/readable_classes.hpp"
#include "data/records/mean.hpp"
#include "data/records/record_sink.hpp"
#include "data/records/target_codec.hpp"
#include "data/sources/files/label_file.hpp"
#include "data/sources/packed/ready_databases.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr int kThreadsThatWait = 16;  ///< for samples of other machines

std::string database_name(Split split) { return std::string(enum_name(split)) + "_db"; }
std::string label_database_name(Split split) { return std::string(enum_name(split)) + "_labels_db"; }
std::string list_name(Split split) { return std::string(enum_name(split)) + ".txt"; }

/// Appends a sample's line in the list of its split: its name and, behind a space, its class, its numbers or, of boxes,
/// how many they are.
void add_list_line(std::string& text, SampleName name, const Target& target, TargetKind kind) {
    text += std::move(name).text();
    text += ' ';
    if (const auto* tensor = std::get_if<Tensor>(&target)) {
        text += fmt::format("[{}]\n", fmt::join(tensor->values, ","));
    } else if (const auto* boxes = std::get_if<Boxes>(&target)) {
        text += fmt::format("[{}]\n", boxes->boxes.size());
    } else if (kind != TargetKind::kClass) {
        text += "[]\n";
    } else {
        const auto* label = std::get_if<ClassLabel>(&target);
        text += std::to_string(label ? label->index : 0);
        text += '\n';
    }
}

/// Runs `work` on a thread of its own.
template <class Work>
std::future<Status> in_background(const char* doing, Work work) {
    return std::async(std::launch::async, [doing, work = std::move(work)] { return guarded(doing, work); });
}

/// A database under construction beside its place, gone unless `commit` is called.
class PartialDatabase {
  public:
    explicit PartialDatabase(fs::path place) : place_(std::move(place)), partial_(place_) {
        partial_ += ".partial";
        fs::remove_all(partial_);
        fs::remove_all(place_);
    }
    ~PartialDatabase() {
        std::error_code ignored;
        fs::remove_all(partial_, ignored);
    }
    const fs::path& path() const { return partial_; }
    Status commit() {
        std::error_code error;
        fs::rename(partial_, place_, error);
        if (error) return fail(errno_error("cannot rename " + partial_.string(), error.value()));
        return {};
    }

  private:
    fs::path place_;
    fs::path partial_;
};

/// What a database will take on the disk, as its records tell: an early end is better than a full disk.
class SpaceForRecords {
  public:
    SpaceForRecords(fs::path folder, std::uint64_t count) : folder_(std::move(folder)), count_(count) {}

    /// A record that will be written. Fails once it is known that not all of them fit.
    Status add(std::size_t bytes) {
        bytes_ += static_cast<double>(bytes);
        ++seen_;
        if (seen_ != std::min<std::uint64_t>(kEnoughToKnow, count_)) return {};
        return check_disk_space(folder_, needed());
    }
    /// A failed write, with what all records need.
    Status explain(Status written) const {
        if (written || written.error().code != ErrorCode::kResourceExhausted) return written;
        const auto free = free_disk_bytes(folder_);
        return free && *free < needed() ? fail(disk_full_error(folder_, needed())) : std::move(written);
    }

  private:
    static constexpr std::uint64_t kEnoughToKnow = 200;

    std::int64_t needed() const {
        return seen_ == 0
                   ? 0
                   : static_cast<std::int64_t>(bytes_ / static_cast<double>(seen_) * static_cast<double>(count_));
    }

    fs::path folder_;
    std::uint64_t count_, seen_ = 0;
    double bytes_ = 0;
};

class Builder {
  public:
    Builder(const DatasetSpec& spec, TaskContext& context)
        : spec_(spec), context_(context), folder_(context.job_dir()), threads_(thread_count(spec.threads)) {}

    Result<json> build();

  private:
    struct Packed {
        std::optional<PackedRecord> record;
        std::string problem;
        std::vector<ImageFacts> facts;                  ///< of images with findings
        int width = 0, height = 0;                      ///< of the record
        std::optional<std::pair<float, float>> values;  ///< of a deep image: the lowest and the highest
        std::vector<std::uint64_t> counts;              ///< objects or pixels of each class; the last: of none
        std::vector<std::size_t> box_sides;             ///< places in SplitFacts::box_sides
    };

    void remove_old_files();
    Status open_samples();
    void warn(std::string sentence);
    void list_unreadable(Split split, const std::string& name, const std::string& reason);
    /// What the images turned out to be.
    void note_findings();
    /// The order of the records; the lists name the samples in it.
    void choose_order();
    Status write_lists() const;
    Status build_split(Split split);
    /// Of databases that are there: links to them.
    Status link_databases(const ReadyDatabases& ready);
    Status pack_sample(Split split, Sample sample, std::uint64_t place, MeanAccumulator* mean, Packed& packed) const;
    /// Of images that are not resized.
    bool keeps_sizes() const { return spec_.image.resize == ResizeMode::kNone; }
    bool has_mean() const { return spec_.mean && !(keeps_sizes() && !spec_.same_size); }
    /// Whether it has the size of the first image that any thread made; another one ends the creation.
    bool has_first_size(const Image& image) const;
    /// Of images that keep their sizes: remembers the first record's; kInvalidArgument for another one, unless sizes
    /// may differ.
    Status check_size(const Packed& packed, const std::string& name);
    TargetLayout target_layout(Split split) const;
    /// HDF5: the shape of the targets' array; empty for classes.
    std::vector<int> array_shape(Split split) const;
    void count_most_boxes();
    /// Of the samples of a deep image: the lowest and the highest.
    void note_values(std::pair<float, float> range);
    void add_counts(const std::vector<std::uint64_t>& counts, SplitFacts& facts) const;
    Packed pack(Split split, std::uint64_t place, MeanAccumulator* mean) const;
    /// Of a target that is stored.
    Status pack_stored_target(Split split, const Target& target, PackedRecord& record) const;
    std::uint64_t database_bytes() const;
    /// What a record takes on the disk, about.
    std::size_t stored_bytes(const PackedRecord& record) const {
        const bool floats =
            spec_.storage.backend == DatasetBackend::kHdf5 && spec_.storage.compression == Hdf5Compression::kNone;
        return record.bytes.size() * (floats ? sizeof(float) : 1) + record.target.size() * sizeof(float) +
               record.target_bytes.size();
    }

    std::vector<std::uint32_t>& order(Split split) { return order_[static_cast<std::size_t>(split)]; }
    const std::vector<std::uint32_t>& order(Split split) const { return order_[static_cast<std::size_t>(split)]; }

    const DatasetSpec& spec_;
    TaskContext& context_;
    const fs::path folder_;
    int threads_;
    std::unique_ptr<const SampleSource> source_;
    std::array<std::vector<std::uint32_t>, 3> order_;  ///< by Split
    DatasetFacts facts_;
    ImageFindings findings_;
    std::string unreadable_;
    std::uint64_t record_count_ = 0;
    std::array<int, 3> max_boxes_{};  ///< by Split
    std::string first_name_;          ///< of the record whose size all have
    int first_width_ = 0, first_height_ = 0;
    mutable std::atomic<std::uint64_t> mean_size_ = 0;  ///< of the images whose mean is taken
};

void Builder::remove_old_files() {
    for (const char* name : {"labels.txt", "unreadable.txt", "mean.binaryproto", "mean.jpg"})
        fs::remove(folder_ / name);
    fs::remove(folder_ / kDatasetFacts);
    for (const Split split : kSplits) {
        fs::remove(folder_ / list_name(split));
        for (const auto& name : {database_name(split), label_database_name(split)}) {
            fs::remove_all(folder_ / name);
            fs::remove_all(folder_ / (name + ".partial"));
        }
    }
}

Status Builder::open_samples() {
    ProgressMeter progress(context_, "find images", "images", 0);
    std::size_t told = 0;
    ScanLimits limits;
    limits.cancelled = [&] { return context_.abort_requested(); };
    std::vector<std::string> left_out;
    const auto count = [&](std::size_t found) {
        progress.add(found > told ? found - told : 0);
        told = found;
    };
    auto opened = open_source(spec_, limits, count, &left_out);
    for (auto& warning : left_out) warn(std::move(warning));
    if (!opened) return fail(std::move(opened).error());
    auto source = std::move(*opened);
    for (const auto& warning : source->facts().warnings) warn(warning);
    const auto told_warnings = source->facts().warnings.size();
    if (source->waits_for_others() && spec_.threads == 0) threads_ = std::max(threads_, kThreadsThatWait);
    DIGITS_ASSIGN(auto readable, keep_readable_classes(std::move(source), threads_, limits.cancelled));
    source_ = std::move(readable.source);
    const auto& facts = source_->facts();
    for (std::size_t i = told_warnings; i < facts.warnings.size(); ++i) warn(facts.warnings[i]);
    for (const auto& one : readable.left_out) list_unreadable(one.split, one.name, one.reason);
    facts_.unsupported = {count_files(facts.unsupported), facts.unsupported};
    if (!facts.unsupported.empty()) warn(unsupported_text(facts.unsupported));
    if (facts.target == TargetKind::kClassSet || facts.target == TargetKind::kNone)
        return fail(ErrorCode::kUnsupported, "samples whose target is of the kind {} cannot be stored yet",
                    enum_name(facts.target));
    facts_.task = spec_.task;
    facts_.image = spec_.image;
    facts_.storage = spec_.storage;
    facts_.target = facts.target;
    facts_.target_shape = facts.target_shape;
    facts_.target_names = facts.target_names;
    facts_.labels = facts.labels;
    facts_.ignore_label = facts.ignore_label;
    facts_.palette = facts.palette;
    if (facts.target == TargetKind::kBoxes) count_most_boxes();
    return {};
}

void Builder::warn(std::string sentence) {
    context_.emit({{"event", "log"}, {"level", "warning"}, {"text", sentence}});
    facts_.warnings.push_back(std::move(sentence));
}

void Builder::list_unreadable(Split split, const std::string& name, const std::string& reason) {
    unreadable_ += fmt::format("{}\t{}\t{}\n", enum_name(split), name, reason);
    ++facts_.unreadable.count;
}

void Builder::note_findings() {
    facts_.turned = findings_.turned;
    if (findings_.depth.images > 0) facts_.depth = findings_.depth;
    for (auto& sentence : findings_.sentences()) warn(std::move(sentence));
    if (facts_.unreadable.count > 0)
        warn(fmt::format("{} cannot be read; unreadable.txt says why", count_of(facts_.unreadable.count, "image")));
}

void Builder::choose_order() {
    for (const Split split : kSplits) {
        order(split).resize(source_->size(split));
        std::iota(order(split).begin(), order(split).end(), 0U);
        if (!spec_.shuffle || source_->ready()) continue;
        SplitMix64 random(spec_.seed, (std::uint64_t{16} + static_cast<std::uint64_t>(split)) << 32);
        shuffle(std::span(order(split)), random);
    }
}

Status Builder::write_lists() const {
    if (!facts_.labels.empty()) DIGITS_TRY(write_labels(folder_ / "labels.txt", facts_.labels));
    for (const Split split : kSplits) {
        if (order(split).empty()) continue;
        std::string text;
        for (const auto index : order(split))
            add_list_line(text, source_->name(split, index), source_->target(split, index), facts_.target);
        DIGITS_TRY(write_file_atomic(folder_ / list_name(split), text));
    }
    return {};
}

void Builder::count_most_boxes() {
    for (const Split split : kSplits) {
        auto& most = max_boxes_[static_cast<std::size_t>(split)];
        most = source_->facts().max_boxes[static_cast<std::size_t>(split)];
        for (std::size_t i = 0; i < source_->size(split); ++i) {
            const auto target = source_->target(split, i);
            if (const auto* boxes = std::get_if<Boxes>(&target))
                most = std::max(most, static_cast<int>(boxes->boxes.size()));
        }
    }
}

TargetLayout Builder::target_layout(Split split) const {
    return {max_boxes_[static_cast<std::size_t>(split)], spec_.storage.label_encoding};
}

std::vector<int> Builder::array_shape(Split split) const {
    const auto& image = spec_.image;
    switch (facts_.target) {
        case TargetKind::kTensor: return facts_.target_shape;
        case TargetKind::kBoxes: return {1, target_layout(split).max_boxes + 1, kBoxColumns};
        case TargetKind::kMask: return {1, image.height, image.width};
        case TargetKind::kImage: return {image.channel_count(), image.height, image.width};
        default: return {};
    }
}

Status Builder::pack_stored_target(Split split, const Target& target, PackedRecord& record) const {
    if (target_kind(target) != facts_.target)
        return fail(ErrorCode::kInvalidArgument, "the target is of the kind {}; it must be {}",
                    enum_name(target_kind(target)), enum_name(facts_.target));
    if (facts_.target == TargetKind::kClass) return {};
    if (const auto* tensor = std::get_if<Tensor>(&target); tensor && tensor->shape != facts_.target_shape)
        return fail(ErrorCode::kInvalidArgument, "the target has the shape {}; it must be {}",
                    fmt::join(tensor->shape, " x "), fmt::join(facts_.target_shape, " x "));
    if (spec_.storage.backend == DatasetBackend::kLmdb) {
        DIGITS_ASSIGN(record.target_bytes, pack_target(target, target_layout(split)));
    } else {
        DIGITS_ASSIGN(auto array, target_array(target, target_layout(split)));
        record.target = std::move(array.values);
    }
    return {};
}

/// Objects or pixels of each class, and last those that have none of them or do not count.
std::vector<std::uint64_t> counts_of(const Target& target, std::size_t classes, std::optional<int> ignore_label) {
    std::vector<std::uint64_t> counts;
    if (const auto* tensor = std::get_if<Tensor>(&target); tensor && classes > 0) {
        // Labels of images.
        for (const float value : tensor->values) counts.push_back(value >= 0.5f);
        return counts;
    }
    const auto add = [&](int label) {
        const bool counted = label >= 0 && static_cast<std::size_t>(label) < classes && label != ignore_label;
        ++counts[counted ? static_cast<std::size_t>(label) : classes];
    };
    if (const auto* boxes = std::get_if<Boxes>(&target)) {
        counts.resize(classes + 1);
        for (const auto& box : boxes->boxes) add(box.label);
    }
    if (const auto* mask = std::get_if<Mask>(&target)) {
        counts.resize(classes + 1);
        for (const auto id : mask->ids) add(id);
    }
    return counts;
}

/// The places of the boxes that count in SplitFacts::box_sides.
std::vector<std::size_t> box_sides_of(const Target& target, std::optional<int> ignore_label) {
    constexpr double kMost = 255;
    std::vector<std::size_t> sides;
    if (const auto* boxes = std::get_if<Boxes>(&target))
        for (const auto& box : boxes->boxes)
            if (const double side = std::min(box.width(), box.height()); box.label != ignore_label && side >= 0)
                sides.push_back(static_cast<std::size_t>(std::min(side, kMost)));
    return sides;
}

Status Builder::pack_sample(Split split, Sample sample, std::uint64_t place, MeanAccumulator* mean,
                            Packed& packed) const {
    DIGITS_ASSIGN(const auto prepared, prepare_sample(std::move(sample), spec_.image,
                                                      SplitMix64(spec_.seed, place).next(), facts_.ignore_label));
    const auto& [image, target] = prepared;
    const auto* label = std::get_if<ClassLabel>(&target);
    DIGITS_ASSIGN(auto record, pack_record(image, label ? label->index : 0, spec_.storage));
    DIGITS_TRY(pack_stored_target(split, target, record));
    packed.counts = counts_of(target, facts_.labels.size(), facts_.ignore_label);
    packed.box_sides = box_sides_of(target, facts_.ignore_label);
    packed.width = image.width;
    packed.height = image.height;
    if (image.is_deep()) {
        const auto [lowest, highest] = std::ranges::minmax(image.values);
        packed.values = {lowest, highest};
    }
    packed.record = std::move(record);
    if (mean != nullptr && has_first_size(image)) mean->add(image);
    return {};
}

bool Builder::has_first_size(const Image& image) const {
    const auto size = static_cast<std::uint64_t>(image.width) << 32 | static_cast<std::uint64_t>(image.height);
    std::uint64_t first = 0;
    return mean_size_.compare_exchange_strong(first, size) || first == size;
}

Status Builder::check_size(const Packed& packed, const std::string& name) {
    if (first_name_.empty()) {
        first_name_ = name;
        first_width_ = packed.width;
        first_height_ = packed.height;
    }
    if (!spec_.same_size || (packed.width == first_width_ && packed.height == first_height_)) return {};
    return fail(make_error(ErrorCode::kInvalidArgument, "the image is {} x {}, but {} is {} x {}", packed.width,
                           packed.height, first_name_, first_width_, first_height_)
                    .at(name)
                    .advise("choose a resize transformation, or allow images of different sizes"));
}

void Builder::add_counts(const std::vector<std::uint64_t>& counts, SplitFacts& facts) const {
    if (counts.empty()) return;
    const bool boxes = facts_.target == TargetKind::kBoxes;
    if (facts_.target == TargetKind::kTensor) {
        for (std::size_t i = 0; i < std::min(facts.per_class.size(), counts.size()); ++i)
            facts.per_class[i] += counts[i];
        return;
    }
    auto& sums = boxes ? facts.boxes_per_class : facts.pixels_per_class;
    sums.resize(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) sums[i] += counts[i];
    for (std::size_t i = 0; i < facts.per_class.size(); ++i) facts.per_class[i] += counts[i] > 0;
}

void Builder::note_values(std::pair<float, float> range) {
    auto& values = facts_.values;
    if (values.empty()) values = {range.first, range.second};
    values[0] = std::min(values[0], static_cast<double>(range.first));
    values[1] = std::max(values[1], static_cast<double>(range.second));
}

Builder::Packed Builder::pack(Split split, std::uint64_t place, MeanAccumulator* mean) const {
    Packed packed;
    const auto done = guarded("read it", [&]() -> Status {
        DIGITS_ASSIGN(auto sample, source_->get(split, order(split)[place]));
        std::ranges::copy_if(sample.facts, std::back_inserter(packed.facts), ImageFindings::are_in);
        return pack_sample(split, std::move(sample), place, mean, packed);
    });
    if (!done) packed.problem = done.error().message;
    return packed;
}

Status Builder::build_split(Split split) {
    const auto count = order(split).size();
    if (count == 0) return {};
    SplitFacts facts;
    facts.db = database_name(split);
    facts.list = list_name(split);
    facts.per_class.resize(facts_.labels.size());
    const bool has_label_db = facts_.target != TargetKind::kClass && spec_.storage.backend == DatasetBackend::kLmdb;
    if (facts_.target == TargetKind::kBoxes) facts.max_boxes = target_layout(split).max_boxes;
    if (has_label_db) facts.label_db = label_database_name(split);
    const auto list_prefix = fmt::format("../{}/{}/", folder_.filename().string(), facts.db);
    PartialDatabase database(folder_ / facts.db);
    std::optional<PartialDatabase> label_database;
    if (has_label_db) label_database.emplace(folder_ / *facts.label_db);
    RecordSinkOptions options{database.path(), {}, list_prefix, array_shape(split)};
    if (label_database) options.label_folder = label_database->path();
    DIGITS_ASSIGN(auto sink, create_record_sink(options, spec_.image, spec_.storage));
    ProgressMeter progress(context_, "create " + facts.db, "images", count);

    const bool with_mean = has_mean() && split == Split::kTrain;
    std::vector<MeanAccumulator> means(static_cast<std::size_t>(threads_));
    const auto image_bytes = static_cast<std::size_t>(spec_.image.width) *
                             static_cast<std::size_t>(spec_.image.height) *
                             static_cast<std::size_t>(spec_.image.channel_count());
    const PipelineSize size{threads_, std::clamp<std::uint64_t>(kBlockBytes / image_bytes, 1, 256),
                            static_cast<std::uint64_t>(threads_) * 4 + 2};
    const auto make = [&](int thread, std::uint64_t i) {
        return pack(split, i, with_mean ? &means[static_cast<std::size_t>(thread)] : nullptr);
    };
    SpaceForRecords space(database.path(), count);
    const auto consume = [&](std::uint64_t i, Packed packed) -> Status {
        if (context_.abort_requested()) return fail(ErrorCode::kCancelled, "stopped while creating {}", facts.db);
        progress.add();
        if (!packed.record) {
            list_unreadable(split, source_->name(split, order(split)[i]).text(), packed.problem);
            return {};
        }
        if (keeps_sizes()) DIGITS_TRY(check_size(packed, source_->name(split, order(split)[i]).text()));
        for (const auto& image : packed.facts)
            findings_.add(image, spec_.image.is_deep() || !spec_.image.value_range.empty());
        if (packed.values) note_values(*packed.values);
        if (facts_.target == TargetKind::kClass && !facts.per_class.empty())
            ++facts.per_class[static_cast<std::size_t>(packed.record->label)];
        add_counts(packed.counts, facts);
        for (const auto side : packed.box_sides) {
            if (side >= facts.box_sides.size()) facts.box_sides.resize(side + 1);
            ++facts.box_sides[side];
        }
        ++facts.count;
        DIGITS_TRY(space.add(stored_bytes(*packed.record)));
        return space.explain(sink->put(std::move(*packed.record)));
    };
    DIGITS_TRY(run_ordered<Packed>(count, size, make, consume));
    if (facts.count == 0)
        return fail(make_error(ErrorCode::kDataLoss, "none of the {} images for {} can be read; the first: {}", count,
                               facts.db, unreadable_.substr(0, unreadable_.find('\n')))
                        .at((folder_ / facts.list).string()));
    // Both wait for the disk.
    std::future<Status> mean_written;
    if (with_mean) {
        MeanAccumulator all;
        for (const auto& mean : means) all.merge(mean);
        const auto mean = all.mean();
        facts_.mean_pixel = mean_pixel(to_mean_blob(mean));
        facts_.mean_file = "mean.binaryproto";
        mean_written = in_background("write the mean", [this, mean] { return write_mean_files(mean, folder_); });
    }
    DIGITS_TRY(space.explain(sink->finish()));
    sink.reset();
    if (label_database) DIGITS_TRY(label_database->commit());
    DIGITS_TRY(database.commit());
    if (with_mean) DIGITS_TRY(mean_written.get());
    record_count_ += facts.count;
    facts_.splits[std::string(enum_name(split))] = std::move(facts);
    return {};
}

Status Builder::link_databases(const ReadyDatabases& ready) {
    facts_.image.width = ready.width;
    facts_.image.height = ready.height;
    facts_.image.channels = ready.channels;
    facts_.image.resize = ResizeMode::kSquash;
    facts_.storage = {};
    for (const Split split : kSplits) {
        const auto& databases = ready.splits[static_cast<std::size_t>(split)];
        if (databases.images.empty()) continue;
        SplitFacts facts;
        facts.count = source_->size(split);
        facts.db = database_name(split);
        facts.list = list_name(split);
        if (facts_.target == TargetKind::kClass) facts.per_class = samples_per_class(*source_, split);
        fs::create_directory_symlink(fs::absolute(databases.images), folder_ / facts.db);
        if (!databases.labels.empty()) {
            facts.label_db = label_database_name(split);
            fs::create_directory_symlink(fs::absolute(databases.labels), folder_ / *facts.label_db);
        }
        if (facts_.target == TargetKind::kBoxes) facts.max_boxes = target_layout(split).max_boxes;
        record_count_ += facts.count;
        facts_.splits[std::string(enum_name(split))] = std::move(facts);
    }
    if (ready.mean_file.empty()) return {};
    DIGITS_ASSIGN(const auto mean, read_mean_file(ready.mean_file));
    if (mean.width != ready.width || mean.height != ready.height || mean.channels != ready.channels)
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "the mean is {} x {} with {} channels, the images {} x {} with {}", mean.width,
                               mean.height, mean.channels, ready.width, ready.height, ready.channels)
                        .at(ready.mean_file));
    facts_.mean_pixel = mean_pixel(mean);
    facts_.mean_file = "mean.binaryproto";
    fs::copy_file(ready.mean_file, folder_ / *facts_.mean_file);
    return {};
}

std::uint64_t bytes_below(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (auto it = fs::recursive_directory_iterator(folder, error); !error && it != fs::recursive_directory_iterator();
         it.increment(error)) {
        std::error_code ignored;
        if (const auto size = it->file_size(ignored); !ignored) bytes += size;
    }
    return bytes;
}

std::uint64_t Builder::database_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, split] : facts_.splits) {
        bytes += bytes_below(folder_ / split.db);
        if (split.label_db) bytes += bytes_below(folder_ / *split.label_db);
    }
    return bytes;
}

Result<json> Builder::build() {
    const auto start = std::chrono::steady_clock::now();
    remove_old_files();
    DIGITS_TRY(open_samples());
    const auto* ready = source_->ready();
    choose_order();
    // The disk takes its time with the lists; the images do not wait for it.
    auto lists = in_background("write the lists", [this] { return write_lists(); });
    if (ready) DIGITS_TRY(link_databases(*ready));
    for (const Split split : kSplits)
        if (!ready) DIGITS_TRY(build_split(split));
    DIGITS_TRY(lists.get());
    facts_.unreadable.file = "unreadable.txt";
    DIGITS_TRY(write_file_atomic(folder_ / facts_.unreadable.file, unreadable_));
    if (keeps_sizes() && spec_.same_size && !ready) {
        facts_.image.width = first_width_;
        facts_.image.height = first_height_;
    }
    note_findings();
    facts_.bytes = database_bytes();
    facts_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    facts_.images_per_s = static_cast<double>(record_count_) / std::max(facts_.seconds, 1e-9);
    DIGITS_TRY(write_dataset_facts(folder_, facts_));
    return to_json(facts_);
}

}  // namespace

Result<json> build_dataset(const DatasetSpec& spec, TaskContext& context) {
    return guarded("create the dataset", [&] { return Builder(spec, context).build(); });
}

}  // namespace digits
