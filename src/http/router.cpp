#include "http/router.hpp"

#include <optional>

#include "base/check.hpp"

namespace digits::http {
namespace {

/// A segment of a pattern, cut up: "download.{format}" is "download.", "format", "".
struct Parameter {
    std::string_view before, name, after;
    bool takes_rest = false;
};

std::optional<Parameter> parse_parameter(std::string_view segment) {
    const auto open = segment.find('{');
    const auto close = segment.find('}');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
    Parameter parameter{segment.substr(0, open), segment.substr(open + 1, close - open - 1), segment.substr(close + 1)};
    if (parameter.name.ends_with("...")) {
        parameter.name.remove_suffix(3);
        parameter.takes_rest = true;
    }
    return parameter;
}

std::optional<std::string> match_segment(const Parameter& parameter, std::string_view segment) {
    if (!segment.starts_with(parameter.before)) return std::nullopt;
    segment.remove_prefix(parameter.before.size());
    if (!segment.ends_with(parameter.after)) return std::nullopt;
    segment.remove_suffix(parameter.after.size());
    if (segment.empty() || segment.find('/') != std::string_view::npos) return std::nullopt;
    return std::string(segment);
}

std::optional<std::map<std::string, std::string>> match(const std::vector<std::string>& pattern,
                                                        const std::vector<std::string>& segments) {
    std::map<std::string, std::string> params;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (i >= segments.size()) return std::nullopt;
        const auto parameter = parse_parameter(pattern[i]);
        if (!parameter) {
            if (pattern[i] != segments[i]) return std::nullopt;
            continue;
        }
        if (parameter->takes_rest) {
            std::string rest = segments[i];
            for (std::size_t k = i + 1; k < segments.size(); ++k) rest += "/" + segments[k];
            params[std::string(parameter->name)] = std::move(rest);
            return params;
        }
        auto value = match_segment(*parameter, segments[i]);
        if (!value) return std::nullopt;
        params[std::string(parameter->name)] = std::move(*value);
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
    routes_.push_back({std::string(method), std::string(pattern), split(pattern), std::move(handler), {}, options});
}

void Router::add(std::string_view method, std::string_view pattern, AsyncHandler handler, RouteOptions options) {
    routes_.push_back({std::string(method), std::string(pattern), split(pattern), {}, std::move(handler), options});
}

void Router::set_fallback(Handler handler) {
    fallback_ = {"GET", "/{path...}", {"{path...}"}, std::move(handler), {}, {}};
}

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
