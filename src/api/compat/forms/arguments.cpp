#include "api/compat/forms/arguments.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "http/header_text.hpp"
#include "http/target.hpp"

namespace digits::api::compat {
namespace {

constexpr std::size_t kMaxFields = 100'000;

/// The quality that an Accept header gives a media type, wildcards included; 0 if it does not take it.
double quality_of(std::string_view accept, std::string_view type) {
    const auto group = std::string(type.substr(0, type.find('/'))) + "/*";
    double best = 0;
    std::size_t best_match = 0;
    while (!accept.empty()) {
        const auto end = std::min(accept.find(','), accept.size());
        const auto item = accept.substr(0, end);
        accept.remove_prefix(std::min(end + 1, accept.size()));
        const auto name = http::lower_case(http::trim(item.substr(0, item.find(';'))));
        const std::size_t match = name == type ? 3 : name == group ? 2 : name == "*/*" ? 1 : 0;
        if (match == 0 || match < best_match) continue;
        const auto mark = item.find("q=");
        best = mark == std::string_view::npos ? 1 : std::strtod(std::string(item.substr(mark + 2)).c_str(), nullptr);
        best_match = match;
    }
    return best;
}

}  // namespace

Result<Arguments> Arguments::read(const http::Request& request) {
    Arguments arguments(request);
    const auto type = request.content_type();
    if (type == "application/x-www-form-urlencoded") {
        auto fields = http::parse_fields(request.body, kMaxFields);
        if (!fields) return fail(std::move(fields).error().because("the form"));
        arguments.fields_ = std::move(*fields);
    } else if (type == "multipart/form-data") {
        for (const auto& part : request.parts)
            if (!part.file) arguments.fields_.emplace_back(part.name, part.value);
    }
    for (const auto& [name, value] : arguments.fields_)
        if (!http::is_utf8(name) || !http::is_utf8(value))
            return fail(ErrorCode::kInvalidArgument, "the form has text that is not UTF-8");
    return arguments;
}

const std::string* Arguments::find(std::string_view name) const {
    const auto* value = request_->find_query(name);
    return value ? value : find_field(name);
}

std::string Arguments::get(std::string_view name) const {
    const auto* value = find(name);
    return value ? *value : "";
}

const std::string* Arguments::find_field(std::string_view name) const {
    const auto found = std::ranges::find_if(fields_, [&](const auto& field) { return field.first == name; });
    return found == fields_.end() ? nullptr : &found->second;
}

std::vector<std::string> Arguments::list(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto* fields : {&request_->query, &fields_})
        for (const auto& [key, value] : *fields)
            if (key == name) values.push_back(value);
    return values;
}

const http::Part* Arguments::find_file(std::string_view name) const {
    for (const auto& part : request_->parts)
        if (part.name == name && part.file && part.size > 0) return &part;
    return nullptr;
}

bool wants_json(const http::Request& request) {
    if (request.path.ends_with(".json") || request.path.ends_with("/json")) return true;
    const auto* accept = request.find_header("accept");
    return accept && quality_of(*accept, "application/json") > quality_of(*accept, "text/html");
}

bool wants_page(const http::Request& request) {
    const auto* accept = request.find_header("accept");
    return !wants_json(request) && accept && accept->find("text/html") != std::string::npos;
}

}  // namespace digits::api::compat
