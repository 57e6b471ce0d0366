#include "api/requests/classification.hpp"

#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "base/enum_names.hpp"
#include "tasks/output_view.hpp"

namespace digits::api {

using nlohmann::json;

namespace {

/// A word of the query for a member of the view; absent: as the worker has it.
template <NamedEnum Word>
Status read_view_word(const http::Request& request, const char* name, const char* member, AnswerChoices& choices) {
    const auto* text = request.find_query(name);
    if (!text) return {};
    if (!find_enum<Word>(*text))
        return fail(make_error(ErrorCode::kInvalidArgument, "expected one of {}, got \"{}\"", enum_words<Word>(),
                               text->substr(0, 40))
                        .at(fmt::format("?{}", name)));
    choices.view[member] = *text;
    return {};
}

}  // namespace

json AnswerChoices::added_to(json question) const {
    question["top"] = top;
    if (score_threshold) question["score_threshold"] = *score_threshold;
    if (nms_threshold) question["nms_threshold"] = *nms_threshold;
    if (!view.empty()) question["view"] = view;
    if (arrow_size) question["view"]["arrow_size"] = *arrow_size;
    if (dont_resize) question["dont_resize"] = true;
    return question;
}

Result<AnswerChoices> read_answer_choices(const http::Request& request) {
    constexpr double kHighestScore = 1e6;
    AnswerChoices choices;
    DIGITS_ASSIGN(choices.top, query_number(request, "top", choices.top, 1, 1000));
    DIGITS_ASSIGN(choices.score_threshold, query_decimal(request, "score_threshold", 0, kHighestScore));
    DIGITS_ASSIGN(choices.nms_threshold, query_decimal(request, "nms_threshold", 0, 1));
    DIGITS_TRY(read_view_word<OutputViewKind>(request, "view", "kind", choices));
    DIGITS_TRY(read_view_word<ChannelOrder>(request, "channel_order", "channel_order", choices));
    DIGITS_TRY(read_view_word<DataOrder>(request, "data_order", "data_order", choices));
    DIGITS_TRY(read_view_word<PixelConversion>(request, "pixel_conversion", "pixel_conversion", choices));
    DIGITS_TRY(read_view_word<Colormap>(request, "colormap", "colormap", choices));
    DIGITS_TRY(read_view_word<ArrowColor>(request, "arrow_color", "arrow_color", choices));
    if (request.find_query("arrow_size")) {
        DIGITS_ASSIGN(choices.arrow_size, query_number(request, "arrow_size", 80, 1, 1000));
    }
    if (const auto* text = request.find_query("dont_resize")) choices.dont_resize = *text == "true";
    return choices;
}

http::Async<Result<json>> ask_about_images(std::string model_id, std::string weights, json images,
                                           AnswerChoices choices, json more, const Context& context) {
    const auto count = images.size();
    auto question = choices.added_to(std::move(more));
    question["type"] = "classify";
    question["images"] = std::move(images);
    DIGITS_CO_ASSIGN(const auto answer, co_await infer(model_id, weights, std::move(question), context));
    const auto& answered = answer->value("images", json::array());
    if (answered.size() != count)
        co_return fail(ErrorCode::kInternal, "the worker answered for {} of {} images", answered.size(), count);
    json view{{"images", json::array()}, {"seconds", answer->value("seconds", 0.0)}};
    for (auto image : answered) {
        image.erase("path");
        view["images"].push_back(std::move(image));
    }
    co_return view;
}

http::Async<Result<json>> classify_images(std::string model_id, std::string weights, std::vector<std::string> paths,
                                          AnswerChoices choices, const Context& context) {
    json images = json::array();
    for (const auto& path : paths) images.push_back({{"path", path}});
    co_return co_await ask_about_images(std::move(model_id), std::move(weights), std::move(images), std::move(choices),
                                        json::object(), context);
}

}  // namespace digits::api
