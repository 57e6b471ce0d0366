#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "base/file.hpp"
#include "commands.hpp"
#include "infer/export_source.hpp"

namespace digits {

void add_export_command(CLI::App& app, int& exit_code) {
    struct Arguments {
        std::filesystem::path net, weights, out;
        bool suppresses_boxes = false;
    };
    auto a = std::make_shared<Arguments>();
    auto* command = app.add_subcommand("export-onnx", "Write a network with an Input layer and its weights as ONNX");
    command->add_option("--net", a->net, "A prototxt of use")->required()->check(CLI::ExistingFile);
    command->add_option("--weights", a->weights, "A .caffemodel")->required()->check(CLI::ExistingFile);
    command->add_option("--out", a->out, "File to write")->required();
    command->add_flag("--nms", a->suppresses_boxes, "With non-maximum suppression, of a detector without anchors");
    command->callback([a, &exit_code] {
        const auto run = [&]() -> Status {
            DIGITS_ASSIGN(auto source, export_source_of_files(a->net, a->weights));
            source.suppresses_boxes = a->suppresses_boxes;
            DIGITS_ASSIGN(const auto bytes, write_onnx(source));
            return write_file_atomic(a->out, bytes);
        };
        if (const auto status = run(); !status) {
            std::cerr << "digits-worker: " << status.error().to_string() << '\n';
            exit_code = digits::exit_code(status.error().code);
        }
    });
}

}  // namespace digits
