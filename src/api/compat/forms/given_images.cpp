#include "api/compat/forms/given_images.hpp"

#include "api/requests/named_places.hpp"
#include "data/sources/files/image_list.hpp"

namespace digits::api::compat {

http::Async<Result<GivenImage>> given_image(const Arguments& arguments, Context& context) {
    auto path = arguments.get("image_path");
    if (is_web_address(path)) {
        std::vector<std::string> urls{path};
        DIGITS_CO_ASSIGN(auto files, co_await context.url_images.fetch(std::move(urls)));
        DIGITS_CO_ASSIGN(auto fetched, std::move(files.front()));
        path = fetched->path().string();
        co_return GivenImage{std::move(path), std::move(fetched)};
    }
    if (!path.empty()) {
        std::vector<NamedPlace> places{{path, NamedPlace::Kind::kAny, ""}};
        DIGITS_CO_TRY(co_await check_places(std::move(places), context));
    } else if (const auto* part = arguments.find_file("image_file")) {
        path = part->file->path().string();
    } else {
        co_return fail(ErrorCode::kInvalidArgument, "must provide image_path or image_file");
    }
    co_return GivenImage{std::move(path), nullptr};
}

http::Async<Result<std::vector<std::string>>> files_of(const std::vector<ListedImage>& images,
                                                       std::vector<UrlImages::File>& fetched, Context& context) {
    std::vector<std::string> paths, urls;
    for (const auto& image : images)
        if (is_web_address(image.path)) urls.push_back(image.path);
    std::vector<Result<UrlImages::File>> files;
    if (!urls.empty()) {
        DIGITS_CO_ASSIGN(files, co_await context.url_images.fetch(std::move(urls)));
    }
    auto next = files.begin();
    for (const auto& image : images) {
        if (!is_web_address(image.path)) {
            paths.push_back(image.path);
            continue;
        }
        paths.push_back(*next ? (**next)->path().string() : "");
        if (*next) fetched.push_back(**next);
        ++next;
    }
    co_return paths;
}

}  // namespace digits::api::compat
