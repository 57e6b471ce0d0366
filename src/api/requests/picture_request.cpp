#include "api/requests/picture_request.hpp"

#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"

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

http::Async<Result<std::vector<Picture>>> named_pictures(const json& body, const Context& context) {
    std::vector<Picture> pictures;
    DIGITS_CO_ASSIGN(const auto paths, read_texts(body, "paths", kMostPaths));
    DIGITS_CO_ASSIGN(const auto urls, read_texts(body, "urls", kMostUrls));
    std::vector<NamedPlace> places;
    for (const auto& path : paths)
        places.push_back({path, NamedPlace::Kind::kAny, "/paths/" + std::to_string(places.size())});
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    for (const auto& path : paths) pictures.push_back({path, path, {}, {}});
    if (urls.empty()) co_return pictures;
    auto files = co_await context.url_pictures.fetch(urls);
    if (!files) co_return fail(Error(files.error()).at("/urls"));
    for (std::size_t i = 0; i < urls.size(); ++i) {
        auto& file = (*files)[i];
        if (file)
            pictures.push_back({urls[i], (*file)->path().string(), *file, {}});
        else
            pictures.push_back({urls[i], "", {}, file.error()});
    }
    co_return pictures;
}

}  // namespace

http::Async<Result<std::vector<Picture>>> read_pictures(const http::Request& request, const Context& context) {
    const bool uploaded = request.content_type() == "multipart/form-data";
    std::vector<Picture> pictures;
    if (uploaded) {
        DIGITS_CO_ASSIGN(pictures, uploaded_pictures(request));
    } else {
        DIGITS_CO_ASSIGN(const auto body, read_object(request, {"paths", "urls"}));
        DIGITS_CO_ASSIGN(pictures, co_await named_pictures(body, context));
    }
    if (pictures.empty())
        co_return fail(
            make_error(ErrorCode::kInvalidArgument, "no image was given").at(uploaded ? "/image" : "/paths"));
    co_return pictures;
}

}  // namespace digits::api
