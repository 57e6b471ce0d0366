#include "data/builder.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/random.hpp"
#include "data/dataset_plan.hpp"
#include "data/guard.hpp"
#include "data/load_picture.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/records/mean.hpp"
#include "data/records/record_sink.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

std::string database_name(Split split) { return std::string(enum_name(split)) + "_db"; }
std::string list_name(Split split) { return std::string(enum_name(split)) + ".txt"; }

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
    };

    void remove_old_files();
    /// The lists name the pictures in the order of the records.
    void shuffle_entries();
    Status write_lists() const;
    Status build_split(Split split);
    Packed pack(const ListEntry& entry, std::uint64_t noise_seed, MeanAccumulator* mean);
    json facts() const;

    const DatasetSpec& spec_;
    TaskContext& context_;
    const fs::path folder_;
    const int threads_;
    DatasetPlan plan_;
    json splits_ = json::object();
    json mean_pixel_;
    std::string unreadable_;
    std::uint64_t unreadable_count_ = 0;
    std::uint64_t record_count_ = 0;
};

void Builder::remove_old_files() {
    for (const char* name : {"dataset.json", "labels.txt", "unreadable.txt", "mean.binaryproto", "mean.jpg"})
        fs::remove(folder_ / name);
    for (const Split split : kSplits) {
        fs::remove(folder_ / list_name(split));
        fs::remove_all(folder_ / database_name(split));
        fs::remove_all(folder_ / (database_name(split) + ".partial"));
    }
}

void Builder::shuffle_entries() {
    if (!spec_.shuffle) return;
    for (const Split split : kSplits) {
        SplitMix64 random(spec_.seed, (std::uint64_t{16} + static_cast<std::uint64_t>(split)) << 32);
        shuffle(std::span(plan_.entries(split)), random);
    }
}

Status Builder::write_lists() const {
    DIGITS_TRY(write_labels(folder_ / "labels.txt", plan_.labels));
    for (const Split split : kSplits)
        if (!plan_.entries(split).empty())
            DIGITS_TRY(write_image_list(folder_ / list_name(split), plan_.entries(split)));
    return {};
}

Builder::Packed Builder::pack(const ListEntry& entry, std::uint64_t noise_seed, MeanAccumulator* mean) {
    const auto picture = load_picture(entry, spec_.image, noise_seed);
    if (!picture) return {{}, picture.error().message};
    auto record = pack_record(*picture, entry.label, spec_.storage);
    if (!record) return {{}, record.error().message};
    if (mean != nullptr) mean->add(*picture);
    return {std::move(*record), {}};
}

Status Builder::build_split(Split split) {
    const auto& entries = plan_.entries(split);
    if (entries.empty()) return {};
    const auto name = database_name(split);
    const auto list_prefix = fmt::format("../{}/{}/", folder_.filename().string(), name);
    PartialDatabase database(folder_ / name);
    DIGITS_ASSIGN(auto sink, create_record_sink(database.path(), spec_.image, spec_.storage, list_prefix));
    ProgressMeter progress(context_, "create " + name, "images", entries.size());

    const bool with_mean = spec_.mean && split == Split::kTrain;
    std::vector<MeanAccumulator> means(static_cast<std::size_t>(threads_));
    std::vector<std::uint64_t> per_class(plan_.labels.size(), 0);
    std::uint64_t written = 0;
    const auto picture_bytes = static_cast<std::size_t>(spec_.image.width) *
                               static_cast<std::size_t>(spec_.image.height) *
                               static_cast<std::size_t>(spec_.image.channels);
    const PipelineSize size{threads_, std::clamp<std::uint64_t>(kBlockBytes / picture_bytes, 1, 64),
                            static_cast<std::uint64_t>(threads_) * 4 + 2};
    const auto make = [&](int thread, std::uint64_t i) {
        return pack(entries[i], SplitMix64(spec_.seed, i).next(),
                    with_mean ? &means[static_cast<std::size_t>(thread)] : nullptr);
    };
    const auto consume = [&](std::uint64_t i, Packed packed) -> Status {
        if (context_.abort_requested()) return fail(ErrorCode::kCancelled, "stopped while creating {}", name);
        progress.add();
        if (!packed.record) {
            unreadable_ += fmt::format("{}\t{}\t{}\n", enum_name(split), entries[i].name(), packed.problem);
            ++unreadable_count_;
            return {};
        }
        ++per_class[static_cast<std::size_t>(entries[i].label)];
        ++written;
        return sink->put(std::move(*packed.record));
    };
    DIGITS_TRY(run_ordered<Packed>(entries.size(), size, make, consume));
    if (written == 0)
        return fail(make_error(ErrorCode::kDataLoss, "none of the {} pictures for {} can be read; the first: {}",
                               entries.size(), name, unreadable_.substr(0, unreadable_.find('\n')))
                        .at((folder_ / list_name(split)).string()));
    // Both wait for the disk.
    std::future<Status> mean_written;
    if (with_mean) {
        MeanAccumulator all;
        for (const auto& mean : means) all.merge(mean);
        const auto mean = all.mean();
        mean_pixel_ = mean_pixel(to_mean_blob(mean));
        mean_written = in_background("write the mean", [this, mean] { return write_mean_files(mean, folder_); });
    }
    DIGITS_TRY(sink->finish());
    sink.reset();
    DIGITS_TRY(database.commit());
    if (with_mean) DIGITS_TRY(mean_written.get());
    record_count_ += written;
    splits_[std::string(enum_name(split))] = {
        {"count", written}, {"db", name}, {"list", list_name(split)}, {"per_class", per_class}};
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

json Builder::facts() const {
    std::uint64_t bytes = 0;
    for (const auto& [name, split] : splits_.items()) bytes += bytes_below(folder_ / split["db"].get<std::string>());
    const auto spec = to_json(spec_);
    return {{"format", 1},
            {"type", enum_name(spec_.type)},
            {"image", spec["image"]},
            {"storage", spec["storage"]},
            {"labels", plan_.labels},
            {"splits", splits_},
            {"mean_file", spec_.mean ? json("mean.binaryproto") : json(nullptr)},
            {"mean_pixel", mean_pixel_},
            {"unreadable", {{"count", unreadable_count_}, {"file", "unreadable.txt"}}},
            {"bytes", bytes}};
}

Result<json> Builder::build() {
    const auto start = std::chrono::steady_clock::now();
    remove_old_files();
    {
        ProgressMeter progress(context_, "find images", "images", 0);
        std::size_t told = 0;
        DIGITS_ASSIGN(plan_, plan_dataset(spec_, [&](std::size_t found) {
                          progress.add(found > told ? found - told : 0);
                          told = found;
                          return !context_.abort_requested();
                      }));
    }
    for (const auto& warning : plan_.warnings)
        context_.emit({{"event", "log"}, {"level", "warning"}, {"text", warning}});
    shuffle_entries();
    // The disk takes its time with the lists; the pictures do not wait for it.
    auto lists = in_background("write the lists", [this] { return write_lists(); });
    for (const Split split : kSplits) DIGITS_TRY(build_split(split));
    DIGITS_TRY(lists.get());
    DIGITS_TRY(write_file_atomic(folder_ / "unreadable.txt", unreadable_));
    if (unreadable_count_ > 0)
        context_.emit(
            {{"event", "log"},
             {"level", "warning"},
             {"text", fmt::format("{} pictures cannot be read; unreadable.txt says why", unreadable_count_)}});
    auto result = facts();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result["seconds"] = seconds;
    result["images_per_s"] = static_cast<double>(record_count_) / std::max(seconds, 1e-9);
    // A folder's name may be no UTF-8.
    DIGITS_TRY(
        write_file_atomic(folder_ / "dataset.json", result.dump(2, ' ', false, json::error_handler_t::replace) + "\n"));
    return result;
}

}  // namespace

Result<json> build_dataset(const DatasetSpec& spec, TaskContext& context) {
    return guarded("create the dataset", [&] { return Builder(spec, context).build(); });
}

Result<json> scan_dataset(const DatasetSpec& spec) {
    return guarded("look at the pictures", [&]() -> Result<json> {
        DIGITS_ASSIGN(const auto plan, plan_dataset(spec));
        auto splits = json::object();
        for (const Split split : kSplits)
            if (!plan.entries(split).empty())
                splits[std::string(enum_name(split))] = {{"count", plan.entries(split).size()},
                                                         {"per_class", plan.per_class(split)}};
        return json{{"labels", plan.labels}, {"splits", std::move(splits)}, {"warnings", plan.warnings}};
    });
}

}  // namespace digits
