#include "models/model_spec.hpp"

#include "base/json_binding.hpp"
#include "caffe/augmentation_binding.hpp"
#include "models/standard_networks.hpp"

namespace digits {
namespace {

constexpr double kMostPixels = 10000;
constexpr double kMostBatch = 1 << 20;

/// What a number of a learning rate policy is for each that takes it.
template <class Value>
nlohmann::json by_policy(Value PolicyDefaults::* member) {
    auto values = nlohmann::json::object();
    for (const auto& [policy, name] : EnumNames<LrPolicy>::kNames) {
        const auto value = policy_defaults(policy).*member;
        if constexpr (requires { value.has_value(); }) {
            if (value) values[std::string(name)] = *value;
        } else if (!value.empty()) {
            values[std::string(name)] = value;
        }
    }
    return values;
}

constexpr const char* kPolicyPath = "/solver/lr_policy";

}  // namespace

template <>
struct JsonBinding<NetworkSpec> {
    static constexpr const char* kSchema = "NetworkChoice";
    static constexpr const char* kHelp =
        "One of standard, a text, model and pretrained; a job keeps the text beside `model` and `pretrained`, too";
    static constexpr bool kOmitsEmpty = true;
    static Fields fields() {
        using S = NetworkSpec;
        return {json_field("framework", &S::framework)
                    .label("Framework")
                    .help("What the network is written for: a name of `/frameworks`")
                    .cli("")
                    .digits("framework"),
                json_field("standard", &S::standard)
                    .label("Standard network")
                    .help("A name of `/networks`")
                    .cli("")
                    .digits("standard_networks"),
                json_field("prototxt", &S::prototxt)
                    .label("Network text")
                    .help("The network as prototxt, for caffe")
                    .cli("")
                    .digits("custom_network"),
                json_field("text", &S::text).label("Network text").help("The network, for other frameworks").cli(""),
                json_field("model", &S::model).label("Model").help("Id of the model whose network to use").cli(""),
                json_field("pretrained", &S::pretrained)
                    .label("Pretrained model")
                    .help("Id of the pretrained model whose network to use")
                    .cli("")
                    .digits("pretrained_networks"),
                json_field("python_layers", &S::python_layers)
                    .label("Python layers")
                    .help("Text of the Python module `digits_python_layers`, where the server allows it; absent: that "
                          "of `model` or `pretrained`")
                    .cli("")
                    .digits("python_layer_client_file")};
    }
};
template <>
struct JsonBinding<WeightsSpec> {
    static constexpr const char* kSchema = "WeightsChoice";
    static constexpr const char* kHelp =
        "A `.caffemodel` file on the server's machine, a snapshot of a model, or a pretrained model";
    static constexpr const char* kShorthand = "path";
    static constexpr bool kOmitsEmpty = true;
    static Fields fields() {
        using S = WeightsSpec;
        return {
            json_field("path", &S::path)
                .label("Initial weights (.caffemodel)")
                .help("A `.caffemodel` file; for weights of a job the server fills it in")
                .path(PlaceKind::kFile),
            json_field("model", &S::model).label("Model").help("Id of the model whose weights to use"),
            json_field("snapshot", &S::snapshot)
                .label("Snapshot")
                .help("Of the model: an iteration, `best` or `last`; absent: `best`"),
            json_field("pretrained", &S::pretrained)
                .label("Pretrained model")
                .help("Id of the pretrained model whose weights to use"),
            json_field("transfer", &S::transfer)
                .label("Transfer learning")
                .help("Layers whose weights have another shape than the network's start from scratch; else that is an "
                      "error")};
    }
};
template <>
struct JsonBinding<SolverSpec> {
    static constexpr const char* kSchema = "Solver";
    static Fields fields() {
        using S = SolverSpec;
        return {
            json_field<S>("type", &S::type)
                .label("Solver type")
                .help("How gradients change the weights")
                .key("field.solver")
                .cli("solver")
                .digits("solver_type"),
            json_field<S>("base_lr", &S::base_lr)
                .label("Base learning rate")
                .help("Learning rate at the start of the training")
                .cli("lr")
                .digits("learning_rate")
                .above(0),
            json_field<S>("lr_policy", &S::lr_policy)
                .label("Learning rate policy")
                .help("How the learning rate changes during the training")
                .key("field.policy")
                .cli("policy")
                .digits("lr_policy"),
            json_field("gamma", &S::gamma)
                .label("Gamma")
                .help("Factor or steepness of the learning rate policy; 1 changes nothing")
                .default_by(kPolicyPath, by_policy(&PolicyDefaults::gamma))
                .at_least(0),
            json_field("step_percent", &S::step_percent)
                .label("Step size")
                .help("Length of a step (policy step) or its middle (policy sigmoid), in % of the training")
                .unit("%")
                .cli("step")
                .default_by(kPolicyPath, by_policy(&PolicyDefaults::step_percent))
                .range(0, 100),
            json_field("steps_percent", &S::steps_percent)
                .label("Steps")
                .help("Where the policy multistep steps, in % of the training, separated by commas")
                .unit("%")
                .cli("steps")
                .digits("lr_multistep_values")
                .default_by(kPolicyPath, by_policy(&PolicyDefaults::steps_percent)),
            json_field("power", &S::power)
                .label("Power")
                .help("Exponent of the policies inv and poly")
                .default_by(kPolicyPath, by_policy(&PolicyDefaults::power))
                .at_least(0),
            json_field<S>("warmup_percent", &S::warmup_percent)
                .label("Warm-up")
                .help("Part of the training in which the rate of the policy cosine rises evenly from 0")
                .unit("%")
                .cli("warmup")
                .when(kPolicyPath, "cosine")
                .range(0, 99),
            json_field("freeze_percent", &S::freeze_percent)
                .label("Freeze at first")
                .help("Part of the training in which layers with initial weights are frozen and only the new ones "
                      "learn")
                .unit("%")
                .cli("freeze")
                .range(0, 100),
            json_field("freeze_to", &S::freeze_to)
                .label("Freeze up to layer")
                .help("Name of a layer: those with initial weights up to it, in the order of the network's text, "
                      "never learn"),
            json_field("trunk_rate", &S::trunk_rate)
                .label("Learning rate of initial weights")
                .help("Factor of the learning rate of layers with initial weights, such as 0.1")
                .range(0, 100),
            json_field<S>("momentum", &S::momentum)
                .label("Momentum")
                .help("Fraction of the previous update that is kept; usually 0.9")
                .range(0, 1)
                .advanced(),
            json_field<S>("weight_decay", &S::weight_decay)
                .label("Weight decay")
                .help("L2 regularization; default: base learning rate / 100, for AdamW 0.01")
                .at_least(0)
                .advanced(),
            json_field("rms_decay", &S::rms_decay)
                .label("RMS decay")
                .help("Decay of the running mean of squared gradients (RMSProp only); default: 0.99")
                .digits("rms_decay")
                .default_by("/solver/type", {{std::string(enum_name(SolverType::kRmsprop)), SolverChoices().rms_decay}})
                .range(0, 1)
                .advanced(),
            json_field<S>("clip_gradients", &S::clip_gradients)
                .label("Gradient clipping")
                .help("Largest L2 norm of the gradients of all parameters together; larger gradients are scaled "
                      "down to it, which keeps a training from diverging; default: no limit")
                .above(0)
                .advanced()};
    }
};
template <>
struct JsonBinding<EarlyStoppingSpec> {
    static constexpr const char* kSchema = "EarlyStopping";
    static constexpr const char* kHelp = "Ends a training whose validations do not improve";
    static Fields fields() {
        using S = EarlyStoppingSpec;
        return {
            json_field("patience", &S::patience)
                .label("Early stopping: patience")
                .help("Number of validations without improvement after which the training ends; default: never")
                .range(1, 1e6)
                .advanced(),
            json_field("metric", &S::metric)
                .label("Early stopping: metric")
                .help("Value of the validation that must improve, such as loss; default: the one that decides which "
                      "snapshot is the best")
                .key("field.stop_metric")
                .cli("stop-metric")
                .advanced()};
    }
};
template <>
struct JsonBinding<ModelSpec> {
    static constexpr const char* kSchema = "ModelSpec";
    static constexpr const char* kHelp = "null: the network or the defaults of DIGITS decide. Intervals are in epochs";
    static Fields fields() {
        using S = ModelSpec;
        return {
            json_field("dataset_id", &S::dataset_id)
                .label("Dataset")
                .help("Id of the dataset to train on")
                .key("kind.dataset")
                .cli("")
                .digits("dataset"),
            json_field("network", &S::network).label("Network").required(),
            json_field("solver", &S::solver).label("Solver"),
            json_field("epochs", &S::epochs)
                .label("Epochs")
                .help("Number of passes over the training set")
                .digits("train_epochs")
                .range(0, 1e9)
                .above(0),
            json_field("snapshot_interval", &S::snapshot_interval)
                .label("Snapshot interval (in epochs)")
                .help("0: only at the end")
                .digits("snapshot_interval")
                .at_least(0),
            json_field("keep_snapshots", &S::keep_snapshots)
                .or_word("all", &S::keep_all_snapshots)
                .label("Snapshots to keep")
                .help("The newest so many, beside the best one and those that you ask for; all: every snapshot")
                .range(1, 1e6),
            json_field("val_interval", &S::val_interval)
                .label("Validation interval (in epochs)")
                .help("0: never")
                .digits("val_interval")
                .at_least(0),
            json_field("early_stopping", &S::early_stopping).label("Early stopping"),
            json_field("batch_size", &S::batch_size)
                .or_word("auto", &S::auto_batch_size)
                .label("Batch size")
                .help("Images in one iteration; default: as in the network; auto: as in the network, processed in "
                      "parts that fit into memory")
                .digits("batch_size")
                .range(1, kMostBatch),
            json_field("val_batch_size", &S::val_batch_size)
                .label("Validation batch size")
                .help("Changes speed and memory usage, not the result; default: as in the network")
                .range(1, kMostBatch),
            json_field("start_anyway", &S::start_anyway)
                .label("Start although memory is short")
                .help("Starts a training that lacks at most 15 % of the free memory by the estimate; more than that is "
                      "always refused")
                .advanced(),
            json_field("batch_accumulation", &S::batch_accumulation)
                .label("Batch accumulation")
                .help("Number of batches whose gradients are summed before the weights are updated")
                .cli("accumulate")
                .digits("batch_accumulation")
                .range(1, kMostBatch),
            json_field("label_smoothing", &S::label_smoothing)
                .label("Label smoothing")
                .help("Part of each label that is spread over the other classes in the training; 0.1 is usual")
                .range(0, 0.99),
            json_field("mixup", &S::mixup)
                .label("Mixup")
                .help(
                    "Mixes the training images of a batch in pairs, and their labels: alpha of the distribution of the "
                    "parts, 0.2 is usual; 0: none")
                .range(0, 1),
            json_field("class_weights", &S::class_weights)
                .label("Class weights")
                .help("balanced: samples of rare classes count more in the training, so that each class counts alike"),
            json_field("mean", &S::mean)
                .label("Subtract mean")
                .help("What is subtracted from each image")
                .digits("use_mean"),
            json_field("augmentation", &S::augmentation).label("Augmentation").cli("augment"),
            json_field("crop_size", &S::crop_size)
                .label("Crop size")
                .help("Side of the square cut out of each image: at random in training, from the center otherwise; "
                      "default: as in the network")
                .unit("px")
                .cli("crop")
                .digits("crop_size")
                .range(1, kMostPixels),
            json_field("seed", &S::seed)
                .label("Random seed")
                .help("The same seed gives the same training; default: random")
                .key("field.model_seed")
                .digits("random_seed")
                .range(0, 9e15)
                .advanced(),
            json_field("device", &S::device)
                .label("Device")
                .help("cpu, or cuda:0 for the first GPU; default: the first GPU that is free, without one the CPU")
                .advanced(),
            json_field("threads", &S::threads)
                .label("Threads")
                .help("Number of threads; 0: all cores")
                .range(0, 1024)
                .advanced(),
            json_field("precision", &S::precision)
                .label("Precision")
                .help("Number format of convolutions and inner products: fp32, bf16, or on a GPU tf32 or fp16; refused "
                      "where it would be slower than fp32")
                .advanced(),
            json_field("weights", &S::weights)
                .label("Initial weights (.caffemodel)")
                .help("Layers of the same name start with these weights; later files win")
                .cli("")
                .digits("custom_network_snapshot")
                .advanced(),
        };
    }
};

namespace {

tl::unexpected<Error> invalid(const char* where, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), where, {}});
}

Status validate_network(const NetworkSpec& network) {
    const std::string_view text_member = NetworkSpec::text_member(network.framework);
    const bool is_prototxt = text_member == "prototxt";
    const auto& text = is_prototxt ? network.prototxt : network.text;
    if (const auto& other = is_prototxt ? network.text : network.prototxt; !other.empty())
        return invalid(is_prototxt ? "/network/text" : "/network/prototxt",
                       fmt::format("A network of {} is given as {}, not as {}.", network.framework, text_member,
                                   is_prototxt ? "text" : "prototxt"));
    const int sources = !network.standard.empty() + !network.model.empty() + !network.pretrained.empty();
    if (sources == 0 && text.empty())
        return invalid("/network",
                       fmt::format("Choose a network: give one of standard (a name), {} (a text), model and pretrained "
                                   "(ids)",
                                   text_member));
    if (sources > 1 || (!network.standard.empty() && !text.empty()))
        return invalid("/network",
                       fmt::format("Only one of standard, {}, model and pretrained may name the network", text_member));
    if (!is_prototxt || network.standard.empty() || find_standard_network(network.standard)) return {};
    std::string names;
    for (const auto& known : standard_networks("")) names += (names.empty() ? "" : ", ") + std::string(known.name);
    return invalid("/network/standard",
                   fmt::format("There is no standard network \"{}\"; choose one of {}", network.standard, names));
}

Status validate_weights(const std::vector<WeightsSpec>& weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const auto& one = weights[i];
        const auto wrong = [&](std::string message) {
            return fail(Error{ErrorCode::kInvalidArgument, std::move(message), fmt::format("/weights/{}", i), {}});
        };
        if (one.path.empty() && one.model.empty() && one.pretrained.empty())
            return wrong("Initial weights need a path, or the id of a model or of a pretrained model");
        if (!one.model.empty() && !one.pretrained.empty())
            return wrong("Initial weights come from one job: give only one of model and pretrained");
        if (!one.snapshot.empty() && one.model.empty()) return wrong("A snapshot needs the id of its model");
    }
    return {};
}

Status validate_solver(const SolverSpec& solver) {
    const bool steps = solver.lr_policy == LrPolicy::kStep || solver.lr_policy == LrPolicy::kSigmoid;
    if (steps && solver.step_percent && *solver.step_percent <= 0)
        return invalid("/solver/step_percent", "Step size must be greater than 0");
    if (solver.lr_policy == LrPolicy::kExp && solver.gamma && *solver.gamma <= 0)
        return invalid("/solver/gamma", "Gamma must be greater than 0 for the policy exp");
    double before = 0;
    for (const double percent : solver.steps_percent) {
        if (percent <= before || percent > 100)
            return invalid("/solver/steps_percent",
                           fmt::format("Steps must be increasing numbers up to 100, got {} after {}", percent, before));
        before = percent;
    }
    return {};
}

}  // namespace

PolicyDefaults policy_defaults(LrPolicy policy) {
    switch (policy) {
        case LrPolicy::kStep: return {.gamma = 0.1, .step_percent = 33};
        case LrPolicy::kMultistep: return {.gamma = 0.5, .steps_percent = {50, 85}};
        case LrPolicy::kExp: return {.gamma = 0.95};
        case LrPolicy::kInv: return {.gamma = 0.1, .power = 0.5};
        case LrPolicy::kPoly: return {.power = 3};
        case LrPolicy::kSigmoid: return {.gamma = 0.1, .step_percent = 50};
        case LrPolicy::kFixed:
        case LrPolicy::kCosine: break;
    }
    return {};
}

Result<ModelSpec> parse_model_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_json<ModelSpec>(json));
    DIGITS_TRY(validate_network(spec.network));
    DIGITS_TRY(validate_weights(spec.weights));
    DIGITS_TRY(validate_solver(spec.solver));
    return spec;
}

Result<ModelSpec> parse_stored_model_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_model_spec(json));
    if (!json.contains("keep_snapshots")) spec.keep_all_snapshots = true;
    return spec;
}

nlohmann::json to_json(const ModelSpec& spec) {
    auto json = to_json<ModelSpec>(spec);
    if (spec.network.framework == kDefaultFramework) json["network"].erase("framework");
    return json;
}
std::string framework_name(const nlohmann::json& spec) {
    return spec.value("/network/framework"_json_pointer, std::string(kDefaultFramework));
}
const FieldList& model_fields() { return field_list<ModelSpec>(); }

TrainingChoices training_choices(const ModelSpec& spec) {
    const SolverSpec& solver = spec.solver;
    TrainingChoices choices;
    static_cast<SolverSettings&>(choices.solver) = solver;
    const auto usual = policy_defaults(solver.lr_policy);
    const auto take = [](const auto& given, const auto& otherwise, auto& chosen) {
        if (given || otherwise) chosen = given ? *given : *otherwise;
    };
    take(solver.gamma, usual.gamma, choices.solver.gamma);
    take(solver.step_percent, usual.step_percent, choices.solver.step_percent);
    take(solver.power, usual.power, choices.solver.power);
    choices.solver.steps_percent = solver.steps_percent.empty() ? usual.steps_percent : solver.steps_percent;
    choices.solver.rms_decay = solver.rms_decay.value_or(choices.solver.rms_decay);
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
