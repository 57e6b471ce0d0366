#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "commands.hpp"
#include "imports/onnx_file.hpp"
#include "imports/onnx_network.hpp"

namespace digits {

void add_import_onnx_command(CLI::App& app, int& exit_code) {
    struct Arguments {
        std::filesystem::path model, out;
        OnnxImportOptions options;
        OnnxPreparation preparation;
    };
    auto a = std::make_shared<Arguments>();
    auto* command = app.add_subcommand("import-onnx", "Write an ONNX network as prototxt files and a .caffemodel");
    command->add_option("--model", a->model, "An ONNX file")->required()->check(CLI::ExistingFile);
    command
        ->add_option("--out", a->out,
                     "Folder to write into: network.prototxt, net.prototxt (of use), "
                     "weights.caffemodel, import.json")
        ->required()
        ->check(CLI::ExistingDirectory);
    command->add_option("--mean", a->preparation.mean, "Subtracted from the image's values of 0 to 255");
    command->add_option("--std", a->preparation.deviation, "Divides them then");
    command->add_flag("--bgr", a->preparation.is_bgr, "The file takes B, G, R");
    command->add_option("--width", a->options.width, "Of the image, where the file leaves it open");
    command->add_option("--height", a->options.height, "Of the image, where the file leaves it open");
    command->callback([a, &exit_code] {
        const auto run = [&]() -> Status {
            DIGITS_ASSIGN(const auto bytes, read_file(a->model));
            DIGITS_ASSIGN(const auto model, parse_onnx(bytes));
            a->options.preparation = a->preparation;
            DIGITS_ASSIGN(const auto network, import_onnx(model, a->options));
            DIGITS_TRY(write_file_atomic(a->out / "network.prototxt", format_prototxt(network.net)));
            DIGITS_TRY(write_file_atomic(a->out / "net.prototxt", format_prototxt(network.deploy)));
            DIGITS_TRY(write_weights(network.weights, a->out / "weights.caffemodel"));
            const auto& input = network.input;
            nlohmann::json outputs = nlohmann::json::object();
            for (const auto& [name, blob] : network.outputs) outputs[name] = blob;
            const nlohmann::json facts{{"made_by", network.made_by},     {"classifies", network.classifies},
                                       {"notes", network.notes},         {"outputs", outputs},
                                       {"width", input.width},           {"height", input.height},
                                       {"channels", input.channels},     {"crop_size", input.crop_size},
                                       {"scale", input.scale},           {"mean", input.mean},
                                       {"mean_image", input.mean_image}, {"labels", network.labels}};
            return write_file_atomic(a->out / "import.json", facts.dump(2));
        };
        if (const auto status = run(); !status) {
            std::cerr << "digits-worker: " << status.error().to_string() << '\n';
            exit_code = digits::exit_code(status.error().code);
        }
    });
}

}  // namespace digits
