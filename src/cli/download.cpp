#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace digits::cli {
namespace {

struct DownloadArguments {
    std::string model;
    std::filesystem::path output;
    int snapshot = -1;
};

Status download(const DownloadArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    std::string path = "/models/" + model["id"].get<std::string>() + "/archive";
    if (a.snapshot >= 0) path += "?snapshot=" + std::to_string(a.snapshot);
    const auto output = a.output.empty() ? std::filesystem::path(model["id"].get<std::string>() + ".tar.gz") : a.output;
    ProgressDisplay display(options.quiet);
    DIGITS_TRY(session.client().download(path, output, [&](std::uint64_t bytes) {
        display.show({{"step", "download"},
                      {"unit", "bytes"},
                      {"done", bytes},
                      {"total", nullptr},
                      {"rate", nullptr},
                      {"eta_s", nullptr},
                      {"fraction", nullptr}});
    }));
    const auto bytes = std::filesystem::file_size(output);
    if (options.json) {
        std::cout << nlohmann::json{{"file", output.string()}, {"bytes", bytes}}.dump() << '\n';
    } else {
        std::cout << fmt::format("   {} ({})\n", output.string(), bytes_text(static_cast<double>(bytes)));
    }
    return {};
}

}  // namespace

void add_download(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<DownloadArguments>();
    auto* command = app.add_subcommand("download", "Save a model as an archive for Caffe's users");
    command->add_option("--model", a->model, "Id or name of the model")->required();
    command->add_option("-o,--output", a->output, "File to write (.tar.gz); default: its id");
    command->add_option("--snapshot", a->snapshot, "Iteration of the snapshot; default: the best");
    command->callback([a, &invocation] { invocation.status = download(*a, invocation.options); });
}

}  // namespace digits::cli
