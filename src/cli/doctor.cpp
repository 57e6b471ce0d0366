#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"

namespace digits::cli {
namespace {

Status doctor(const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto report, session.client().get("/system/doctor"));
    if (options.json) {
        std::cout << report.dump(2) << '\n';
    } else {
        for (const auto& check : report["checks"]) {
            const auto status = check.value("status", "");
            const char* mark = status == "ok" ? "ok     " : status == "warning" ? "warning" : "ERROR  ";
            std::cout << fmt::format("{}  {}: {}\n", mark, check.value("title", ""), check.value("text", ""));
            if (const auto fix = check.value("fix", ""); !fix.empty()) std::cout << "         → " << fix << '\n';
        }
    }
    if (!report.value("ok", false)) return fail(ErrorCode::kFailedPrecondition, "something is missing");
    return {};
}

}  // namespace

void add_doctor(CLI::App& app, Invocation& invocation) {
    app.add_subcommand("doctor", "Look for what is missing, and say how to fix it")->callback([&invocation] {
        invocation.status = doctor(invocation.options);
    });
}

}  // namespace digits::cli
