#include <CLI/CLI.hpp>
#include <iostream>

#include "commands.hpp"

int main(int argc, char** argv) {
    CLI::App app{"digits-worker: does the heavy work of Digits, one process a task"};
    app.require_subcommand(1);
    app.set_version_flag("--version", DIGITS_VERSION);
    int exit_code = 0;
    digits::add_run_command(app, exit_code);
    digits::add_verify_command(app, exit_code);
    digits::add_bench_command(app, exit_code);
    digits::add_import_commands(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::cerr << "digits-worker: " << error.what() << '\n';
        return 10;
    }
    return exit_code;
}
