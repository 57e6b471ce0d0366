#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/model_server.hpp"
#include "cli/commands.hpp"
#include "cli/until_stopped.hpp"
#include "models/publish_spec.hpp"

namespace digits::cli {
namespace {

constexpr std::uint16_t kDefaultPort = 8000;

Status serve_model(const ModelServerOptions& options, bool as_json) {
    return run_until_stopped([&]() -> Result<std::shared_ptr<void>> {
        DIGITS_ASSIGN(std::shared_ptr<ModelServer> server, ModelServer::start(options));
        const auto address = server->address() + "v2/models/" + server->model();
        if (as_json)
            std::printf("%s\n",
                        nlohmann::json{{"address", server->address()}, {"model", server->model()}}.dump().c_str());
        else
            std::printf("%s\n", address.c_str());
        std::fflush(stdout);
        return server;
    });
}

}  // namespace

void add_serve_model(CLI::App& app, Invocation& invocation) {
    auto options = std::make_shared<ModelServerOptions>();
    options->port = kDefaultPort;
    auto* command =
        app.add_subcommand("serve-model", "Serve one model by the Open Inference Protocol, without database and pages");
    command
        ->add_option("model", options->model,
                     "An archive of digits download, a folder with deploy.prototxt and a .caffemodel, or the id of a "
                     "model in --data-dir")
        ->required();
    command->add_option("--snapshot", options->snapshot, "Iteration of a model in --data-dir; default: the newest")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--name", options->name, "Name of the model in addresses; default: that of the file or job")
        ->check(check_model_name);
    command->add_option("--host", options->host, "Address to listen on; there is no password")->capture_default_str();
    command->add_option("--port", options->port, "0: any free port")
        ->check(CLI::Range(0, 65535))
        ->capture_default_str();
    command->add_option("--threads", options->threads, "CPU threads of the network; 0: all cores")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    command->add_option("--max-batch-size", options->batch_images, "Images that the network gets at once")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    command->add_option("--queue", options->queue_requests, "Requests that may wait; more get status 429")
        ->check(CLI::Range(1, 10000))
        ->capture_default_str();
    command->add_option("--batch-wait", options->wait_ms, "Milliseconds to wait for more requests")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
    command->callback([options, &invocation] {
        options->data_dir = invocation.options.data_dir;
        invocation.status = serve_model(*options, invocation.options.json);
    });
}

}  // namespace digits::cli
