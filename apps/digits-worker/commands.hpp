#pragma once

namespace CLI {
class App;
}

namespace digits {

inline constexpr const char* kAllowPythonLayersHelp =
    "Run Python layers: code of the network's author, which may do anything";

/// Each adds one subcommand; its callback sets `exit_code`.
void add_run_command(CLI::App& app, int& exit_code);
void add_verify_command(CLI::App& app, int& exit_code);
void add_bench_command(CLI::App& app, int& exit_code);
void add_bench_infer_command(CLI::App& app, int& exit_code);
void add_export_command(CLI::App& app, int& exit_code);
void add_import_onnx_command(CLI::App& app, int& exit_code);
void add_import_commands(CLI::App& app, int& exit_code);

}  // namespace digits
