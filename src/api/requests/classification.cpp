#include "api/requests/classification.hpp"

#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"

namespace digits::api {

using nlohmann::json;

json AnswerChoices::added_to(json question) const {
    question["top"] = top;
    if (score_threshold) question["score_threshold"] = *score_threshold;
    if (nms_threshold) question["nms_threshold"] = *nms_threshold;
    return question;
}

Result<AnswerChoices> read_answer_choices(const http::Request& request) {
    constexpr double kHighestScore = 1e6;
    AnswerChoices choices;
    DIGITS_ASSIGN(choices.top, query_number(request, "top", choices.top, 1, 1000));
    DIGITS_ASSIGN(choices.score_threshold, query_decimal(request, "score_threshold", 0, kHighestScore));
    DIGITS_ASSIGN(choices.nms_threshold, query_decimal(request, "nms_threshold", 0, 1));
    return choices;
}

http::Async<Result<json>> classify_images(std::string model_id, std::string weights, std::vector<std::string> paths,
                                          AnswerChoices choices, const Context& context) {
    json images = json::array();
    for (const auto& path : paths) images.push_back({{"path", path}});
    auto question = choices.added_to({{"type", "classify"}, {"images", std::move(images)}});
    DIGITS_CO_ASSIGN(const auto answer, co_await infer(model_id, weights, std::move(question), context));
    const auto& answered = answer->value("images", json::array());
    if (answered.size() != paths.size())
        co_return fail(ErrorCode::kInternal, "the worker answered for {} of {} images", answered.size(), paths.size());
    json view{{"images", json::array()}, {"seconds", answer->value("seconds", 0.0)}};
    for (auto image : answered) {
        image.erase("path");
        view["images"].push_back(std::move(image));
    }
    co_return view;
}

}  // namespace digits::api
