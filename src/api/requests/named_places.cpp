#include "api/requests/named_places.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/requests/warm_questions.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

std::optional<Error> fault_without_looking(const NamedPlace& place) {
    if (place.path.find('\0') != std::string::npos)
        return make_error(ErrorCode::kInvalidArgument, "a path cannot contain a zero byte");
    if (!std::filesystem::path(place.path).is_absolute())
        return make_error(ErrorCode::kInvalidArgument, "the path must be absolute; got {}", place.path);
    return std::nullopt;
}

}  // namespace

http::Async<Result<std::vector<std::optional<Error>>>> look_at_places(std::vector<NamedPlace> places,
                                                                      const Context& context) {
    std::vector<std::optional<Error>> faults;
    for (const auto& place : places) faults.push_back(fault_without_looking(place));
    const bool any_root = context.options.roots.empty();
    const bool look = std::ranges::any_of(
        places, [&](const NamedPlace& place) { return place.kind != NamedPlace::Kind::kAny || !any_root; });
    if (!look || std::ranges::any_of(faults, [](const auto& fault) { return fault.has_value(); })) co_return faults;
    json list = json::array();
    for (const auto& place : places) {
        const char* kind = place.kind == NamedPlace::Kind::kFolder ? "folder"
                           : place.kind == NamedPlace::Kind::kFile ? "file"
                                                                   : "any";
        list.push_back({{"path", place.path}, {"kind", kind}});
    }
    json question{{"type", "check_places"}, {"places", std::move(list)}};
    DIGITS_CO_ASSIGN(const auto answer, co_await assist(std::move(question), context));
    const auto& found = (*answer)["faults"];
    for (std::size_t i = 0; i < std::min(faults.size(), found.size()); ++i)
        if (!found[i].is_null()) faults[i] = parse_error(found[i]);
    co_return faults;
}

http::Async<Status> check_places(std::vector<NamedPlace> places, const Context& context) {
    DIGITS_CO_ASSIGN(const auto faults, co_await look_at_places(places, context));
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (!faults[i]) continue;
        auto fault = Error(*faults[i]).at(places[i].where);
        // It is the request that is wrong.
        if (fault.code == ErrorCode::kNotFound) fault.code = ErrorCode::kInvalidArgument;
        co_return fail(std::move(fault));
    }
    co_return Status();
}

}  // namespace digits::api
