#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "api/compat/answers.hpp"
#include "api/compat/forms/form.hpp"
#include "api/compat/forms/given_images.hpp"
#include "api/compat/forms/image_list.hpp"
#include "api/compat/forms/snapshot_epoch.hpp"
#include "api/compat/pages/classification_page.hpp"
#include "api/compat/pages/confusion.hpp"
#include "api/jobs/dataset_result.hpp"
#include "api/requests/classification.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/resources.hpp"
#include "data/sources/files/image_list.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Async;
using http::Response;
using nlohmann::json;

constexpr std::size_t kPortion = 256;
constexpr std::int64_t kTopClasses = 5;

double percent(double probability) { return std::round(probability * 10000) / 100; }

/// The dataset's classes; empty where it is gone.
std::vector<std::string> labels_of(const Job& job, const Context& context) {
    return job.parents.empty() ? std::vector<std::string>{} : labels_of_dataset(job.parents.front(), context.jobs);
}

/// `[["label", percent], …]`; outputs beyond the labels are left out.
json predictions_json(const json& predictions, const std::vector<std::string>& labels) {
    json list = json::array();
    for (const auto& prediction : predictions)
        if (labels.empty() || prediction.value("index", std::size_t{0}) < labels.size())
            list.push_back({prediction.value("label", ""), percent(prediction.value("probability", 0.0))});
    return list;
}

Async<Result<Response>> classify_one(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(const auto job, argument_job(arguments, context, "model"));
    DIGITS_CO_ASSIGN(const auto given, co_await given_image(arguments, context));
    DIGITS_CO_ASSIGN(const auto snapshot, snapshot_of(arguments, "snapshot_epoch", job, context));
    std::vector<std::string> paths{given.path};
    DIGITS_CO_ASSIGN(const auto answer, co_await classify_images(job.id, snapshot.weights, std::move(paths),
                                                                 AnswerChoices{.top = kTopClasses}, context));
    const auto& image = answer["images"].front();
    auto predictions = predictions_json(image["predictions"], labels_of(job, context));
    const bool failed = !image["error"].is_null();
    if (failed || !wants_page(arguments.request()))
        co_return json_response(failed ? 500 : 200, {{"predictions", std::move(predictions)}});
    json layers = json::array();
    if (!arguments.get("show_visualizations").empty()) {
        DIGITS_CO_ASSIGN(layers, co_await layers_inside(job.id, snapshot.weights, given.path, context));
    }
    co_return classification_page(predictions, layers);
}

/// A list of images that a request asks about, and what is to classify them.
struct Survey {
    Job job;
    SnapshotEntry snapshot;
    ImageList images;
    std::vector<std::string> labels;
};

Async<Result<Survey>> read_survey(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(auto job, argument_job(arguments, context, "model"));
    DIGITS_CO_ASSIGN(auto images, co_await ImageList::open(arguments, context));
    DIGITS_CO_ASSIGN(auto snapshot, snapshot_of(arguments, "snapshot_epoch", job, context));
    auto labels = labels_of(job, context);
    co_return Survey{std::move(job), std::move(snapshot), std::move(images), std::move(labels)};
}

using UseImage = std::function<void(const ListedImage& image, const json& predictions)>;

/// Calls `use` with each image that could be read. Memory does not grow with the list.
Async<Status> classify_list(Survey& survey, std::int64_t top, Context& context, const UseImage& use) {
    bool any = false;
    while (true) {
        DIGITS_CO_ASSIGN(const auto images, co_await survey.images.next(kPortion, context));
        if (images.empty()) break;
        std::vector<UrlImages::File> fetched;
        DIGITS_CO_ASSIGN(auto paths, co_await files_of(images, fetched, context));
        DIGITS_CO_ASSIGN(const auto answer,
                         co_await classify_images(survey.job.id, survey.snapshot.weights, std::move(paths),
                                                  AnswerChoices{.top = top}, context));
        for (std::size_t i = 0; i < images.size(); ++i) {
            const auto& image = answer["images"][i];
            if (!image["error"].is_null()) continue;
            any = true;
            use(images[i], image["predictions"]);
        }
    }
    if (!any) co_return fail(ErrorCode::kInvalidArgument, "Unable to classify any image from the file");
    co_return Status();
}

Async<Result<Response>> classify_many(const Arguments& arguments, Context& context) {
    DIGITS_CO_ASSIGN(auto survey, co_await read_survey(arguments, context));
    json classifications = json::object();
    Confusion confusion(survey.labels);
    const UseImage use = [&](const ListedImage& image, const json& predictions) {
        classifications[image.path] = predictions_json(predictions, survey.labels);
        std::vector<std::int64_t> best;
        for (const auto& prediction : predictions) best.push_back(prediction.value("index", std::int64_t{-1}));
        if (image.label) confusion.add(*image.label, best);
    };
    DIGITS_CO_TRY(co_await classify_list(survey, kTopClasses, context, use));
    json view{{"classifications", std::move(classifications)}};
    // DIGITS shows the rest on its page only.
    if (!wants_json(arguments.request())) view.update(confusion.to_json());
    co_return wants_page(arguments.request()) ? classifications_page(view) : json_response(200, view);
}

Async<Result<Response>> top_n(const Arguments& arguments, Context& context) {
    Form form(arguments);
    const auto count = static_cast<std::size_t>(form.integer("top_n", {1, 1e6}, 9).value_or(9));
    if (!form.ok()) co_return form_errors(form.errors());
    DIGITS_CO_ASSIGN(auto survey, co_await read_survey(arguments, context));
    std::map<std::string, std::vector<std::pair<double, std::string>>> best;
    const auto is_better = [](const auto& a, const auto& b) { return a.first > b.first; };
    const auto classes = std::max<std::int64_t>(static_cast<std::int64_t>(survey.labels.size()), 1);
    const UseImage use = [&](const ListedImage& image, const json& predictions) {
        for (const auto& prediction : predictions) {
            auto& list = best[prediction.value("label", "")];
            const std::pair<double, std::string> entry{prediction.value("probability", 0.0), image.path};
            list.insert(std::ranges::upper_bound(list, entry, is_better), entry);
            if (list.size() > count) list.pop_back();
        }
    };
    DIGITS_CO_TRY(co_await classify_list(survey, classes, context, use));
    json view = json::object();
    for (const auto& [label, list] : best)
        for (const auto& [probability, path] : list) view[label].push_back({path, percent(probability)});
    co_return wants_page(arguments.request()) ? top_n_page(view) : json_response(200, {{"top_n", std::move(view)}});
}

}  // namespace
}  // namespace compat

void register_digits_classify(http::Router& router, Context& context) {
    compat::add_questions(
        router, context, "/models/images/classification/",
        {{"classify_one", compat::classify_one}, {"classify_many", compat::classify_many}, {"top_n", compat::top_n}});
}

}  // namespace digits::api
