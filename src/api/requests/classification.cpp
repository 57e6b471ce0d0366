#include "api/requests/classification.hpp"

#include <nlohmann/json.hpp>

#include "api/requests/warm_questions.hpp"

namespace digits::api {

using nlohmann::json;

Result<json> classify_pictures(const std::string& model_id, const std::string& weights,
                               const std::vector<std::string>& paths, std::int64_t top, Context& context) {
    json images = json::array();
    for (const auto& path : paths) images.push_back({{"path", path}});
    const json question{{"type", "classify"}, {"images", std::move(images)}, {"top", top}};
    DIGITS_ASSIGN(const auto answer, infer(model_id, weights, question, context));
    const auto& answered = answer->value("images", json::array());
    if (answered.size() != paths.size())
        return fail(ErrorCode::kInternal, "the worker answered for {} of {} pictures", answered.size(), paths.size());
    json view{{"images", json::array()}, {"seconds", answer->value("seconds", 0.0)}};
    for (auto image : answered) {
        image.erase("path");
        view["images"].push_back(std::move(image));
    }
    return view;
}

}  // namespace digits::api
