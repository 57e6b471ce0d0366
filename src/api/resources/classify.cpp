#include <nlohmann/json.hpp>

#include "api/classification.hpp"
#include "api/job_specs.hpp"
#include "api/messages.hpp"
#include "api/resources.hpp"
#include "api/snapshot_choice.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

struct Picture {
    std::string name;  ///< as the client calls it
    std::string path;
};

/// The uploaded parts called `image`, or the paths of a JSON body.
Result<std::vector<Picture>> read_pictures(const Request& request, const Context& context) {
    std::vector<Picture> pictures;
    const bool uploaded = request.content_type() == "multipart/form-data";
    if (uploaded) {
        for (const auto& part : request.parts) {
            if (part.name != "image" || !part.file)
                return fail(make_error(ErrorCode::kInvalidArgument, "unknown part \"{}\"; expected files named image",
                                       part.name)
                                .at("/" + part.name));
            pictures.push_back({part.file_name, part.file->path().string()});
        }
    } else {
        DIGITS_ASSIGN(const auto body, read_object(request, {"paths"}));
        const auto paths = body.value("paths", json());
        if (!paths.is_array() || paths.size() > 1000)
            return fail(make_error(ErrorCode::kInvalidArgument, "expected a list of 1 to 1000 paths").at("/paths"));
        for (std::size_t i = 0; i < paths.size(); ++i) {
            const auto place = "/paths/" + std::to_string(i);
            if (!paths[i].is_string())
                return fail(make_error(ErrorCode::kInvalidArgument, "expected an absolute path").at(place));
            auto path = paths[i].get<std::string>();
            if (const auto allowed = check_path(path, context); !allowed) return fail(Error(allowed.error()).at(place));
            pictures.push_back({path, path});
        }
    }
    if (pictures.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "no picture was given").at(uploaded ? "/image" : "/paths"));
    return pictures;
}

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
