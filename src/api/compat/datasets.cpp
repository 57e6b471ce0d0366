#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/compat/dataset_form.hpp"
#include "api/compat/job_json.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Async;
using http::Response;
using nlohmann::json;

/// The same dataset again. Lists that were uploaded for the first are taken along.
Result<DatasetWish> cloned(const Job& job, const Context& context) {
    DatasetWish wish{job.name, job.group, *job.spec, {}, {}};
    for (const auto* name : {"train", "val", "test", "labels"}) {
        const auto member = std::string("/source/") + name;
        const auto path = wish.spec.value(json::json_pointer(member), "");
        if (path.starts_with(context.jobs.job_dir(job.id).string() + "/"))
            wish.files.push_back({member, path, std::string(name) + ".txt"});
    }
    return wish;
}

/// The answer to a faulty spec: at the form's field where there is one.
Result<Response> refuse_spec(Form& form, const Error& error) {
    const auto field = dataset_field_of(error.where);
    if (field.empty()) return fail(error);
    form.refuse(field, error.message);
    return form_errors(form.errors());
}

Async<Result<Response>> create(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(const auto user, require_user(arguments));
    Form form(arguments);
    DatasetWish wish;
    if (const auto* source = arguments.find("clone")) {
        DIGITS_CO_ASSIGN(const auto job, find_job(*source, context, "dataset"));
        DIGITS_CO_ASSIGN(wish, cloned(job, context));
    } else {
        DIGITS_CO_ASSIGN(wish, co_await read_dataset_form(form, context));
    }
    if (!form.ok()) co_return form_errors(form.errors());
    const auto spec = co_await checked_dataset_spec(wish.spec, context);
    if (!spec) co_return refuse_spec(form, spec.error());
    auto request = dataset_job(*spec);
    request.name = wish.name;
    request.group = wish.group;
    request.owner = user;
    request.files = wish.files;
    DIGITS_CO_ASSIGN(const auto job, context.jobs.submit(std::move(request)));
    if (!wants_json(arguments.request())) co_return redirect("/datasets/" + job.id);
    co_return json_response(200, created_json(short_json(job)));
}

}  // namespace
}  // namespace compat

void register_digits_datasets(http::Router& router, Context& context) {
    const auto create = [&](const compat::Arguments& arguments) { return compat::create(arguments, context); };
    compat::add_both(router, {"POST"}, "/datasets/images/classification", create, compat::Body::kForm);
    compat::add_route(router, {"POST"}, "/datasets/images/classification/", create, compat::Body::kForm);
}

}  // namespace digits::api
