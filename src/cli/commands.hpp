#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "base/result.hpp"
#include "cli/session.hpp"

namespace CLI {
class App;
}

namespace digits::cli {

/// What the parsed command line asks for; set by the subcommand's callback.
struct Invocation {
    CommonOptions options;
    std::shared_ptr<const nlohmann::json> common_flags;  ///< those of `options` that are a server's, too, as given
    Status status;
};

/// Each adds one subcommand.
void add_serve(CLI::App& app, Invocation& invocation);
void add_config(CLI::App& app, Invocation& invocation);
void add_serve_model(CLI::App& app, Invocation& invocation);
void add_stop(CLI::App& app, Invocation& invocation);
void add_dataset(CLI::App& app, Invocation& invocation);
void add_train(CLI::App& app, Invocation& invocation);
void add_classify(CLI::App& app, Invocation& invocation);
void add_download(CLI::App& app, Invocation& invocation);
void add_model(CLI::App& app, Invocation& invocation);
void add_store(CLI::App& app, Invocation& invocation);
void add_jobs(CLI::App& app, Invocation& invocation);
void add_evaluate(CLI::App& app, Invocation& invocation);
void add_pretrained(CLI::App& app, Invocation& invocation);
void add_adapt(CLI::App& app, Invocation& invocation);
void add_describe(CLI::App& app, Invocation& invocation);
void add_doctor(CLI::App& app, Invocation& invocation);
void add_openapi(CLI::App& app, Invocation& invocation);

/// The `digits` program: parses, runs, prints errors to standard error. The exit code says the class of an error.
int run(int argc, char** argv);

}  // namespace digits::cli
