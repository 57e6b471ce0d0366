#include "cli/commands.hpp"

#include <curl/curl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>

#include "api/access.hpp"
#include "cli/serve_settings.hpp"

namespace digits::cli {
namespace {

/// Before line and column.
constexpr std::string_view kNetworkText = "/spec/network/prototxt:";

struct Command {
    std::string_view name;
    void (*add)(CLI::App&, Invocation&);
};

constexpr auto kCommands = std::to_array<Command>({{"serve", add_serve},
                                                   {"serve-model", add_serve_model},
                                                   {"config", add_config},
                                                   {"stop", add_stop},
                                                   {"dataset", add_dataset},
                                                   {"train", add_train},
                                                   {"classify", add_classify},
                                                   {"evaluate", add_evaluate},
                                                   {"download", add_download},
                                                   {"model", add_model},
                                                   {"store", add_store},
                                                   {"jobs", add_jobs},
                                                   {"pretrained", add_pretrained},
                                                   {"adapt", add_adapt},
                                                   {"describe", add_describe},
                                                   {"doctor", add_doctor},
                                                   {"openapi", add_openapi}});

/// The subcommands that the words name. Options of the others would cost a server a fifth of its start and stay in its
/// memory. All of them when none is named, or help is asked for that lists them.
void add_commands(CLI::App& app, Invocation& invocation, std::span<char* const> words) {
    const auto has = [&](std::string_view word) {
        return std::ranges::find(words, word, [](const char* text) { return std::string_view(text); }) != words.end();
    };
    const bool help = has("-h") || has("--help");
    const bool named = std::ranges::any_of(kCommands, has, &Command::name);
    for (const auto& command : kCommands)
        if (help || !named || has(command.name)) command.add(app, invocation);
}

void print_error(const Error& error, bool as_json) {
    if (as_json) {
        const nlohmann::json json{{"error",
                                   {{"code", enum_name(error.code)},
                                    {"message", error.message},
                                    {"where", error.where},
                                    {"advice", error.advice}}}};
        std::cerr << json.dump() << '\n';
    } else if (error.where.starts_with(kNetworkText)) {
        const auto place = error.where.substr(kNetworkText.size());
        std::cerr << "digits: "
                  << Error{error.code, error.message, "line " + place + " of the network", error.advice}.to_string()
                  << '\n';
    } else if (error.where.starts_with("/spec/")) {
        // A place in the request says nothing to a person; the message names the field.
        std::cerr << "digits: " << Error{error.code, error.message, "", error.advice}.to_string() << '\n';
    } else {
        std::cerr << "digits: " << error.to_string() << '\n';
    }
}

}  // namespace

int run(int argc, char** argv) {
    CLI::App app{"Digits: train neural networks on your images, from the browser or from here"};
    app.name("digits");
    app.set_version_flag("--version", DIGITS_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    Invocation invocation;
    auto& options = invocation.options;
    const auto* data_dir = app.add_option("--data-dir", options.data_dir,
                                          "Folder of datasets and models ($DIGITS_DATA, else ~/.local/share/digits)");
    app.add_option("--config", options.config,
                   "Configuration file of the server ($DIGITS_CONFIG, else ~/.config/digits/config.json, else "
                   "/etc/digits/config.json)");
    app.add_option("--server", options.server, "Address of a server to use, like http://127.0.0.1:5000/")
        ->envname("DIGITS_SERVER");
    options.user = default_user();
    app.add_option("--user", options.user, "Who you are: what you make belongs to that name ($DIGITS_USER, else $USER)")
        ->envname("DIGITS_USER")
        ->check([](const std::string& name) { return name.empty() ? "" : api::fault_of_user_name(name); });
    const auto* python =
        app.add_flag("--allow-python-layers", options.allow_python_layers,
                     "A server that this command starts runs Python layers: code of everybody who may make models "
                     "($DIGITS_ALLOW_PYTHON_LAYERS)");
    app.add_flag("--json", options.json, "Print JSON for scripts");
    app.add_flag("-q,--quiet", options.quiet, "Show no progress");
    add_commands(app, invocation, std::span(argv, argc).subspan(1));
    // Before the subcommand runs: what environment and configuration file say of the options of all commands.
    app.parse_complete_callback([&] {
        auto flags = nlohmann::json::object();
        if (data_dir->count() > 0) flags["data_dir"] = options.data_dir.string();
        if (python->count() > 0) flags["allow_python_layers"] = options.allow_python_layers;
        const auto settings = read_serve_settings(flags, options.config);
        if (!settings) {
            print_error(settings.error(), options.json);
            throw CLI::RuntimeError(exit_code(settings.error().code));
        }
        options.data_dir = settings->options.data_dir;
        options.allow_python_layers = settings->options.allow_python_layers;
        invocation.common_flags = std::make_shared<const nlohmann::json>(std::move(flags));
    });
    curl_global_init(CURL_GLOBAL_DEFAULT);
    try {
        app.parse(argc, argv);
    } catch (const CLI::RuntimeError& error) {
        return error.get_exit_code();
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_code(ErrorCode::kInvalidArgument);
    }
    std::cout.flush();
    if (!invocation.status) {
        print_error(invocation.status.error(), options.json);
        return exit_code(invocation.status.error().code);
    }
    return 0;
}

}  // namespace digits::cli
