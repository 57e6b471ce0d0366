#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

#include "cli/commands.hpp"

namespace digits::cli {
namespace {

constexpr auto kPatience = std::chrono::seconds(15);

Status stop(const CommonOptions& options) {
    DIGITS_ASSIGN(const auto server, find_running_server(options.data_dir));
    if (kill(server.pid, SIGTERM) != 0) return fail(errno_error("cannot stop the server", errno));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (kill(server.pid, 0) == 0) {
        if (std::chrono::steady_clock::now() > deadline)
            return fail(make_error(ErrorCode::kUnavailable, "the server (process {}) does not end", server.pid)
                            .advise(fmt::format("Look at its log, or end it with: kill -9 {}", server.pid)));
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    std::printf("stopped; running jobs go on and are taken up by the next server\n");
    return {};
}

}  // namespace

void add_stop(CLI::App& app, Invocation& invocation) {
    app.add_subcommand("stop", "Stop the server of the data folder; running jobs go on")->callback([&invocation] {
        invocation.status = stop(invocation.options);
    });
}

}  // namespace digits::cli
