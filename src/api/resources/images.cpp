#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/requests/image_answers.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

/// Those of several labels that an image has.
std::string labels_in(const json& values, const std::vector<std::string>& labels) {
    std::string names;
    for (std::size_t i = 0; i < std::min(values.size(), labels.size()); ++i)
        if (values[i] == 1) names += (names.empty() ? "" : ", ") + labels[i];
    return names;
}

/// A worker's image with the name of its class, or of its labels or numbers.
json image_view(json image, const DatasetFacts& facts) {
    const auto& labels = facts.labels;
    const auto label = image.value("label", -1);
    const auto name = [&](int number) {
        const auto place = static_cast<std::size_t>(number);
        return number >= 0 && place < labels.size() ? labels[place] : std::string();
    };
    image["label_name"] = name(label);
    if (const auto values = image.find("values"); values != image.end()) {
        image["label_name"] = labels_in(*values, labels);
        if (facts.target_names.size() == values->size()) image["value_names"] = facts.target_names;
    }
    if (image.contains("boxes")) {
        image["label_name"] = "";
        for (auto& box : image["boxes"]) box["label"] = name(box.value("class", -1));
    }
    return image;
}

Async<Result<Response>> list(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    const auto* split = request.find_query("split");
    constexpr std::int64_t kAnyNumber = 1'000'000'000'000;
    DIGITS_CO_ASSIGN(const auto from, query_number(request, "cursor", 0, 0, kAnyNumber));
    DIGITS_CO_ASSIGN(const auto limit, query_number(request, "limit", 100, 1, 500));
    DIGITS_CO_ASSIGN(const auto label, query_number(request, "class", -1, 0, 1'000'000));
    DIGITS_CO_ASSIGN(auto question, gallery_question("gallery_page", job, split ? *split : "train", context));
    question["from"] = from;
    question["limit"] = limit;
    question["class"] = label < 0 ? json() : json(label);
    if (const auto* size = request.find_query("size")) {
        const bool known =
            std::ranges::any_of(std::array{"small", "medium", "large"}, [&](const char* one) { return *size == one; });
        if (!known)
            co_return fail(make_error(ErrorCode::kInvalidArgument, "size must be small, medium or large; got \"{}\"",
                                      size->substr(0, 40))
                               .at("?size"));
        question["size"] = *size;
    }
    if (const auto* problems = request.find_query("problems")) question["problems"] = *problems == "true";
    DIGITS_CO_ASSIGN(const auto page, co_await assist(std::move(question), context));
    const auto facts = find_dataset_facts(job).value_or(DatasetFacts());
    json items = json::array();
    for (const auto& image : (*page)["images"]) items.push_back(image_view(image, facts));
    const auto& next = (*page)["next"];
    co_return json_response(200, {{"items", std::move(items)},
                                  {"next_cursor", next.is_null() ? json() : json(next.dump())},
                                  {"total", (*page)["total"]}});
}

Async<Result<Response>> show_image(const Request& request, Context& context, bool of_target) {
    DIGITS_CO_ASSIGN(const auto job, route_job(request, context.jobs, "dataset"));
    const auto& text = request.param("index");
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || end != text.data() + text.size())
        co_return fail(ErrorCode::kNotFound, "there is no image \"{}\"; give its number", text.substr(0, 40));
    DIGITS_CO_ASSIGN(auto question, gallery_question("gallery_image", job, request.param("split"), context));
    question["index"] = index;
    question["of_target"] = of_target;
    question["copy_to"] = place_for_copy(context);
    DIGITS_CO_ASSIGN(const auto image, co_await assist(std::move(question), context));
    co_return lasting_image_response(*image);
}

Async<Result<Response>> show(const Request& request, Context& context) { return show_image(request, context, false); }
Async<Result<Response>> show_target(const Request& request, Context& context) {
    return show_image(request, context, true);
}

}  // namespace

void register_images(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/datasets/{id}/images", [&](const Request& request) { return list(request, context); });
    router.add("GET", "/api/v1/datasets/{id}/images/{split}/{index}",
               [&](const Request& request) { return show(request, context); });
    router.add("GET", "/api/v1/datasets/{id}/images/{split}/{index}/target",
               [&](const Request& request) { return show_target(request, context); });
}

}  // namespace digits::api
