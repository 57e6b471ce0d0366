#pragma once

namespace CLI {
class App;
}

namespace digits {

/// Each adds one subcommand; its callback sets `exit_code`.
void add_run_command(CLI::App& app, int& exit_code);
void add_verify_command(CLI::App& app, int& exit_code);
void add_bench_command(CLI::App& app, int& exit_code);
void add_import_commands(CLI::App& app, int& exit_code);

}  // namespace digits
