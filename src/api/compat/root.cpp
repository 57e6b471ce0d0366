#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "api/access.hpp"
#include "api/compat/answers.hpp"
#include "api/compat/job_json.hpp"
#include "api/compat/pages/html.hpp"
#include "api/jobs/job_file.hpp"
#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"
#include "base/markup.hpp"
#include "http/header_text.hpp"

namespace digits::api {
namespace compat {
namespace {

using http::Response;
using nlohmann::json;

Result<Response> index(const Arguments& arguments, Context& context) {
    if (!wants_json(arguments.request())) return context.pages(arguments.request());
    json view{{"version", DIGITS_VERSION}, {"jobs_dir", (context.options.data_dir / "jobs").string()}};
    for (const auto* kind : {"dataset", "model"}) {
        DIGITS_ASSIGN(const auto jobs, all_jobs(context, kind));
        auto& list = view[std::string(kind) + "s"] = json::array();
        for (const auto& job : jobs) list.push_back(short_json(job));
    }
    return json_response(200, view);
}

Result<Response> completed_jobs(Context& context) {
    json view{{"running", json::array()},
              {"datasets", json::array()},
              {"models", json::array()},
              {"pretrained_models", json::array()}};
    std::set<std::string> fields;
    for (const auto& [kind, table] :
         {std::pair{"dataset", "datasets"}, {"model", "models"}, {"pretrained", "pretrained_models"}}) {
        DIGITS_ASSIGN(const auto jobs, all_jobs(context, kind));
        for (const auto& job : jobs) {
            DIGITS_ASSIGN(auto row, row_json(job, context));
            for (const auto& [key, value] : row.items())
                if (is_output_key(key)) fields.insert(key);
            view[is_final(job.state) ? table : "running"].push_back(std::move(row));
        }
    }
    view["model_output_fields"] = fields;
    return json_response(200, view);
}

Result<Response> table_data(const Arguments& arguments, Context& context) {
    DIGITS_ASSIGN(const auto job, find_job(arguments.request().param("id"), context));
    DIGITS_ASSIGN(auto row, row_json(job, context));
    return json_response(200, {{"job", std::move(row)}});
}

/// Where the client asks to go, else whence it came: only a place on this server.
std::string next_place(const Arguments& arguments) {
    auto next = arguments.get("next");
    const auto* host = arguments.request().find_header("host");
    const auto* came_from = arguments.request().find_header("referer");
    const auto own = host ? "http://" + *host : "";
    if (next.empty() && came_from && came_from->starts_with(own + "/")) next = came_from->substr(own.size());
    // Browsers read a backslash as a slash, and leave out control characters.
    const bool local = next.starts_with('/') && !next.starts_with("//") && std::ranges::none_of(next, [](char c) {
                           return c == '\\' || (c >= 0 && c <= ' ') || c == 0x7f;
                       });
    return local && !next.starts_with("/login") ? next : "/";
}

Response login_page(const Arguments& arguments, const std::string& complaint) {
    return html_page(
        "Login", fmt::format("<p role=\"alert\">{}</p><form method=\"post\" action=\"/login\"><input type=\"hidden\" "
                             "name=\"next\" value=\"{}\"><label>Username <input name=\"username\" required></label> "
                             "<button>Login</button></form>",
                             escape_markup(complaint), escape_markup(next_place(arguments))));
}

Result<Response> login(const Arguments& arguments) {
    const std::string name(http::trim(arguments.get("username")));
    if (const auto fault = fault_of_user_name(name); !fault.empty()) return login_page(arguments, fault);
    auto response = redirect(next_place(arguments));
    response.set_header("Set-Cookie", user_cookie(name));
    return response;
}

Result<Response> logout(const Arguments& arguments) {
    auto response = redirect(next_place(arguments));
    response.set_header("Set-Cookie", user_cookie(""));
    return response;
}

Result<Response> file(const Arguments& arguments, Context& context) {
    return job_file(arguments.request().param("job"), arguments.request().param("path"), context);
}

/// Paths that begin with the query, as far as the server may read there.
http::Async<Result<Response>> autocomplete(const Arguments& arguments, Context& context) {
    auto start = arguments.get("query");
    if (!start.starts_with('/')) start.insert(0, "/");
    json question{{"type", "complete_path"}, {"start", start}};
    DIGITS_CO_ASSIGN(const auto found, co_await assist(std::move(question), context));
    co_return json_response(200, *found);
}

}  // namespace
}  // namespace compat

void register_digits_root(http::Router& router, Context& context) {
    using compat::Arguments;
    const auto home = [&](const Arguments& arguments) { return compat::index(arguments, context); };
    compat::add_route(router, {"GET"}, "/", home);
    compat::add_both(router, {"GET"}, "/index", home);
    compat::add_both(router, {"GET"}, "/completed_jobs",
                     [&](const Arguments&) { return compat::completed_jobs(context); });
    compat::add_both(router, {"GET"}, "/jobs/{id}/table_data",
                     [&](const Arguments& arguments) { return compat::table_data(arguments, context); });
    compat::add_route(router, {"GET"}, "/login", [](const Arguments& arguments) -> Result<http::Response> {
        return compat::login_page(arguments, "");
    });
    compat::add_route(router, {"POST"}, "/login", compat::login, compat::Body::kForm);
    compat::add_route(router, {"GET", "POST"}, "/logout", compat::logout, compat::Body::kForm, compat::Effect::kChange);
    compat::add_route(router, {"GET"}, "/files/{job}/{path...}",
                      [&](const Arguments& arguments) { return compat::file(arguments, context); });
    compat::add_route(router, {"GET"}, "/autocomplete/path",
                      [&](const Arguments& arguments) { return compat::autocomplete(arguments, context); });
}

}  // namespace digits::api
