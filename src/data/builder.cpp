#include "data/builder.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <system_error>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "data/dataset_facts.hpp"
#include "data/guard.hpp"
#include "data/label_file.hpp"
#include "data/open_source.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/prepare_image.hpp"
#include "data/readable_classes.hpp"
#include "data/records/mean.hpp"
#include "data/records/record_sink.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

std::string database_name(Split split) { return std::string(enum_name(split)) + "_db"; }
std::string label_database_name(Split split) { return std::string(enum_name(split)) + "_labels_db"; }
std::string list_name(Split split) { return std::string(enum_name(split)) + ".txt"; }

/// A sample's line in the list of its split: its name and, behind a space, its class or its numbers.
std::string list_line(const SampleName& name, const Target& target) {
    auto line = name.text() + ' ';
    if (const auto* tensor = std::get_if<Tensor>(&target))
        return line + fmt::format("[{}]\n", fmt::join(tensor->values, ","));
    const auto* label = std::get_if<ClassLabel>(&target);
    return line + std::to_string(label ? label->index : 0) + '\n';
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

class Builder {
  public:
    Builder(const DatasetSpec& spec, TaskContext& context)
        : spec_(spec), context_(context), folder_(context.job_dir()), threads_(thread_count(spec.threads)) {}

    Result<json> build();

  private:
    struct Packed {
        std::optional<PackedRecord> record;
        std::string problem;
        std::vector<ImageFacts> facts;
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
    Result<PackedRecord> pack_sample(Sample sample, std::uint64_t place, MeanAccumulator* mean) const;
    Packed pack(Split split, std::uint64_t place, MeanAccumulator* mean) const;
    /// Of a target that is stored.
    Status pack_target(const Target& target, PackedRecord& record) const;
    std::uint64_t database_bytes() const;

    std::vector<std::uint32_t>& order(Split split) { return order_[static_cast<std::size_t>(split)]; }
    const std::vector<std::uint32_t>& order(Split split) const { return order_[static_cast<std::size_t>(split)]; }

    const DatasetSpec& spec_;
    TaskContext& context_;
    const fs::path folder_;
    const int threads_;
    std::unique_ptr<const SampleSource> source_;
    std::array<std::vector<std::uint32_t>, 3> order_;  ///< by Split
    DatasetFacts facts_;
    ImageFindings findings_;
    std::string unreadable_;
    std::uint64_t record_count_ = 0;
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
    DIGITS_ASSIGN(auto readable, keep_readable_classes(std::move(source), threads_, limits.cancelled));
    source_ = std::move(readable.source);
    const auto& facts = source_->facts();
    for (std::size_t i = told_warnings; i < facts.warnings.size(); ++i) warn(facts.warnings[i]);
    for (const auto& one : readable.left_out) list_unreadable(one.split, one.name, one.reason);
    facts_.unsupported = {count_files(facts.unsupported), facts.unsupported};
    if (!facts.unsupported.empty()) warn(unsupported_text(facts.unsupported));
    if (facts.target != TargetKind::kClass && facts.target != TargetKind::kTensor)
        return fail(ErrorCode::kUnsupported, "samples whose target is of the kind {} cannot be stored yet",
                    enum_name(facts.target));
    facts_.task = spec_.task;
    facts_.image = spec_.image;
    facts_.storage = spec_.storage;
    facts_.target = facts.target;
    facts_.target_shape = facts.target_shape;
    facts_.target_names = facts.target_names;
    facts_.labels = facts.labels;
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
        if (!spec_.shuffle) continue;
        SplitMix64 random(spec_.seed, (std::uint64_t{16} + static_cast<std::uint64_t>(split)) << 32);
        shuffle(std::span(order(split)), random);
    }
}

Status Builder::write_lists() const {
    if (facts_.target == TargetKind::kClass) DIGITS_TRY(write_labels(folder_ / "labels.txt", facts_.labels));
    for (const Split split : kSplits) {
        if (order(split).empty()) continue;
        std::string text;
        for (const auto index : order(split))
            text += list_line(source_->name(split, index), source_->target(split, index));
        DIGITS_TRY(write_file_atomic(folder_ / list_name(split), text));
    }
    return {};
}

Status Builder::pack_target(const Target& target, PackedRecord& record) const {
    if (target_kind(target) != facts_.target)
        return fail(ErrorCode::kInvalidArgument, "the target is of the kind {}, expected {}",
                    enum_name(target_kind(target)), enum_name(facts_.target));
    if (const auto* tensor = std::get_if<Tensor>(&target)) {
        if (tensor->shape != facts_.target_shape)
            return fail(ErrorCode::kInvalidArgument, "the target has the shape {}, expected {}",
                        fmt::join(tensor->shape, " x "), fmt::join(facts_.target_shape, " x "));
        record.target = tensor->values;
    }
    return {};
}

Result<PackedRecord> Builder::pack_sample(Sample sample, std::uint64_t place, MeanAccumulator* mean) const {
    const auto image =
        prepare_image(std::move(sample.images.front()), spec_.image, SplitMix64(spec_.seed, place).next());
    const auto* label = std::get_if<ClassLabel>(&sample.target);
    DIGITS_ASSIGN(auto record, pack_record(image, label ? label->index : 0, spec_.storage));
    DIGITS_TRY(pack_target(sample.target, record));
    if (mean != nullptr) mean->add(image);
    return record;
}

Builder::Packed Builder::pack(Split split, std::uint64_t place, MeanAccumulator* mean) const {
    Packed packed;
    auto record = guarded("read it", [&]() -> Result<PackedRecord> {
        DIGITS_ASSIGN(auto sample, source_->get(split, order(split)[place]));
        packed.facts = std::move(sample.facts);
        return pack_sample(std::move(sample), place, mean);
    });
    if (record)
        packed.record = std::move(*record);
    else
        packed.problem = record.error().message;
    return packed;
}

Status Builder::build_split(Split split) {
    const auto count = order(split).size();
    if (count == 0) return {};
    SplitFacts facts;
    facts.db = database_name(split);
    facts.list = list_name(split);
    facts.per_class.resize(facts_.labels.size());
    const bool has_label_db = facts_.target == TargetKind::kTensor && spec_.storage.backend == DatasetBackend::kLmdb;
    if (has_label_db) facts.label_db = label_database_name(split);
    const auto list_prefix = fmt::format("../{}/{}/", folder_.filename().string(), facts.db);
    PartialDatabase database(folder_ / facts.db);
    std::optional<PartialDatabase> label_database;
    if (has_label_db) label_database.emplace(folder_ / *facts.label_db);
    RecordSinkOptions options{database.path(), {}, list_prefix, facts_.target_shape};
    if (label_database) options.label_folder = label_database->path();
    DIGITS_ASSIGN(auto sink, create_record_sink(options, spec_.image, spec_.storage));
    ProgressMeter progress(context_, "create " + facts.db, "images", count);

    const bool with_mean = spec_.mean && split == Split::kTrain;
    std::vector<MeanAccumulator> means(static_cast<std::size_t>(threads_));
    const auto image_bytes = static_cast<std::size_t>(spec_.image.width) *
                             static_cast<std::size_t>(spec_.image.height) *
                             static_cast<std::size_t>(spec_.image.channels);
    const PipelineSize size{threads_, std::clamp<std::uint64_t>(kBlockBytes / image_bytes, 1, 64),
                            static_cast<std::uint64_t>(threads_) * 4 + 2};
    const auto make = [&](int thread, std::uint64_t i) {
        return pack(split, i, with_mean ? &means[static_cast<std::size_t>(thread)] : nullptr);
    };
    const auto consume = [&](std::uint64_t i, Packed packed) -> Status {
        if (context_.abort_requested()) return fail(ErrorCode::kCancelled, "stopped while creating {}", facts.db);
        progress.add();
        if (!packed.record) {
            list_unreadable(split, source_->name(split, order(split)[i]).text(), packed.problem);
            return {};
        }
        for (const auto& image : packed.facts) findings_.add(image, !spec_.image.value_range.empty());
        if (!facts.per_class.empty()) ++facts.per_class[static_cast<std::size_t>(packed.record->label)];
        ++facts.count;
        return sink->put(std::move(*packed.record));
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
    DIGITS_TRY(sink->finish());
    sink.reset();
    if (label_database) DIGITS_TRY(label_database->commit());
    DIGITS_TRY(database.commit());
    if (with_mean) DIGITS_TRY(mean_written.get());
    record_count_ += facts.count;
    facts_.splits[std::string(enum_name(split))] = std::move(facts);
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
    choose_order();
    // The disk takes its time with the lists; the images do not wait for it.
    auto lists = in_background("write the lists", [this] { return write_lists(); });
    for (const Split split : kSplits) DIGITS_TRY(build_split(split));
    DIGITS_TRY(lists.get());
    facts_.unreadable.file = "unreadable.txt";
    DIGITS_TRY(write_file_atomic(folder_ / facts_.unreadable.file, unreadable_));
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

Result<json> scan_dataset(const DatasetSpec& spec, const ScanLimits& limits) {
    return guarded("look at the images", [&]() -> Result<json> {
        DIGITS_ASSIGN(const auto source, open_source(spec, limits));
        const auto& facts = source->facts();
        auto splits = json::object();
        for (const Split split : kSplits)
            if (const auto count = source->size(split))
                splits[std::string(enum_name(split))] = {{"count", count},
                                                         {"per_class", samples_per_class(*source, split)}};
        return json{{"labels", facts.labels},
                    {"target", enum_name(facts.target)},
                    {"target_shape", facts.target_shape},
                    {"target_names", facts.target_names},
                    {"splits", std::move(splits)},
                    {"unsupported", {{"count", count_files(facts.unsupported)}, {"types", facts.unsupported}}},
                    {"warnings", facts.warnings}};
    });
}

}  // namespace digits
