#include "api/jobs/job_kinds.hpp"

#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/jobs/job_specs.hpp"
#include "api/jobs/judge.hpp"
#include "api/jobs/model_framework.hpp"
#include "api/machine/machine.hpp"
#include "remote/http_client.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

/// An evaluation or publication names the snapshot by its iteration once it is settled; before that by `best` or
/// `last`.
std::string wanted_snapshot(const Job& job) { return job.spec->value("snapshot", "best"); }

const SnapshotEntry* find_snapshot(const std::vector<SnapshotEntry>& snapshots, const std::string& iteration) {
    const auto found = std::ranges::find(snapshots, iteration,
                                         [](const auto& snapshot) { return std::to_string(snapshot.iteration); });
    return found == snapshots.end() ? nullptr : &*found;
}

/// The snapshots that a job can use: those in its model's folder, and its own links to others, which its training has
/// removed meanwhile.
struct UsableSnapshots {
    std::vector<SnapshotEntry> kept;    ///< oldest first; `weights`: a file in the model's folder
    std::vector<SnapshotEntry> linked;  ///< `weights`: a path

    static Result<UsableSnapshots> list(const Job& job, const Job& model, const JobReader& jobs) {
        UsableSnapshots usable;
        DIGITS_ASSIGN(const auto* framework, framework_of(model));
        DIGITS_ASSIGN(usable.kept, framework->snapshots(jobs.job_dir(model.id)));
        const auto links = jobs.job_dir(job.id) / "uploads";
        if (auto linked = framework->snapshots(links))
            usable.linked = std::move(*linked);  // else there is no such folder
        for (auto& snapshot : usable.linked) snapshot.weights = (links / snapshot.weights).string();
        return usable;
    }
    const SnapshotEntry* find(const std::string& iteration) const {
        const auto* found = find_snapshot(kept, iteration);
        return found ? found : find_snapshot(linked, iteration);
    }
};

/// `Grant::weights` of a job that uses a snapshot of its first parent.
Result<std::string> find_weights(const Job& job, const JobReader& jobs) {
    const auto wanted = wanted_snapshot(job);
    DIGITS_ASSIGN(const auto model, jobs.get(job.parents.at(0)));
    DIGITS_ASSIGN(const auto usable, UsableSnapshots::list(job, model, jobs));
    if (const auto* found = usable.find(wanted)) return found->weights;
    const auto& snapshots = usable.kept;
    if (snapshots.empty())
        return fail(make_error(ErrorCode::kFailedPrecondition, "the model \"{}\" ended without a snapshot", model.name)
                        .advise("Resume its training, then this job"));
    if (wanted == "last") return snapshots.back().weights;
    if (wanted != "best")
        return fail(ErrorCode::kNotFound, "the model \"{}\" has no snapshot of iteration {}", model.name, wanted);
    const auto judge = judging_metric(model);
    std::vector<MetricSeries> series;
    if (judge) {
        DIGITS_ASSIGN(series, jobs.metrics(model.id, {{series_of(*judge)}, 0, -1}));
    }
    std::vector<std::int64_t> iterations;
    for (const auto& snapshot : snapshots) iterations.push_back(snapshot.iteration);
    return snapshots[static_cast<std::size_t>(best_snapshot(iterations, judge, series))].weights;
}

/// A snapshot that is there can be used whatever becomes of the training.
bool snapshot_must_wait(const Job& job, std::string_view parent, const JobReader& jobs) {
    if (job.parents.front() != parent) return true;
    const auto model = jobs.get(parent);
    if (!model) return true;
    const auto usable = UsableSnapshots::list(job, *model, jobs);
    return !usable || !usable->find(wanted_snapshot(job));
}

/// What subscribers get of a training's snapshot.
json snapshot_event(const json& event) {
    return {{"iteration", event.value("iteration", std::int64_t{0})},
            {"epoch", event.value("epoch", 0.0)},
            {"weights", event.value("weights", "")},
            {"state", event.value("state", "")}};
}

}  // namespace

FetchGrant inference_server_grant(const std::string& server, const std::string& named, const FetchGrant& common) {
    const auto bare = [](std::string address) {
        while (address.ends_with('/')) address.pop_back();
        return address;
    };
    const auto url = remote::parse_url(named);
    if (bare(server) != bare(named) || !url) return common;
    return {true, {url->host}};
}

Grant common_grant(const ApiServerOptions& options) {
    Grant grant;
    grant.roots = allowed_roots(options);
    grant.allow_python_layers = options.allow_python_layers;
    grant.fetch = {options.allow_url_fetch.value_or(false), options.url_hosts};
    return grant;
}

std::vector<JobKind> job_kinds(const ApiServerOptions& options) {
    const auto common = common_grant(options);
    const auto grant_common = [common](const Job&, const JobReader&) -> Result<Grant> { return common; };
    std::vector<JobKind> kinds;

    kinds.push_back({.name = "dataset", .worker_kind = "dataset", .noun = "dataset", .pool = "dataset"});
    kinds.back().make_grant = grant_common;

    kinds.push_back({.name = "model", .worker_kind = "train", .noun = "training", .pool = "train"});
    kinds.back().devices = DeviceUse::kOwn;
    kinds.back().wanted_device = [](const Job& job) { return job.spec->value("device", std::string()); };
    kinds.back().commands = {{kSnapshotCommand, SIGUSR1}};
    kinds.back().relayed_events = {{kSnapshotEvent, snapshot_event}};
    kinds.back().lower_is_better = [](const Job& job, std::string_view series) {
        return lower_is_better(job, series.substr(series.find('/') + 1));
    };
    kinds.back().make_grant = [common](const Job& job, const JobReader& jobs) -> Result<Grant> {
        Grant grant = common;
        if (!job.parents.empty()) grant.dataset_dir = jobs.job_dir(job.parents.front()).string();
        return grant;
    };

    kinds.push_back({.name = "pretrained", .worker_kind = "pretrained", .noun = "import", .pool = "import"});
    kinds.back().make_grant = grant_common;

    kinds.push_back({.name = "export", .worker_kind = "export", .noun = "export", .pool = "export"});
    kinds.back().goes_with_parent = true;
    // It writes below the roots alone, never among the server's own files.
    std::vector<std::string> roots;
    for (const auto& root : options.roots) roots.push_back(root.string());
    kinds.back().make_grant = [roots](const Job& job, const JobReader& jobs) -> Result<Grant> {
        Grant grant;
        grant.roots = roots;
        grant.dataset_dir = jobs.job_dir(job.parents.at(0)).string();
        return grant;
    };

    kinds.push_back({.name = "publication", .worker_kind = "publish", .noun = "publication", .pool = "export"});
    kinds.back().goes_with_parent = true;
    kinds.back().needs_parent_done = snapshot_must_wait;
    kinds.back().make_grant = [roots, fetch = common.fetch, rie_url = options.rie_url](
                                  const Job& job, const JobReader& jobs) -> Result<Grant> {
        Grant grant;
        grant.roots = roots;
        grant.fetch = fetch;
        if (const auto server = job.spec->value("inference_server", std::string()); !server.empty()) {
            grant.fetch = inference_server_grant(server, rie_url, fetch);
            // The archive is there already; the weights are looked at where the training still keeps them.
            if (const auto weights = find_weights(job, jobs)) {
                grant.model_dir = jobs.job_dir(job.parents.at(0)).string();
                grant.weights = *weights;
            }
            return grant;
        }
        grant.model_dir = jobs.job_dir(job.parents.at(0)).string();
        grant.dataset_dir = jobs.job_dir(job.parents.at(1)).string();
        DIGITS_ASSIGN(grant.weights, find_weights(job, jobs));
        return grant;
    };

    kinds.push_back({.name = "evaluation", .worker_kind = "evaluate", .noun = "evaluation", .pool = "evaluate"});
    kinds.back().devices = DeviceUse::kIdle;
    kinds.back().goes_with_parent = true;
    kinds.back().needs_parent_done = snapshot_must_wait;
    kinds.back().make_grant = [common](const Job& job, const JobReader& jobs) -> Result<Grant> {
        Grant grant = common;
        grant.model_dir = jobs.job_dir(job.parents.at(0)).string();
        grant.dataset_dir = jobs.job_dir(job.parents.at(1)).string();
        DIGITS_ASSIGN(grant.weights, find_weights(job, jobs));
        return grant;
    };
    return kinds;
}

JobResources job_resources(const ApiServerOptions& options) {
    return {{{"dataset", 1}, {"train", options.train_slots}, {"import", 2}, {"evaluate", 1}, {"export", 1}}, gpu_ids()};
}

}  // namespace digits::api
