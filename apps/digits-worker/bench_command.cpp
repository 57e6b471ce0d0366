#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <vector>

#include "commands.hpp"
#include "engine/device/device.hpp"
#include "engine/verify/bench.hpp"

namespace digits {

void add_bench_command(CLI::App& app, int& exit_code) {
    struct Arguments {
        BenchOptions options;
        std::string precision = "fp32", device = "cpu";
        std::vector<std::int64_t> shape;
    };
    auto arguments = std::make_shared<Arguments>();
    auto& options = arguments->options;
    auto* command = app.add_subcommand("bench", "Measure the training of a network on random images");
    command->add_option("--net", options.net, "A network: prototxt of training")->required()->check(CLI::ExistingFile);
    command->add_option("--batch", options.batch, "Images a batch")->check(CLI::PositiveNumber);
    command->add_option("--shape", arguments->shape, "Channels,height,width")
        ->required()
        ->delimiter(',')
        ->expected(3)
        ->check(CLI::PositiveNumber);
    command->add_option("--classes", options.classes, "Classes of the labels")->check(CLI::PositiveNumber);
    command->add_option("--threads", options.threads, "0: all cores")->check(CLI::NonNegativeNumber);
    command->add_option("--seconds", options.seconds, "How long to measure")->check(CLI::PositiveNumber);
    command->add_option("--precision", arguments->precision, "fp32, tf32, bf16 or fp16")
        ->check(CLI::IsMember({"fp32", "tf32", "bf16", "fp16"}))
        ->capture_default_str();
    command->add_option("--device", arguments->device, "cpu or cuda:N")->capture_default_str();
    command->add_flag("--generic-kernels", options.generic_kernels,
                      "Use libtorch where we have kernels of our own for the CPU");
    command->add_flag("--profile", options.profile, "Also the time of each layer");
    command->callback([arguments, &exit_code] {
        arguments->options.precision = *find_enum<Precision>(arguments->precision);
        std::copy_n(arguments->shape.begin(), 3, arguments->options.shape.begin());
        const auto run = [&]() -> Status {
            DIGITS_ASSIGN(arguments->options.device, parse_device(arguments->device));
            return bench(arguments->options, std::cout);
        };
        if (const auto status = run(); !status) {
            std::cerr << "digits-worker: " << status.error().to_string() << '\n';
            exit_code = digits::exit_code(status.error().code);
        }
    });
}

}  // namespace digits
