#include <signal.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "api/server.hpp"
#include "cli/commands.hpp"

namespace digits::cli {
namespace {

constexpr std::uint16_t kDefaultPort = 5000;

Status serve(const ApiServerOptions& options) {
    // Of workers, too: what they write is for this user alone.
    ::umask(077);
    // Blocked before the server's threads start, so that only this one takes them.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    if (const auto running = find_running_server(options.data_dir))
        return fail(make_error(ErrorCode::kFailedPrecondition, "a server runs on this data folder already, at {}",
                               running->address)
                        .advise("Stop it with: digits stop --data-dir " + options.data_dir.string()));
    DIGITS_ASSIGN(const auto server, ApiServer::start(options));
    std::printf("%s\n", server->address().c_str());
    std::fflush(stdout);
    int signal = 0;
    sigwait(&signals, &signal);
    server->stop();
    return {};
}

}  // namespace

void add_serve(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<ApiServerOptions>();
    options->port = kDefaultPort;
    auto* command = app.add_subcommand("serve", "Start the server; its address is printed once it answers");
    command->add_option("--host", options->host, "Address to listen on; without passwords only the loopback is safe");
    command->add_option("--port", options->port, "0: any free port")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    command
        ->add_option("--root", options->roots,
                     "Folder that images may be taken from (repeatable; default: all that you may read)")
        ->check(CLI::ExistingDirectory);
    auto* fetch = command->add_flag_callback(
        "--allow-url-fetch", [options] { options->allow_url_fetch = true; },
        "Fetch images that are to be classified from public web addresses; default: where only this machine reaches "
        "the "
        "server");
    command
        ->add_flag_callback(
            "--no-url-fetch", [options] { options->allow_url_fetch = false; }, "Fetch nothing from other machines")
        ->excludes(fetch);
    command->add_option("--allow-url-host", options->url_hosts,
                        "Host that may also be fetched from if it lies in a private network (repeatable)");
    command->add_option("--mnist", options->mnist, "Folder of MNIST's four IDX files, to try Digits with")
        ->check(CLI::ExistingDirectory);
    command
        ->add_option("--models", options->included_models,
                     "Model store on this machine, a folder that scripts/pretrained or digits store init made")
        ->check(CLI::ExistingDirectory);
    command->add_option("--model-store", options->model_stores,
                        "Address of a model store (repeatable; default: DIGITS_MODEL_STORE_URL)");
    command
        ->add_option("--train-slots", options->train_slots,
                     "Trainings that may run at the same time, where there is no GPU")
        ->check(CLI::Range(1, 64));
    command->add_option("--launcher", options->launcher, "How tasks are started: " + launcher_names())
        ->capture_default_str();
    command->callback([options, &invocation] {
        options->data_dir = invocation.options.data_dir;
        options->allow_python_layers = invocation.options.allow_python_layers;
        invocation.status = serve(*options);
    });
}

}  // namespace digits::cli
