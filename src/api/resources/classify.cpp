#include <nlohmann/json.hpp>

#include "api/classification.hpp"
#include "api/messages.hpp"
#include "api/picture_request.hpp"
#include "api/resources.hpp"
#include "api/snapshot_choice.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

json picture_error(const json& error) {
    const auto text = [&](const char* name) { return error.is_object() ? error.value(name, "") : std::string(); };
    return {{"code", text("code")}, {"message", text("message")}, {"where", text("where")}, {"advice", text("advice")}};
}

Result<Response> classify(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto top, query_number(request, "top", 5, 1, 1000));
    DIGITS_ASSIGN(const auto pictures, read_pictures(request, context));
    DIGITS_ASSIGN(const auto snapshot, choose_snapshot(request, job, context));
    std::vector<std::string> paths;
    for (const auto& picture : pictures) paths.push_back(picture.path);
    DIGITS_ASSIGN(auto answer, classify_pictures(job.id, snapshot.weights, paths, top, context));
    json view{{"images", json::array()}, {"snapshot", snapshot.iteration}, {"seconds", answer["seconds"]}};
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        const auto& image = answer["images"][i];
        view["images"].push_back({{"name", pictures[i].name},
                                  {"predictions", image["predictions"]},
                                  {"error", image["error"].is_null() ? json() : picture_error(image["error"])}});
    }
    return json_response(200, view);
}

}  // namespace

void register_classify(http::Router& router, Context& context) {
    http::RouteOptions options{kMaxBody_bytes};
    options.multipart = true;
    options.max_upload_bytes = kMaxUpload_bytes;
    options.max_parts = kMaxUploadFiles;
    router.add(
        "POST", "/api/v1/models/{id}/classify", [&](const Request& request) { return classify(request, context); },
        options);
}

}  // namespace digits::api
