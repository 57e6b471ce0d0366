#include <functional>
#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/compat/forms/dataset_form.hpp"
#include "api/compat/forms/generic_dataset_form.hpp"
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

/// One of DIGITS's forms for datasets.
struct DatasetForm {
    std::function<Async<Result<DatasetWish>>(Form& form, const Context& context)> read;
    /// The field that decides a place of the spec; empty if none does.
    std::string (*field_of)(const std::string& place, const json& spec);
    bool takes_clones = true;
};

/// The answer to a faulty spec: at the form's field where there is one.
Result<Response> refuse_spec(Form& form, const std::string& field, const Error& error) {
    if (field.empty()) return fail(error);
    form.refuse(field, error.message);
    return form_errors(form.errors());
}

Async<Result<Response>> create(const Arguments& arguments, Context& context, DatasetForm kind) {
    DIGITS_CO_ASSIGN(const auto user, require_user(arguments));
    Form form(arguments);
    DatasetWish wish;
    if (const auto* source = kind.takes_clones ? arguments.find("clone") : nullptr) {
        DIGITS_CO_ASSIGN(const auto job, find_job(*source, context, "dataset"));
        DIGITS_CO_ASSIGN(wish, cloned(job, context));
    } else {
        DIGITS_CO_ASSIGN(wish, co_await kind.read(form, context));
    }
    if (!form.ok()) co_return form_errors(form.errors());
    const auto spec = co_await checked_dataset_spec(wish.spec, context);
    if (!spec) co_return refuse_spec(form, kind.field_of(spec.error().where, wish.spec), spec.error());
    auto request = dataset_job(*spec);
    request.name = wish.name;
    request.group = wish.group;
    request.owner = user;
    request.files.insert(request.files.end(), wish.files.begin(), wish.files.end());
    DIGITS_CO_ASSIGN(const auto job, context.jobs.submit(std::move(request)));
    if (!wants_json(arguments.request())) co_return redirect("/datasets/" + job.id);
    co_return json_response(200, created_json(short_json(job)));
}

std::string classification_field_of(const std::string& place, const json&) { return dataset_field_of(place); }

/// DIGITS's form of an extension does not take clones.
Async<Result<Response>> create_by_extension(const Arguments& arguments, Context& context, std::string id) {
    const auto* extension = find_data_extension(id);
    if (!extension) co_return fail(ErrorCode::kInternal, "Unknown extension '{}'", id);
    if (extension->task.empty())
        co_return fail(ErrorCode::kUnsupported, "The data extension {} is a plugin of DIGITS, which is not offered",
                       id);
    DatasetForm form{
        [extension](Form& fields, const Context& own) { return read_extension_form(fields, *extension, own); },
        generic_field_of, false};
    co_return co_await create(arguments, context, std::move(form));
}

}  // namespace
}  // namespace compat

void register_digits_datasets(http::Router& router, Context& context) {
    using compat::Arguments;
    using compat::Body;
    const auto add = [&](const std::string& path, compat::DatasetForm form) {
        const auto create = [&context, form](const Arguments& arguments) {
            return compat::create(arguments, context, form);
        };
        compat::add_both(router, {"POST"}, path, create, Body::kForm);
        compat::add_route(router, {"POST"}, path + "/", create, Body::kForm);
    };
    add("/datasets/images/classification", {compat::read_dataset_form, compat::classification_field_of, true});
    add("/datasets/images/generic", {compat::read_prebuilt_form, compat::generic_field_of, true});
    // The spellings with an ending first: an extension's name has none.
    for (const auto* ending : {".json", "/json", ""})
        compat::add_route(
            router, {"POST"}, std::string("/datasets/generic/create/{extension}") + ending,
            [&context](const Arguments& arguments) {
                return compat::create_by_extension(arguments, context, arguments.request().param("extension"));
            },
            Body::kForm);
}

}  // namespace digits::api
