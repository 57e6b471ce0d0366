#include "api/requests/image_answers.hpp"

#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "base/base64.hpp"
#include "base/ids.hpp"
#include "data/target_database.hpp"

namespace digits::api {

using nlohmann::json;

Result<json> gallery_question(const char* type, const Job& job, const std::string& split, const Context& context) {
    const auto facts = find_dataset_facts(job);
    if (!facts)
        return fail(ErrorCode::kFailedPrecondition, "{} is in state {}; its images can be shown when it is done",
                    job.id, enum_name(job.state));
    const auto* found = facts->find_split(split);
    if (!found) return fail(make_error(ErrorCode::kNotFound, "{} has no split \"{}\"", job.id, split).at("?split"));
    return json{{"type", type},
                {"folder", context.jobs.job_dir(job.id).string()},
                {"split", split},
                {"db", found->db},
                {"list", found->list},
                {"target", enum_name(facts->target)},
                {"classes", facts->labels.size()},
                {"ignore_label", facts->ignore_label ? json(*facts->ignore_label) : json()},
                {"label_db", target_database(*facts, *found).value_or("")}};
}

void add_decoding(json& question, const std::string& dataset_id, const Context& context) {
    const auto dataset = context.jobs.get(dataset_id);
    if (!dataset) return;
    if (const auto facts = find_dataset_facts(*dataset)) question["image"] = to_json(*facts)["image"];
}

std::string place_for_copy(const Context& context) {
    return (context.temporary / ("image-" + random_hex(16))).string();
}

Result<http::Response> image_response(const json& answer) {
    const auto type = answer.value("content_type", "");
    if (const auto file = answer.find("file"); file != answer.end()) {
        auto owner = std::make_shared<http::TemporaryFile>(file->get<std::string>());
        const auto path = owner->path();
        return http::Response::file(path, type, std::move(owner));
    }
    DIGITS_ASSIGN(auto bytes, decode_base64(answer.value("data", "")));
    return http::Response::bytes(200, type, std::move(bytes));
}

Result<http::Response> lasting_image_response(const json& answer) {
    DIGITS_ASSIGN(auto response, image_response(answer));
    response.set_header("Cache-Control", "private, max-age=31536000, immutable");
    return response;
}

}  // namespace digits::api
