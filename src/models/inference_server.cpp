#include "models/inference_server.hpp"

#include <nlohmann/json.hpp>

#include "base/json_depth.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostAnswer_bytes = 1 << 20;
constexpr int kMostDepth = 32;
constexpr std::size_t kMostDetail = 300;

json parse_or_null(const std::string& text) {
    auto value = is_json_deeper_than(text, kMostDepth) ? json() : json::parse(text, nullptr, false);
    return value.is_discarded() ? json() : value;
}

/// The first line of what a server says, without what would break a page.
std::string first_line(std::string text) {
    text = text.substr(0, text.find_first_of("\r\n")).substr(0, kMostDetail);
    return text.find('<') == std::string::npos ? text : std::string();
}

}  // namespace

Result<std::string> send_to_inference_server(const std::string& address, const std::filesystem::path& archive,
                                             const remote::HttpClient& client, const remote::TransferLimits& limits) {
    DIGITS_ASSIGN(const auto url, remote::parse_url(address));
    auto server = url.text;
    while (server.ends_with('/')) server.pop_back();
    remote::HttpRequest request;
    request.method = "POST";
    request.url = server + "/models";
    request.parts = {{"model", archive, {}}};
    std::string text, refusal;
    auto of_answer = limits;
    of_answer.max_bytes = kMostAnswer_bytes;
    const auto take = [&](std::string_view part) {
        text += part;
        return true;
    };
    DIGITS_ASSIGN(const auto answer, client.send(request, of_answer, take, &refusal));
    if (answer.status != 200) {
        const auto said = first_line(refusal);
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "The inference server {} refuses the model: it answered with HTTP status {}{}", server,
                               answer.status, said.empty() ? "" : ", " + said)
                        .advise("Check the address: it must take archives of models by POST ADDRESS/models"));
    }
    const auto found = parse_or_null(text);
    if (!found.is_object() || !found.contains("location") || !found["location"].is_string())
        return fail(ErrorCode::kUnavailable,
                    "The inference server {} did not say where the model is; it must answer JSON with a location",
                    server);
    return found["location"].get<std::string>();
}

}  // namespace digits
