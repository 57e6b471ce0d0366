#include "api/requests/classification.hpp"

#include <nlohmann/json.hpp>

#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"

namespace digits::api {

using nlohmann::json;

http::Async<Result<json>> classify_images(std::string model_id, std::string weights, std::vector<std::string> paths,
                                          std::int64_t top, const Context& context) {
    json images = json::array();
    for (const auto& path : paths) images.push_back({{"path", path}});
    json question{{"type", "classify"}, {"images", std::move(images)}, {"top", top}};
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
