#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/context.hpp"
#include "http/async.hpp"
#include "http/message.hpp"

namespace digits::api {

/// What of an answer is shown.
struct AnswerChoices {
    std::int64_t top = 5;                          ///< classes
    std::optional<double> score_threshold;         ///< of boxes; none: the task's
    std::optional<double> nms_threshold;           ///< none: boxes as the network lists them
    std::map<std::string, std::string> view = {};  ///< members of an OutputView, for the worker; empty: the task's
    std::optional<std::int64_t> arrow_size;        ///< OutputView::arrow_size
    bool dont_resize = false;                      ///< each image in its own size

    /// `question` with these members.
    nlohmann::json added_to(nlohmann::json question) const;
};
/// Of the query: `top`, `score_threshold`, `nms_threshold`, `view` and its options, `dont_resize`.
Result<AnswerChoices> read_answer_choices(const http::Request& request);

/// Asks the warm worker of a model. `images` has a member for each path: `predictions` (the `top` best, each `label`,
/// `index`, `probability`) or the members of another task's answer, and `error` (null, or why the image could not be
/// read); `seconds` is the worker's time.
http::Async<Result<nlohmann::json>> classify_images(std::string model_id, std::string weights,
                                                    std::vector<std::string> paths, AnswerChoices choices,
                                                    const Context& context);
/// The same for images that are members of the worker's question: `path`, and what else it takes of each. `more`: other
/// members of the question.
http::Async<Result<nlohmann::json>> ask_about_images(std::string model_id, std::string weights, nlohmann::json images,
                                                     AnswerChoices choices, nlohmann::json more,
                                                     const Context& context);

}  // namespace digits::api
