#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/disk_space.hpp"
#include "frameworks/framework.hpp"
#include "models/adapt.hpp"
#include "models/dataset_facts.hpp"
#include "models/standard_networks.hpp"
#include "tasks/task.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

/// What a dataset says of the networks that fit it.
struct Wanted {
    std::uint64_t images = 0;              ///< to train with; 0: not known
    std::optional<int> images_per_record;  ///< none: it does not matter
};

Result<Wanted> wanted_of(const std::string& dataset, const Context& context) {
    Wanted wanted;
    if (dataset.empty()) return wanted;
    DIGITS_ASSIGN(const auto job, context.jobs.get(dataset));
    if (const auto facts = find_dataset_facts(job)) {
        wanted.images_per_record = facts->images_per_record();
        if (const auto* train = facts->find_split("train")) wanted.images = train->count;
    } else if (const auto spec = parse_dataset_spec(*job.spec)) {
        wanted.images_per_record = images_per_record(*spec);
    }
    return wanted;
}

/// Of the task of the query, of classification without one, of all with "all". With a dataset those that fit its
/// records, and the epochs suit it.
Result<Response> list(const Request& request, Context& context) {
    const auto* wanted = request.find_query("task");
    const std::string task = wanted ? *wanted : std::string(kDefaultTask);
    if (task != "all" && !tasks().find(task))
        return fail(ErrorCode::kInvalidArgument, "There is no task \"{}\"; choose one of {}, or all", task,
                    tasks().names());
    const auto* dataset = request.find_query("dataset");
    DIGITS_ASSIGN(const auto fitting, wanted_of(dataset ? *dataset : "", context));
    auto items = json::array();
    for (const auto& network : standard_networks(task == "all" ? "" : task))
        if (fitting.images_per_record.value_or(network.images_per_record) == network.images_per_record)
            items.push_back(to_json(network, epochs_for(network, fitting.images)));
    return json_response(200, {{"items", std::move(items)}});
}

/// A whole number in [low, high] of a part of the body.
Result<std::int64_t> number_member(const json& object, const char* name, const std::string& place, std::int64_t low,
                                   std::int64_t high) {
    const auto& value = object.contains(name) ? object[name] : json();
    const bool fits = value.is_number_integer() && value >= low && value <= high;
    if (!fits)
        return fail(make_error(ErrorCode::kInvalidArgument, "expected a whole number from {} to {}", low, high)
                        .at(place + "/" + name));
    return value.get<std::int64_t>();
}

Result<json> read_image(const json& body) {
    if (!body.contains("image")) return json();
    const auto& image = body["image"];
    if (!image.is_object())
        return fail(
            make_error(ErrorCode::kInvalidArgument, "expected an object with width, height and channels").at("/image"));
    DIGITS_ASSIGN(const auto width, number_member(image, "width", "/image", 1, 10000));
    DIGITS_ASSIGN(const auto height, number_member(image, "height", "/image", 1, 10000));
    DIGITS_ASSIGN(const auto channels, number_member(image, "channels", "/image", 1, 3));
    return json{{"width", width}, {"height", height}, {"channels", channels}};
}

/// The network is built by the worker.
Async<Result<Response>> describe(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"spec", "image", "classes", "measure"}));
    if (!body.contains("spec")) co_return fail(make_error(ErrorCode::kInvalidArgument, "spec is missing").at("/spec"));
    DIGITS_CO_ASSIGN(const auto spec, co_await checked_model_spec(body["spec"], context));
    DIGITS_CO_ASSIGN(auto image, read_image(body));
    std::int64_t classes = 10;
    if (body.contains("classes")) {
        DIGITS_CO_ASSIGN(classes, number_member(body, "classes", "", 1, 1'000'000));
    }
    const auto measure = body.value("measure", json(false));
    if (!measure.is_boolean())
        co_return fail(make_error(ErrorCode::kInvalidArgument, "expected true or false").at("/measure"));
    auto question = describe_question(spec, context);
    if (!image.is_null()) question["image"] = std::move(image);
    if (!question.contains("classes") || body.contains("classes")) question["classes"] = classes;
    question["measure"] = measure;
    DIGITS_CO_ASSIGN(const auto answer, co_await assist(std::move(question), context));
    json described = *answer;
    described["free_disk_bytes"] = free_disk_bytes(context.options.data_dir).value_or(0);
    co_return json_response(200, described);
}

json changes_json(const AdaptedNetwork& adapted) {
    auto list = json::array();
    for (const auto& change : adapted.changes)
        list.push_back({{"line", change.line > 0 ? json(change.line) : json()},
                        {"layer", change.layer.empty() ? json() : json(change.layer)},
                        {"message", change.message}});
    return list;
}

/// The text of a network as it would be for a dataset, and what is wrong with that.
Async<Result<Response>> adapt(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto body, read_object(request, {"spec"}));
    if (!body.contains("spec")) co_return fail(make_error(ErrorCode::kInvalidArgument, "spec is missing").at("/spec"));
    DIGITS_CO_ASSIGN(auto spec, co_await checked_model_spec(body["spec"], context));
    DIGITS_CO_ASSIGN(const auto* framework, get_framework(spec.network.framework));
    DIGITS_CO_ASSIGN(const auto given, co_await check_model_here(spec, context));
    const auto& before = given.check;
    if (!before.task.empty() && before.task != kDefaultTask && before.task != "detection")
        co_return fail(
            make_error(ErrorCode::kInvalidArgument,
                       "Networks can be adapted to datasets for classification and detection only, this one is for {}",
                       before.task)
                .at("/spec/dataset_id"));
    auto adapted = framework->adapt(network_text(spec), before.dataset);
    if (!adapted) co_return fail(within(adapted.error(), "/spec"));
    spec.network.standard.clear();
    spec.network.prototxt = adapted->text;
    DIGITS_CO_ASSIGN(const auto checked, co_await check_model_here(spec, context));
    const auto& after = checked.check;
    json diagnostics = json::array();
    for (const auto& finding : after.findings) diagnostics.push_back(to_json(finding));
    co_return json_response(200, {{"text", adapted->text},
                                  {"changes", changes_json(*adapted)},
                                  {"ok", after.ok()},
                                  {"diagnostics", std::move(diagnostics)}});
}

}  // namespace

void register_networks(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/networks", [&](const Request& request) { return list(request, context); });
    router.add("POST", "/api/v1/networks/describe", [&](const Request& request) { return describe(request, context); },
               {kMaxBody_bytes});
    router.add("POST", "/api/v1/networks/adapt", [&](const Request& request) { return adapt(request, context); },
               {kMaxBody_bytes});
}

}  // namespace digits::api
