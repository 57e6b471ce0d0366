#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/commands.hpp"
#include "cli/job_output.hpp"
#include "cli/network_choice.hpp"

namespace digits::cli {
namespace {

struct TrainArguments {
    CreateOptions create;
    std::string dataset, network, framework, python_layers, previous, snapshot = "best", pretrained;
    std::optional<double> epochs, lr, gamma, power, step, momentum, weight_decay, rms_decay, snapshot_interval,
        val_interval;
    std::vector<double> steps;
    std::string solver, policy, mean, precision;
    std::string batch_size;
    std::optional<int> val_batch_size, accumulation, crop, threads;
    std::optional<std::uint64_t> seed;
    std::vector<std::string> weights, augment;
};

/// "rotation=10" and the like, with numbers where the spec has numbers; the server checks them.
Result<nlohmann::json> augmentation(const std::vector<std::string>& choices) {
    auto changes = nlohmann::json::object();
    for (const auto& choice : choices) {
        const auto equals = choice.find('=');
        if (equals == 0 || equals == std::string::npos)
            return fail(ErrorCode::kInvalidArgument, "--augment \"{}\": expected NAME=VALUE, like rotation=10", choice);
        const auto value = choice.substr(equals + 1);
        const auto number = nlohmann::json::parse(value, nullptr, false);
        changes[choice.substr(0, equals)] = number.is_number() ? number : nlohmann::json(value);
    }
    return changes;
}

/// The network of an earlier or a pretrained model, with its weights. `--network` may give another text to them.
Status choose_start(const TrainArguments& a, Session& session, nlohmann::json& spec) {
    if (a.previous.empty() && a.pretrained.empty() && a.network.empty())
        return fail(ErrorCode::kInvalidArgument, "no network: expected one of --network, --previous and --pretrained");
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

template <class T>
void set(nlohmann::json& json, const char* key, const std::optional<T>& value) {
    if (value) json[key] = *value;
}

Result<nlohmann::json> model_spec(const TrainArguments& a, Session& session) {
    nlohmann::json spec;
    DIGITS_TRY(choose_start(a, session, spec));
    DIGITS_TRY(choose_python_layers(a.python_layers, spec));
    DIGITS_ASSIGN(const auto dataset, session.find_job("dataset", a.dataset));
    spec["dataset_id"] = dataset["id"];
    auto& solver = spec["solver"];
    if (solver.is_null()) solver = nlohmann::json::object();
    if (!a.solver.empty()) solver["type"] = a.solver;
    if (!a.policy.empty()) solver["lr_policy"] = a.policy;
    set(solver, "base_lr", a.lr);
    set(solver, "gamma", a.gamma);
    set(solver, "power", a.power);
    set(solver, "step_percent", a.step);
    if (!a.steps.empty()) solver["steps_percent"] = a.steps;
    set(solver, "momentum", a.momentum);
    set(solver, "weight_decay", a.weight_decay);
    set(solver, "rms_decay", a.rms_decay);
    set(spec, "epochs", a.epochs);
    set(spec, "snapshot_interval", a.snapshot_interval);
    set(spec, "val_interval", a.val_interval);
    if (a.batch_size == "auto") spec["batch_size"] = "auto";
    if (!a.batch_size.empty() && a.batch_size != "auto") spec["batch_size"] = std::stoi(a.batch_size);
    set(spec, "val_batch_size", a.val_batch_size);
    set(spec, "batch_accumulation", a.accumulation);
    set(spec, "crop_size", a.crop);
    set(spec, "threads", a.threads);
    set(spec, "seed", a.seed);
    if (!a.mean.empty()) spec["mean"] = a.mean;
    if (!a.precision.empty()) spec["precision"] = a.precision;
    if (!a.augment.empty()) {
        DIGITS_ASSIGN(spec["augmentation"], augmentation(a.augment));
    }
    for (const auto& file : a.weights)
        spec["weights"].push_back(std::filesystem::absolute(file).lexically_normal().string());
    return spec;
}

Status train(const TrainArguments& arguments, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto spec, model_spec(arguments, session));
    return create_job("/models", spec, arguments.create, session, options);
}

}  // namespace

void add_train(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<TrainArguments>();
    auto* command = app.add_subcommand("train", "Train a network on a dataset");
    command->add_option("--name", a->create.name, "Name of the model")->required();
    command->add_option("--group", a->create.group, "Group to show it in");
    command->add_option("--dataset", a->dataset, "Id or name of the dataset")->required();
    command->add_option(
        "--network", a->network,
        "Standard network (lenet, alexnet, googlenet, vgg16, resnet18, resnet50, squeezenet, mobilenetv2) "
        "or a file with the network's text");
    command->add_option("--framework", a->framework, "What the file of --network is written for (default: caffe)");
    command->add_option("--python-layers", a->python_layers, kPythonLayersHelp)->check(CLI::ExistingFile);
    auto* previous = command->add_option("--previous", a->previous, "Model to start from: its network and weights");
    command->add_option("--snapshot", a->snapshot, "Of --previous: iteration, best, last, or none (only the network)")
        ->needs(previous)
        ->capture_default_str();
    command->add_option("--pretrained", a->pretrained, "Pretrained model to start from")->excludes(previous);
    command->add_option("--epochs", a->epochs, "How often the network sees each picture")->check(CLI::PositiveNumber);
    command->add_option("--lr", a->lr, "Learning rate at the start")->check(CLI::PositiveNumber);
    command->add_option("--policy", a->policy, "How the learning rate changes")
        ->check(CLI::IsMember({"fixed", "step", "multistep", "exp", "inv", "poly", "sigmoid"}));
    command->add_option("--gamma", a->gamma, "Of the policy");
    command->add_option("--power", a->power, "Of the policies inv and poly");
    command->add_option("--step", a->step, "Step of the policies step and sigmoid, in % of the training");
    command->add_option("--steps", a->steps, "Steps of the policy multistep, in % of the training")->delimiter(',');
    command->add_option("--solver", a->solver, "SGD, Nesterov, Adam, AdaGrad, AdaDelta or RMSProp");
    command->add_option("--momentum", a->momentum, "Momentum of the solver");
    command->add_option("--weight-decay", a->weight_decay, "L2 regularisation");
    command->add_option("--rms-decay", a->rms_decay, "Of RMSProp");
    command
        ->add_option("--batch-size", a->batch_size,
                     "Pictures a batch; auto: as the network says, in parts that memory has room for")
        ->check(CLI::IsMember({"auto"}) | CLI::Range(1, 1 << 20));
    command
        ->add_option("--precision", a->precision,
                     "Of convolutions and inner products: fp32, bf16, or on a GPU tf32 or fp16")
        ->check(CLI::IsMember({"fp32", "tf32", "bf16", "fp16"}));
    command->add_option("--val-batch-size", a->val_batch_size, "Pictures a batch of validation")
        ->check(CLI::PositiveNumber);
    command->add_option("--accumulate", a->accumulation, "Batches for each step of the solver")
        ->check(CLI::PositiveNumber);
    command->add_option("--crop", a->crop, "Side of the square that is cut out at random")->check(CLI::PositiveNumber);
    command->add_option("--mean", a->mean, "What is subtracted")->check(CLI::IsMember({"image", "pixel", "none"}));
    command
        ->add_option("--augment", a->augment,
                     "Vary the pictures: flip=horizontal, turns=quarter, rotation=10, scale=0.07, noise=0.03, "
                     "contrast=0.8, hue=0.02, saturation=0.04, value=0.06")
        ->delimiter(',');
    command->add_option("--snapshot-interval", a->snapshot_interval, "Epochs between snapshots")
        ->check(CLI::NonNegativeNumber);
    command->add_option("--val-interval", a->val_interval, "Epochs between validations")->check(CLI::NonNegativeNumber);
    command->add_option("--weights", a->weights, "A .caffemodel to start from (repeatable)")->check(CLI::ExistingFile);
    command->add_option("--seed", a->seed, "The same seed gives the same numbers");
    command->add_option("--threads", a->threads, "0: all cores")->check(CLI::NonNegativeNumber);
    command->add_flag("--detach", a->create.detach, "Do not wait for it");
    command->add_flag("--print-id", a->create.print_id, "Print only the id");
    command->callback([a, &invocation] { invocation.status = train(*a, invocation.options); });
}

}  // namespace digits::cli
