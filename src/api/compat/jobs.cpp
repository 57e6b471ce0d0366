#include <nlohmann/json.hpp>

#include "api/access.hpp"
#include "api/compat/answers.hpp"
#include "api/compat/extensions.hpp"
#include "api/compat/job_end.hpp"
#include "api/compat/job_json.hpp"
#include "api/jobs/job_view.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "http/header_text.hpp"
#include "http/target.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Async;
using http::Response;
using nlohmann::json;

Result<Job> route_job(const Arguments& arguments, const Context& context) {
    return find_job(arguments.request().param("id"), context);
}

/// The job of the route, provided that the client's user may change it.
Result<Job> own_job(const Arguments& arguments, const Context& context) {
    DIGITS_ASSIGN(const auto user, require_user(arguments));
    DIGITS_ASSIGN(auto job, route_job(arguments, context));
    DIGITS_TRY(authorise(user, Act::kChange, job));
    return job;
}

// ---------------------------------------------------------------------------------------------------- one job

Result<Response> open(const Arguments& arguments, Context& context) {
    auto job = route_job(arguments, context);
    if (!job && wants_page(arguments.request())) return context.pages(arguments.request());
    if (!job) return fail(job.error());
    return redirect((job->kind == "pretrained" ? "/pretrained/" : "/" + job->kind + "s/") + job->id);
}

/// A dataset's or model's page, or its JSON.
Result<Response> show(const Arguments& arguments, Context& context) {
    if (wants_page(arguments.request())) return context.pages(arguments.request());
    DIGITS_ASSIGN(const auto job, route_job(arguments, context));
    if (!wants_json(arguments.request())) return context.pages(arguments.request());
    DIGITS_ASSIGN(const auto view, detailed_json(job, context));
    return json_response(200, view);
}

Result<Response> status(const Arguments& arguments, Context& context) {
    const auto job = route_job(arguments, context);
    if (!job) return json_response(200, {{"error", "Job not found."}});
    return json_response(200, {{"error", nullptr},
                               {"status", digits_status(job->state)},
                               {"name", job->name},
                               {"type", job_type(*job, context)}});
}

Result<Response> edit(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto job, own_job(arguments, context));
    JobEdit edit;
    if (const auto* name = arguments.find("job_name")) {
        edit.name = std::string(http::trim(*name));
        if (edit.name->empty()) return fail(ErrorCode::kInvalidArgument, "name cannot be blank");
    }
    if (const auto* notes = arguments.find("job_notes")) edit.notes = std::string(http::trim(*notes));
    DIGITS_TRY(context.jobs.edit(job.id, edit));
    return text_response(200, job_type(job, context) + " updated.");
}

Result<Response> abort(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto job, own_job(arguments, context));
    if (!context.jobs.abort(job.id)) return fail(ErrorCode::kPermissionDenied, "Job not aborted");
    return text_response(200, "Job aborted.");
}

/// "Cannot delete …" where models need the dataset.
Status check_no_dependents(const Job& job, const Context& context) {
    DIGITS_ASSIGN(auto ids, context.jobs.dependents(job.id));
    // A model's evaluations and publications and a dataset's exports go with it.
    std::erase_if(ids, [&](const auto& id) {
        const auto found = context.jobs.get(id);
        return found && (found->kind == "evaluation" || found->kind == "export" || found->kind == "publication");
    });
    if (ids.empty()) return {};
    std::string names;
    for (const auto& id : ids) {
        const auto model = context.jobs.get(id);
        names += (names.empty() ? "" : ", ") + ("\"" + (model ? model->name : id) + "\"");
    }
    const bool one = ids.size() == 1;
    return fail(ErrorCode::kPermissionDenied, "Cannot delete \"{}\" because {} model{} depend{} on it: {}", job.name,
                ids.size(), one ? "" : "s", one ? "s" : "", names);
}

/// The beginning of a removal: what runs ends soon.
Status abort_for_removal(const Job& job, Context& context) {
    DIGITS_TRY(check_no_dependents(job, context));
    if (is_final(job.state)) return {};
    const auto aborted = context.jobs.abort(job.id);
    if (aborted || aborted.error().code == ErrorCode::kFailedPrecondition) return {};
    return fail(aborted.error());
}

Async<Status> remove_job(const Job& job, Context& context) {
    DIGITS_CO_TRY(abort_for_removal(job, context));
    if (!is_final(job.state)) DIGITS_CO_TRY(co_await wait_for_end(job.id, context.jobs));
    co_return context.jobs.remove(job.id);
}

Async<Result<Response>> remove(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, own_job(arguments, context));
    DIGITS_CO_TRY(co_await remove_job(job, context));
    co_return text_response(200, "Job deleted.");
}

Result<Response> clone(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(arguments, context));
    return redirect("/" + job.kind + "s/new?clone=" + job.id);
}

/// DIGITS's address of a form leads to ours.
compat::Handler new_job_page(std::string kind) {
    return [kind = std::move(kind)](const Arguments& arguments) -> Result<Response> {
        const auto source = arguments.get("clone");
        return redirect("/" + kind + "s/new" + (source.empty() ? "" : "?clone=" + http::percent_encode(source)));
    };
}

Result<Response> new_extension_page(const Arguments& arguments) {
    const auto& id = arguments.request().param("extension");
    const auto* extension = find_data_extension(id);
    if (!extension) return fail(ErrorCode::kInternal, "Unknown extension '{}'", id);
    const auto source = arguments.get("clone");
    if (!source.empty()) return redirect("/datasets/new?clone=" + http::percent_encode(source));
    return redirect("/datasets/new");
}

// -------------------------------------------------------------------------------------------------- several jobs

/// What went wrong with the jobs of a request, counted as DIGITS does.
struct Failures {
    int not_found = 0;
    int not_permitted = 0;
    int failed = 0;
    std::vector<std::string> reasons;

    void add(const Status& done) {
        if (done) return;
        if (done.error().code == ErrorCode::kPermissionDenied) {
            reasons.push_back(done.error().message);
        } else {
            ++failed;
        }
    }
    /// The job, if it is there and the user may change it.
    std::optional<Job> find(const std::string& id, const std::string& user, const Context& context) {
        auto job = find_job(id, context);
        if (!job) {
            ++not_found;
        } else if (!authorise(user, Act::kChange, *job)) {
            ++not_permitted;
        } else {
            return std::move(*job);
        }
        return std::nullopt;
    }

    std::string text(const std::string& doing, const std::string& action) const {
        std::string text;
        const auto add = [&](int count, const std::string& words) {
            if (count > 0)
                text += fmt::format("{}{} job{} {}.", text.empty() ? "" : " ", count, count == 1 ? "" : "s", words);
        };
        add(not_found, "not found");
        add(not_permitted, "not permitted to be " + doing);
        add(failed, "failed to " + action);
        for (const auto& reason : reasons) text += (text.empty() ? "" : " ") + reason;
        return text;
    }
};

/// Does `action` to each job of `job_ids[]` that the user may change.
Failures for_each_job(const Arguments& arguments, Context& context, const std::string& user,
                      const std::function<Status(const Job&)>& action) {
    Failures failures;
    for (const auto& id : arguments.list("job_ids[]"))
        if (const auto job = failures.find(id, user, context)) failures.add(action(*job));
    return failures;
}

Async<Result<Response>> remove_many(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(const auto user, require_user(arguments));
    // All that run end at the same time. What fails here fails again below, where it is told.
    for_each_job(arguments, context, user, [&](const Job& job) { return abort_for_removal(job, context); });
    Failures failures;
    const auto ids = arguments.list("job_ids[]");
    for (const auto& id : ids) {
        const auto job = failures.find(id, user, context);
        if (!job) continue;
        const auto removed = co_await remove_job(*job, context);
        failures.add(removed);
    }
    const auto text = failures.text("deleted", "delete");
    if (!text.empty()) co_return fail(ErrorCode::kInvalidArgument, "{}", text);
    co_return text_response(200, "Jobs deleted.");
}

Result<Response> abort_many(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto user, require_user(arguments));
    const auto failures = for_each_job(arguments, context, user, [&](const Job& job) -> Status {
        DIGITS_TRY(context.jobs.abort(job.id));
        return {};
    });
    const auto text = failures.text("aborted", "abort");
    if (!text.empty()) return fail(ErrorCode::kInvalidArgument, "{}", text);
    return text_response(200, "Jobs aborted.");
}

Result<Response> group(const Arguments& arguments, Context& context) {
    const std::string name(http::trim(arguments.get("group_name")));
    const auto failures = for_each_job(arguments, context, find_user(arguments), [&](const Job& job) -> Status {
        JobEdit edit;
        edit.group = name;
        DIGITS_TRY(context.jobs.edit(job.id, edit));
        return {};
    });
    const auto text = failures.text("regrouped", "regroup");
    if (!text.empty()) return fail(ErrorCode::kInvalidArgument, "{}", text);
    return text_response(200, "Jobs regrouped.");
}

}  // namespace
}  // namespace compat

void register_digits_jobs(http::Router& router, Context& context) {
    using compat::add_route;
    using compat::Arguments;
    using compat::Body;
    using Action = Result<http::Response> (*)(const Arguments&, Context&);
    const auto with = [&context](Action action) -> compat::Handler {
        return [&context, action](const Arguments& arguments) { return action(arguments, context); };
    };
    const compat::AsyncHandler remove = [&context](const Arguments& arguments) {
        return compat::remove(arguments, context);
    };
    const compat::AsyncHandler remove_many = [&context](const Arguments& arguments) {
        return compat::remove_many(arguments, context);
    };
    add_route(router, {"PUT"}, "/jobs/{id}", with(compat::edit), Body::kForm);
    add_route(router, {"GET"}, "/jobs/{id}", with(compat::open));
    add_route(router, {"DELETE"}, "/pretrained_models/{id}", remove, Body::kForm);
    for (const std::string kind : {"jobs", "datasets", "models"}) {
        const auto job = "/" + kind + "/{id}";
        add_route(router, {"GET"}, job + "/status", with(compat::status));
        add_route(router, {"POST"}, job + "/abort", with(compat::abort), Body::kForm);
        if (kind != "jobs") compat::add_both(router, {"GET"}, job, with(compat::show));
        add_route(router, {"DELETE"}, job, remove, Body::kForm);
    }
    for (const auto* kind : {"dataset", "model"})
        for (const auto* type : {"classification", "generic"})
            add_route(router, {"GET"}, fmt::format("/{}s/images/{}/new", kind, type), compat::new_job_page(kind));
    add_route(router, {"GET"}, "/models/images/generic/new/{extension}", compat::new_job_page("model"));
    add_route(router, {"GET"}, "/datasets/generic/new/{extension}", compat::new_extension_page);
    add_route(router, {"DELETE"}, "/jobs", remove_many, Body::kForm);
    add_route(router, {"POST"}, "/abort_jobs", with(compat::abort_many), Body::kForm);
    add_route(router, {"GET", "POST"}, "/group", with(compat::group), Body::kForm, compat::Effect::kChange);
    add_route(router, {"GET", "POST"}, "/clone/{id}", with(compat::clone), Body::kForm);
}

}  // namespace digits::api
