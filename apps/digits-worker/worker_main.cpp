#include "worker_main.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "commands.hpp"
#include "engine/device/load_cuda.hpp"

namespace digits {
namespace {

/// At the end of each parallel loop libgomp's threads wait for the last one by spinning, for milliseconds. Where cores
/// are shared with other work, the one that is waited for then gets no core: LeNet was 16 times slower beside two
/// compilers. The library reads its setting when it is loaded, so the program restarts; where that fails it only
/// stays slow. Threads that the user has bound to cores are left alone: this thread already is, and the new program
/// would take its core for the only one.
void wait_for_threads_asleep(char** argv) {
    constexpr const char* kSpins = "10000";
    for (const char* wish : {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY"})
        if (std::getenv(wish)) return;
    setenv("GOMP_SPINCOUNT", kSpins, 1);
    execv("/proc/self/exe", argv);
}

}  // namespace

int worker_main(int argc, char** argv) {
    wait_for_threads_asleep(argv);
    load_cuda();
    CLI::App app{"digits-worker: does the heavy work of Digits, one process a task"};
    app.require_subcommand(1);
    app.set_version_flag("--version", DIGITS_VERSION);
    int exit_code = 0;
    add_run_command(app, exit_code);
    add_verify_command(app, exit_code);
    add_bench_command(app, exit_code);
    add_bench_infer_command(app, exit_code);
    add_export_command(app, exit_code);
    add_import_onnx_command(app, exit_code);
    add_import_commands(app, exit_code);
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

}  // namespace digits
