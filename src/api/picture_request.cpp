#include "api/picture_request.hpp"

#include <nlohmann/json.hpp>

#include "api/job_specs.hpp"
#include "api/messages.hpp"

namespace digits::api {

using nlohmann::json;

Result<std::vector<Picture>> read_pictures(const http::Request& request, const Context& context) {
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

}  // namespace digits::api
