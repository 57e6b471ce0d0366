#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;

struct ClassifyArguments {
    std::string model;
    std::vector<std::filesystem::path> pictures;
    int top = 5;
    int snapshot = -1;
    double score_threshold = -1, nms_threshold = -1;  ///< below 0: not given
};

/// What the answer of a task says, a line each.
void print_answer(const json& image) {
    for (const auto& prediction : image["predictions"])
        std::cout << fmt::format("   {:6.2f} %  {}\n", prediction["probability"].get<double>() * 100,
                                 prediction["label"].get<std::string>());
    for (const auto& box : image.value("boxes", json::array()))
        std::cout << fmt::format("   {:6.3f}  {}  {:.1f}, {:.1f} to {:.1f}, {:.1f}\n", box["score"].get<double>(),
                                 box["label"].get<std::string>(), box["left"].get<double>(), box["top"].get<double>(),
                                 box["right"].get<double>(), box["bottom"].get<double>());
    for (const auto& part : image.value("classes", json::array()))
        std::cout << fmt::format("   {:6.2f} %  {}\n", part["share"].get<double>() * 100,
                                 part["label"].get<std::string>());
    if (image.contains("image"))
        std::cout << fmt::format("   image, {} x {}: see --json\n", image["width"].get<int>(),
                                 image["height"].get<int>());
}

Status classify(const ClassifyArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    std::string path = "/models/" + model["id"].get<std::string>() + "/classify?top=" + std::to_string(a.top);
    if (a.snapshot >= 0) path += "&snapshot=" + std::to_string(a.snapshot);
    if (a.score_threshold >= 0) path += fmt::format("&score_threshold={}", a.score_threshold);
    if (a.nms_threshold >= 0) path += fmt::format("&nms_threshold={}", a.nms_threshold);
    DIGITS_ASSIGN(const auto answer, session.client().upload(path, "image", a.pictures));
    if (options.json) {
        std::cout << answer.dump(2) << '\n';
        return {};
    }
    Status status;
    for (const auto& image : answer["images"]) {
        if (answer["images"].size() > 1) std::cout << image["name"].get<std::string>() << '\n';
        if (const auto& error = image["error"]; error.is_object()) {
            const auto name = image["name"].get<std::string>();
            std::cout << "   " << error.value("message", "") << '\n';
            status = fail(make_error(find_enum<ErrorCode>(error.value("code", "")).value_or(ErrorCode::kInternal), "{}",
                                     error.value("message", ""))
                              .at(name));
        }
        print_answer(image);
    }
    return status;
}

}  // namespace

void add_classify(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<ClassifyArguments>();
    auto* command = app.add_subcommand("classify", "Say what is on pictures");
    command->add_option("--model", a->model, "Id or name of the model")->required();
    command->add_option("pictures", a->pictures, "Picture files")->required()->check(CLI::ExistingFile);
    command->add_option("--top", a->top, "How many classes to name")->check(CLI::Range(1, 1000))->capture_default_str();
    command->add_option("--score-threshold", a->score_threshold, "Leave out boxes with lower scores")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--nms-threshold", a->nms_threshold, "Leave out boxes that overlap a better one by more (IoU)")
        ->check(CLI::Range(0.0, 1.0));
    command->add_option("--snapshot", a->snapshot, "Iteration of the snapshot; default: the best");
    command->callback([a, &invocation] { invocation.status = classify(*a, invocation.options); });
}

}  // namespace digits::cli
