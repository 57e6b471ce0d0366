#include "api/jobs/job_specs.hpp"

#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/messages.hpp"
#include "base/ids.hpp"
#include "base/python_interface.hpp"
#include "base/safe_path.hpp"
#include "data/evaluation_spec.hpp"
#include "frameworks/framework.hpp"

namespace digits::api {
namespace {

/// Each place that the source names is there, of the right kind, and inside the allowed roots.
Status check_sources(const SourceSpec& source, const Context& context) {
    for (const auto& [member, path, is_folder, is_required] : source.places()) {
        const auto wrong = [&, member = member](ErrorCode code, const std::string& text) {
            return fail(make_error(code, "{}", text).at(fmt::format("/spec/source/{}", member)));
        };
        if (path.empty()) {
            if (is_required) return wrong(ErrorCode::kInvalidArgument, fmt::format("{} is missing", member));
            continue;
        }
        if (const auto allowed = check_path(path, context); !allowed)
            return wrong(allowed.error().code, allowed.error().message);
        std::error_code ignored;
        if (is_folder ? !std::filesystem::is_directory(path, ignored)
                      : !std::filesystem::is_regular_file(path, ignored))
            return wrong(ErrorCode::kInvalidArgument,
                         fmt::format("there is no {} {} on the server's machine", is_folder ? "folder" : "file", path));
    }
    return {};
}

/// The split, list or folder is there, and inside the allowed roots.
Status check_evaluation_source(const EvaluationSource& source, const Job& model, const Context& context) {
    const auto wrong = [](ErrorCode code, const char* member, const std::string& text) {
        return fail(make_error(code, "{}", text).at(std::string("/spec/source/") + member));
    };
    if (source.type == EvaluationSourceType::kSplit) {
        const auto dataset = context.jobs.get(model.parents.front());
        const auto facts = dataset ? find_dataset_facts(*dataset) : std::nullopt;
        if (facts && !facts->find_split(source.split))
            return wrong(ErrorCode::kInvalidArgument, "split",
                         fmt::format("the dataset \"{}\" has no split {}", dataset->name, source.split));
        return {};
    }
    const bool is_folder = source.type == EvaluationSourceType::kFolder;
    std::error_code ignored;
    if (const auto allowed = check_path(source.path, context); !allowed)
        return wrong(allowed.error().code, "path", allowed.error().message);
    if (is_folder ? !std::filesystem::is_directory(source.path, ignored)
                  : !std::filesystem::is_regular_file(source.path, ignored))
        return wrong(
            ErrorCode::kInvalidArgument, "path",
            fmt::format("there is no {} {} on the server's machine", is_folder ? "folder" : "file", source.path));
    if (source.root.empty()) return {};
    if (const auto allowed = check_path(source.root, context); !allowed)
        return wrong(allowed.error().code, "root", allowed.error().message);
    if (!std::filesystem::is_directory(source.root, ignored))
        return wrong(ErrorCode::kInvalidArgument, "root",
                     fmt::format("there is no folder {} on the server's machine", source.root));
    return {};
}

Status refuse_faults(const ModelSpec& spec, const Context& context) {
    for (const auto& finding : check_model_here(spec, context).findings) {
        if (finding.severity != Severity::kError) continue;
        auto where = std::string("/spec");
        if (finding.line)
            where = fmt::format("/spec/network/prototxt:{}:{}", *finding.line, finding.column.value_or(1));
        return fail(make_error(ErrorCode::kInvalidArgument, "{}", finding.message).at(where).advise(finding.advice));
    }
    return {};
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

Status check_path(const std::string& path, const Context& context) {
    if (!std::filesystem::path(path).is_absolute())
        return fail(ErrorCode::kInvalidArgument, "expected an absolute path, got {}", path);
    auto roots = allowed_roots(context.options);
    if (!roots.empty()) roots.push_back(context.temporary.string());
    return AllowedRoots(roots).check(path);
}

Result<DatasetSpec> checked_dataset_spec(const nlohmann::json& json, const Context& context) {
    auto spec = parse_dataset_spec(json);
    if (!spec) return fail(within(spec.error(), "/spec"));
    DIGITS_TRY(check_sources(spec->source, context));
    spec->roots = allowed_roots(context.options);
    return spec;
}

Result<ModelSpec> checked_model_spec(const nlohmann::json& json, const Context& context, StartingPoint* start) {
    auto spec = parse_model_spec(json);
    if (!spec) return fail(within(spec.error(), "/spec"));
    if (const auto framework = get_framework(spec->network.framework); !framework)
        return fail(within(framework.error(), "/spec"));
    for (std::size_t i = 0; i < spec->weights.size(); ++i)
        if (!spec->weights[i].path.empty())
            if (const auto allowed = check_path(spec->weights[i].path, context); !allowed)
                return fail(Error(allowed.error()).at("/spec/weights/" + std::to_string(i)));
    DIGITS_ASSIGN(auto taken, take_starting_point(*spec, context));
    if (start) *start = std::move(taken);
    if (!context.options.allow_python_layers && !spec->network.python_layers.empty())
        return fail(python_layers_not_allowed().at("/spec/network/python_layers"));
    if (spec->dataset_id.empty()) return spec;
    const auto dataset =
        is_job_id(spec->dataset_id) ? context.jobs.get(spec->dataset_id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!dataset || dataset->kind != "dataset")
        return fail(make_error(ErrorCode::kInvalidArgument, "there is no dataset {}", spec->dataset_id.substr(0, 60))
                        .at("/spec/dataset_id"));
    spec->dataset_dir = context.jobs.job_dir(spec->dataset_id).string();
    return spec;
}

ModelCheck check_model_here(const ModelSpec& spec, const Context& context) {
    const auto framework = get_framework(spec.network.framework);
    if (!framework) {
        ModelCheck unknown;
        unknown.findings.push_back(finding_of(Severity::kError, framework.error(), {}));
        return unknown;
    }
    auto check = (*framework)->check(spec, {});
    if (context.options.allow_python_layers) return check;
    for (const auto& layer : check.python_layers) {
        auto error = python_layers_not_allowed();
        error.message = "[" + layer + "] " + error.message;
        check.findings.push_back(finding_of(Severity::kError, error, network_text(spec)));
    }
    return check;
}

Result<JobRequest> evaluation_job(const nlohmann::json& json, const Context& context) {
    auto parsed = parse_evaluation_spec(json);
    if (!parsed) return fail(within(parsed.error(), "/spec"));
    auto& spec = *parsed;
    const auto model =
        is_job_id(spec.model_id) ? context.jobs.get(spec.model_id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!model || model->kind != "model" || model->parents.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "there is no model {}", spec.model_id.substr(0, 60))
                        .at("/spec/model_id"));
    DIGITS_TRY(check_evaluation_source(spec.source, *model, context));
    const auto snapshot = snapshot_named(spec.snapshot, "/spec/snapshot", *model, context);
    if (snapshot) {
        spec.snapshot = std::to_string(snapshot->iteration);
    } else if (is_final(model->state)) {
        return fail(Error(snapshot.error()).at("/spec/snapshot"));
    }
    JobRequest job;
    job.kind = "evaluation";
    job.parents = {model->id, model->parents.front()};
    job.spec = std::make_shared<const nlohmann::json>(to_json(spec));
    return job;
}

JobRequest dataset_job(const DatasetSpec& spec) {
    JobRequest job;
    job.kind = "dataset";
    job.spec = std::make_shared<const nlohmann::json>(to_json(spec));
    return job;
}

Result<JobRequest> model_job(const ModelSpec& spec, const Context& context) {
    if (spec.dataset_id.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "dataset_id is missing").at("/spec/dataset_id"));
    DIGITS_TRY(refuse_faults(spec, context));
    JobRequest job;
    job.kind = "model";
    job.parents = {spec.dataset_id};
    job.files = weights_to_link(spec, context);
    job.spec = std::make_shared<const nlohmann::json>(to_json(spec));
    return job;
}

}  // namespace digits::api
