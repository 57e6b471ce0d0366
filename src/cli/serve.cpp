#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/server.hpp"
#include "cli/commands.hpp"
#include "cli/serve_settings.hpp"
#include "cli/until_stopped.hpp"

namespace digits::cli {
namespace {

Status serve(const ApiServerOptions& options) {
    if (const auto running = find_running_server(options.data_dir))
        return fail(make_error(ErrorCode::kFailedPrecondition, "a server runs on this data folder already, at {}",
                               running->address)
                        .advise("Stop it with: digits stop --data-dir " + options.data_dir.string()));
    return run_until_stopped([&]() -> Result<std::shared_ptr<void>> {
        DIGITS_ASSIGN(std::shared_ptr<ApiServer> server, ApiServer::start(options));
        std::printf("%s\n", server->address().c_str());
        std::fflush(stdout);
        return server;
    });
}

}  // namespace

void add_serve(CLI::App& app, Invocation& invocation) {
    auto* command = app.add_subcommand("serve", "Start the server; its address is printed once it answers");
    const auto flags = std::make_shared<ServeFlags>(*command);
    command->callback([flags, &invocation] {
        invocation.status = [&]() -> Status {
            auto given = *invocation.common_flags;
            given.update(flags->given());
            DIGITS_ASSIGN(const auto settings, read_serve_settings(given, invocation.options.config));
            return serve(settings.options);
        }();
    });
}

}  // namespace digits::cli
