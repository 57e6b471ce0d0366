#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/job_pages.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/jobs/job_view.hpp"
#include "api/requests/all_faults.hpp"
#include "api/requests/conditional.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/disk_space.hpp"
#include "models/model_spec.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

/// The spec that the body has.
Async<Result<DatasetSpec>> read_spec(const json& body, const Context& context) {
    if (!body.contains("spec")) co_return fail(make_error(ErrorCode::kInvalidArgument, "spec is missing").at("/spec"));
    co_return co_await checked_dataset_spec(body["spec"], context);
}

/// The answer to a spec that was refused.
Async<Result<Response>> refuse(Error error, json body, const Context& context) {
    SpecCheck check = [&context](const json& spec) -> Async<Status> {
        DIGITS_CO_TRY(co_await checked_dataset_spec(spec, context));
        co_return Status();
    };
    co_return co_await refuse_with_all_faults(std::move(error), std::move(body), std::move(check));
}

/// Its place below /spec, unless that is a file or folder which the spec names, or one in it or beside it.
Error in_spec(Error error, const SourceSpec& source) {
    for (const auto& place : source.places()) {
        if (place.path.empty()) continue;
        const auto folder = place.is_folder ? place.path : place.path.substr(0, place.path.rfind('/'));
        const auto& where = error.where;
        if (where == place.path || where.starts_with(place.path + ":")) return error;
        // Each place in the spec is like a path below the root folder.
        if (folder.empty() || folder == "/") continue;
        if (where == folder || where.starts_with(folder.ends_with('/') ? folder : folder + "/")) return error;
    }
    return within(std::move(error), "/spec");
}

Async<Result<Response>> create(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"name", "group", "spec"}));
    DIGITS_CO_ASSIGN(auto name, text_member(body, "name", true));
    DIGITS_CO_ASSIGN(auto group, text_member(body, "group", false));
    const auto read = co_await read_spec(body, context);
    if (!read) co_return co_await refuse(read.error(), body, context);
    const auto& spec = *read;
    auto job = dataset_job(spec);
    job.name = std::move(name);
    job.group = std::move(group);
    co_return submit_job(std::move(job), request, context);
}

Async<Result<Response>> scan(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"spec"}));
    const auto read = co_await read_spec(body, context);
    if (!read) co_return co_await refuse(read.error(), body, context);
    const auto& spec = *read;
    json question{{"type", "dataset_scan"}, {"spec", to_json(spec)}};
    const auto found = co_await assist(std::move(question), context);
    if (!found) co_return fail(in_spec(found.error(), spec.source));
    co_return json_response(200, **found);
}

/// Which dataset a folder is, with the source that reads it.
Async<Result<Response>> recognize(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"folder"}));
    DIGITS_CO_ASSIGN(const auto folder, text_member(body, "folder", true));
    std::vector<NamedPlace> places{{folder, NamedPlace::Kind::kFolder, "/folder"}};
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    json question{{"type", "recognize"}, {"folder", folder}};
    DIGITS_CO_ASSIGN(const auto found, co_await assist(std::move(question), context));
    co_return json_response(200, *found);
}

Async<Result<Response>> report(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"spec"}));
    const auto read = co_await read_spec(body, context);
    if (!read) co_return co_await refuse(read.error(), body, context);
    const auto& spec = *read;
    json question{{"type", "dataset_report"}, {"spec", to_json(spec)}};
    const auto found = co_await assist(std::move(question), context);
    if (!found) co_return fail(in_spec(found.error(), spec.source));
    json answer = **found;
    answer["free_bytes"] = free_disk_bytes(context.options.data_dir).value_or(0);
    co_return json_response(200, answer);
}

/// Images are decoded by the worker.
Async<Result<Response>> show_resize_example(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"spec", "image"}));
    DIGITS_CO_ASSIGN(const auto spec, co_await read_spec(body, context));
    DIGITS_CO_ASSIGN(const auto image, text_member(body, "image", false));
    std::vector<NamedPlace> places;
    if (!image.empty()) places.push_back({image, NamedPlace::Kind::kAny, "/image"});
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    json question{{"type", "resize_example"}, {"spec", to_json(spec)}, {"image", image}};
    DIGITS_CO_ASSIGN(const auto answer, co_await assist(std::move(question), context));
    co_return json_response(200, *answer);
}

/// Members are checked where they are used, by the worker; those that name files or sizes, here.
Async<Result<Response>> show_augment_example(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"augmentation", "crop_size", "mean"}));
    const auto augmentation = parse_augmentation(body.value("augmentation", json::object()));
    if (!augmentation) co_return fail(within(augmentation.error(), "/augmentation"));
    const auto crop = body.value("crop_size", json());
    const bool valid = crop.is_null() || (crop.is_number_integer() && crop >= 1 && crop <= 10000);
    if (!valid)
        co_return fail(make_error(ErrorCode::kInvalidArgument, "expected a whole number from 1 to 10000, or null")
                           .at("/crop_size"));
    DIGITS_CO_ASSIGN(const auto mean, text_member(body, "mean", false));
    if (!mean.empty() && !find_enum<MeanMode>(mean))
        co_return fail(make_error(ErrorCode::kInvalidArgument, "expected image, pixel or none").at("/mean"));
    const auto facts = find_dataset_facts(job);
    if (!facts)
        co_return fail(make_error(ErrorCode::kFailedPrecondition,
                                  "{} is in state {}; its images are there when it is done", job.id,
                                  enum_name(job.state)));
    if (facts->storage.backend == DatasetBackend::kHdf5)
        co_return fail(make_error(ErrorCode::kFailedPrecondition, "images in HDF5 cannot be augmented")
                           .advise("Make the dataset with LMDB to augment its images"));
    json question{{"type", "augment_example"},
                  {"dataset_dir", context.jobs.job_dir(job.id).string()},
                  {"augmentation", to_json(*augmentation)},
                  {"crop_size", crop.is_null() ? json(0) : crop},
                  {"mean", mean.empty() ? "none" : mean}};
    DIGITS_CO_ASSIGN(const auto answer, co_await assist(std::move(question), context));
    co_return json_response(200, *answer);
}

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    auto response =
        json_response(200, {{"job", job_view(job, Detail::kFull)}, {"dataset", job.result ? *job.result : json()}});
    tag_job(response, job);
    return response;
}

}  // namespace

void register_datasets(http::Router& router, Context& context) {
    const http::RouteOptions body{kMaxBody_bytes};
    router.add("GET", "/api/v1/datasets",
               [&](const Request& request) { return list_jobs(request, context, "dataset"); });
    router.add("POST", "/api/v1/datasets", [&](const Request& request) { return create(request, context); }, body);
    router.add("POST", "/api/v1/datasets/scan", [&](const Request& request) { return scan(request, context); }, body);
    router.add(
        "POST", "/api/v1/datasets/recognize", [&](const Request& request) { return recognize(request, context); },
        body);
    router.add(
        "POST", "/api/v1/datasets/report", [&](const Request& request) { return report(request, context); }, body);
    router.add(
        "POST", "/api/v1/datasets/resize-example",
        [&](const Request& request) { return show_resize_example(request, context); }, body);
    router.add(
        "POST", "/api/v1/datasets/{id}/augment-example",
        [&](const Request& request) { return show_augment_example(request, context); }, body);
    router.add("GET", "/api/v1/datasets/{id}", [&](const Request& request) { return show(request, context); });
}

}  // namespace digits::api
