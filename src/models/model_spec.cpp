#include "models/model_spec.hpp"

#include <strings.h>

#include <limits>
#include <tuple>

#include "base/json_binding.hpp"
#include "caffe/augmentation_binding.hpp"
#include "models/standard_networks.hpp"

namespace digits {
namespace {

constexpr double kNoLimit = std::numeric_limits<double>::infinity();
constexpr double kMostPixels = 10000;
constexpr double kMostBatch = 1 << 20;

}  // namespace

template <>
struct JsonBinding<NetworkSpec> {
    static auto fields() {
        return std::tuple{
            json_field("framework", &NetworkSpec::framework).help("what the network is written for"),
            json_field("standard", &NetworkSpec::standard).help("name of a network that comes with Digits"),
            json_field("prototxt", &NetworkSpec::prototxt).help("the network's text, for caffe"),
            json_field("text", &NetworkSpec::text).help("the network's text, for other frameworks"),
            json_field("model", &NetworkSpec::model).help("model whose network it is"),
            json_field("pretrained", &NetworkSpec::pretrained).help("pretrained model whose network it is"),
            json_field("python_layers", &NetworkSpec::python_layers)
                .help("text of the module digits_python_layers, whose classes its Python layers are"),
        };
    }
};
template <>
struct JsonBinding<WeightsSpec> {
    static auto fields() {
        return std::tuple{
            json_field("path", &WeightsSpec::path).help("a .caffemodel file"),
            json_field("model", &WeightsSpec::model).help("model whose weights they are"),
            json_field("snapshot", &WeightsSpec::snapshot).help("of the model: an iteration, best or last"),
            json_field("pretrained", &WeightsSpec::pretrained).help("pretrained model whose weights they are"),
        };
    }
};
template <>
struct JsonBinding<SolverSpec> {
    static auto fields() {
        return std::tuple{
            json_field("type", &SolverSpec::type),
            json_field("base_lr", &SolverSpec::base_lr).help("learning rate at the start").range(0, kNoLimit),
            json_field("lr_policy", &SolverSpec::lr_policy).help("how the learning rate changes"),
            json_field("gamma", &SolverSpec::gamma).help("factor or steepness of the policy").range(0, kNoLimit),
            json_field("step_percent", &SolverSpec::step_percent)
                .help("step: length of a step, sigmoid: its middle, in % of the training")
                .range(0, 100),
            json_field("steps_percent", &SolverSpec::steps_percent).help("multistep: in % of the training"),
            json_field("power", &SolverSpec::power).help("of inv and poly").range(0, kNoLimit),
            json_field("momentum", &SolverSpec::momentum).help("null: 0.9 where the solver has one").range(0, 1),
            json_field("weight_decay", &SolverSpec::weight_decay).help("null: base_lr / 100").range(0, kNoLimit),
            json_field("rms_decay", &SolverSpec::rms_decay).help("of RMSProp; null: 0.99").range(0, 1),
        };
    }
};
template <>
struct JsonBinding<ModelSpec> {
    static auto fields() {
        return std::tuple{
            json_field("dataset_id", &ModelSpec::dataset_id).help("job of the dataset"),
            json_field("network", &ModelSpec::network).required(),
            json_field("solver", &ModelSpec::solver),
            json_field("epochs", &ModelSpec::epochs).help("passes over the training set").range(0, 1e9),
            json_field("snapshot_interval", &ModelSpec::snapshot_interval)
                .help("epochs; 0: only at the end")
                .range(0, kNoLimit),
            json_field("val_interval", &ModelSpec::val_interval).help("epochs; 0: never").range(0, kNoLimit),
            json_field("batch_size", &ModelSpec::batch_size)
                .help("null: as the network says; \"auto\": that, in parts that memory has room for")
                .range(1, kMostBatch),
            json_field("val_batch_size", &ModelSpec::val_batch_size).help("null: as batch_size").range(1, kMostBatch),
            json_field("batch_accumulation", &ModelSpec::batch_accumulation)
                .help("batches whose gradients are added up before the weights move")
                .range(1, kMostBatch),
            json_field("mean", &ModelSpec::mean).help("what is subtracted from a picture"),
            json_field("augmentation", &ModelSpec::augmentation).help("how pictures are varied while training"),
            json_field("crop_size", &ModelSpec::crop_size)
                .help("side of a square cut out of each picture, pixels; null: as the network says")
                .range(1, kMostPixels),
            json_field("seed", &ModelSpec::seed)
                .help("of fillers, dropout and crops; null: Digits chooses")
                .range(0, 9e15),
            json_field("threads", &ModelSpec::threads).help("0: all cores").range(0, 1024),
            json_field("precision", &ModelSpec::precision)
                .help("of convolutions and inner products: fp32, bf16, or on a GPU tf32 or fp16"),
            json_field("weights", &ModelSpec::weights).help("to start from; layers of the same name get their values"),
        };
    }
};

namespace {

tl::unexpected<Error> invalid(const char* where, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), where, {}});
}

/// "NESTEROV" and "nesterov" mean Nesterov; DIGITS's own clients write capitals.
nlohmann::json with_known_solver(nlohmann::json json) {
    const auto place = nlohmann::json::json_pointer("/solver/type");
    if (!json.is_object() || !json.contains(place) || !json[place].is_string()) return json;
    auto& word = json[place];
    for (const auto& [type, name] : EnumNames<SolverType>::kNames)
        if (strcasecmp(word.get_ref<const std::string&>().c_str(), std::string(name).c_str()) == 0)
            word = std::string(name);
    return json;
}

Status validate_network(const NetworkSpec& network) {
    const bool caffe = network.framework == "caffe";
    const auto& text = caffe ? network.prototxt : network.text;
    if (const auto& other = caffe ? network.text : network.prototxt; !other.empty())
        return invalid(caffe ? "/network/text" : "/network/prototxt",
                       fmt::format("A network of {} is given as {}, not as {}.", network.framework,
                                   caffe ? "prototxt" : "text", caffe ? "text" : "prototxt"));
    const int sources = !network.standard.empty() + !network.model.empty() + !network.pretrained.empty();
    if (sources == 0 && text.empty())
        return invalid("/network", fmt::format("no network: expected one of standard (a name), {} (a text), model and "
                                               "pretrained (ids)",
                                               caffe ? "prototxt" : "text"));
    if (sources > 1 || (!network.standard.empty() && !text.empty()))
        return invalid("/network", fmt::format("two networks: expected only one of standard, {}, model and pretrained",
                                               caffe ? "prototxt" : "text"));
    if (!caffe || network.standard.empty() || find_standard_network(network.standard)) return {};
    std::string names;
    for (const auto& known : standard_networks()) names += (names.empty() ? "" : ", ") + std::string(known.name);
    return invalid("/network/standard",
                   fmt::format("no standard network is named \"{}\", expected one of {}", network.standard, names));
}

/// A bare path stands for weights of that path.
nlohmann::json with_weights_as_objects(nlohmann::json json) {
    if (!json.is_object()) return json;
    const auto weights = json.find("weights");
    if (weights == json.end() || !weights->is_array()) return json;
    for (auto& one : *weights)
        if (one.is_string()) one = {{"path", one}};
    return json;
}

Status validate_weights(const std::vector<WeightsSpec>& weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto& one = weights[i];
        const auto wrong = [&](std::string message) {
            return fail(Error{ErrorCode::kInvalidArgument, std::move(message), fmt::format("/weights/{}", i), {}});
        };
        if (one.path.empty() && one.model.empty() && one.pretrained.empty())
            return wrong("no weights: expected a path, or the id of a model or of a pretrained model");
        if (!one.model.empty() && !one.pretrained.empty())
            return wrong("weights of two jobs: expected only one of model and pretrained");
        if (!one.snapshot.empty() && one.model.empty()) return wrong("a snapshot belongs to a model, which is missing");
    }
    return {};
}

Status validate_solver(const SolverSpec& solver) {
    if (solver.base_lr <= 0) return invalid("/solver/base_lr", "base_lr is 0, expected more");
    const bool steps = solver.lr_policy == LrPolicy::kStep || solver.lr_policy == LrPolicy::kSigmoid;
    if (steps && solver.step_percent && *solver.step_percent <= 0)
        return invalid("/solver/step_percent", "step_percent is 0, expected more");
    if (solver.lr_policy == LrPolicy::kExp && solver.gamma && *solver.gamma <= 0)
        return invalid("/solver/gamma", "gamma is 0, expected more for the policy exp");
    double before = 0;
    for (const double percent : solver.steps_percent) {
        if (percent <= before || percent > 100)
            return invalid(
                "/solver/steps_percent",
                fmt::format("steps_percent has {} after {}, expected growing numbers up to 100", percent, before));
        before = percent;
    }
    return {};
}

/// As in DIGITS's form.
double default_gamma(LrPolicy policy) {
    switch (policy) {
        case LrPolicy::kMultistep: return 0.5;
        case LrPolicy::kExp: return 0.95;
        default: return 0.1;
    }
}

}  // namespace

Result<ModelSpec> parse_model_spec(const nlohmann::json& json) {
    auto known = with_weights_as_objects(with_known_solver(json));
    const bool auto_batch_size = known.is_object() && known.value("batch_size", nlohmann::json()) == "auto";
    if (auto_batch_size) known["batch_size"] = nullptr;
    DIGITS_ASSIGN(auto spec, parse_json<ModelSpec>(known));
    spec.auto_batch_size = auto_batch_size;
    DIGITS_TRY(validate_network(spec.network));
    DIGITS_TRY(validate_weights(spec.weights));
    DIGITS_TRY(validate_solver(spec.solver));
    if (spec.epochs <= 0) return invalid("/epochs", "epochs is 0, expected more");
    return spec;
}

nlohmann::json to_json(const ModelSpec& spec) {
    auto json = to_json<ModelSpec>(spec);
    if (spec.network.framework == "caffe") json["network"].erase("framework");
    if (spec.auto_batch_size) json["batch_size"] = "auto";
    std::erase_if(json["network"].get_ref<nlohmann::json::object_t&>(),
                  [](const auto& member) { return member.second == ""; });
    for (auto& one : json["weights"]) {
        std::erase_if(one.get_ref<nlohmann::json::object_t&>(), [](const auto& member) { return member.second == ""; });
        if (one.size() == 1 && one.contains("path")) one = nlohmann::json(one["path"]);
    }
    return json;
}

nlohmann::json model_spec_schema() { return json_schema<ModelSpec>(); }

TrainingChoices training_choices(const ModelSpec& spec) {
    const SolverSpec& solver = spec.solver;
    TrainingChoices choices;
    choices.solver.type = solver.type;
    choices.solver.base_lr = solver.base_lr;
    choices.solver.lr_policy = solver.lr_policy;
    choices.solver.gamma = solver.gamma.value_or(default_gamma(solver.lr_policy));
    choices.solver.step_percent = solver.step_percent.value_or(solver.lr_policy == LrPolicy::kSigmoid ? 50 : 33);
    choices.solver.steps_percent = solver.steps_percent.empty() ? std::vector<double>{50, 85} : solver.steps_percent;
    choices.solver.power = solver.power.value_or(solver.lr_policy == LrPolicy::kPoly ? 3 : 0.5);
    choices.solver.momentum = solver.momentum;
    choices.solver.weight_decay = solver.weight_decay;
    choices.solver.rms_decay = solver.rms_decay.value_or(0.99);
    choices.epochs = spec.epochs;
    choices.snapshot_interval = spec.snapshot_interval;
    choices.val_interval = spec.val_interval;
    choices.batch_size = spec.batch_size;
    choices.val_batch_size = spec.val_batch_size;
    choices.batch_accumulation = spec.batch_accumulation;
    choices.mean = spec.mean;
    choices.crop_size = spec.crop_size;
    choices.seed = spec.seed;
    return choices;
}

}  // namespace digits
