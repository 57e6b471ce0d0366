#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/openapi_document.hpp"
#include "cli/commands.hpp"

namespace digits::cli {
namespace {

Status print(const std::string& form) {
    if (form.empty()) {
        std::cout << api::openapi_document() << '\n';
        return {};
    }
    DIGITS_ASSIGN(const auto fields, api::form_document(form));
    std::cout << fields.dump(1) << '\n';
    return {};
}

}  // namespace

void add_openapi(CLI::App& app, Invocation& invocation) {
    auto form = std::make_shared<std::string>();
    auto* command = app.add_subcommand("openapi", "Print the OpenAPI document of /api/v1");
    command->add_option("--form", *form, "Print the fields of a form instead: dataset, model or evaluation");
    command->callback([form, &invocation] { invocation.status = print(*form); });
}

}  // namespace digits::cli
