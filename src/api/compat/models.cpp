#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/compat/extensions.hpp"
#include "api/compat/forms/model_form.hpp"
#include "api/compat/forms/snapshot_epoch.hpp"
#include "api/compat/job_json.hpp"
#include "api/compat/learning_rate_preview.hpp"
#include "api/jobs/archive_response.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "base/file.hpp"
#include "models/pretrained_spec.hpp"
#include "models/standard_networks.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Async;
using http::Response;
using nlohmann::json;

/// The same model again.
ModelWish cloned(const Job& job) {
    ModelWish wish{job.name, job.group, *job.spec, {}, {}};
    if (!wish.spec.contains("keep_snapshots")) wish.spec["keep_snapshots"] = "all";
    return wish;
}

/// One request for each batch size and learning rate; their names tell what differs.
Async<Result<std::vector<JobRequest>>> model_requests(const ModelWish& wish, const std::string& user,
                                                      const Context& context) {
    std::vector<JobRequest> requests;
    const auto batch_sizes = std::max<std::size_t>(wish.batch_sizes.size(), 1);
    const auto rates = std::max<std::size_t>(wish.learning_rates.size(), 1);
    for (std::size_t batch = 0; batch < batch_sizes; ++batch)
        for (std::size_t rate = 0; rate < rates; ++rate) {
            auto spec = wish.spec;
            auto name = wish.name;
            if (!wish.learning_rates.empty()) spec["solver"]["base_lr"] = wish.learning_rates[rate];
            if (!wish.batch_sizes.empty()) spec["batch_size"] = wish.batch_sizes[batch];
            if (rates > 1) name += " learning_rate:" + python_number(wish.learning_rates[rate]);
            if (batch_sizes > 1) name += " batch_size:" + std::to_string(wish.batch_sizes[batch]);
            DIGITS_CO_ASSIGN(const auto checked, co_await checked_model_spec(spec, context));
            DIGITS_CO_ASSIGN(auto request, co_await model_job(checked, context));
            request.name = std::move(name);
            request.group = wish.group;
            request.owner = user;
            requests.push_back(std::move(request));
        }
    co_return requests;
}

/// The answer to a faulty spec: at the form's field where there is one.
Result<Response> refuse_spec(Form& form, const Error& error, const json& spec) {
    const auto field = model_field_of(error.where, spec);
    if (field.empty()) return fail(error);
    const auto place = error.where.find("prototxt:");
    const auto line = place == std::string::npos ? "" : error.where.substr(place + 9) + ": ";
    form.refuse(field, (field == "custom_network" ? "Bad network: " + line : "") + error.message);
    return form_errors(form.errors());
}

Async<Result<Response>> create(const Arguments& arguments, Context& context, ModelFamily family) {
    DIGITS_CO_ASSIGN(const auto user, require_user(arguments));
    Form form(arguments);
    ModelWish wish;
    if (const auto* source = arguments.find("clone")) {
        DIGITS_CO_ASSIGN(const auto job, find_job(*source, context, "model"));
        wish = cloned(job);
    } else {
        DIGITS_CO_ASSIGN(wish, co_await read_model_form(form, family, context));
    }
    if (!form.ok()) co_return form_errors(form.errors());
    auto requests = co_await model_requests(wish, user, context);
    if (!requests) co_return refuse_spec(form, requests.error(), wish.spec);
    std::vector<Job> jobs;
    for (auto& request : *requests) {
        DIGITS_CO_ASSIGN(auto job, context.jobs.submit(std::move(request)));
        jobs.push_back(std::move(job));
    }
    if (!wants_json(arguments.request())) co_return redirect(jobs.size() == 1 ? "/models/" + jobs.front().id : "/");
    if (jobs.size() == 1) co_return json_response(200, created_json(model_json(jobs.front(), context)));
    json list = json::array();
    for (const auto& job : jobs) list.push_back(created_json(model_json(job, context)));
    co_return json_response(200, {{"jobs", std::move(list)}});
}

Async<Result<Response>> download(const Arguments& arguments, Context& context, std::string ending) {
    DIGITS_CO_ASSIGN(const auto job, find_job(arguments.request().param("id"), context, "model"));
    const auto format = find_enum<ArchiveFormat>(ending);
    if (!format) co_return fail(ErrorCode::kInvalidArgument, "Invalid extension");
    const char* name = arguments.request().find_query("epoch") ? "epoch" : "snapshot_epoch";
    DIGITS_CO_ASSIGN(const auto snapshot, snapshot_of(arguments, name, job, context));
    auto response = co_await archive_response(job, snapshot, *format, context);
    if (!response) co_return response;
    // DIGITS names the file after the epoch as it was asked for.
    DIGITS_CO_ASSIGN(const auto asked, epoch_argument(arguments, name));
    response->set_header("Content-Disposition", fmt::format("attachment; filename={}_epoch_{}.{}", job.id,
                                                            asked ? python_number(*asked) : "-1", ending));
    co_return response;
}

/// The path of the Python layers that are in a job's folder.
json python_layer_of(const std::filesystem::path& dir) {
    std::error_code ignored;
    const auto file = dir / kPythonLayersFile;
    return std::filesystem::exists(file, ignored) ? json(file.string()) : json();
}

Result<Response> customize_pretrained(const Job& job, const Context& context) {
    const auto dir = context.jobs.job_dir(job.id);
    DIGITS_ASSIGN(const auto text, read_file(dir / kPretrainedNetwork));
    return json_response(
        200,
        {{"network", text}, {"snapshot", (dir / kPretrainedWeights).string()}, {"python_layer", python_layer_of(dir)}});
}

/// The text of a network, for a form to change it.
Result<Response> customize(const Arguments& arguments, Context& context) {
    const auto name = arguments.get("network");
    if (name.empty()) return fail(ErrorCode::kInvalidArgument, "network not provided");
    if (const auto* standard = find_standard_network(name))
        return json_response(200, {{"network", std::string(standard->prototxt)}});
    DIGITS_ASSIGN(const auto job, find_job(name, context));
    if (job.kind == "pretrained") return customize_pretrained(job, context);
    if (job.kind != "model") return fail(ErrorCode::kNotFound, "Job not found");
    DIGITS_ASSIGN(const auto text, network_text(job));
    DIGITS_ASSIGN(const auto epoch, epoch_argument(arguments, "snapshot_epoch"));
    DIGITS_ASSIGN(const auto weights, weights_of_epoch(job, epoch.value_or(0), context));
    std::string paths;
    for (const auto& path : weights) paths += (paths.empty() ? "" : ":") + path;
    return json_response(200, {{"network", text},
                               {"snapshot", paths.empty() ? json() : json(paths)},
                               {"python_layer", python_layer_of(context.jobs.job_dir(job.id))}});
}

}  // namespace
}  // namespace compat

void register_digits_models(http::Router& router, Context& context) {
    using compat::add_route;
    using compat::Arguments;
    using compat::Body;
    const auto add_form = [&](const std::string& path, compat::ModelFamily family) {
        const auto create = [&context, family](const Arguments& arguments) {
            return compat::create(arguments, context, family);
        };
        compat::add_both(router, {"POST"}, path, create, Body::kForm);
        add_route(router, {"POST"}, path + "/", create, Body::kForm);
    };
    const std::string generic = "/models/images/generic";
    add_form("/models/images/classification", {});
    add_form(generic, {true, ""});
    // As in DIGITS, the extension follows without a slash.
    for (const auto& extension : compat::kDataExtensions)
        if (!extension.task.empty()) add_form(generic + std::string(extension.id), {true, std::string(extension.task)});
    add_route(
        router, {"GET", "POST"}, "/models/{id}/download",
        [&](const Arguments& arguments) { return compat::download(arguments, context, "tar.gz"); }, Body::kForm);
    add_route(
        router, {"GET", "POST"}, "/models/{id}/download.{extension}",
        [&](const Arguments& arguments) {
            return compat::download(arguments, context, arguments.request().param("extension"));
        },
        Body::kForm);
    add_route(
        router, {"POST"}, "/models/customize",
        [&](const Arguments& arguments) { return compat::customize(arguments, context); }, Body::kForm);
    add_route(router, {"POST"}, "/models/visualize-lr", compat::preview_learning_rates, Body::kForm);
}

}  // namespace digits::api
