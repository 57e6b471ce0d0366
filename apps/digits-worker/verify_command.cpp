#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <vector>

#include "commands.hpp"
#include "engine/device/device.hpp"
#include "engine/device/python_host.hpp"
#include "engine/verify/verify.hpp"

namespace digits {

void add_verify_command(CLI::App& app, int& exit_code) {
    struct Arguments {
        std::vector<std::filesystem::path> dirs;
        std::filesystem::path dump;
        std::string device = "cpu";
        bool generic = false;
        bool with_python_layers = false;
    };
    auto arguments = std::make_shared<Arguments>();
    auto* command =
        app.add_subcommand("verify", "Compare the engine with reference numbers (docs/formats/golden-cases.md)");
    command->add_option("dirs", arguments->dirs, "Case folders, or folders of them")
        ->required()
        ->check(CLI::ExistingDirectory);
    command->add_option("--dump", arguments->dump, "Write every computed array as DUMP/<case>/<reference's name>.npy");
    command->add_option("--device", arguments->device, "cpu or cuda:N");
    command->add_flag("--generic-kernels", arguments->generic,
                      "Use libtorch where we have kernels of our own for the CPU");
    command->add_flag("--allow-python-layers", arguments->with_python_layers, kAllowPythonLayersHelp);
    command->callback([arguments, &exit_code] {
        if (arguments->with_python_layers) allow_python_layers();
        VerifyOptions options;
        if (!arguments->dump.empty()) options.dump = arguments->dump;
        options.generic_kernels = arguments->generic;
        auto device = parse_device(arguments->device);
        if (!device) {
            std::cerr << "digits-worker: " << device.error().to_string() << '\n';
            exit_code = digits::exit_code(device.error().code);
            return;
        }
        options.device = *device;
        const auto passed = verify(arguments->dirs, options, std::cout);
        if (!passed) {
            std::cerr << "digits-worker: " << passed.error().to_string() << '\n';
            exit_code = digits::exit_code(passed.error().code);
        } else if (!*passed) {
            exit_code = 1;
        }
    });
}

}  // namespace digits
