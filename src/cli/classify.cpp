#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace digits::cli {
namespace {

struct ClassifyArguments {
    std::string model;
    std::vector<std::filesystem::path> pictures;
    int top = 5;
    int snapshot = -1;
};

Status classify(const ClassifyArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    std::string path = "/models/" + model["id"].get<std::string>() + "/classify?top=" + std::to_string(a.top);
    if (a.snapshot >= 0) path += "&snapshot=" + std::to_string(a.snapshot);
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
        for (const auto& prediction : image["predictions"])
            std::cout << fmt::format("   {:6.2f} %  {}\n", prediction["probability"].get<double>() * 100,
                                     prediction["label"].get<std::string>());
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
    command->add_option("--snapshot", a->snapshot, "Iteration of the snapshot; default: the best");
    command->callback([a, &invocation] { invocation.status = classify(*a, invocation.options); });
}

}  // namespace digits::cli
