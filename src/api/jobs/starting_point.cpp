#include "api/jobs/starting_point.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "models/pretrained_spec.hpp"
#include "models/retrain.hpp"
#include "models/standard_networks.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostText_bytes = std::uint64_t{64} << 20;
constexpr const char* kNetworkPlace = "/spec/network";

Result<Job> find_source(const std::string& id, const char* kind, const char* words, const std::string& place,
                        const Context& context) {
    auto job = is_job_id(id) ? context.jobs.get(id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!job || job->kind != kind)
        return fail(make_error(ErrorCode::kInvalidArgument, "there is no {} {}", words, id.substr(0, 60)).at(place));
    return job;
}

Result<Job> find_pretrained(const std::string& id, const std::string& place, const Context& context) {
    DIGITS_ASSIGN(auto job, find_source(id, "pretrained", "pretrained model", place, context));
    if (job.state == JobState::kDone) return job;
    return fail(make_error(ErrorCode::kFailedPrecondition,
                           "the pretrained model \"{}\" is in state {}; it must be done", job.name,
                           enum_name(job.state))
                    .at(place)
                    .advise(is_final(job.state) ? "Choose another, or upload it again" : "Wait until it is read"));
}

/// What is known of the classes that a network tells apart.
struct Classes {
    std::optional<std::vector<std::string>> labels;
    std::int64_t count = 0;    ///< 0: none, or not known
    bool is_finished = false;  ///< the job has ended well, so that there are no others
};

Classes classes_of(const Job* job) {
    Classes classes;
    if (!job || !job->result) return classes;
    classes.is_finished = true;
    if (auto dataset = find_dataset_facts(*job); dataset && !dataset->labels.empty()) {
        classes.count = static_cast<std::int64_t>(dataset->labels.size());
        classes.labels = std::move(dataset->labels);
        return classes;
    }
    const auto labels = job->result->find("labels");
    if (labels != job->result->end() && labels->is_array() && !labels->empty())
        classes.labels = labels->get<std::vector<std::string>>();
    classes.count = classes.labels ? static_cast<std::int64_t>(classes.labels->size())
                                   : job->result->value("classes", std::int64_t{0});
    return classes;
}

/// Where there are no classes now, nothing waits for another number of them.
bool are_other(const Classes& before, const Classes& now) {
    if (now.is_finished && now.count == 0) return false;
    if (before.labels && now.labels) return *before.labels != *now.labels;
    return before.count == 0 || before.count != now.count;
}

std::optional<Job> dataset_of(const std::string& id, const Context& context) {
    auto job = id.empty() ? Result<Job>(fail(ErrorCode::kNotFound, "")) : context.jobs.get(id);
    return job ? std::optional(std::move(*job)) : std::nullopt;
}

/// The texts of a job's network, and the classes that it was trained for.
struct Origin {
    std::string prototxt, python_layers;
    Classes classes;
    bool same_dataset = false;
};

Result<Origin> origin_of_model(const ModelSpec& spec, const Context& context) {
    const auto place = std::string(kNetworkPlace) + "/model";
    DIGITS_ASSIGN(const auto job, find_source(spec.network.model, "model", "model", place, context));
    auto before = parse_model_spec(*job.spec);
    if (!before) return fail(Error(before.error()).at(place));
    const auto* standard = find_standard_network(before->network.standard);
    Origin origin;
    origin.prototxt = standard ? std::string(standard->prototxt) : before->network.prototxt;
    origin.python_layers = before->network.python_layers;
    const auto dataset = dataset_of(job.parents.empty() ? "" : job.parents.front(), context);
    origin.classes = classes_of(dataset ? &*dataset : nullptr);
    origin.same_dataset = !job.parents.empty() && job.parents.front() == spec.dataset_id;
    return origin;
}

Result<Origin> origin_of_pretrained(const ModelSpec& spec, const Context& context) {
    DIGITS_ASSIGN(const auto job,
                  find_pretrained(spec.network.pretrained, std::string(kNetworkPlace) + "/pretrained", context));
    Origin origin;
    const auto dir = context.jobs.job_dir(job.id);
    DIGITS_ASSIGN(origin.prototxt, read_file(dir / kPretrainedNetwork, kMostText_bytes));
    origin.python_layers = read_file(dir / kPretrainedPython, kMostText_bytes).value_or("");
    origin.classes = classes_of(&job);
    return origin;
}

Status take_network(ModelSpec& spec, StartingPoint& start, const Context& context) {
    auto& network = spec.network;
    if (!network.prototxt.empty() || (network.model.empty() && network.pretrained.empty())) return {};
    DIGITS_ASSIGN(auto origin,
                  network.model.empty() ? origin_of_pretrained(spec, context) : origin_of_model(spec, context));
    network.prototxt = std::move(origin.prototxt);
    // Where they are not allowed, it is the network's layers that are refused, if it has any of them.
    if (network.python_layers.empty() && context.options.allow_python_layers)
        network.python_layers = std::move(origin.python_layers);
    if (spec.weights.empty() || spec.dataset_id.empty() || origin.same_dataset) return {};
    const auto dataset = dataset_of(spec.dataset_id, context);
    if (!are_other(origin.classes, classes_of(dataset ? &*dataset : nullptr))) return {};
    auto retrained = with_new_classifier(network.prototxt, origin.classes.count);
    network.prototxt = std::move(retrained.prototxt);
    start.renamed = std::move(retrained.layers);
    return {};
}

Status take_weights(WeightsSpec& weights, const std::string& place, const Context& context) {
    if (!weights.path.empty()) return {};
    if (!weights.pretrained.empty()) {
        DIGITS_ASSIGN(const auto job, find_pretrained(weights.pretrained, place, context));
        weights.path = (context.jobs.job_dir(job.id) / kPretrainedWeights).string();
        return {};
    }
    DIGITS_ASSIGN(const auto job, find_source(weights.model, "model", "model", place, context));
    const auto& wish = weights.snapshot;
    DIGITS_ASSIGN(const auto snapshot, snapshot_named(wish.empty() ? "best" : wish, place, job, context));
    weights.path = (context.jobs.job_dir(job.id) / snapshot.weights).string();
    weights.snapshot = std::to_string(snapshot.iteration);
    return {};
}

}  // namespace

Result<StartingPoint> take_starting_point(ModelSpec& spec, const Context& context) {
    StartingPoint start;
    for (std::size_t i = 0; i < spec.weights.size(); ++i)
        DIGITS_TRY(take_weights(spec.weights[i], "/spec/weights/" + std::to_string(i), context));
    DIGITS_TRY(take_network(spec, start, context));
    return start;
}

std::vector<JobFile> weights_to_link(const ModelSpec& spec, const Context& context) {
    const auto jobs = (context.options.data_dir / "jobs").string() + "/";
    std::vector<JobFile> files;
    for (std::size_t i = 0; i < spec.weights.size(); ++i) {
        const auto& one = spec.weights[i];
        const std::filesystem::path path = std::filesystem::path(one.path).lexically_normal();
        if (!path.string().starts_with(jobs)) continue;
        const bool bare = one.model.empty() && one.pretrained.empty();
        files.push_back({"/weights/" + std::to_string(i) + (bare ? "" : "/path"), path,
                         "weights_" + std::to_string(i) + ".caffemodel"});
    }
    return files;
}

}  // namespace digits::api
