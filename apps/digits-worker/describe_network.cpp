#include "describe_network.hpp"

#include <algorithm>
#include <map>

#include "base/file.hpp"
#include "caffe/judged_output.hpp"
#include "caffe/upgrade.hpp"
#include "engine/device/device.hpp"
#include "engine/memory/free_memory.hpp"
#include "engine/memory/memory.hpp"
#include "engine/net/describe.hpp"
#include "engine/precision/product_mode.hpp"
#include "engine/solver/solver.hpp"
#include "engine/solver/training_rate.hpp"
#include "memory_need.hpp"
#include "models/network_files.hpp"
#include "models/prepare.hpp"
#include "models/snapshots.hpp"
#include "models/standard_networks.hpp"
#include "tasks/classification/class_scores.hpp"
#include "tasks/task.hpp"
#include "training/early_stopping.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr double kMeasureBudget_s = 1.6;
/// How far a real training may be from the trial; it shares the machine, reads images and writes snapshots.
constexpr double kSlower = 0.7, kFaster = 1.15;
/// A forward pass costs about a third of a training step.
constexpr double kTestSpeed = 3;

struct Stage {
    const char* name;
    caffe::Phase phase;
    const char* use;  ///< in sentences
    bool is_deploy() const { return std::string_view(name) == "deploy"; }
};
constexpr Stage kStages[]{
    {"train", caffe::TRAIN, "training"}, {"val", caffe::TEST, "validation"}, {"deploy", caffe::TEST, "deployment"}};

caffe::NetState net_state(const Stage& stage) {
    caffe::NetState state;
    state.set_phase(stage.phase);
    state.add_stage(stage.name);
    return state;
}

json layer_json(const LayerDescription& layer) {
    return {{"name", layer.name},       {"type", layer.type},
            {"bottoms", layer.bottoms}, {"tops", layer.tops},
            {"shapes", layer.shapes},   {"parameters", layer.parameters},
            {"flops", layer.flops},     {"memory_bytes", layer.memory_bytes}};
}

json net_json(const NetDescription& net) {
    json layers = json::array();
    for (const auto& layer : net.layers) layers.push_back(layer_json(layer));
    return {{"batch_size", net.batch_size},
            {"parameters", net.parameters},
            {"flops", net.forward_flops},
            {"memory_bytes", net.memory_bytes},
            {"layers", std::move(layers)}};
}

/// Python layers of a network that has no folder yet.
class PythonLayersInPassing {
  public:
    Status write(const std::string& text) {
        text_ = text;
        if (text.empty()) return {};
        return write_file_atomic(folder_.emplace().path() / kPythonLayersFile, text);
    }
    const std::string& text() const { return text_; }
    /// Empty without a text.
    std::filesystem::path folder() const { return folder_ ? folder_->path() : std::filesystem::path(); }

  private:
    std::string text_;
    std::optional<TemporaryFolder> folder_;
};

/// A page asks again with every word that is typed; the same network is not tried twice.
Result<TrainingRate> known_rate(const caffe::NetParameter& net, const PythonLayersInPassing& python,
                                const ImageInputs& inputs, RateOptions options) {
    static std::map<std::string, TrainingRate> known;
    const auto key = fmt::format("{}\n{}\n{} {} {} {} {} {} {}", net.SerializeAsString(), python.text(),
                                 inputs.image[0], inputs.image[1], inputs.image[2], options.batch_size, options.classes,
                                 options.threads, enum_name(options.precision));
    options.budget_s = kMeasureBudget_s;
    options.base_dir = python.folder();
    if (const auto found = known.find(key); found != known.end()) return found->second;
    DIGITS_ASSIGN(const auto rate, measure_training_rate(net, inputs, options));
    constexpr std::size_t kMostKnown = 64;
    if (known.size() == kMostKnown) known.clear();
    known[key] = rate;
    return rate;
}

json memory_json(const MemoryNeed& need) {
    return {{"fit", enum_name(judge_memory(need))},
            {"needed_bytes", need.needed},
            {"free_bytes", need.room.free},
            {"total_bytes", need.room.total},
            {"field", enum_name(need.field)},
            {"batch_size", need.batch_size},
            {"largest_batch_size", need.largest_batch_size ? json(*need.largest_batch_size) : json()}};
}

json range(double low, double high) { return {{"low", low}, {"high", high}}; }

json time_json(const TrainingRate& rate, const ModelSpec& spec, const TrainingData& dataset) {
    const double low = kSlower * rate.images_per_s, high = kFaster * rate.images_per_s;
    json time{{"images_per_s", range(low, high)},
              {"how", rate.measured ? "measured" : "matrix_products"},
              {"tried_batch_size", rate.measured ? json(rate.tried_batch_size) : json()},
              {"training_s", nullptr}};
    if (spec.dataset_dir.empty() || dataset.train_count <= 1) return time;
    const double tests = spec.val_interval > 0 ? 1 / spec.val_interval : 0;
    const double images = spec.epochs * (static_cast<double>(dataset.train_count) +
                                         tests * static_cast<double>(dataset.val_count) / kTestSpeed);
    time["training_s"] = range(images / high, images / low);
    return time;
}

std::optional<AssumedImages> assumed_images(const json& request) {
    const auto image = request.value("image", json());
    if (!image.is_object()) return std::nullopt;
    return AssumedImages{image.value("width", 0), image.value("height", 0), image.value("channels", 0),
                         request.value("classes", std::int64_t{10}), request.value("task", "")};
}

ImageInputs inputs_of(const ModelCheck& check) {
    ImageInputs inputs{{check.dataset.record_channels(), check.dataset.height, check.dataset.width}, {}};
    // What is assumed without a dataset does not say whether a target is a class or numbers.
    const bool is_class = !check.has_dataset && (check.task.empty() || check.task == kDefaultTask);
    if (!is_class) inputs.target_size = check.dataset.target_size;
    return inputs;
}

using Descriptions = std::map<std::string_view, NetDescription>;

/// Builds the nets of a check as a training would, up to the first that cannot be built.
std::optional<Error> describe_stages(const ModelCheck& check, const std::filesystem::path& folder, Descriptions& nets) {
    auto inputs = inputs_of(check);
    if (check.has_dataset) inputs.classes = check.dataset.label_count;
    for (const auto& stage : kStages) {
        auto net = stage.is_deploy() ? check.files->deploy : check.files->train_val;
        if (std::string_view(stage.name) == "val" && check.val_batch_size == 0) continue;
        if (const auto upgraded = upgrade_net(net); !upgraded) return upgraded.error();
        auto found = describe_net(net, net_state(stage), inputs, folder);
        if (!found) return found.error();
        if (const auto train = nets.find("train"); train != nets.end())
            if (const auto takes = check_takes_weights(train->second, *found, stage.use); !takes) return takes.error();
        nets[stage.name] = std::move(*found);
    }
    return std::nullopt;
}

/// Of a classification network: which output answers must be clear, or every evaluation would be refused.
std::optional<Error> answer_fault(const ModelCheck& check, const NetDescription& deploy) {
    if (!check.task.empty() && check.task != kDefaultTask) return std::nullopt;
    std::map<std::string, const LayerDescription*> open;
    for (const auto& layer : deploy.layers) {
        for (const auto& bottom : layer.bottoms) open.erase(bottom);
        for (const auto& top : layer.tops) open[top] = &layer;
    }
    std::vector<std::string> answers;
    for (const auto& [top, layer] : open) {
        const auto shape = layer->shapes.find(top);
        if (layer->type != "Softmax" || shape == layer->shapes.end() || shape->second.size() < 2) continue;
        const bool is_list = element_count(shape->second) == shape->second[0] * shape->second[1];
        if (is_list && shape->second[1] == check.dataset.label_count) answers.push_back(layer->name);
    }
    if (answers.size() < 2 || !judged_output(check.files->train_val, check.files->deploy).empty()) return std::nullopt;
    auto error = unclear_answer(answers.size(), fmt::format("{}", fmt::join(answers, ", ")));
    error.message = "[" + answers.back() + "] " + error.message;
    return error;
}

/// Of these sides of square images the first with which all nets can be built and nothing else is wrong; none where it
/// is not the images' size that is to blame.
std::optional<int> side_that_fits(const ModelSpec& spec, const ModelCheck& check, const std::filesystem::path& folder) {
    constexpr int kSides[]{32, 64, 96, 128, 160, 192, 224, 256, 320, 384, 512};
    const auto* standard = find_standard_network(spec.network.standard);
    for (const int side : kSides) {
        if (side <= std::min(check.dataset.width, check.dataset.height) || (standard && side < standard->height))
            continue;
        const auto larger = check_with_size(spec, *check.network, check, side, side);
        Descriptions nets;
        if (larger.files && !describe_stages(larger, folder, nets)) return side;
    }
    return std::nullopt;
}

/// What cannot be built; with images that are too small, the size that would do.
ModelFinding building_fault(const Error& error, const ModelSpec& spec, const ModelCheck& check,
                            const std::filesystem::path& folder) {
    auto finding = finding_of(Severity::kError, error, network_text(spec));
    if (error.code != ErrorCode::kInvalidArgument) return finding;
    finding.needs_side = side_that_fits(spec, check, folder);
    if (!finding.needs_side) return finding;
    auto too_small = make_error(ErrorCode::kInvalidArgument, "{}. The images are too small for the network: {} x {}",
                                finding.message, check.dataset.width, check.dataset.height)
                         .advise(fmt::format("Recreate the dataset at {} x {}, or choose a network for small images",
                                             *finding.needs_side, *finding.needs_side));
    finding.message = std::move(too_small.message);
    finding.advice = std::move(too_small.advice);
    return finding;
}

/// Where there is no validation, none has a metric. Errors: kInvalidArgument at /early_stopping/metric.
Status check_stop_metric(const EarlyStoppingSpec& early, const NetDescription& val, const Task& task) {
    if (!early.patience || early.metric.empty()) return {};
    auto names = val.series;
    for (const auto& name : task.measures())
        if (std::ranges::find(val.measures, name) != val.measures.end()) names.push_back(name);
    if (std::ranges::find(names, early.metric) != names.end()) return {};
    return fail(no_such_metric(early.metric, names));
}

}  // namespace

Result<json> describe_network(const json& request, const std::vector<std::string>& roots) {
    static const std::int64_t own_bytes = resident_bytes();
    // As a training does, before the first tensor.
    if (request.value("measure", false)) keep_freed_memory();
    const Device device = default_device();
    DIGITS_ASSIGN(auto spec, parse_model_spec(request.value("spec", json())));
    spec.dataset_dir = request.value("dataset_dir", "");
    const auto check = check_model(spec, assumed_images(request));
    json answer{
        {"ok", check.ok()},
        {"diagnostics", json::array()},
        {"networks", json::object()},
        {"batch_size", check.batch_size},
        {"image",
         {{"width", check.dataset.width}, {"height", check.dataset.height}, {"channels", check.dataset.channels}}},
        {"crop_size", check.crop_size},
        {"parameters", nullptr},
        {"flops", nullptr},
        {"memory_bytes", nullptr},
        {"free_memory_bytes", memory_of(device).free},
        {"memory", nullptr},
        {"snapshots_bytes", nullptr},
        {"time", nullptr}};
    const auto note = [&](const Error& error) {
        answer["ok"] = false;
        answer["diagnostics"].push_back(to_json(finding_of(Severity::kError, error, network_text(spec))));
    };
    for (const auto& finding : check.findings) answer["diagnostics"].push_back(to_json(finding));
    if (!check.files) return answer;

    for (const auto* net : {&check.files->train_val, &check.files->deploy})
        if (const auto files = check_network_files(*net, spec.dataset_dir, roots); !files) {
            note(files.error());
            return answer;
        }
    // Of a dataset that is not finished nobody knows what its images are.
    if (check.has_dataset) {
        const auto job_dir = std::filesystem::path(spec.dataset_dir).parent_path() / "model";
        if (const auto means = check_own_means(check.files->train_val, check.dataset, job_dir); !means) {
            note(means.error());
            return answer;
        }
    }
    if (const auto mode = product_mode(spec.precision, device); !mode) note(mode.error());
    PythonLayersInPassing python;
    DIGITS_TRY(python.write(spec.network.python_layers));
    const auto inputs = inputs_of(check);
    Descriptions nets;
    const auto fault = describe_stages(check, python.folder(), nets);
    for (const auto& [stage, net] : nets) answer["networks"][stage] = net_json(net);
    if (nets.contains("train")) {
        answer["parameters"] = nets["train"].parameters;
        answer["flops"] = {{"forward", nets["train"].forward_flops}, {"backward", nets["train"].backward_flops}};
    }
    if (fault) {
        answer["ok"] = false;
        answer["diagnostics"].push_back(to_json(building_fault(*fault, spec, check, python.folder())));
        return answer;
    }
    if (const auto unclear = answer_fault(check, nets["deploy"])) {
        note(*unclear);
        return answer;
    }
    const auto* val = nets.contains("val") ? &nets["val"] : nullptr;
    const auto& task = *get_task(check.task).value_or(tasks().find(kDefaultTask));
    if (const auto metric = val ? check_stop_metric(spec.early_stopping, *val, task) : Status(); !metric) {
        auto finding = finding_of(Severity::kError, metric.error(), network_text(spec));
        finding.where = metric.error().where;
        answer["ok"] = false;
        answer["diagnostics"].push_back(to_json(finding));
    }
    if (nets["train"].learning == 0)
        answer["diagnostics"].push_back(to_json(finding_of(Severity::kWarning, nothing_learns(), network_text(spec))));
    answer["memory_bytes"] = own_bytes + training_bytes(nets["train"], val);
    // Of a dataset that is still being made only the images' size is assumed, which says nothing about its training.
    if (check.has_dataset || spec.dataset_dir.empty()) {
        DIGITS_ASSIGN(const auto need, memory_need(check, spec.precision, device, python.folder()));
        answer["memory"] = memory_json(need);
        if (check.has_dataset)
            answer["snapshots_bytes"] = snapshots_bytes(spec, check.files->solver, nets["train"].parameters);
    }
    if (!request.value("measure", false)) return answer;
    const auto rate = known_rate(check.files->train_val, python, inputs,
                                 {.batch_size = check.batch_size,
                                  .classes = check.dataset.label_count,
                                  .precision = spec.precision,
                                  .threads = spec.threads});
    if (rate) {
        answer["time"] = time_json(*rate, spec, check.dataset);
    } else {
        const auto error = Error(rate.error()).because("how long it takes to train is not known");
        answer["diagnostics"].push_back(to_json(finding_of(Severity::kWarning, error, network_text(spec))));
    }
    return answer;
}

}  // namespace digits
