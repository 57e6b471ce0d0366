#include "api/requests/all_faults.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "api/requests/messages.hpp"
#include "jobs/job_name.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

constexpr int kMostChecks = 40;
constexpr std::string_view kSpec = "/spec";

/// The place of a member in the body. None: the error is about no member, but a file, a line or the whole.
std::optional<json::json_pointer> member_of(const Error& error) {
    if (!error.where.starts_with(std::string(kSpec) + "/") || error.where.find_first_of(":~") != std::string::npos)
        return std::nullopt;
    return json::json_pointer(error.where.substr(kSpec.size()));
}

/// Takes away what is wrong at a place, so that the next check speaks of another: first the value, and where the field
/// must have one, what most fields would take. False: nothing helps.
bool set_right(json& spec, const json::json_pointer& place, int tries) {
    if (place.empty() || !spec.contains(place.parent_pointer())) return false;
    auto& parent = spec[place.parent_pointer()];
    if (tries == 0 && parent.is_object()) {
        parent.erase(place.back());
        return true;
    }
    const std::vector<json> likely{"/", 1, "x"};
    const auto i = static_cast<std::size_t>(tries - (parent.is_object() ? 1 : 0));
    if (i >= likely.size() || !(parent.is_object() || spec.contains(place))) return false;
    spec[place] = likely[i];
    return true;
}

http::Async<std::vector<Error>> faults_of(Error first, json spec, SpecCheck check) {
    std::vector<Error> faults;
    std::map<std::string, int> tries;
    auto error = std::move(first);
    for (int i = 0; i < kMostChecks; ++i) {
        if (!tries.contains(error.where)) faults.push_back(error);
        const auto place = member_of(error);
        if (!place || !set_right(spec, *place, tries[error.where]++)) break;
        const auto status = co_await check(spec);
        if (status || status.error().code != ErrorCode::kInvalidArgument) break;
        error = status.error();
    }
    co_return faults;
}

}  // namespace

http::Async<Result<http::Response>> refuse_with_all_faults(Error first, json body, SpecCheck check) {
    if (first.code != ErrorCode::kInvalidArgument || !member_of(first) || !body["spec"].is_object())
        co_return fail(std::move(first));
    auto spec = body["spec"];
    auto faults = co_await faults_of(first, std::move(spec), std::move(check));
    if (const auto name = body.find("name"); name != body.end() && name->is_string())
        if (auto status = check_job_name(name->get<std::string>()); !status) faults.push_back(status.error());
    co_return problem_response(http_status(first.code), first, faults);
}

}  // namespace digits::api
