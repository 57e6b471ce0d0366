#include "api/compat/job_json.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/job_view.hpp"
#include "api/jobs/model_framework.hpp"
#include "data/dataset_spec.hpp"
#include "data/sources/classes/class_folders.hpp"
#include "models/archive.hpp"
#include "models/model_spec.hpp"
#include "tasks/task.hpp"

namespace digits::api::compat {
namespace {

using nlohmann::json;

constexpr int kPageSize = 1000;
constexpr std::size_t kSparklinePoints = 100;

bool is_dataset(const Job& job) { return job.kind == "dataset"; }
bool is_pretrained(const Job& job) { return job.kind == "pretrained"; }

/// DIGITS says jpg.
std::string encoding_word(RecordEncoding encoding) {
    return encoding == RecordEncoding::kJpeg ? "jpg" : std::string(enum_name(encoding));
}

/// Which databases a dataset has, or will have.
std::vector<std::string> split_names(const SourceSpec& source) {
    std::vector<std::string> names;
    for (const Split split : source.splits()) names.emplace_back(enum_name(split));
    return names;
}

/// Images of a split; null while they are not known.
json split_count(const std::optional<DatasetFacts>& facts, const std::string& split) {
    if (!facts) return nullptr;
    const auto* found = facts->find_split(split);
    return found ? found->count : 0;
}

/// Classes that a folder of its own gave a split: those with enough images; of the training folder all. Null while they
/// are not known.
json label_count(const std::optional<DatasetFacts>& facts, const std::string& split) {
    if (!facts) return nullptr;
    if (split == "train") return facts->labels.size();
    const auto* found = facts->find_split(split);
    return found ? std::ranges::count_if(found->per_class, [](auto count) { return count > 0; }) : 0;
}

/// One a folder that is looked through: what it is split into belongs to it.
json parse_folder_tasks(const Job& job, const SourceSpec& source) {
    json tasks = json::array();
    const auto* options = source.find<ClassFolderOptions>();
    if (!options) return tasks;
    const auto facts = find_dataset_facts(job);
    std::vector<std::vector<std::string>> folders{{"train"}};
    for (const auto& split : split_names(source)) {
        if (split == "train") continue;
        const bool own = !(split == "val" ? options->val_path : options->test_path).empty();
        if (own) {
            folders.push_back({split});
        } else {
            folders.front().push_back(split);
        }
    }
    for (const auto& splits : folders) {
        std::string words;
        for (const auto& split : splits) words += (words.empty() ? "" : "/") + split;
        json task{{"name", "Parse Folder (" + words + ")"}, {"label_count", label_count(facts, splits.front())}};
        for (const auto* split : {"train", "val", "test"})
            task[std::string(split) + "_count"] =
                std::ranges::find(splits, split) != splits.end() ? split_count(facts, split) : json(0);
        tasks.push_back(std::move(task));
    }
    return tasks;
}

/// DIGITS's name of a split in generic datasets, which is that of our database, too.
std::string stage_of(const std::string& split) { return split + "_db"; }

/// What a data extension's dataset tells. The paths are ours, relative to the job's folder.
void add_generic_dataset(json& view, const Job& job, const DatasetSpec& spec) {
    const auto facts = find_dataset_facts(job);
    view["create_db_tasks"] = json::array();
    for (const auto& split : split_names(spec.source)) {
        const auto* made = facts ? facts->find_split(split) : nullptr;
        view["create_db_tasks"].push_back({{"name", "Create " + stage_of(split) + " DB"},
                                           {"stage", stage_of(split)},
                                           {"entry_count", split_count(facts, split)},
                                           {"feature_db_path", made ? json(made->db) : json()},
                                           {"label_db_path", made && made->label_db ? json(*made->label_db) : json()}});
    }
    view["feature_dims"] = facts ? json{facts->image.height, facts->image.width, facts->image.channels} : json();
}

Status add_dataset(json& view, const Job& job, DatasetFamily family) {
    DIGITS_ASSIGN(const auto spec, parse_dataset_spec(*job.spec));
    if (family == DatasetFamily::kGeneric) add_generic_dataset(view, job, spec);
    if (family != DatasetFamily::kClassification) return {};
    view["ParseFolderTasks"] = parse_folder_tasks(job, spec.source);
    const auto facts = find_dataset_facts(job);
    view["CreateDbTasks"] = json::array();
    for (const auto& split : split_names(spec.source))
        view["CreateDbTasks"].push_back({{"name", "Create DB (" + split + ")"},
                                         {"entries", split_count(facts, split)},
                                         {"image_width", spec.image.width},
                                         {"image_height", spec.image.height},
                                         {"image_channels", spec.image.channels},
                                         {"backend", enum_name(spec.storage.backend)},
                                         {"encoding", encoding_word(spec.storage.encoding)},
                                         {"compression", enum_name(spec.storage.compression)}});
    return {};
}

struct OutputSeries {
    std::string key;  ///< "loss (train)"
    std::vector<double> values;
};

/// All outputs of a training under DIGITS's names; speeds are not among them.
Result<std::vector<OutputSeries>> outputs_of(const Job& job, const Context& context) {
    MetricsQuery query;
    for (const auto& summary : job.metrics)
        if (!summary.series.ends_with("/images_per_s") && !summary.series.ends_with("/data_wait"))
            query.series.push_back(summary.series);
    if (query.series.empty()) return std::vector<OutputSeries>{};
    DIGITS_ASSIGN(const auto all, context.jobs.metrics(job.id, query));
    std::vector<OutputSeries> outputs;
    for (const auto* phase : {"train", "val"}) {
        OutputSeries epochs{std::string("epoch (") + phase + ")", {}};
        for (const auto& series : all) {
            const auto slash = series.series.find('/');
            if (slash == std::string::npos || series.series.substr(0, slash) != phase || series.points.empty())
                continue;
            auto name = series.series.substr(slash + 1);
            if (name == "lr") name = "learning_rate";
            OutputSeries output{name + " (" + phase + ")", {}};
            for (const auto& point : series.points) output.values.push_back(point.value);
            if (epochs.values.size() < series.points.size()) {
                epochs.values.clear();
                for (const auto& point : series.points) epochs.values.push_back(point.epoch);
            }
            outputs.push_back(std::move(output));
        }
        if (!epochs.values.empty()) outputs.push_back(std::move(epochs));
    }
    return outputs;
}

json number(double value) { return std::isfinite(value) ? json(value) : json(); }

json sparkline(const std::vector<double>& values) {
    const std::size_t stride = std::max<std::size_t>(values.size() / kSparklinePoints, 1);
    json line = json::array();
    for (std::size_t i = 0; i < values.size(); i += stride) line.push_back(number(values[i]));
    return line;
}

Status add_outputs(json& row, const Job& job, const Context& context) {
    DIGITS_ASSIGN(const auto outputs, outputs_of(job, context));
    for (const auto& [key, values] : outputs) {
        const auto [least, most] = std::ranges::minmax_element(values);
        row[key + " last"] = number(values.back());
        row[key + " min"] = number(*least);
        row[key + " max"] = number(*most);
        if (!row.contains("sparkline") && key.find("loss") != std::string::npos && key.ends_with("(train)"))
            row["sparkline"] = sparkline(values);
    }
    return {};
}

const char* status_css(JobState state) {
    switch (state) {
        case JobState::kRun: return "info";
        case JobState::kDone: return "success";
        case JobState::kError: return "danger";
        default: return "warning";
    }
}

int percent_done(const Job& job) {
    if (job.state == JobState::kDone) return 100;
    if (!job.progress || job.progress->total.value_or(0) == 0) return 0;
    const double part = static_cast<double>(job.progress->done) / static_cast<double>(*job.progress->total);
    return static_cast<int>(std::lround(100 * std::clamp(part, 0.0, 1.0)));
}

double elapsed(const Job& job) {
    if (job.started <= 0) return 0;
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return std::max(0.0, (job.finished > 0 ? job.finished : now) - job.started);
}

}  // namespace

DatasetFamily dataset_family(const Job& job, const Context& context) {
    if (!is_dataset(job)) {
        const auto dataset =
            job.parents.empty() ? Result<Job>(fail(ErrorCode::kNotFound, "")) : context.jobs.get(job.parents.front());
        return dataset && is_dataset(*dataset) ? dataset_family(*dataset, context) : DatasetFamily::kClassification;
    }
    const auto spec = parse_dataset_spec(*job.spec);
    if (spec && spec->source.kind->name == "lmdb") return DatasetFamily::kPrebuilt;
    return !spec || spec->task == kDefaultTask ? DatasetFamily::kClassification : DatasetFamily::kGeneric;
}

std::string dataset_task(const Job& job, const Context& context) {
    if (!is_dataset(job)) {
        const auto dataset =
            job.parents.empty() ? Result<Job>(fail(ErrorCode::kNotFound, "")) : context.jobs.get(job.parents.front());
        return dataset && is_dataset(*dataset) ? dataset_task(*dataset, context) : std::string(kDefaultTask);
    }
    const auto spec = parse_dataset_spec(*job.spec);
    return spec ? spec->task : std::string(kDefaultTask);
}

std::string job_type(const Job& job, const Context& context) {
    if (is_pretrained(job)) return "Pretrained Model";
    const auto family = dataset_family(job, context);
    if (!is_dataset(job))
        return family == DatasetFamily::kClassification ? "Image Classification Model" : "Generic Image Model";
    if (family == DatasetFamily::kPrebuilt) return "Generic Image Dataset";
    return family == DatasetFamily::kGeneric ? "Generic Dataset" : "Image Classification Dataset";
}

json created_json(json view) {
    view["status"] = digits_status(JobState::kInit);
    return view;
}

json short_json(const Job& job) { return {{"id", job.id}, {"name", job.name}, {"status", digits_status(job.state)}}; }

json model_json(const Job& job, const Context& context) {
    ModelInfo info;
    info.job_id = job.id;
    info.name = job.name;
    info.status = digits_status(job.state);
    info.dataset_id = job.parents.empty() ? "" : job.parents.front();
    info.created = digits_time(job.created);
    info.username = job.owner;
    info.snapshot = "no snapshots";
    if (const auto spec = parse_model_spec(*job.spec)) info.transform.mean = spec->mean;
    const auto dataset = context.jobs.get(info.dataset_id);
    if (const auto spec =
            dataset ? parse_dataset_spec(*dataset->spec) : Result<DatasetSpec>(fail(ErrorCode::kNotFound, ""))) {
        // What is not resized has the size that was found.
        const auto facts = find_dataset_facts(*dataset);
        const auto& image = facts ? facts->image : spec->image;
        info.height = image.height;
        info.width = image.width;
        info.channels = image.channel_count();
        info.resize = enum_name(spec->image.resize);
        info.value_range = spec->image.value_range;
        if (spec->mean) info.mean_file = "mean.binaryproto";
    }
    if (const auto framework = framework_of(job)) {
        const auto dir = context.jobs.job_dir(job.id);
        auto parts = (*framework)->archive_parts(dir);
        info.framework = std::move(parts.info);
        if (parts.transform) info.transform = std::move(*parts.transform);
        if (const auto snapshots = (*framework)->snapshots(dir); snapshots && !snapshots->empty())
            info.snapshot = snapshots->back().weights;
    }
    auto view = to_json(info);
    // What only archives tell.
    for (const auto* key : {"python layer file", "image value range", "image depth", "image bands", "mean values",
                            "image scale", "crop size", "channel order"})
        view.erase(key);
    return view;
}

Result<json> detailed_json(const Job& job, const Context& context) {
    json view = job.kind == "model" ? model_json(job, context) : short_json(job);
    view["directory"] = context.jobs.job_dir(job.id).string();
    if (is_pretrained(job)) return view;
    if (is_dataset(job)) {
        DIGITS_TRY(add_dataset(view, job, dataset_family(job, context)));
        return view;
    }
    view["snapshots"] = json::array();
    DIGITS_ASSIGN(const auto snapshots, list_snapshots(job, context));
    for (const auto& snapshot : snapshots) view["snapshots"].push_back(epoch_json(snapshot));
    return view;
}

Result<json> row_json(const Job& job, const Context& context) {
    json row{{"id", job.id},
             {"name", job.name},
             {"group", job.group},
             {"status", digits_status(job.state)},
             {"status_css", status_css(job.state)},
             {"submitted", job.created},
             {"elapsed", elapsed(job)},
             {"progress", percent_done(job)},
             {"type", is_pretrained(job) ? "pretrained_model" : job.kind}};
    if (is_dataset(job)) {
        if (const auto spec = parse_dataset_spec(*job.spec)) row["backend"] = enum_name(spec->storage.backend);
        return row;
    }
    if (is_pretrained(job)) {
        row["framework"] = pretrained_framework(job);
        row["username"] = job.owner.empty() ? json() : json(job.owner);
        row["has_labels"] = job.result && !job.result->value("labels", json::array()).empty();
        return row;
    }
    row["framework"] = framework_name(*job.spec);
    row["dataset_id"] = job.parents.empty() ? "" : job.parents.front();
    DIGITS_TRY(add_outputs(row, job, context));
    return row;
}

bool is_output_key(const std::string& key) {
    if (key == "username" || key == "has_labels") return true;
    return key.find(" (train) ") != std::string::npos || key.find(" (val) ") != std::string::npos;
}

json epoch_json(const SnapshotEntry& snapshot) {
    if (!snapshot.epoch) return snapshot.iteration;
    if (std::trunc(*snapshot.epoch) == *snapshot.epoch) return static_cast<std::int64_t>(*snapshot.epoch);
    return *snapshot.epoch;
}

Result<std::vector<Job>> all_jobs(const Context& context, const std::string& kind) {
    std::vector<Job> jobs;
    JobQuery query;
    query.kind = kind;
    query.limit = kPageSize;
    do {
        DIGITS_ASSIGN(auto page, context.jobs.list(query));
        std::ranges::move(page.jobs, std::back_inserter(jobs));
        query.cursor = page.next_cursor;
    } while (!query.cursor.empty());
    std::ranges::stable_partition(jobs, [](const Job& job) { return !is_final(job.state); });
    return jobs;
}

}  // namespace digits::api::compat
