#include "http/router.hpp"

#include <optional>

#include "base/check.hpp"

namespace digits::http {
namespace {

bool is_parameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }
bool takes_rest(std::string_view segment) { return is_parameter(segment) && segment.ends_with("...}"); }

std::string parameter_name(std::string_view segment) {
    segment.remove_prefix(1);
    segment.remove_suffix(segment.ends_with("...}") ? 4 : 1);
    return std::string(segment);
}

std::optional<std::map<std::string, std::string>> match(const std::vector<std::string>& pattern,
                                                        const std::vector<std::string>& segments) {
    std::map<std::string, std::string> params;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (i >= segments.size()) return std::nullopt;
        if (takes_rest(pattern[i])) {
            std::string rest = segments[i];
            for (std::size_t k = i + 1; k < segments.size(); ++k) rest += "/" + segments[k];
            params[parameter_name(pattern[i])] = std::move(rest);
            return params;
        }
        if (is_parameter(pattern[i])) {
            if (segments[i].empty() || segments[i].find('/') != std::string::npos) return std::nullopt;
            params[parameter_name(pattern[i])] = segments[i];
        } else if (pattern[i] != segments[i]) {
            return std::nullopt;
        }
    }
    if (segments.size() != pattern.size()) return std::nullopt;
    return params;
}

std::vector<std::string> split(std::string_view pattern) {
    DIGITS_CHECK(pattern.starts_with('/'));
    std::vector<std::string> segments;
    pattern.remove_prefix(1);
    while (true) {
        const auto slash = pattern.find('/');
        segments.emplace_back(pattern.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        pattern.remove_prefix(slash + 1);
    }
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Handler handler, RouteOptions options) {
    routes_.push_back({std::string(method), std::string(pattern), split(pattern), std::move(handler), options});
}

void Router::set_fallback(Handler handler) { fallback_ = {"GET", "/{path...}", {"{path...}"}, std::move(handler), {}}; }

Router::Match Router::find(std::string_view method, const std::vector<std::string>& segments) const {
    const auto wanted = method == "HEAD" ? std::string_view("GET") : method;
    Match result;
    const auto consider = [&](const Route& route) {
        auto params = match(route.segments, segments);
        if (!params) return false;
        if (route.method == wanted) {
            result.route = &route;
            result.params = std::move(*params);
            return true;
        }
        result.allow += (result.allow.empty() ? "" : ", ") + route.method + (route.method == "GET" ? ", HEAD" : "");
        return false;
    };
    for (const auto& route : routes_)
        if (consider(route)) return result;
    if (result.allow.empty() && fallback_.handler) consider(fallback_);
    return result;
}

}  // namespace digits::http
