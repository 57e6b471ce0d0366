#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/network_choice.hpp"
#include "cli/terminal.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;

struct DescribeArguments {
    std::string network, python_layers, dataset, stage = "train";
    std::vector<int> size;
    int channels = 3;
    std::optional<int> batch_size, crop, classes;
    std::optional<double> epochs;
    bool measure = false;
};

Result<json> request_of(const DescribeArguments& a, Session& session) {
    json request, spec;
    DIGITS_TRY(choose_network(a.network, "", session.client(), spec));
    DIGITS_TRY(choose_python_layers(a.python_layers, spec));
    if (!a.dataset.empty()) {
        DIGITS_ASSIGN(const auto dataset, session.find_job("dataset", a.dataset));
        spec["dataset_id"] = dataset["id"];
    }
    if (a.batch_size) spec["batch_size"] = *a.batch_size;
    if (a.crop) spec["crop_size"] = *a.crop;
    if (a.epochs) spec["epochs"] = *a.epochs;
    if (!a.size.empty())
        request["image"] = {{"width", a.size.front()}, {"height", a.size.back()}, {"channels", a.channels}};
    if (a.classes) request["classes"] = *a.classes;
    request["spec"] = std::move(spec);
    request["measure"] = a.measure;
    return request;
}

std::string shape_text(const json& layer) {
    std::string text;
    for (const auto& top : layer["tops"]) {
        if (!text.empty()) text += ", ";
        std::string dims;
        for (const auto& dim : layer["shapes"].value(top.get<std::string>(), json::array()))
            dims += (dims.empty() ? "" : " x ") + std::to_string(dim.get<std::int64_t>());
        text += dims;
    }
    return text;
}

std::string millions(double operations) {
    return operations > 0 ? fmt::format("{:.2f}", operations / 1e6) : std::string();
}

void print_layers(const json& network) {
    std::vector<std::vector<std::string>> rows{{"layer", "type", "shape", "parameters", "MFLOPs", "memory"}};
    for (const auto& layer : network["layers"]) {
        const auto parameters = layer["parameters"].get<double>();
        rows.push_back({layer["name"], layer["type"], shape_text(layer), parameters > 0 ? count_text(parameters) : "",
                        millions(layer["flops"]), bytes_text(layer["memory_bytes"])});
    }
    std::cout << table_text(rows);
}

void print_totals(const json& found) {
    std::cout << fmt::format("parameters: {}\nGFLOPs per image: {:.3f} forward, {:.3f} backward\n",
                             count_text(found["parameters"]), found["flops"]["forward"].get<double>() / 1e9,
                             found["flops"]["backward"].get<double>() / 1e9);
    std::cout << fmt::format("memory to train with batches of {}: {} of {} free\n", found["batch_size"].get<int>(),
                             bytes_text(found["memory_bytes"]), bytes_text(found["free_memory_bytes"]));
    const auto& time = found["time"];
    if (time.is_null()) return;
    std::cout << fmt::format("speed: {:.0f} to {:.0f} images/s ({})\n", time["images_per_s"]["low"].get<double>(),
                             time["images_per_s"]["high"].get<double>(),
                             time["how"] == "measured" ? "tried just now" : "guessed from the operations");
    if (const auto& training = time["training_s"]; !training.is_null())
        std::cout << fmt::format("time to train: {} to {}\n", duration_text(training["low"]),
                                 duration_text(training["high"]));
}

Status describe(const DescribeArguments& arguments, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto request, request_of(arguments, session));
    DIGITS_ASSIGN(const auto found, session.client().post("/networks/describe", request));
    if (options.json) {
        std::cout << found.dump(2) << '\n';
    } else if (found["networks"].contains(arguments.stage)) {
        print_layers(found["networks"][arguments.stage]);
        if (!found["memory_bytes"].is_null()) print_totals(found);
    }
    for (const auto& finding : found["diagnostics"]) {
        const auto& line = finding["line"];
        const auto place = line.is_null() ? std::string() : fmt::format("{}:{}: ", arguments.network, line.get<int>());
        if (finding["severity"] == "error")
            return fail(make_error(ErrorCode::kInvalidArgument, "{}{}", place, finding["message"].get<std::string>())
                            .advise(finding.value("advice", "")));
        if (!options.json) std::cout << "warning: " << place << finding["message"].get<std::string>() << '\n';
    }
    return {};
}

}  // namespace

void add_describe(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<DescribeArguments>();
    auto* command = app.add_subcommand("describe", "Show a network's shapes, parameters, operations and memory");
    command->add_option("network", a->network, "Standard network or a prototxt file")->required();
    command->add_option("--python-layers", a->python_layers, kPythonLayersHelp)->check(CLI::ExistingFile);
    auto* dataset = command->add_option("--dataset", a->dataset, "Id or name of the dataset to train it on");
    command->add_option("--size", a->size, "Width and height of the images, in place of a dataset")
        ->delimiter('x')
        ->expected(1, 2)
        ->excludes(dataset);
    command->add_option("--channels", a->channels, "1: grey, 3: colour")
        ->check(CLI::IsMember({1, 3}))
        ->capture_default_str();
    command->add_option("--classes", a->classes, "In place of a dataset; else 10")->check(CLI::PositiveNumber);
    command->add_option("--batch-size", a->batch_size, "Images a batch")->check(CLI::PositiveNumber);
    command->add_option("--crop", a->crop, "Side of the square that is cut out")->check(CLI::PositiveNumber);
    command->add_option("--epochs", a->epochs, "For the time to train")->check(CLI::PositiveNumber);
    command->add_option("--stage", a->stage, "Which of its networks to show")
        ->check(CLI::IsMember({"train", "val", "deploy"}))
        ->capture_default_str();
    command->add_flag("--measure", a->measure, "Try for two seconds how fast this machine trains it");
    command->callback([a, &invocation] { invocation.status = describe(*a, invocation.options); });
}

}  // namespace digits::cli
