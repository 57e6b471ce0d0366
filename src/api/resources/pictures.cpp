#include <charconv>
#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/gallery_shelf.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"
#include "data/records/gallery.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

json picture_view(const Gallery::Picture& picture, const std::vector<std::string>& labels) {
    const auto label = static_cast<std::size_t>(picture.label);
    return {{"index", picture.index},
            {"label", picture.label},
            {"label_name", picture.label >= 0 && label < labels.size() ? labels[label] : ""},
            {"file", picture.file},
            {"width", picture.width},
            {"height", picture.height},
            {"channels", picture.channels}};
}

Result<Response> list(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    const auto* split = request.find_query("split");
    constexpr std::int64_t kAnyNumber = 1'000'000'000'000;
    DIGITS_ASSIGN(const auto from, query_number(request, "cursor", 0, 0, kAnyNumber));
    DIGITS_ASSIGN(const auto limit, query_number(request, "limit", 100, 1, 500));
    DIGITS_ASSIGN(const auto label, query_number(request, "class", -1, 0, 1'000'000));
    const auto facts = find_dataset_facts(job);
    const auto labels = facts ? facts->labels : std::vector<std::string>{};
    const auto wanted = label < 0 ? std::nullopt : std::optional(static_cast<int>(label));
    return context.galleries.with(
        job, split ? *split : "train", context.jobs, [&](const Gallery& gallery) -> Result<Response> {
            DIGITS_ASSIGN(const auto page,
                          gallery.page(static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(limit), wanted));
            json items = json::array();
            for (const auto& picture : page.pictures) items.push_back(picture_view(picture, labels));
            return json_response(200, {{"items", std::move(items)},
                                       {"next_cursor", page.next ? json(std::to_string(*page.next)) : json()},
                                       {"total", gallery.count(wanted)}});
        });
}

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    const auto& text = request.param("index");
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || end != text.data() + text.size())
        return fail(ErrorCode::kNotFound, "there is no picture \"{}\"; expected its number", text.substr(0, 40));
    return context.galleries.with(
        job, request.param("split"), context.jobs, [&](const Gallery& gallery) -> Result<Response> {
            DIGITS_ASSIGN(auto picture, gallery.picture(index));
            auto response = Response::bytes(200, std::string(picture.content_type), std::move(picture.bytes));
            // A dataset never changes.
            response.set_header("Cache-Control", "private, max-age=31536000, immutable");
            return response;
        });
}

}  // namespace

void register_pictures(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/datasets/{id}/pictures", [&](const Request& request) { return list(request, context); });
    router.add("GET", "/api/v1/datasets/{id}/pictures/{split}/{index}",
               [&](const Request& request) { return show(request, context); });
}

}  // namespace digits::api
