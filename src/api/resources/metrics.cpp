#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

Result<Response> show(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    MetricsQuery query;
    if (const auto* text = request.find_query("series"))
        for (std::size_t begin = 0; begin <= text->size();) {
            const auto end = std::min(text->find(',', begin), text->size());
            if (end > begin) query.series.push_back(text->substr(begin, end - begin));
            begin = end + 1;
        }
    DIGITS_ASSIGN(const auto most, query_number(request, "max_points", 1000, 2, 100'000));
    DIGITS_ASSIGN(query.since_iteration, query_number(request, "since", -1, -1, 1'000'000'000'000'000'000));
    DIGITS_ASSIGN(const auto whole, context.jobs.metrics(job.id, query));
    query.max_points = static_cast<std::size_t>(most);
    DIGITS_ASSIGN(const auto thinned, context.jobs.metrics(job.id, query));
    json series = json::object();
    std::int64_t last = query.since_iteration;
    for (std::size_t i = 0; i < thinned.size(); ++i) {
        json iterations = json::array(), epochs = json::array(), values = json::array();
        for (const auto& point : thinned[i].points) {
            iterations.push_back(point.iteration);
            epochs.push_back(point.epoch);
            values.push_back(point.value);
            last = std::max(last, point.iteration);
        }
        const auto points = i < whole.size() ? whole[i].points.size() : thinned[i].points.size();
        series[thinned[i].series] = {{"iteration", std::move(iterations)},
                                     {"epoch", std::move(epochs)},
                                     {"value", std::move(values)},
                                     {"points", points}};
    }
    return json_response(200, {{"series", std::move(series)}, {"last_iteration", last}});
}

/// All points of all series, one a row.
Result<Response> csv(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto all, context.jobs.metrics(job.id));
    std::string text = "series,iteration,epoch,value\n";
    for (const auto& series : all)
        for (const auto& point : series.points)
            text += fmt::format("{},{},{},{}\n", series.series, point.iteration, point.epoch, point.value);
    auto response = Response::bytes(200, "text/csv; charset=utf-8", std::move(text));
    response.set_header("Content-Disposition", "attachment; filename=\"" + job.id + "-metrics.csv\"");
    return response;
}

}  // namespace

void register_metrics(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/models/{id}/metrics", [&](const Request& request) { return show(request, context); });
    router.add("GET", "/api/v1/models/{id}/metrics.csv", [&](const Request& request) { return csv(request, context); });
}

}  // namespace digits::api
