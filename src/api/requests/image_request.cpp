#include "api/requests/image_request.hpp"

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

Result<std::vector<RequestImage>> uploaded_images(const http::Request& request) {
    std::vector<RequestImage> images;
    for (const auto& part : request.parts) {
        if (part.name != "image" || !part.file)
            return fail(make_error(ErrorCode::kInvalidArgument, "unknown part \"{}\"; name the files image", part.name)
                            .at("/" + part.name));
        images.push_back({part.file_name, part.file->path().string(), {}, {}});
    }
    return images;
}

http::Async<Result<std::vector<RequestImage>>> named_images(const json& body, const Context& context) {
    std::vector<RequestImage> images;
    DIGITS_CO_ASSIGN(const auto paths, read_texts(body, "paths", kMostPaths));
    DIGITS_CO_ASSIGN(const auto urls, read_texts(body, "urls", kMostUrls));
    std::vector<NamedPlace> places;
    for (const auto& path : paths)
        places.push_back({path, NamedPlace::Kind::kAny, "/paths/" + std::to_string(places.size())});
    DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    for (const auto& path : paths) images.push_back({path, path, {}, {}});
    if (urls.empty()) co_return images;
    auto files = co_await context.url_images.fetch(urls);
    if (!files) co_return fail(Error(files.error()).at("/urls"));
    for (std::size_t i = 0; i < urls.size(); ++i) {
        auto& file = (*files)[i];
        if (file)
            images.push_back({urls[i], (*file)->path().string(), *file, {}});
        else
            images.push_back({urls[i], "", {}, file.error()});
    }
    co_return images;
}

}  // namespace

http::Async<Result<std::vector<RequestImage>>> read_images(const http::Request& request, const Context& context) {
    const bool uploaded = request.content_type() == "multipart/form-data";
    std::vector<RequestImage> images;
    if (uploaded) {
        DIGITS_CO_ASSIGN(images, uploaded_images(request));
    } else {
        DIGITS_CO_ASSIGN(const auto body, read_object(request, {"paths", "urls"}));
        DIGITS_CO_ASSIGN(images, co_await named_images(body, context));
    }
    if (images.empty())
        co_return fail(
            make_error(ErrorCode::kInvalidArgument, "no image was given").at(uploaded ? "/image" : "/paths"));
    co_return images;
}

}  // namespace digits::api
