#include <nlohmann/json.hpp>

#include "api/jobs/job_view.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "api/requests/classification.hpp"
#include "api/requests/image_request.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

json image_error(const json& error) {
    const auto text = [&](const char* name) { return error.is_object() ? error.value(name, "") : std::string(); };
    return {{"code", text("code")}, {"message", text("message")}, {"where", text("where")}, {"advice", text("advice")}};
}

json answer_view(const json& image) {
    const auto& error = image["error"];
    json view{{"predictions", image["predictions"]}, {"error", error.is_null() ? json() : image_error(error)}};
    // The other members are the task's own.
    for (const auto& [member, value] : image.items())
        if (!view.contains(member)) view[member] = value;
    return view;
}

Async<Result<Response>> classify(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_CO_ASSIGN(const auto choices, read_answer_choices(request));
    DIGITS_CO_ASSIGN(const auto given, co_await read_images(request, context));
    DIGITS_CO_ASSIGN(const auto snapshot, choose_snapshot(request, job, context));
    std::vector<std::string> paths;
    for (const auto& one : given)
        if (!one.missing) paths.push_back(one.path);
    json answer{{"images", json::array()}, {"seconds", 0.0}};
    if (!paths.empty()) {
        DIGITS_CO_ASSIGN(answer, co_await classify_images(job.id, snapshot.weights, paths, choices, context));
    }
    json view{{"images", json::array()}, {"snapshot", snapshot.iteration}, {"seconds", answer["seconds"]}};
    auto answered = answer["images"].begin();
    for (const auto& one : given) {
        auto image = one.missing ? json{{"predictions", json::array()}, {"error", error_view(*one.missing)}}
                                 : answer_view(*answered++);
        image["name"] = one.name;
        view["images"].push_back(std::move(image));
    }
    co_return json_response(200, view);
}

}  // namespace

void register_classify(http::Router& router, Context& context) {
    router.add(
        "POST", "/api/v1/models/{id}/classify", [&](const Request& request) { return classify(request, context); },
        image_upload());
}

}  // namespace digits::api
