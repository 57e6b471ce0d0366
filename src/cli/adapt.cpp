#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/field_options.hpp"
#include "cli/network_choice.hpp"
#include "cli/session.hpp"

namespace digits::cli {
namespace {

struct AdaptArguments {
    std::string network, dataset, output;
};

Status adapt(const AdaptArguments& arguments, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    nlohmann::json spec;
    DIGITS_TRY(choose_network(arguments.network, "", session.client(), spec));
    DIGITS_ASSIGN(const auto dataset, session.find_job("dataset", arguments.dataset));
    spec["dataset_id"] = dataset["id"];
    if (options.json) {
        DIGITS_ASSIGN(const auto adapted, session.client().post("/networks/adapt", {{"spec", spec}}));
        std::cout << adapted.dump(2) << '\n';
        return {};
    }
    const auto before = spec["network"];
    DIGITS_TRY(adapt_network(session.client(), spec));
    if (spec["network"] == before) {
        std::cerr << "The network needs no changes for this dataset.\n";
        if (!before.contains("prototxt")) return {};
    }
    const auto text = spec["network"]["prototxt"].get<std::string>();
    if (!arguments.output.empty()) return write_file_atomic(absolute_path(arguments.output), text);
    std::cout << text;
    return {};
}

}  // namespace

void add_adapt(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<AdaptArguments>();
    auto* command = app.add_subcommand("adapt", "Adapt a network written for Caffe to a dataset and print its text");
    command->add_option("network", a->network, "File with the network's text")->required();
    command->add_option("--dataset", a->dataset, "Id or name of the dataset to train it on")->required();
    command->add_option("--output", a->output, "File to write in place of printing");
    command->callback([a, &invocation] { invocation.status = adapt(*a, invocation.options); });
}

}  // namespace digits::cli
