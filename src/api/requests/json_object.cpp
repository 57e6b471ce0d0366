// The bodies of requests as JSON: what messages.hpp declares for them.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "base/json_depth.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

constexpr int kMaxJsonDepth = 32;

}  // namespace

Result<json> parse_object(std::string_view text, std::initializer_list<const char*> members) {
    if (is_json_deeper_than(text, kMaxJsonDepth))
        return fail(ErrorCode::kInvalidArgument, "the body is nested deeper than {} levels", kMaxJsonDepth);
    json object;
    try {
        object = json::parse(text);
    } catch (const json::exception& error) {  // also a number that no double holds
        return fail(ErrorCode::kInvalidArgument, "the body is not JSON: {}", error.what());
    }
    if (!object.is_object()) return fail(make_error(ErrorCode::kInvalidArgument, "expected an object").at("/"));
    for (const auto& [key, value] : object.items()) {
        if (std::ranges::any_of(members, [&](const char* member) { return key == member; })) continue;
        std::string words;
        for (const auto* member : members) words += (words.empty() ? "" : ", ") + std::string(member);
        return fail(make_error(ErrorCode::kInvalidArgument, "unknown field \"{}\"; the known fields are {}", key, words)
                        .at("/" + key));
    }
    return object;
}

Result<std::string> text_member(const json& object, const char* name, bool required) {
    const auto found = object.find(name);
    if (found == object.end()) {
        if (!required) return std::string();
        return fail(make_error(ErrorCode::kInvalidArgument, "{} is missing", name).at(std::string("/") + name));
    }
    if (!found->is_string())
        return fail(make_error(ErrorCode::kInvalidArgument, "expected a text").at(std::string("/") + name));
    return found->get<std::string>();
}

}  // namespace digits::api
