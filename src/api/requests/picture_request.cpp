#include "api/requests/picture_request.hpp"

#include <nlohmann/json.hpp>

#include "api/jobs/job_specs.hpp"
#include "api/requests/messages.hpp"

namespace digits::api {

using nlohmann::json;

namespace {

constexpr std::size_t kMostPaths = 1000;
constexpr std::size_t kMostUrls = 32;

/// The texts of a list; empty where it is absent.
Result<std::vector<std::string>> read_texts(const json& body, const char* member, std::size_t most) {
    const auto list = body.value(member, json::array());
    if (!list.is_array() || list.size() > most)
        return fail(make_error(ErrorCode::kInvalidArgument, "expected a list of at most {} {}", most, member)
                        .at(std::string("/") + member));
    for (std::size_t i = 0; i < list.size(); ++i)
        if (!list[i].is_string())
            return fail(
                make_error(ErrorCode::kInvalidArgument, "expected a text").at(fmt::format("/{}/{}", member, i)));
    return list.get<std::vector<std::string>>();
}

Result<std::vector<Picture>> uploaded_pictures(const http::Request& request) {
    std::vector<Picture> pictures;
    for (const auto& part : request.parts) {
        if (part.name != "image" || !part.file)
            return fail(
                make_error(ErrorCode::kInvalidArgument, "unknown part \"{}\"; expected files named image", part.name)
                    .at("/" + part.name));
        pictures.push_back({part.file_name, part.file->path().string(), {}, {}});
    }
    return pictures;
}

Result<std::vector<Picture>> named_pictures(const json& body, const Context& context) {
    std::vector<Picture> pictures;
    DIGITS_ASSIGN(const auto paths, read_texts(body, "paths", kMostPaths));
    DIGITS_ASSIGN(const auto urls, read_texts(body, "urls", kMostUrls));
    for (const auto& path : paths) {
        if (const auto allowed = check_path(path, context); !allowed)
            return fail(Error(allowed.error()).at("/paths/" + std::to_string(pictures.size())));
        pictures.push_back({path, path, {}, {}});
    }
    if (urls.empty()) return pictures;
    auto files = context.url_pictures.fetch(urls);
    if (!files) return fail(Error(files.error()).at("/urls"));
    for (std::size_t i = 0; i < urls.size(); ++i) {
        auto& file = (*files)[i];
        if (file)
            pictures.push_back({urls[i], (*file)->path().string(), *file, {}});
        else
            pictures.push_back({urls[i], "", {}, file.error()});
    }
    return pictures;
}

}  // namespace

Result<std::vector<Picture>> read_pictures(const http::Request& request, const Context& context) {
    const bool uploaded = request.content_type() == "multipart/form-data";
    std::vector<Picture> pictures;
    if (uploaded) {
        DIGITS_ASSIGN(pictures, uploaded_pictures(request));
    } else {
        DIGITS_ASSIGN(const auto body, read_object(request, {"paths", "urls"}));
        DIGITS_ASSIGN(pictures, named_pictures(body, context));
    }
    if (pictures.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "no picture was given").at(uploaded ? "/image" : "/paths"));
    return pictures;
}

}  // namespace digits::api
