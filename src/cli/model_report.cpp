#include "cli/model_report.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/terminal.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {
namespace {

struct Arguments {
    std::string model, evaluation;
    std::filesystem::path output;
};

Status report(const Arguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    const auto id = model["id"].get<std::string>();
    const auto output = a.output.empty() ? std::filesystem::path(id + "-report.html") : a.output;
    const auto format = output.extension() == ".pdf" ? "pdf" : "html";
    const auto evaluation = a.evaluation.empty() ? std::string() : "&evaluation=" + remote::escape_url(a.evaluation);
    DIGITS_TRY(session.client().download("/models/" + id + "/report?format=" + format + evaluation, output,
                                         [](std::uint64_t) {}));
    const auto bytes = std::filesystem::file_size(output);
    if (options.json)
        std::cout << nlohmann::json{{"file", output.string()}, {"format", format}, {"bytes", bytes}}.dump(2) << '\n';
    else
        std::cout << fmt::format("   {} ({})\n", output.string(), bytes_text(static_cast<double>(bytes)));
    return {};
}

}  // namespace

void add_model_report(CLI::App& model, Invocation& invocation) {
    auto a = std::make_shared<Arguments>();
    auto* command = model.add_subcommand(
        "report", "Write what is to be said of a model: data, curves, evaluation with its failures, preprocessing");
    command->add_option("model", a->model, "Id or name of the model")->required();
    command->add_option("--evaluation", a->evaluation, "Id of one of its evaluations; default: the newest");
    command
        ->add_option("-o,--output", a->output, "File to write, .html or .pdf; default: an HTML file named by the model")
        ->check([](const std::string& name) {
            const auto ending = std::filesystem::path(name).extension();
            return ending == ".html" || ending == ".pdf" ? "" : "a file name that ends with .html or .pdf";
        });
    command->callback([a, &invocation] { invocation.status = report(*a, invocation.options); });
}

}  // namespace digits::cli
