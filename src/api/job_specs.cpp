#include "api/job_specs.hpp"

#include <nlohmann/json.hpp>

#include "api/messages.hpp"
#include "base/ids.hpp"
#include "base/safe_path.hpp"
#include "models/prepare.hpp"

namespace digits::api {
namespace {

/// Each place that the source names is there, of the right kind, and inside the allowed roots.
Status check_sources(const SourceSpec& source, const Context& context) {
    struct Place {
        const char* member;
        const std::string& path;
        bool is_folder;
        bool required;
    };
    const bool folder = source.type != SourceType::kLists;
    const Place places[]{{"path", source.path, true, folder},
                         {"val_path", source.val_path, true, false},
                         {"test_path", source.test_path, true, false},
                         {"train", source.train, false, !folder},
                         {"val", source.val, false, false},
                         {"test", source.test, false, false},
                         {"labels", source.labels, false, !folder},
                         {"root", source.root, true, false}};
    for (const auto& [member, path, is_folder, required] : places) {
        const auto wrong = [&, member = member](ErrorCode code, const std::string& text) {
            return fail(make_error(code, "{}", text).at(std::string("/spec/source/") + member));
        };
        if (path.empty()) {
            if (required) return wrong(ErrorCode::kInvalidArgument, std::string(member) + " is missing");
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

Status refuse_faults(const ModelSpec& spec) {
    for (const auto& finding : check_model(spec).findings) {
        if (finding.severity != Severity::kError) continue;
        auto where = std::string("/spec");
        if (finding.line)
            where = fmt::format("/spec/network/prototxt:{}:{}", *finding.line, finding.column.value_or(1));
        return fail(make_error(ErrorCode::kInvalidArgument, "{}", finding.message).at(where).advise(finding.advice));
    }
    return {};
}

}  // namespace

Status check_path(const std::string& path, const Context& context) {
    if (!std::filesystem::path(path).is_absolute())
        return fail(ErrorCode::kInvalidArgument, "expected an absolute path, got {}", path);
    if (context.options.roots.empty()) return {};
    auto roots = context.options.roots;
    roots.push_back(context.options.data_dir / "jobs");
    roots.push_back(context.temporary);
    if (!context.options.mnist.empty()) roots.push_back(context.options.mnist);
    DIGITS_TRY(resolve_allowed(roots, path));
    return {};
}

Result<DatasetSpec> checked_dataset_spec(const nlohmann::json& json, const Context& context) {
    auto spec = parse_dataset_spec(json);
    if (!spec) return fail(within(spec.error(), "/spec"));
    DIGITS_TRY(check_sources(spec->source, context));
    return spec;
}

Result<ModelSpec> checked_model_spec(const nlohmann::json& json, const Context& context, StartingPoint* start) {
    auto spec = parse_model_spec(json);
    if (!spec) return fail(within(spec.error(), "/spec"));
    if (!spec->dataset_dir.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "dataset_dir is filled in by the server; give dataset_id")
                        .at("/spec/dataset_dir"));
    for (std::size_t i = 0; i < spec->weights.size(); ++i)
        if (!spec->weights[i].path.empty())
            if (const auto allowed = check_path(spec->weights[i].path, context); !allowed)
                return fail(Error(allowed.error()).at("/spec/weights/" + std::to_string(i)));
    DIGITS_ASSIGN(auto taken, take_starting_point(*spec, context));
    if (start) *start = std::move(taken);
    if (spec->dataset_id.empty()) return spec;
    const auto dataset =
        is_job_id(spec->dataset_id) ? context.jobs.get(spec->dataset_id) : Result<Job>(fail(ErrorCode::kNotFound, ""));
    if (!dataset || dataset->kind != "dataset")
        return fail(make_error(ErrorCode::kInvalidArgument, "there is no dataset {}", spec->dataset_id.substr(0, 60))
                        .at("/spec/dataset_id"));
    spec->dataset_dir = context.jobs.job_dir(spec->dataset_id).string();
    return spec;
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
    DIGITS_TRY(refuse_faults(spec));
    JobRequest job;
    job.kind = "model";
    job.parents = {spec.dataset_id};
    job.files = weights_to_link(spec, context);
    job.spec = std::make_shared<const nlohmann::json>(to_json(spec));
    return job;
}

}  // namespace digits::api
