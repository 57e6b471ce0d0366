#include <charconv>
#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/requests/image_answers.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "data/reports/image_table.hpp"
#include "data/reports/prediction_table.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

/// An evaluation that is done, and what its predictions are read with.
struct Evaluated {
    Job job;
    std::optional<DatasetFacts> dataset;  ///< of the model; none where it is gone
    std::filesystem::path folder;

    json label(int index) const {
        const auto at = static_cast<std::size_t>(index);
        const bool known = dataset && index >= 0 && at < dataset->labels.size();
        return known ? dataset->labels[at] : std::to_string(index);
    }
    json truth(const PredictionRow& row) const {
        return row.truth < 0 ? json() : json{{"label", label(row.truth)}, {"index", row.truth}};
    }
};

Result<Evaluated> route_evaluated(const Request& request, const Context& context) {
    Evaluated evaluated;
    DIGITS_ASSIGN(evaluated.job, route_job(request, context.jobs, "evaluation"));
    const auto& job = evaluated.job;
    if (job.state != JobState::kDone)
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "{} is in state {}; its predictions are there when it is done", job.id,
                               enum_name(job.state)));
    const auto dataset = context.jobs.get(job.parents.back());
    if (dataset) evaluated.dataset = find_dataset_facts(*dataset);
    evaluated.folder = context.jobs.job_dir(job.id);
    return evaluated;
}

json row_view(const PredictionRow& row, const Evaluated& evaluated) {
    json predictions = json::array();
    for (std::size_t i = 0; i < PredictionRow::kTop && row.classes[i] >= 0; ++i)
        predictions.push_back({{"label", evaluated.label(row.classes[i])},
                               {"index", row.classes[i]},
                               {"probability", row.probabilities[i]}});
    return {{"index", row.index},
            {"image", row.name},
            {"truth", evaluated.truth(row)},
            {"truth_probability", row.truth < 0 ? json() : json(row.truth_probability)},
            {"predictions", std::move(predictions)}};
}

Result<std::optional<int>> class_of(const Request& request, const char* name) {
    DIGITS_ASSIGN(const auto number, query_number(request, name, -1, 0, 1'000'000'000));
    return number < 0 ? std::optional<int>() : static_cast<int>(number);
}

/// The members that queries of predictions and of images share.
template <class Query>
Status read_selection(const Request& request, Query& query) {
    DIGITS_ASSIGN(query.truth, class_of(request, "truth"));
    DIGITS_ASSIGN(query.predicted, class_of(request, "predicted"));
    if (const auto* text = request.find_query("correct")) {
        if (*text != "true" && *text != "false")
            return fail(
                make_error(ErrorCode::kInvalidArgument, "expected true or false, got \"{}\"", text->substr(0, 40))
                    .at("?correct"));
        query.correct = *text == "true";
    }
    constexpr std::int64_t kAnyNumber = 1'000'000'000'000;
    DIGITS_ASSIGN(const auto offset, query_number(request, "cursor", 0, 0, kAnyNumber));
    DIGITS_ASSIGN(const auto limit, query_number(request, "limit", 100, 1, 500));
    query.offset = static_cast<std::uint64_t>(offset);
    query.limit = static_cast<std::uint64_t>(limit);
    return {};
}

/// A page of a list that goes on where its rows end.
json page_view(json items, std::uint64_t next, std::uint64_t total) {
    return {{"items", std::move(items)},
            {"next_cursor", next < total ? json(std::to_string(next)) : json()},
            {"total", total}};
}

Result<PredictionQuery> read_query(const Request& request) {
    PredictionQuery query;
    DIGITS_TRY(read_selection(request, query));
    if (const auto* text = request.find_query("sort")) {
        if (*text == "-probability")
            query.order = PredictionOrder::kMostConfident;
        else if (*text == "probability")
            query.order = PredictionOrder::kLeastConfident;
        else if (*text != "index")
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "cannot sort by \"{}\"; sort by index, probability or -probability",
                                   text->substr(0, 40))
                            .at("?sort"));
    }
    return query;
}

/// What an evaluation found in each image, for tasks whose answers are not one class.
Result<Response> list_images(const Request& request, const std::filesystem::path& folder) {
    ImageTableQuery query;
    DIGITS_TRY(read_selection(request, query));
    if (const auto* text = request.find_query("sort")) {
        if (*text != "index" && *text != "worst")
            return fail(make_error(ErrorCode::kInvalidArgument, "cannot sort by \"{}\"; sort by index or worst",
                                   text->substr(0, 40))
                            .at("?sort"));
        query.worst_first = *text == "worst";
    }
    DIGITS_ASSIGN(const auto number, class_of(request, "number"));
    if (number) query.number = static_cast<std::uint64_t>(*number);
    DIGITS_ASSIGN(const auto table, ImageTable::open(folder));
    DIGITS_ASSIGN(const auto page, table.find(query));
    return json_response(200, page_view(page.rows, query.offset + page.rows.size(), page.total));
}

Result<Response> list(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto evaluated, route_evaluated(request, context));
    if (ImageTable::is_in(evaluated.folder)) return list_images(request, evaluated.folder);
    DIGITS_ASSIGN(const auto query, read_query(request));
    DIGITS_ASSIGN(const auto table, PredictionTable::open(evaluated.folder));
    DIGITS_ASSIGN(const auto page, table.find(query));
    json items = json::array();
    for (const auto& row : page.rows) items.push_back(row_view(row, evaluated));
    return json_response(200, page_view(std::move(items), query.offset + page.rows.size(), page.total));
}

Result<Response> csv(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto evaluated, route_evaluated(request, context));
    auto response = Response::file(evaluated.folder / "predictions.csv", "text/csv; charset=utf-8");
    response.set_header("Content-Disposition", "attachment; filename=\"" + evaluated.job.id + "-predictions.csv\"");
    return response;
}

Result<Response> top(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto evaluated, route_evaluated(request, context));
    DIGITS_ASSIGN(const auto label, query_number(request, "class", 0, 0, 1'000'000'000));
    DIGITS_ASSIGN(const auto n, query_number(request, "n", 9, 1, static_cast<std::int64_t>(TopImages::kKept)));
    DIGITS_ASSIGN(auto best, TopImages::read(evaluated.folder, static_cast<std::uint64_t>(label)));
    DIGITS_ASSIGN(const auto table, PredictionTable::open(evaluated.folder));
    best.resize(std::min(best.size(), static_cast<std::size_t>(n)));
    json items = json::array();
    for (const auto& entry : best) {
        DIGITS_ASSIGN(const auto row, table.row(entry.index));
        items.push_back({{"index", entry.index},
                         {"image", row.name},
                         {"truth", evaluated.truth(row)},
                         {"probability", entry.probability}});
    }
    return json_response(200, {{"label", evaluated.label(static_cast<int>(label))}, {"items", std::move(items)}});
}

struct NamedImage {
    std::string name;
    int truth = -1;
};

Result<NamedImage> named_image(const std::filesystem::path& folder, std::uint64_t index) {
    if (ImageTable::is_in(folder)) {
        DIGITS_ASSIGN(const auto table, ImageTable::open(folder));
        DIGITS_ASSIGN(const auto row, table.row(index));
        // Records whose targets are beside them have the class 0 in their keys.
        return NamedImage{row.value("image", std::string()), row.value("similar", false) ? 1 : 0};
    }
    DIGITS_ASSIGN(const auto table, PredictionTable::open(folder));
    DIGITS_ASSIGN(const auto row, table.row(index));
    return NamedImage{row.name, row.truth};
}

/// An image of the evaluated source, as a browser shows it. A worker reads it.
Async<Result<Response>> image(const Request& request, Context& context) {
    DIGITS_CO_ASSIGN(const auto evaluated, route_evaluated(request, context));
    const auto& text = request.param("index");
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (error != std::errc() || end != text.data() + text.size())
        co_return fail(ErrorCode::kNotFound, "there is no image \"{}\"; give its number", text.substr(0, 40));
    DIGITS_CO_ASSIGN(const auto row, named_image(evaluated.folder, index));
    const auto& source = (*evaluated.job.spec)["source"];
    const bool is_split = source.value("type", "") == "split";
    const auto* split =
        is_split && evaluated.dataset ? evaluated.dataset->find_split(source.value("split", "val")) : nullptr;
    const bool is_database = source.value("type", "") == "database";
    const bool from_records = split != nullptr || is_database;
    json question{{"type", "image_file"}, {"path", row.name}, {"copy_to", place_for_copy(context)}};
    add_decoding(question, evaluated.job.parents.back(), context);
    if (from_records)
        question = {
            {"type", "record_image"},
            {"database", is_database ? source.value("path", "")
                                     : (context.jobs.job_dir(evaluated.job.parents.back()) / split->db).string()},
            {"is_of_user", is_database},
            {"index", index},
            {"label", row.truth},
            {"copy_to", place_for_copy(context)}};
    DIGITS_CO_ASSIGN(const auto found, co_await assist(std::move(question), context));
    co_return split != nullptr ? lasting_image_response(*found) : image_response(*found);
}

}  // namespace

void register_predictions(http::Router& router, Context& context) {
    const auto add = [&](const char* path, Result<Response> (*answer)(const Request&, Context&)) {
        router.add("GET", std::string("/api/v1/evaluations/{id}/") + path,
                   [&context, answer](const Request& request) { return answer(request, context); });
    };
    add("predictions", list);
    add("predictions.csv", csv);
    add("top", top);
    router.add("GET", "/api/v1/evaluations/{id}/images/{index}",
               [&context](const Request& request) { return image(request, context); });
}

}  // namespace digits::api
