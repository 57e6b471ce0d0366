#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "console_context.hpp"
#include "data/sources/packed/import_cifar.hpp"
#include "data/sources/packed/import_mnist.hpp"

namespace digits {
namespace {

int report(const Status& status) {
    if (status) return 0;
    std::cerr << "digits-worker: " << status.error().to_string() << '\n';
    return exit_code(status.error().code);
}

}  // namespace

void add_import_commands(CLI::App& app, int& exit_code) {
    struct Arguments {
        std::filesystem::path source, out;
    };
    auto arguments = std::make_shared<Arguments>();
    auto* mnist = app.add_subcommand("import-mnist", "Make folders of images from MNIST's IDX files");
    mnist->add_option("--idx", arguments->source, "Folder with the four files")
        ->required()
        ->check(CLI::ExistingDirectory);
    mnist->add_option("--out", arguments->out, "Folder to make")->required();
    mnist->callback([arguments, &exit_code] {
        ConsoleContext context;
        exit_code = report(import_mnist(arguments->source, arguments->out, context));
    });
    for (const auto* name : {"import-cifar10", "import-cifar100"}) {
        auto* cifar = app.add_subcommand(name, "Make folders of images from CIFAR's binary archive");
        cifar->add_option("--archive", arguments->source, "The .tar.gz of the binary version")
            ->required()
            ->check(CLI::ExistingFile);
        cifar->add_option("--out", arguments->out, "Folder to make")->required();
        cifar->callback([arguments, &exit_code] {
            ConsoleContext context;
            exit_code = report(import_cifar(arguments->source, arguments->out, context));
        });
    }
}

}  // namespace digits
