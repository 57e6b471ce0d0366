#include "api/requests/conditional.hpp"

#include <algorithm>
#include <vector>

#include "api/requests/fingerprint.hpp"
#include "api/requests/messages.hpp"
#include "http/header_text.hpp"

namespace digits::api {
namespace {

struct EditedMember {
    const char* name;
    std::string Job::* text;
};
constexpr EditedMember kEdited[]{{"name", &Job::name}, {"group", &Job::group}, {"notes", &Job::notes}};
constexpr std::size_t kPart = 8;  ///< hex digits

std::string edits_tag(const Job& job) {
    std::string tag;
    for (const auto& member : kEdited) tag += Fingerprint().add(job.*member.text).hex().substr(0, kPart);
    return tag;
}

/// The tags of an If-Match or If-None-Match, without quotes and W/; "*" stays.
std::vector<std::string> tags_of(std::string_view header) {
    std::vector<std::string> tags;
    while (!header.empty()) {
        const auto end = std::min(header.find(','), header.size());
        auto tag = http::trim(header.substr(0, end));
        header.remove_prefix(std::min(end + 1, header.size()));
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') tag = tag.substr(1, tag.size() - 2);
        if (!tag.empty()) tags.emplace_back(tag);
    }
    return tags;
}

std::string changes_since(const std::string& old_edits, const Job& job) {
    const auto now = edits_tag(job);
    std::string text;
    for (std::size_t i = 0; i < std::size(kEdited); ++i) {
        if (old_edits.compare(i * kPart, kPart, now, i * kPart, kPart) == 0) continue;
        const auto& value = job.*kEdited[i].text;
        const bool is_long = value.size() > 80;
        text += fmt::format("{}its {} is now {}", text.empty() ? "" : ", ", kEdited[i].name,
                            is_long ? "another text" : "\"" + value + "\"");
    }
    return text;
}

}  // namespace

void tag_job(http::Response& response, const Job& job) {
    const auto* body = std::get_if<std::string>(&response.body);
    response.set_header("ETag", "\"" + edits_tag(job) + "-" + Fingerprint().add(body ? *body : "").hex() + "\"");
}

std::optional<http::Response> refuse_if_edited(const http::Request& request, const Job& job) {
    const auto* header = request.find_header("if-match");
    if (!header) return std::nullopt;
    const auto tags = tags_of(*header);
    const auto now = edits_tag(job);
    if (std::ranges::any_of(tags, [&](const auto& tag) { return tag == "*" || tag.starts_with(now + "-"); }))
        return std::nullopt;
    const auto is_ours = [&](const auto& tag) { return tag.size() > now.size() && tag[now.size()] == '-'; };
    const auto old = std::ranges::find_if(tags, is_ours);
    auto error = old == tags.end()
                     ? make_error(ErrorCode::kFailedPrecondition, "{} has none of the tags of If-Match", job.id)
                     : make_error(ErrorCode::kFailedPrecondition, "{} was changed meanwhile: {}", job.id,
                                  changes_since(*old, job));
    return problem_response(412, "precondition_failed", "Changed meanwhile",
                            std::move(error).at("If-Match").advise("Look at it again, then repeat your change"));
}

http::Response answer_if_changed(const http::Request& request, http::Response response) {
    const auto* body = std::get_if<std::string>(&response.body);
    if (response.status != 200 || !body) return response;
    if (!response.find_header("ETag")) response.set_header("ETag", "\"" + Fingerprint().add(*body).hex() + "\"");
    const auto* header = request.find_header("if-none-match");
    if (!header) return response;
    const auto own = tags_of(*response.find_header("ETag")).front();
    const auto tags = tags_of(*header);
    if (std::ranges::none_of(tags, [&](const auto& tag) { return tag == "*" || tag == own; })) return response;
    auto unchanged = http::Response::empty(304);
    unchanged.set_header("ETag", *response.find_header("ETag"));
    return unchanged;
}

}  // namespace digits::api
