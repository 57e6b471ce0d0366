#include "api/stores/push_model.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/ids.hpp"
#include "base/json_depth.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostAnswer_bytes = 1 << 20;
constexpr int kMostDepth = 32;
constexpr std::size_t kMostDetail = 300;

json parse_or_null(const std::string& text) {
    return is_json_deeper_than(text, kMostDepth) ? json() : json::parse(text, nullptr, false);
}

/// What a refusal's problem document says.
Error refusal_error(const std::string& server, long status, const std::string& text) {
    const auto problem = parse_or_null(text);
    const auto detail = problem.is_object() ? problem.find("detail") : problem.end();
    if (problem.is_object() && detail != problem.end() && detail->is_string())
        return make_error(ErrorCode::kFailedPrecondition, "{} does not take the model: {}", server,
                          detail->get<std::string>().substr(0, kMostDetail));
    return make_error(ErrorCode::kUnavailable, "{} does not take the model: it answered with HTTP status {}", server,
                      status)
        .advise("Give the address of a server of Digits");
}

}  // namespace

Result<json> push_model(const std::string& address, const std::string& name, const std::filesystem::path& archive,
                        const remote::HttpClient& client, const remote::TransferLimits& limits) {
    DIGITS_ASSIGN(const auto url, remote::parse_url(address));
    auto server = url.text;
    while (server.ends_with('/')) server.pop_back();
    if (server.find_first_of("?#") != std::string::npos)
        return fail(ErrorCode::kInvalidArgument,
                    "the address must be one such as https://digits.example:5000; got \"{}\"", server.substr(0, 200));
    remote::HttpRequest request;
    request.method = "POST";
    request.url = server + "/api/v1/pretrained";
    request.parts = {{"archive", archive, {}}, {"name", {}, name}};
    std::string text, refusal;
    auto of_answer = limits;
    of_answer.max_bytes = kMostAnswer_bytes;
    const auto take = [&](std::string_view part) {
        text += part;
        return true;
    };
    DIGITS_ASSIGN(const auto answer, client.send(request, of_answer, take, &refusal));
    if (answer.status != 201) return fail(refusal_error(server, answer.status, refusal));
    const auto job = parse_or_null(text);
    const auto id = job.is_object() ? job.value("id", json()) : json();
    if (!id.is_string() || !is_job_id(id.get<std::string>()))
        return fail(ErrorCode::kUnavailable, "{} answered as no server of Digits does", server);
    return json{{"server", server}, {"id", id}, {"page", server + "/pretrained/" + id.get<std::string>()}};
}

}  // namespace digits::api
