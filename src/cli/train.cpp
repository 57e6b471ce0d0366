#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/field_options.hpp"
#include "cli/job_output.hpp"
#include "cli/network_choice.hpp"
#include "cli/train_folder.hpp"
#include "models/model_spec.hpp"
#include "models/standard_networks.hpp"

namespace digits::cli {
namespace {

struct TrainArguments {
    CreateOptions create;
    FieldOptions fields;
    std::string folder, dataset, network, framework, python_layers, previous, snapshot = "best", pretrained,
                                                                              transfer_from;
    std::vector<std::string> weights, augment;
    bool adapt = false;
};

/// "rotation=10" and the like, each a declared field of the augmentation.
Result<nlohmann::json> augmentation(const std::vector<std::string>& choices) {
    const auto& list = *model_fields().find("augmentation")->value.object;
    auto changes = nlohmann::json::object();
    for (const auto& choice : choices) {
        const auto equals = choice.find('=');
        if (equals == 0 || equals == std::string::npos)
            return fail(ErrorCode::kInvalidArgument, "--augment \"{}\" must be NAME=VALUE, like rotation=10", choice);
        const auto name = choice.substr(0, equals);
        const auto* field = list.find(name);
        if (!field) {
            std::string names;
            for (const auto& one : list.fields) names += (names.empty() ? "" : ", ") + one.name;
            return fail(ErrorCode::kInvalidArgument, "--augment has no \"{}\"; its names are {}", name, names);
        }
        DIGITS_ASSIGN(changes[name], parse_field_text(*field, choice.substr(equals + 1)));
    }
    return changes;
}

/// The network of an earlier or a pretrained model, with its weights. `--network` may give another text to them.
Status choose_start(const TrainArguments& a, Session& session, nlohmann::json& spec) {
    if (a.previous.empty() && a.pretrained.empty() && a.network.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "there is no network; give one of --network, --previous and --pretrained");
    if (a.previous.empty() && a.pretrained.empty())
        return choose_network(a.network, a.framework, session.client(), spec);
    const bool previous = !a.previous.empty();
    DIGITS_ASSIGN(const auto job,
                  session.find_job(previous ? "model" : "pretrained", previous ? a.previous : a.pretrained));
    const nlohmann::json source{{previous ? "model" : "pretrained", job["id"]}};
    if (!a.network.empty()) {
        DIGITS_TRY(choose_network(a.network, a.framework, session.client(), spec));
    } else {
        spec["network"] = source;
    }
    auto weights = source;
    if (previous) weights["snapshot"] = a.snapshot;
    if (!previous || a.snapshot != "none") spec["weights"].push_back(std::move(weights));
    return {};
}

/// Weights of another network for the layers of the same name and shape.
Status choose_transfer(const TrainArguments& a, Session& session, nlohmann::json& spec) {
    if (a.transfer_from.empty()) return {};
    auto job = session.find_job("pretrained", a.transfer_from);
    const bool pretrained = job.has_value();
    if (!pretrained) job = session.find_job("model", a.transfer_from);
    if (!job)
        return fail(make_error(ErrorCode::kNotFound,
                               "--transfer-from: no model and no pretrained model has the id or name \"{}\"",
                               a.transfer_from)
                        .advise("See them: digits jobs list, digits pretrained list"));
    spec["weights"].push_back({{pretrained ? "pretrained" : "model", (*job)["id"]}, {"transfer", true}});
    return {};
}

Result<nlohmann::json> model_spec(const TrainArguments& a, Session& session) {
    DIGITS_ASSIGN(const auto dataset, session.find_job("dataset", a.dataset));
    nlohmann::json spec{{"dataset_id", dataset["id"]}};
    DIGITS_TRY(choose_start(a, session, spec));
    DIGITS_TRY(choose_python_layers(a.python_layers, spec));
    DIGITS_TRY(a.fields.write(spec));
    if (!a.augment.empty()) {
        DIGITS_ASSIGN(spec["augmentation"], augmentation(a.augment));
    }
    DIGITS_TRY(choose_transfer(a, session, spec));
    for (const auto& file : a.weights) spec["weights"].push_back(absolute_path(file));
    if (a.adapt) DIGITS_TRY(adapt_network(session.client(), spec));
    return spec;
}

Status train(const TrainArguments& arguments, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    if (!arguments.folder.empty()) {
        nlohmann::json changes;
        DIGITS_TRY(arguments.fields.write(changes));
        return train_folder(arguments.folder, arguments.create, changes, session, options);
    }
    DIGITS_ASSIGN(const auto spec, model_spec(arguments, session));
    return create_job("/models", spec, arguments.create, session, options);
}

/// "classification: lenet, alexnet; detection: detector".
std::string network_names() {
    std::string text;
    std::string_view task;
    for (const auto& network : standard_networks("")) {
        if (network.task != task)
            text += fmt::format("{}{}: ", text.empty() ? "" : "; ", network.task);
        else
            text += ", ";
        task = network.task;
        text += network.name;
    }
    return text;
}

}  // namespace

void add_train(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<TrainArguments>();
    auto* command = app.add_subcommand("train", "Train a network on a dataset, or on a folder of images");
    auto* folder = command->add_option("folder", a->folder,
                                       "Folder whose dataset is recognized: dataset, network and schedule are chosen, "
                                       "explained, made and tested");
    folder->check(CLI::ExistingDirectory);
    auto* name = command->add_option("--name", a->create.name, "Name of the model; with a folder by default its name");
    command->add_option("--group", a->create.group, "Group to show it in");
    auto* dataset = command->add_option("--dataset", a->dataset, "Id or name of the dataset")->excludes(folder);
    command->add_option("--network", a->network,
                        "Standard network or a file with the network's text; for " + network_names());
    command->add_option("--framework", a->framework, "What the file of --network is written for (default: caffe)");
    command->add_flag(
        "--adapt", a->adapt,
        "Adapt a network written for Caffe to the dataset: data layers, labels, number of classes, Softmax");
    command->add_option("--python-layers", a->python_layers, kPythonLayersHelp)->check(CLI::ExistingFile);
    auto* previous = command->add_option("--previous", a->previous, "Start from this model: its network and weights");
    command
        ->add_option("--snapshot", a->snapshot,
                     "Snapshot of --previous: an iteration, best, last, or none (its network only)")
        ->needs(previous)
        ->capture_default_str();
    command->add_option("--pretrained", a->pretrained, "Start from this pretrained model")->excludes(previous);
    command
        ->add_option("--transfer-from", a->transfer_from,
                     "Take the weights of this model or pretrained model for the layers of --network that have the "
                     "same name and shape; the others start from scratch")
        ->excludes(previous);
    a->fields.add(*command, model_fields());
    std::string names;
    for (const auto& field : model_fields().find("augmentation")->value.object->fields)
        names += (names.empty() ? "" : ", ") + field.name;
    command
        ->add_option("--augment", a->augment,
                     "Random changes of the training images, like flip=horizontal,rotation=10; names: " + names)
        ->delimiter(',');
    command
        ->add_option("--weights", a->weights,
                     "A .caffemodel file to start from, after which layers of the same name are initialized "
                     "(repeatable)")
        ->check(CLI::ExistingFile);
    command->add_flag("--detach", a->create.detach, "Do not wait until it is done");
    command->add_flag("--print-id", a->create.print_id, "Print only the id");
    command->callback([a, name, dataset, &invocation] {
        if (a->folder.empty() && name->empty()) throw CLI::RequiredError("--name");
        if (a->folder.empty() && dataset->empty()) throw CLI::RequiredError("--dataset");
        invocation.status = train(*a, invocation.options);
    });
}

}  // namespace digits::cli
