#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <span>

#include "api/compat/answers.hpp"
#include "api/compat/classification_page.hpp"
#include "api/compat/confusion.hpp"
#include "api/compat/form.hpp"
#include "api/compat/image_list.hpp"
#include "api/compat/snapshot_epoch.hpp"
#include "api/jobs/dataset_result.hpp"
#include "api/jobs/job_specs.hpp"
#include "api/requests/classification.hpp"
#include "api/requests/messages.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace compat {
namespace {

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

Result<Response> classify_one(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto job, argument_job(arguments, context, "model"));
    auto path = arguments.get("image_path");
    UrlPictures::File fetched;
    if (is_web_address(path)) {
        DIGITS_ASSIGN(const auto files, context.url_pictures.fetch({path}));
        DIGITS_ASSIGN(fetched, files.front());
        path = fetched->path().string();
    } else if (!path.empty()) {
        DIGITS_TRY(check_path(path, context));
    } else if (const auto* part = arguments.find_file("image_file")) {
        path = part->file->path().string();
    } else {
        return fail(ErrorCode::kInvalidArgument, "must provide image_path or image_file");
    }
    DIGITS_ASSIGN(const auto snapshot, snapshot_of(arguments, "snapshot_epoch", job, context));
    DIGITS_ASSIGN(const auto answer, classify_pictures(job.id, snapshot.weights, {path}, kTopClasses, context));
    const auto& image = answer["images"].front();
    auto predictions = predictions_json(image["predictions"], labels_of(job, context));
    const bool failed = !image["error"].is_null();
    if (failed || !wants_page(arguments.request()))
        return json_response(failed ? 500 : 200, {{"predictions", std::move(predictions)}});
    json layers = json::array();
    if (!arguments.get("show_visualizations").empty()) {
        DIGITS_ASSIGN(layers, layers_inside(job.id, snapshot.weights, path, context));
    }
    return classification_page(predictions, layers);
}

/// A list of pictures that a request asks about, and what is to classify them.
struct Survey {
    Job job;
    SnapshotEntry snapshot;
    std::vector<ListedPicture> images;
    std::vector<std::string> labels;
};

Result<Survey> read_survey(const Arguments& arguments, Context& context) {
    Survey survey;
    DIGITS_ASSIGN(survey.job, argument_job(arguments, context, "model"));
    DIGITS_ASSIGN(survey.images, read_listed_images(arguments, context));
    DIGITS_ASSIGN(survey.snapshot, snapshot_of(arguments, "snapshot_epoch", survey.job, context));
    survey.labels = labels_of(survey.job, context);
    return survey;
}

/// The files of a portion of the list; empty for one that cannot be fetched. `fetched` keeps those that are.
Result<std::vector<std::string>> files_of(std::span<const ListedPicture> images,
                                          std::vector<UrlPictures::File>& fetched, Context& context) {
    std::vector<std::string> paths, urls;
    for (const auto& image : images)
        if (is_web_address(image.path)) urls.push_back(image.path);
    std::vector<Result<UrlPictures::File>> files;
    if (!urls.empty()) {
        DIGITS_ASSIGN(files, context.url_pictures.fetch(urls));
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
    return paths;
}

/// Calls `use(image, predictions)` with each picture that could be read.
template <class Use>
Status classify_list(const Survey& survey, std::int64_t top, Context& context, Use use) {
    bool any = false;
    for (std::size_t begin = 0; begin < survey.images.size(); begin += kPortion) {
        const auto end = std::min(begin + kPortion, survey.images.size());
        std::vector<UrlPictures::File> fetched;
        DIGITS_ASSIGN(const auto paths,
                      files_of(std::span(survey.images).subspan(begin, end - begin), fetched, context));
        DIGITS_ASSIGN(const auto answer,
                      classify_pictures(survey.job.id, survey.snapshot.weights, paths, top, context));
        for (std::size_t i = begin; i < end; ++i) {
            const auto& image = answer["images"][i - begin];
            if (!image["error"].is_null()) continue;
            any = true;
            use(survey.images[i], image["predictions"]);
        }
    }
    if (!any) return fail(ErrorCode::kInvalidArgument, "Unable to classify any image from the file");
    return {};
}

Result<Response> classify_many(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto survey, read_survey(arguments, context));
    json classifications = json::object();
    Confusion confusion(survey.labels);
    DIGITS_TRY(classify_list(survey, kTopClasses, context, [&](const ListedPicture& image, const json& predictions) {
        classifications[image.path] = predictions_json(predictions, survey.labels);
        std::vector<std::int64_t> best;
        for (const auto& prediction : predictions) best.push_back(prediction.value("index", std::int64_t{-1}));
        if (image.label) confusion.add(*image.label, best);
    }));
    json view{{"classifications", std::move(classifications)}};
    // DIGITS shows the rest on its page only.
    if (!wants_json(arguments.request())) view.update(confusion.to_json());
    return wants_page(arguments.request()) ? classifications_page(view) : json_response(200, view);
}

Result<Response> top_n(const Arguments& arguments, Context& context) {
    Form form(arguments);
    const auto count = static_cast<std::size_t>(form.integer("top_n", {1, 1e6}, 9).value_or(9));
    if (!form.ok()) return form_errors(form.errors());
    DIGITS_ASSIGN(const auto survey, read_survey(arguments, context));
    std::map<std::string, std::vector<std::pair<double, std::string>>> best;
    const auto is_better = [](const auto& a, const auto& b) { return a.first > b.first; };
    const auto classes = std::max<std::int64_t>(static_cast<std::int64_t>(survey.labels.size()), 1);
    DIGITS_TRY(classify_list(survey, classes, context, [&](const ListedPicture& image, const json& predictions) {
        for (const auto& prediction : predictions) {
            auto& list = best[prediction.value("label", "")];
            const std::pair<double, std::string> entry{prediction.value("probability", 0.0), image.path};
            list.insert(std::ranges::upper_bound(list, entry, is_better), entry);
            if (list.size() > count) list.pop_back();
        }
    }));
    json view = json::object();
    for (const auto& [label, list] : best)
        for (const auto& [probability, path] : list) view[label].push_back({path, percent(probability)});
    return wants_page(arguments.request()) ? top_n_page(view) : json_response(200, {{"top_n", std::move(view)}});
}

}  // namespace
}  // namespace compat

void register_digits_classify(http::Router& router, Context& context) {
    using compat::Arguments;
    using Action = Result<http::Response> (*)(const Arguments&, Context&);
    const std::pair<const char*, Action> routes[]{
        {"classify_one", compat::classify_one}, {"classify_many", compat::classify_many}, {"top_n", compat::top_n}};
    for (const auto& [name, action] : routes)
        compat::add_both(
            router, {"GET", "POST"}, std::string("/models/images/classification/") + name,
            [&context, action = action](const Arguments& arguments) { return action(arguments, context); },
            compat::Body::kForm);
}

}  // namespace digits::api
