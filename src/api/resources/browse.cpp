#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;
namespace fs = std::filesystem;

/// Where browsing begins when there are several roots: their list.
Response start(const std::vector<fs::path>& roots) {
    json entries = json::array();
    for (const auto& root : roots) entries.push_back({{"name", root.string()}, {"kind", "folder"}, {"bytes", nullptr}});
    return json_response(200,
                         {{"path", ""}, {"parent", nullptr}, {"entries", std::move(entries)}, {"truncated", false}});
}

/// The folder is listed by a worker.
Async<Result<Response>> browse(const Request& request, Context& context) {
    const auto& roots = context.options.roots;
    const auto* asked = request.find_query("path");
    auto path = asked ? *asked : std::string();
    if (path.empty()) {
        if (roots.size() > 1) co_return start(roots);
        path = roots.empty() ? "/" : roots.front().string();
    }
    std::vector<std::string> names;
    for (const auto& root : roots) names.push_back(root.string());
    json question{{"type", "browse"}, {"path", path}, {"roots", names}};
    const auto found = co_await assist(std::move(question), context);
    if (!found) co_return fail(Error(found.error()).at("?path"));
    co_return json_response(200, **found);
}

}  // namespace

void register_browse(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/browse", [&](const Request& request) { return browse(request, context); });
}

}  // namespace digits::api
