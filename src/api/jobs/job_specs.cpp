#include "api/jobs/job_specs.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/resource_check.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "base/field_facts.hpp"
#include "base/ids.hpp"
#include "base/python_interface.hpp"
#include "base/secrets_file.hpp"
#include "data/evaluation_spec.hpp"
#include "frameworks/framework.hpp"
#include "models/dataset_facts.hpp"

namespace digits::api {
namespace {

/// Of a dataset that is not finished, and so has not counted its classes.
constexpr std::int64_t kAssumedClasses = 10;

/// Where a dataset's source is; kInvalidArgument where a member is missing.
Result<std::vector<NamedPlace>> places_of(const SourceSpec& source) {
    std::vector<NamedPlace> places;
    for (const auto& [member, path, is_folder, is_required] : source.places()) {
        auto where = fmt::format("/spec/source/{}", member);
        if (path.empty() && is_required)
            return fail(make_error(ErrorCode::kInvalidArgument, "{} is missing", member).at(std::move(where)));
        const auto kind = is_folder ? NamedPlace::Kind::kFolder : NamedPlace::Kind::kFile;
        if (!path.empty()) places.push_back({std::string(path), kind, std::move(where)});
    }
    return places;
}

Status check_split(const EvaluationSource& source, const Job& model, const Context& context) {
    const auto dataset = context.jobs.get(model.parents.front());
    const auto facts = dataset ? find_dataset_facts(*dataset) : std::nullopt;
    if (!facts || facts->find_split(source.split)) return {};
    return fail(
        make_error(ErrorCode::kInvalidArgument, "the dataset \"{}\" has no split {}", dataset->name, source.split)
            .at("/spec/source/split"));
}

std::vector<NamedPlace> places_of(const EvaluationSource& source) {
    using enum NamedPlace::Kind;
    if (source.type == EvaluationSourceType::kSplit) return {};
    const auto kind = source.type == EvaluationSourceType::kList ? kFile : kFolder;
    std::vector<NamedPlace> places{{source.path, kind, "/spec/source/path"}};
    if (!source.root.empty()) places.push_back({source.root, kFolder, "/spec/source/root"});
    return places;
}

Status refuse_faults(const ModelCheck& check) {
    for (const auto& finding : check.findings) {
        if (finding.severity != Severity::kError) continue;
        auto where = "/spec" + finding.where;
        if (finding.line)
            where = fmt::format("/spec/network/prototxt:{}:{}", *finding.line, finding.column.value_or(1));
        return fail(make_error(ErrorCode::kInvalidArgument, "{}", finding.message).at(where).advise(finding.advice));
    }
    return {};
}

/// The images that a dataset is going to have; none for a finished one, which tells by itself.
std::optional<AssumedImages> awaited_images(const ModelSpec& spec, const Context& context) {
    if (spec.dataset_id.empty()) return std::nullopt;
    const auto job = context.jobs.get(spec.dataset_id);
    if (!job || job->result) return std::nullopt;
    const auto dataset = parse_dataset_spec(*job->spec);
    if (!dataset) return std::nullopt;
    AssumedImages images;
    images.width = dataset->image.width;
    images.height = dataset->image.height;
    images.channels = dataset->image.channel_count();
    images.classes = kAssumedClasses;
    images.task = dataset->task;
    images.images_per_record = images_per_record(*dataset);
    return images;
}

bool has_finding(const ModelCheck& check, const ModelFinding& finding) {
    return std::ranges::any_of(
        check.findings, [&](const auto& one) { return one.message == finding.message && one.layer == finding.layer; });
}

}  // namespace

std::vector<std::string> allowed_roots(const ApiServerOptions& options) {
    std::vector<std::string> roots;
    if (options.roots.empty()) return roots;
    for (const auto& root : options.roots) roots.push_back(root.string());
    for (const auto* own : {"jobs", "uploads"}) roots.push_back((options.data_dir / own).string());
    if (!options.mnist.empty()) roots.push_back(options.mnist.string());
    return roots;
}

http::Async<Result<DatasetSpec>> checked_dataset_spec(const nlohmann::json& json, const Context& context) {
    auto spec = parse_dataset_spec(json);
    if (!spec) co_return fail(within(spec.error(), "/spec"));
    DIGITS_CO_ASSIGN(auto places, places_of(spec->source));
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    spec->roots = allowed_roots(context.options);
    co_return spec;
}

http::Async<Result<ModelSpec>> checked_model_spec(const nlohmann::json& json, const Context& context,
                                                  StartingPoint* start) {
    auto spec = parse_model_spec(json);
    if (!spec) co_return fail(within(spec.error(), "/spec"));
    if (const auto framework = get_framework(spec->network.framework); !framework)
        co_return fail(within(framework.error(), "/spec"));
    std::vector<NamedPlace> places;
    for (std::size_t i = 0; i < spec->weights.size(); ++i)
        if (const auto& path = spec->weights[i].path; !path.empty())
            places.push_back({path, NamedPlace::Kind::kAny, "/spec/weights/" + std::to_string(i)});
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    DIGITS_CO_ASSIGN(auto taken, take_starting_point(*spec, context));
    if (start) *start = std::move(taken);
    if (!context.options.allow_python_layers && !spec->network.python_layers.empty())
        co_return fail(python_layers_not_allowed().at("/spec/network/python_layers"));
    if (spec->dataset_id.empty()) co_return spec;
    const auto dataset =
        is_job_id(spec->dataset_id) ? context.jobs.get(spec->dataset_id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!dataset || dataset->kind != "dataset")
        co_return fail(make_error(ErrorCode::kInvalidArgument, "there is no dataset {}", spec->dataset_id.substr(0, 60))
                           .at("/spec/dataset_id"));
    spec->dataset_dir = context.jobs.job_dir(spec->dataset_id).string();
    co_return spec;
}

nlohmann::json describe_question(const ModelSpec& spec, const Context& context) {
    nlohmann::json question{{"type", "describe"}, {"spec", to_json(spec)}, {"dataset_dir", spec.dataset_dir}};
    if (const auto images = awaited_images(spec, context)) {
        question["image"] = {{"width", images->width}, {"height", images->height}, {"channels", images->channels}};
        question["classes"] = images->classes;
        question["task"] = images->task;
    }
    return question;
}

namespace {

http::Async<Result<CheckedModel>> look_for_faults(const ModelSpec& spec, const Context& context) {
    CheckedModel checked;
    auto& check = checked.check;
    const auto framework = get_framework(spec.network.framework);
    if (!framework) {
        check.findings.push_back(finding_of(Severity::kError, framework.error(), {}));
        co_return checked;
    }
    check = (*framework)->check(spec, awaited_images(spec, context));
    if (!context.options.allow_python_layers)
        for (const auto& layer : check.python_layers) {
            auto error = python_layers_not_allowed();
            error.message = "[" + layer + "] " + error.message;
            check.findings.push_back(finding_of(Severity::kError, error, network_text(spec)));
        }
    if (!check.ok() || !(*framework)->is_built_by_worker()) co_return checked;
    auto question = describe_question(spec, context);
    const auto answer = co_await assist(std::move(question), context);
    if (!answer) {
        if (answer.error().code == ErrorCode::kCancelled) co_return fail(answer.error());
        const auto error = Error(answer.error()).because("The check could not build the networks");
        check.findings.push_back(finding_of(Severity::kWarning, error, network_text(spec)));
        co_return checked;
    }
    checked.networks = *answer;
    for (const auto& json : checked.networks->at("diagnostics")) {
        auto finding = finding_from_json(json);
        if (!has_finding(check, finding)) check.findings.push_back(std::move(finding));
    }
    co_return checked;
}

}  // namespace

http::Async<Result<CheckedModel>> check_model_here(const ModelSpec& spec, const Context& context) {
    DIGITS_CO_ASSIGN(auto checked, co_await look_for_faults(spec, context));
    std::ranges::stable_partition(checked.check.findings,
                                  [](const auto& one) { return one.severity == Severity::kError; });
    co_return checked;
}

http::Async<Result<JobRequest>> evaluation_job(const nlohmann::json& json, const Context& context) {
    auto parsed = parse_evaluation_spec(json);
    if (!parsed) co_return fail(within(parsed.error(), "/spec"));
    auto& spec = *parsed;
    const auto model =
        is_job_id(spec.model_id) ? context.jobs.get(spec.model_id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!model || model->kind != "model" || model->parents.empty())
        co_return fail(make_error(ErrorCode::kInvalidArgument, "there is no model {}", spec.model_id.substr(0, 60))
                           .at("/spec/model_id"));
    if (spec.source.type == EvaluationSourceType::kSplit) DIGITS_CO_TRY(check_split(spec.source, *model, context));
    auto places = places_of(spec.source);
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    const auto snapshot = snapshot_named(spec.snapshot, "/spec/snapshot", *model, context);
    JobRequest job;
    if (snapshot) {
        spec.snapshot = std::to_string(snapshot->iteration);
        // A training that goes on may remove the snapshot before the evaluation's turn comes.
        job.files.push_back({"", context.jobs.job_dir(model->id) / snapshot->weights, snapshot->weights});
    } else if (is_final(model->state)) {
        co_return fail(Error(snapshot.error()).at("/spec/snapshot"));
    }
    job.kind = "evaluation";
    job.parents = {model->id, model->parents.front()};
    job.spec = std::make_shared<const nlohmann::json>(to_json(spec));
    co_return job;
}

JobRequest dataset_job(const DatasetSpec& spec) {
    JobRequest job;
    job.kind = "dataset";
    auto json = to_json(spec);
    if (const auto secrets = take_secrets(json, dataset_fields()); !secrets.empty())
        job.files.push_back({"", {}, kSecretsFile, secrets.dump()});
    job.spec = std::make_shared<const nlohmann::json>(std::move(json));
    return job;
}

http::Async<Result<JobRequest>> model_job(const ModelSpec& spec, const Context& context) {
    if (spec.dataset_id.empty())
        co_return fail(make_error(ErrorCode::kInvalidArgument, "dataset_id is missing").at("/spec/dataset_id"));
    DIGITS_CO_ASSIGN(const auto checked, co_await check_model_here(spec, context));
    DIGITS_CO_TRY(refuse_faults(checked.check));
    DIGITS_CO_TRY(check_resources(spec, checked.networks, context));
    JobRequest job;
    job.kind = "model";
    job.parents = {spec.dataset_id};
    job.files = weights_to_link(spec, context);
    job.spec = std::make_shared<const nlohmann::json>(to_json(spec));
    co_return job;
}

}  // namespace digits::api
