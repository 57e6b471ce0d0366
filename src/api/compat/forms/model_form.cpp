#include "api/compat/forms/model_form.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/compat/answers.hpp"
#include "api/compat/forms/snapshot_epoch.hpp"
#include "api/compat/job_json.hpp"
#include "api/jobs/model_framework.hpp"
#include "api/machine/machine.hpp"
#include "api/requests/named_places.hpp"
#include "api/requests/warm_questions.hpp"
#include "base/python_interface.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "models/model_spec.hpp"
#include "models/retrain.hpp"
#include "models/standard_networks.hpp"

namespace digits::api::compat {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostPython_bytes = 4 << 20;
constexpr std::size_t kMostJobs = 200;
constexpr Range kAny{};
constexpr Range kNotNegative{0, kNoLimit};
constexpr Range kPositive{1, kNoLimit};

/// A dataset to train with: one that is there or will be. The form refuses any other.
std::string read_dataset(Form& form, const ModelFamily& family, const Context& context) {
    const auto id = form.text("dataset");
    const auto job = find_job(id, context, "dataset");
    const bool is_alive = job && job->state != JobState::kAbort && job->state != JobState::kError;
    const bool is_kin =
        is_alive && (dataset_family(*job, context) != DatasetFamily::kClassification) == family.is_generic;
    if (!is_kin || (!family.task.empty() && dataset_task(*job, context) != family.task))
        form.refuse("dataset", "Not a valid choice");
    return id;
}

void read_previous(Form& form, json& spec, const Context& context) {
    const auto id = form.required_text("previous_networks");
    if (id.empty()) return;
    const auto job = find_job(id, context, "model");
    if (!job) {
        form.refuse("previous_networks", "Selected job doesn't exist. Maybe it was deleted by another user.");
        return;
    }
    const auto field = id + "-snapshot";
    const auto epoch = form.required_number(field, {-1, kNoLimit});
    if (!form.ok()) return;
    const auto weights = weights_of_epoch(*job, epoch, context);
    if (!weights) {
        form.refuse(field, weights.error().message);
        return;
    }
    auto text = network_text(*job);
    const bool other_dataset = job->parents.empty() || job->parents.front() != spec.value("dataset_id", "");
    if (text && other_dataset) text = renamed_for_retraining(*text);
    if (!text) {
        form.refuse("previous_networks", text.error().message);
        return;
    }
    spec["network"] = {{"prototxt", *text}};
    if (const auto before = parse_model_spec(*job->spec);
        before && context.options.allow_python_layers && !before->network.python_layers.empty())
        spec["network"]["python_layers"] = before->network.python_layers;
    spec["weights"] = *weights;
}

void read_pretrained(Form& form, json& spec, const Context& context) {
    const auto id = form.required_text("pretrained_networks");
    if (id.empty()) return;
    const auto job = find_job(id, context, "pretrained");
    if (!job) {
        form.refuse("pretrained_networks", "Selected job doesn't exist. Maybe it was deleted by another user.");
        return;
    }
    spec["network"] = {{"pretrained", id}};
    spec["weights"] = json::array({{{"pretrained", id}}});
}

constexpr const char* kCustomWeights = "custom_network_snapshot";

std::vector<std::string> split_paths(const std::string& text) {
    std::vector<std::string> paths;
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find(':', begin), text.size());
        if (end > begin) paths.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return paths;
}

void read_network(Form& form, json& spec, const Context& context) {
    const auto framework = form.text("framework", std::string(kDefaultFramework));
    if (!frameworks().find(framework)) form.refuse("framework", "The framework you choose is not currently supported.");
    const auto method = form.choice("method", "standard", {"standard", "previous", "pretrained", "custom"});
    if (method == "standard") {
        const auto name = form.required_text("standard_networks");
        const auto* known = find_standard_network(name);
        if (!name.empty() && !(known && known->task == kDefaultTask))
            form.refuse("standard_networks", "Not a valid choice");
        spec["network"] = {{"standard", name}};
    } else if (method == "previous") {
        read_previous(form, spec, context);
    } else if (method == "custom") {
        const auto text = form.required_text("custom_network");
        spec["network"] = {{"framework", framework}, {NetworkSpec::text_member(framework), text}};
        spec["weights"] = split_paths(form.text(kCustomWeights));
    } else {
        read_pretrained(form, spec, context);
    }
}

/// A worker looks whether the files are there.
http::Async<Status> check_custom_weights(Form& form, const json& spec, const Context& context) {
    if (form.text("method") != "custom") co_return Status();
    std::vector<NamedPlace> places;
    for (const auto& path : spec["weights"]) places.push_back({path.get<std::string>(), NamedPlace::Kind::kFile, ""});
    DIGITS_CO_ASSIGN(const auto faults, co_await look_at_places(places, context));
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (!faults[i]) continue;
        const bool outside = faults[i]->code == ErrorCode::kPermissionDenied;
        form.refuse(kCustomWeights, outside ? faults[i]->message : "File does not exist: " + places[i].path);
    }
    co_return Status();
}

/// False for a file that is not Python's source; what is wrong with its name is said in DIGITS's words.
bool check_python_name(Form& form, const char* field, const std::string& name) {
    if (name.ends_with(".pyc")) {
        form.refuse(field, fmt::format("Python file, {}, is byte code, which does not run here; give its .py", name));
    } else if (!name.ends_with(".py")) {
        form.refuse(field, fmt::format("Python file, {}, needs .py or .pyc extension.", name));
    } else {
        return true;
    }
    return false;
}

void take_uploaded_python(Form& form, const char* field, const http::Part& upload, json& network) {
    if (!check_python_name(form, field, upload.file_name)) return;
    auto text = read_text_file(upload.file->path().string(), kMostPython_bytes);
    if (!text) {
        form.refuse(field, text.error().message);
    } else if (!is_utf8(*text)) {
        form.refuse(field, fmt::format("Python file, {}, is not text in UTF-8", upload.file_name));
    } else {
        network["python_layers"] = std::move(*text);
    }
}

/// A worker reads it.
http::Async<Status> take_python_of_server(Form& form, const char* field, std::string path, json& network,
                                          const Context& context) {
    const std::vector<NamedPlace> places{{path, NamedPlace::Kind::kFile, ""}};
    DIGITS_CO_ASSIGN(const auto faults, co_await look_at_places(places, context));
    if (const auto& fault = faults.front()) {
        form.refuse(field, fault->code == ErrorCode::kNotFound
                               ? fmt::format("Server side file, {}, does not exist.", path)
                               : fault->message);
        co_return Status();
    }
    if (!check_python_name(form, field, path)) co_return Status();
    json question{{"type", "read_text"}, {"path", path}, {"most_bytes", kMostPython_bytes}};
    const auto found = co_await assist(std::move(question), context);
    if (found) {
        network["python_layers"] = (*found)->value("text", "");
    } else {
        form.refuse(field, found.error().message);
    }
    co_return Status();
}

/// As in DIGITS, the file that is uploaded counts only where it is asked for.
http::Async<Status> read_python_layers(Form& form, json& network, const Context& context) {
    const bool from_client = form.flag("python_layer_from_client");
    const char* field = from_client ? "python_layer_client_file" : "python_layer_server_file";
    const auto* upload = form.arguments().find_file("python_layer_client_file");
    const auto server_file = form.text("python_layer_server_file");
    if (from_client ? !upload : server_file.empty()) co_return Status();
    if (!context.options.allow_python_layers) {
        form.refuse(field, python_layers_not_allowed().to_string());
    } else if (from_client) {
        take_uploaded_python(form, field, *upload, network);
    } else {
        co_return co_await take_python_of_server(form, field, server_file, network, context);
    }
    co_return Status();
}

std::string named(const std::string& word, std::initializer_list<std::pair<const char*, const char*>> names) {
    for (const auto& [theirs, ours] : names)
        if (word == theirs) return ours;
    return "none";
}

/// More than DIGITS does with Caffe, which has no augmentation. `aug_whitening` has no effect: images that are to be
/// classified would have to be whitened, too.
json read_augmentation(Form& form) {
    json spec;
    form.read_optional(model_fields(), {"/augmentation/scale", "/augmentation/noise", "/augmentation/contrast"}, spec);
    auto& augmentation = spec["augmentation"];
    const auto range = [](const std::string& member) { return range_of(model_fields(), "/augmentation/" + member); };
    augmentation["rotation"] = form.integer("aug_rot", range("rotation"), 0).value_or(0);
    augmentation["flip"] = named(form.choice("aug_flip", "none", {"none", "fliplr", "flipud", "fliplrud"}),
                                 {{"fliplr", "horizontal"}, {"flipud", "vertical"}, {"fliplrud", "both"}});
    augmentation["turns"] = named(form.choice("aug_quad_rot", "none", {"none", "rot90", "rot180", "rotall"}),
                                  {{"rot90", "quarter"}, {"rot180", "half"}, {"rotall", "all"}});
    const bool colours = form.flag("aug_hsv_use");
    for (const auto& [field, member, usual] : std::initializer_list<std::tuple<const char*, const char*, double>>{
             {"aug_hsv_h", "hue", 0.02}, {"aug_hsv_s", "saturation", 0.04}, {"aug_hsv_v", "value", 0.06}}) {
        const auto deviation = form.number(field, range(member), usual);
        augmentation[member] = colours ? deviation.value_or(usual) : 0.0;
    }
    return augmentation;
}

/// Fields for other frameworks and for machines: checked as far as they can be given, and what is not offered is said.
void check_rest(Form& form) { form.integer("traces_interval", kNotNegative, 0); }

/// The GPU that a form names by its number; a machine without GPUs trains on the CPU whatever the form says, as in
/// DIGITS.
std::string read_device(Form& form) {
    constexpr const char* kOneGpu = "A training takes one GPU; more are not offered";
    if (form.integer("select_gpu_count", kPositive, 1).value_or(1) > 1) form.refuse("select_gpu_count", kOneGpu);
    const auto there = static_cast<std::int64_t>(gpu_ids().size());
    std::string device;
    const auto take = [&](const char* field, std::int64_t number) {
        if (there > 0 && number >= there)
            form.refuse(field, fmt::format("There is no GPU {}; this machine has {}", number, there));
        else if (there > 0)
            device = fmt::format("cuda:{}", number);
    };
    if (form.text("select_gpu", "next") != "next")
        if (const auto number = form.integer("select_gpu", kNotNegative)) take("select_gpu", *number);
    const auto listed = form.integers("select_gpus_list", kNotNegative);
    if (listed.size() > 1) form.refuse("select_gpus_list", kOneGpu);
    if (listed.size() == 1) take("select_gpus_list", listed.front());
    if (form.arguments().list("select_gpus").size() > 1)
        form.refuse("select_gpus", kOneGpu);
    else if (const auto number = form.integer("select_gpus", kNotNegative))
        take("select_gpus", *number);
    return device;
}

/// The field with a number of a learning rate policy.
std::string policy_field(const std::string& policy, std::string_view member) {
    if (member == "step_percent") return policy == "sigmoid" ? "lr_sigmoid_step" : "lr_step_size";
    return fmt::format("lr_{}_{}", policy, member);
}

}  // namespace

json read_solver(Form& form) {
    const auto type =
        form.choice("solver_type", "SGD",
                    {"SGD", "MOMENTUM", "NESTEROV", "ADAGRAD", "ADAGRADDA", "ADADELTA", "ADAM", "RMSPROP", "FTRL"});
    json solver{{"type", type}};
    if (type == "MOMENTUM" || type == "ADAGRADDA" || type == "FTRL")
        form.refuse("solver_type", type + " is a solver of Tensorflow, which is not offered");
    solver["rms_decay"] =
        form.required_number("rms_decay", range_of(model_fields(), "/solver/rms_decay"), SolverChoices().rms_decay);
    const auto policy =
        form.choice("lr_policy", "step", {"fixed", "step", "multistep", "exp", "inv", "poly", "sigmoid"});
    solver["lr_policy"] = policy;
    const auto usual = policy_defaults(find_enum<LrPolicy>(policy).value_or(LrPolicy::kStep));
    const auto take = [&](const char* member, const std::optional<double>& fallback) {
        if (fallback) solver[member] = form.required_number(policy_field(policy, member), kAny, *fallback);
    };
    take("step_percent", usual.step_percent);
    take("gamma", usual.gamma);
    take("power", usual.power);
    if (!usual.steps_percent.empty())
        solver["steps_percent"] = form.numbers("lr_multistep_values", kAny, usual.steps_percent, "invalid value");
    return solver;
}

http::Async<Result<ModelWish>> read_model_form(Form& form, const ModelFamily& family, const Context& context) {
    if (family.is_generic && form.text("method", "standard") == "standard")
        co_return fail(ErrorCode::kInvalidArgument, "Unrecognized method: \"standard\"");
    ModelWish wish;
    wish.name = form.required_text("model_name");
    wish.group = form.text("group_name");
    auto& spec = wish.spec = json::object();
    spec["dataset_id"] = read_dataset(form, family, context);
    spec["solver"] = read_solver(form);
    spec["epochs"] = form.required_integer("train_epochs", kPositive, static_cast<std::int64_t>(ModelSpec().epochs));
    form.read_required(model_fields(), {"/snapshot_interval", "/val_interval", "/seed", "/crop_size", "/mean"}, spec);
    form.read_optional(model_fields(), {"/batch_accumulation"}, spec);
    // Scripts of DIGITS ask for the snapshot of any epoch.
    spec["keep_snapshots"] = "all";
    spec["augmentation"] = read_augmentation(form);
    wish.learning_rates = form.numbers("learning_rate", kNotNegative, {SolverSpec().base_lr});
    wish.batch_sizes = form.integers("batch_size", kPositive);
    const auto jobs = wish.learning_rates.size() * std::max<std::size_t>(wish.batch_sizes.size(), 1);
    if (jobs > kMostJobs)
        form.refuse("learning_rate",
                    fmt::format("{} jobs at once are too many; at most {} are allowed", jobs, kMostJobs));
    read_network(form, spec, context);
    DIGITS_CO_TRY(co_await check_custom_weights(form, spec, context));
    DIGITS_CO_TRY(co_await read_python_layers(form, spec["network"], context));
    check_rest(form);
    spec["device"] = read_device(form);
    co_return wish;
}

std::string model_field_of(const std::string& place, const json& spec) {
    const auto policy = spec.value(json::json_pointer("/solver/lr_policy"), "step");
    if (!place.starts_with("/spec")) return "";
    for (const auto* member : {"gamma", "power", "step_percent"})
        if (place == fmt::format("/spec/solver/{}", member)) return policy_field(policy, member);
    if (const auto field = declared_field_of(model_fields(), std::string_view(place).substr(5)); !field.empty())
        return field;
    if (place.starts_with("/spec/augmentation")) return "dataset";
    if (place.starts_with("/spec/network")) return "custom_network";
    const bool standard = spec.contains(json::json_pointer("/network/standard"));
    return place == "/spec" ? (standard ? "standard_networks" : "custom_network") : "";
}

Result<std::vector<std::string>> weights_of_epoch(const Job& job, double epoch, const Context& context) {
    if (epoch == 0) return std::vector<std::string>{};
    if (epoch < 0) {
        DIGITS_ASSIGN(const auto spec, parse_model_spec(*job.spec));
        std::vector<std::string> paths;
        for (const auto& weights : spec.weights) paths.push_back(weights.path);
        return paths;
    }
    const auto dir = context.jobs.job_dir(job.id);
    DIGITS_ASSIGN(const auto snapshots, list_snapshots(job, context));
    if (const auto* snapshot = find_snapshot(snapshots, epoch))
        return std::vector<std::string>{(dir / snapshot->weights).string()};
    return fail(ErrorCode::kNotFound, "For the job {}, selected pretrained_model for epoch {} is invalid!", job.id,
                python_number(epoch));
}

Result<std::string> network_text(const Job& job) {
    DIGITS_ASSIGN(const auto spec, parse_model_spec(*job.spec));
    const auto* standard = find_standard_network(spec.network.standard);
    return standard ? std::string(standard->prototxt) : spec.network.prototxt;
}

}  // namespace digits::api::compat
