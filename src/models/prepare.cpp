#include "models/prepare.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "base/file.hpp"
#include "base/json_binding.hpp"
#include "base/text.hpp"
#include "caffe/built_in_python.hpp"
#include "caffe/layer_rules.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/stages.hpp"
#include "caffe/text_outline.hpp"
#include "caffe/upgrade.hpp"
#include "data/records/mean.hpp"
#include "models/dataset_facts.hpp"
#include "models/network_files.hpp"
#include "models/small_boxes.hpp"
#include "models/standard_networks.hpp"
#include "models/start_weights.hpp"
#include "tasks/task.hpp"

namespace digits {

template <>
struct JsonBinding<ModelFacts> {
    static auto fields() {
        return std::tuple{
            json_field("framework", &ModelFacts::framework),
            json_field("network", &ModelFacts::network),
            json_field("epochs", &ModelFacts::epochs),
            json_field("iterations_per_epoch", &ModelFacts::iterations_per_epoch),
            json_field("max_iter", &ModelFacts::max_iter),
            json_field("batch_size", &ModelFacts::batch_size),
            json_field("val_batch_size", &ModelFacts::val_batch_size),
            json_field("batch_accumulation", &ModelFacts::batch_accumulation),
            json_field("crop_size", &ModelFacts::crop_size),
            json_field("mean", &ModelFacts::mean),
        };
    }
};

namespace {

namespace fs = std::filesystem;

constexpr const char* kTextPlace = "/network/prototxt";
constexpr int kFormat = 1;
constexpr std::uint64_t kMostMeanBytes = std::uint64_t{1} << 30;

Status write_if_changed(const fs::path& path, std::string_view text) {
    std::error_code ignored;
    if (fs::file_size(path, ignored) == text.size())
        if (const auto present = read_file(path); present && *present == text) return {};
    return write_file_atomic(path, text);
}

/// The task of a network that has no dataset yet.
std::string assumed_task(const ModelSpec& spec, const std::optional<AssumedImages>& assumed) {
    if (assumed && !assumed->task.empty()) return assumed->task;
    const auto* standard = find_standard_network(spec.network.standard);
    return standard ? std::string(standard->task) : "";
}

TrainingData assumed_dataset(const ModelSpec& spec, const std::optional<AssumedImages>& assumed) {
    TrainingData facts;
    const auto* standard = find_standard_network(spec.network.standard);
    facts.label_count = assumed ? assumed->classes : 10;
    facts.images_per_record = assumed ? assumed->images_per_record : standard ? standard->images_per_record : 1;
    const auto name = assumed_task(spec, assumed);
    if (const auto* task = tasks().find(name)) facts.target_form = target_form(task->target());
    // Only numbers have a size of their own: images take the channels of the dataset, boxes and masks its classes.
    if (facts.target_form == caffe::DataParameter::NUMBERS) facts.target_size = facts.label_count;
    facts.channels = assumed ? assumed->channels : standard ? standard->channels : 3;
    facts.height = assumed ? assumed->height : standard ? standard->height : 256;
    facts.width = assumed ? assumed->width : standard ? standard->width : 256;
    facts.train_db = "train_db";
    facts.val_db = "val_db";
    // Of other tasks the labels are not numbers of classes in the images' records, but those of pairs are.
    if (!name.empty() && name != kDefaultTask && facts.images_per_record == 1) {
        facts.train_label_db = "train_labels_db";
        facts.val_label_db = "val_labels_db";
    }
    facts.train_count = facts.val_count = 1;
    facts.mean_file = "mean.binaryproto";
    facts.mean_pixel.assign(static_cast<std::size_t>(facts.channels), 0);
    return facts;
}

/// What the names of the layers make doubtful. Errors: those of check_layer_names() and upgrade_net().
Result<std::vector<std::string>> check_names(const caffe::NetParameter& network, std::string_view text) {
    caffe::NetParameter net = network;
    DIGITS_TRY(upgrade_net(net));
    return check_layer_names(net, text);
}

/// The crop that comes with a standard network is for the images that it was made for. Smaller ones are cropped as its
/// text says, which is cut to the images.
TrainingChoices choices_for(const ModelSpec& spec, const TrainingData& dataset) {
    auto choices = training_choices(spec);
    const auto* standard = find_standard_network(spec.network.standard);
    const bool is_default = standard && standard->crop_size > 0 && choices.crop_size == standard->crop_size;
    if (is_default && standard->crop_size > std::min(dataset.width, dataset.height)) choices.crop_size.reset();
    return choices;
}

/// Whether images like these can be varied so.
Status check_augmentation(const Augmentation& augmentation, const TrainingData& dataset) {
    if (augmentation.changes_nothing()) return {};
    const auto wrong = [](const char* member, std::string message, const char* advice) {
        return fail(
            Error{ErrorCode::kInvalidArgument, std::move(message), std::string("/augmentation") + member, advice});
    };
    if (dataset.backend == TrainingBackend::kHdf5)
        return wrong("", "images in HDF5 cannot be varied", "Leave augmentation out, or use an LMDB dataset");
    if (augmentation.mosaic > 0 && dataset.target_form == caffe::DataParameter::NUMBERS)
        return wrong("/mosaic",
                     "a mosaic combines four images, whose targets must have places in them: boxes, masks or "
                     "images",
                     "Set mosaic to 0; mixup is for classes");
    const bool quarter = augmentation.turns == TurnMode::kQuarter || augmentation.turns == TurnMode::kAll;
    if (quarter && dataset.width != dataset.height)
        return wrong("/turns",
                     fmt::format("quarter turns want square images, these are {} x {}", dataset.width, dataset.height),
                     "Choose half turns");
    if ((augmentation.hue > 0 || augmentation.saturation > 0) && dataset.channels != 3)
        return wrong(augmentation.hue > 0 ? "/hue" : "/saturation",
                     fmt::format("hue and saturation want color images, these have {} channel", dataset.channels),
                     "Leave them at 0");
    return {};
}

/// In the training alone: a validation's loss stays comparable.
Status smooth_labels(const ModelSpec& spec, caffe::NetParameter& net) {
    if (spec.label_smoothing <= 0) return {};
    bool found = false;
    for (auto& layer : *net.mutable_layer()) {
        if (layer.type() != "SoftmaxWithLoss") continue;
        layer.mutable_loss_param()->set_label_smoothing(static_cast<float>(spec.label_smoothing));
        found = true;
    }
    if (found) return {};
    return fail(
        make_error(ErrorCode::kInvalidArgument, "Label smoothing needs a layer SoftmaxWithLoss, the network has none")
            .at("/label_smoothing")
            .advise("Set Label smoothing to 0"));
}

/// In the training: the layer Mixup behind the data layers, which hands the images on unchanged in a validation.
Status mix_images(const ModelSpec& spec, const TrainingData& dataset, caffe::NetParameter& net) {
    if (spec.mixup <= 0) return {};
    const auto wrong = [](std::string message) {
        return fail(Error{ErrorCode::kInvalidArgument, std::move(message), "/mixup", "Set Mixup to 0"});
    };
    if (dataset.target_form != caffe::DataParameter::NUMBERS) return wrong("Mixup is for classification");
    std::string label;
    std::set<std::string_view> taken;
    for (const auto& layer : net.layer()) {
        taken.insert(layer.name());
        taken.insert(layer.top().begin(), layer.top().end());
        if (layer.type() != "SoftmaxWithLoss" || layer.bottom_size() < 2) continue;
        if (!label.empty() && layer.bottom(1) != label)
            return wrong("Mixup needs one kind of labels; the network's losses have several");
        label = layer.bottom(1);
    }
    if (label.empty()) return wrong("Mixup needs a layer SoftmaxWithLoss, the network has none");
    std::string images;
    int after = -1;
    for (int i = 0; i < net.layer_size(); ++i) {
        const auto& layer = net.layer(i);
        if (layer.bottom_size() > 0 || layer.top_size() < 2 || layer.top(1) != label) continue;
        images = layer.top(0);
        after = i;
    }
    if (after < 0) return wrong(fmt::format("Mixup needs a data layer with images and \"{}\"; none has both", label));
    std::string top = "mixup";
    while (taken.contains(top)) top += "_";
    for (auto& layer : *net.mutable_layer())
        if (layer.type() == "SoftmaxWithLoss") layer.add_bottom(top);
    auto& mixup = *net.add_layer();
    mixup.set_name(top);
    mixup.set_type("Mixup");
    for (const auto& bottom : {images, label}) mixup.add_bottom(bottom);
    for (const auto& name : {images, top}) mixup.add_top(name);
    mixup.mutable_mixup_param()->set_alpha(static_cast<float>(spec.mixup));
    for (int i = net.layer_size() - 1; i > after + 1; --i) net.mutable_layer()->SwapElements(i, i - 1);
    return {};
}

/// In training and validation: both report the loss that is minimized.
Status weigh_classes(const ModelSpec& spec, const TrainingData& dataset, caffe::NetParameter& net) {
    if (spec.class_weights == ClassWeights::kNone) return {};
    const auto wrong = [](std::string message) {
        return fail(
            Error{ErrorCode::kInvalidArgument, std::move(message), "/class_weights", "Set Class weights to none"});
    };
    const auto& counts = dataset.train_per_class;
    if (counts.empty()) return wrong("Class weights need a dataset whose samples have classes");
    const auto all = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
    bool found = false;
    for (auto& layer : *net.mutable_layer()) {
        if (layer.type() != "SoftmaxWithLoss") continue;
        auto& weights = *layer.mutable_loss_param()->mutable_class_weight();
        weights.Clear();
        for (const auto count : counts)
            weights.Add(count == 0 ? 1.0F
                                   : static_cast<float>(
                                         all / (static_cast<double>(counts.size()) * static_cast<double>(count))));
        found = true;
    }
    return found ? Status() : wrong("Class weights need a layer SoftmaxWithLoss, the network has none");
}

/// What is legal, but hardly meant.
std::optional<std::string> batch_warning(const TrainingFiles& files, const TrainingData& dataset) {
    if (files.batch_size <= dataset.train_count) return std::nullopt;
    return fmt::format(
        "The batch size {} is larger than the training set of {} images: each batch has images more than once. Choose "
        "a batch size of at most {}.",
        files.batch_size, dataset.train_count, dataset.train_count);
}

/// A file that is not there without a text.
Status write_or_remove(const fs::path& path, std::string_view text) {
    if (!text.empty()) return write_if_changed(path, text);
    std::error_code ignored;
    fs::remove(path, ignored);
    return {};
}

/// A mean file that the network names itself becomes a file of the model, so that it goes with the model wherever that
/// is used. Copied once: a resumed training needs the original no more.
Status keep_own_mean(const std::string& dataset_mean, const fs::path& job_dir, caffe::NetParameter& train_val) {
    std::map<std::string, std::string> kept;
    for (auto& layer : *train_val.mutable_layer()) {
        const std::string given = layer.transform_param().mean_file();
        if (given.empty() || given == dataset_mean) continue;
        auto& name = kept[given];
        if (name.empty()) {
            name = kept.size() == 1 ? "own_mean.binaryproto" : fmt::format("own_mean_{}.binaryproto", kept.size());
            if (const auto bytes = read_file(job_dir / given, kMostMeanBytes)) {
                DIGITS_TRY(write_if_changed(job_dir / name, *bytes));
            } else if (!fs::exists(job_dir / name)) {
                return fail(Error(bytes.error()).because(fmt::format("[{}] its mean_file", layer.name())));
            }
        }
        layer.mutable_transform_param()->set_mean_file(name);
    }
    return {};
}

Status check_mean(const caffe::LayerParameter& layer, const TrainingData& dataset, const fs::path& path) {
    const auto refuse = [](Error error) {
        return fail(
            std::move(error).advise("Give the path of a mean image as Caffe's compute_image_mean writes it, or leave "
                                    "mean_file out and subtract "
                                    "the dataset's mean"));
    };
    const auto mean = read_mean_file(path);
    if (!mean)
        return refuse(make_error(ErrorCode::kInvalidArgument, "[{}] its mean_file cannot be used: {}", layer.name(),
                                 mean.error().to_string()));
    const int channels = dataset.record_channels();
    const bool fits = mean->channels == channels && mean->height == dataset.height && mean->width == dataset.width;
    if (layer.type() != "Data" || fits) return {};
    return refuse(make_error(ErrorCode::kInvalidArgument,
                             "[{}] its mean_file is for images of {} x {} (channels: {}), those of the dataset are {} "
                             "x {} (channels: {})",
                             layer.name(), mean->width, mean->height, mean->channels, dataset.width, dataset.height,
                             channels));
}

/// `augmentation.json`, only where images are varied.
Status write_augmentation(const Augmentation& augmentation, const fs::path& job_dir) {
    return write_or_remove(job_dir / kAugmentationFile,
                           augmentation.changes_nothing() ? "" : to_json(augmentation).dump(2) + "\n");
}

}  // namespace

std::string_view network_text(const ModelSpec& spec) {
    if (!spec.network.text.empty()) return spec.network.text;
    const auto* standard = find_standard_network(spec.network.standard);
    return standard ? standard->prototxt : std::string_view(spec.network.prototxt);
}

Result<caffe::NetParameter> parse_network(const ModelSpec& spec) {
    return parse_net_text(network_text(spec), kTextPlace);
}

Status check_own_means(const caffe::NetParameter& train_val, const TrainingData& dataset, const fs::path& job_dir) {
    for (const auto& layer : train_val.layer())
        if (const auto& given = layer.transform_param().mean_file(); !given.empty() && given != dataset.mean_file)
            DIGITS_TRY(check_mean(layer, dataset, (job_dir / given).lexically_normal()));
    return {};
}

Result<PreparedModel> prepare_model(const ModelSpec& spec, const fs::path& job_dir) {
    DIGITS_ASSIGN(const auto network, parse_network(spec));
    return prepare_model(spec, network, job_dir, {});
}

Result<PreparedModel> prepare_model(const ModelSpec& spec, const caffe::NetParameter& network, const fs::path& job_dir,
                                    const std::vector<std::string>& roots) {
    if (spec.dataset_dir.empty())
        return fail(make_error(ErrorCode::kInvalidArgument, "dataset_dir is missing: the folder of the dataset")
                        .at("/dataset_dir"));
    DIGITS_ASSIGN(const auto dataset, read_dataset_folder(spec.dataset_dir));
    DIGITS_TRY(check_weights_are_there(spec));
    DIGITS_TRY(check_start(spec, network));
    DIGITS_ASSIGN(const auto* task, get_task(dataset.task));
    DIGITS_ASSIGN(auto files, task->make_networks(network, dataset.facts, choices_for(spec, dataset.facts)));
    DIGITS_TRY(check_augmentation(spec.augmentation, dataset.facts));
    for (const auto* net : {&files.train_val, &files.deploy}) DIGITS_TRY(check_network_files(*net, job_dir, roots));
    DIGITS_TRY(keep_own_mean(dataset.facts.mean_file, job_dir, files.train_val));
    DIGITS_ASSIGN(auto doubtful, check_names(network, network_text(spec)));
    DIGITS_TRY(smooth_labels(spec, files.train_val));
    DIGITS_TRY(mix_images(spec, dataset.facts, files.train_val));
    DIGITS_TRY(weigh_classes(spec, dataset.facts, files.train_val));
    DIGITS_ASSIGN(auto of_start,
                  set_rates_of_start(spec, {files.solver.max_iter(), files.batch_size}, files.train_val));

    PreparedModel prepared;
    prepared.task = dataset.task;
    prepared.solver_file = job_dir / "solver.prototxt";
    prepared.warnings = std::move(files.warnings);
    for (auto& warning : doubtful) prepared.warnings.push_back(std::move(warning));
    for (auto& warning : of_start) prepared.warnings.push_back(std::move(warning));
    if (auto warning = batch_warning(files, dataset.facts)) prepared.warnings.push_back(std::move(*warning));
    prepared.facts.network = spec.network.standard.empty() ? "custom" : spec.network.standard;
    prepared.facts.epochs = spec.epochs;
    prepared.facts.iterations_per_epoch = files.iterations_per_epoch;
    prepared.facts.max_iter = files.solver.max_iter();
    prepared.facts.batch_size = files.batch_size;
    prepared.facts.val_batch_size = files.val_batch_size;
    prepared.facts.batch_accumulation = spec.batch_accumulation;
    prepared.facts.crop_size = files.crop_size;
    prepared.facts.mean = spec.mean;
    DIGITS_TRY(write_if_changed(job_dir / "original.prototxt", without_byte_order_mark(network_text(spec))));
    DIGITS_TRY(write_if_changed(job_dir / "train_val.prototxt", format_prototxt(files.train_val)));
    DIGITS_TRY(write_if_changed(job_dir / "deploy.prototxt", format_prototxt(files.deploy)));
    DIGITS_TRY(write_if_changed(prepared.solver_file, format_prototxt(files.solver)));
    DIGITS_TRY(write_or_remove(job_dir / kPythonLayersFile, without_byte_order_mark(spec.network.python_layers)));
    DIGITS_TRY(write_augmentation(spec.augmentation, job_dir));
    DIGITS_TRY(write_model_facts(prepared.facts, job_dir));
    prepared.solver = std::move(files.solver);
    prepared.solver.clear_net();
    *prepared.solver.mutable_net_param() = std::move(files.train_val);
    return prepared;
}

Status write_model_facts(const ModelFacts& facts, const fs::path& job_dir) {
    auto json = to_json(facts);
    json["format"] = kFormat;
    return write_if_changed(job_dir / "model.json", json.dump(2) + "\n");
}

Result<ModelFacts> read_model_facts(const fs::path& job_dir) {
    const auto path = job_dir / "model.json";
    DIGITS_ASSIGN(const auto text, read_file(path, 1 << 20));
    auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object() || json.value("format", nlohmann::json()) != kFormat)
        return fail(make_error(ErrorCode::kDataLoss, "expected a JSON object of format {}", kFormat).at(path.string()));
    json.erase("format");
    auto facts = parse_json<ModelFacts>(json);
    if (!facts)
        return fail(
            make_error(ErrorCode::kDataLoss, "{}: {}", facts.error().where, facts.error().message).at(path.string()));
    return facts;
}

bool ModelCheck::ok() const {
    return std::none_of(findings.begin(), findings.end(),
                        [](const auto& finding) { return finding.severity == Severity::kError; });
}

namespace {

/// Collects what is wrong with a spec: first what does not depend on its network, then its network.
class ModelChecker {
  public:
    /// With images of this dataset; none: of the spec's.
    explicit ModelChecker(const ModelSpec& spec, const ModelCheck* known = nullptr)
        : spec_(spec), text_(network_text(spec)) {
        if (known) {
            dataset_ = known->dataset;
            task_ = known->task;
            is_assumed_ = !known->has_dataset;
            return;
        }
        if (spec.dataset_dir.empty()) return;
        auto dataset = read_dataset_folder(spec.dataset_dir);
        if (dataset) {
            dataset_ = std::move(dataset->facts);
            box_sides_ = std::move(dataset->box_sides);
            task_ = std::move(dataset->task);
        } else {
            note(dataset.error().code == ErrorCode::kFailedPrecondition ? Severity::kWarning : Severity::kError,
                 dataset.error());
        }
    }

    std::optional<caffe::NetParameter> parse() {
        std::vector<Diagnostic> diagnostics;
        auto network = parse_net_text(text_, kTextPlace, &diagnostics);
        // Behind an unpaired bracket everything seems wrong.
        if (diagnostics.size() > 1 && !brackets_match(text_))
            diagnostics.erase(diagnostics.begin() + 1, diagnostics.end());
        for (auto& found : diagnostics) {
            ModelFinding finding;
            finding.message = std::move(found.message);
            finding.line = found.line;
            finding.column = found.column;
            check_.findings.push_back(std::move(finding));
        }
        if (network) return std::move(*network);
        if (diagnostics.empty()) note(Severity::kError, network.error());
        return std::nullopt;
    }

    void check(const caffe::NetParameter& network, const std::optional<AssumedImages>& assumed) {
        if (const auto start = check_start(spec_, network); !start) note_field(start.error());
        for (const auto& layer : network.layer())
            if (runs_users_code(layer)) check_.python_layers.push_back(layer.name());
        check_.has_dataset = dataset_.has_value() && !is_assumed_;
        check_.dataset = dataset_ ? *dataset_ : assumed_dataset(spec_, assumed);
        check_.task = task_.empty() ? assumed_task(spec_, assumed) : task_;
        const auto task = get_task(check_.task);
        if (!task) return note(Severity::kError, task.error());
        auto choices = choices_for(spec_, check_.dataset);
        std::vector<std::string> refused;
        choices.refused_warnings = &refused;
        auto files = (*task)->make_networks(network, check_.dataset, choices);
        if (!files)
            for (const auto& warning : refused) note_warning(warning);
        const auto names = check_names(network, text_);
        if (!names) note(Severity::kError, names.error());
        if (!files) return note(Severity::kError, files.error());
        if (names)
            for (const auto& warning : *names) note_warning(warning);
        if (const auto smoothed = smooth_labels(spec_, files->train_val); !smoothed) note_field(smoothed.error());
        if (const auto mixed = mix_images(spec_, check_.dataset, files->train_val); !mixed) note_field(mixed.error());
        if (check_.has_dataset) {
            if (const auto weighed = weigh_classes(spec_, *dataset_, files->train_val); !weighed)
                note_field(weighed.error());
            if (const auto varied = check_augmentation(spec_.augmentation, *dataset_); !varied)
                note_field(varied.error());
            for (const auto& warning : files->warnings) note_warning(warning);
            if (const auto warning = batch_warning(*files, *dataset_)) note_warning(*warning);
            if (const auto small = small_boxes_warning(files->train_val, box_sides_)) note(Severity::kWarning, *small);
        }
        for (const auto& warning : warn_of_unread_outputs(files->train_val)) note_warning(warning);
        check_.batch_size = files->batch_size;
        check_.val_batch_size = files->val_batch_size;
        check_.crop_size = files->crop_size;
        check_.files = std::move(*files);
    }

    ModelCheck take() { return std::move(check_); }

  private:
    /// `error` is at a field of the spec.
    void note_field(const Error& error) {
        note(Severity::kError, error);
        check_.findings.back().where = error.where;
    }
    void note_warning(const std::string& text) {
        note(Severity::kWarning, Error{ErrorCode::kInvalidArgument, text, {}, {}});
    }
    void note(Severity severity, const Error& error) { check_.findings.push_back(finding_of(severity, error, text_)); }

    const ModelSpec& spec_;
    std::string_view text_;
    std::optional<TrainingData> dataset_;
    std::string task_;                      ///< of the dataset
    std::vector<std::uint64_t> box_sides_;  ///< of its training set
    bool is_assumed_ = false;
    ModelCheck check_;
};

}  // namespace

ModelCheck check_model(const ModelSpec& spec, const std::optional<AssumedImages>& assumed) {
    ModelChecker checker(spec);
    auto network = checker.parse();
    if (network) checker.check(*network, assumed);
    auto check = checker.take();
    check.network = std::move(network);
    return check;
}

ModelCheck check_model(const ModelSpec& spec, const caffe::NetParameter& network,
                       const std::optional<AssumedImages>& assumed) {
    ModelChecker checker(spec);
    checker.check(network, assumed);
    return checker.take();
}

ModelCheck check_with_size(const ModelSpec& spec, const caffe::NetParameter& network, const ModelCheck& check,
                           int width, int height) {
    ModelCheck known;
    known.dataset = check.dataset;
    known.dataset.width = width;
    known.dataset.height = height;
    known.task = check.task;
    known.has_dataset = check.has_dataset;
    ModelChecker checker(spec, &known);
    checker.check(network, std::nullopt);
    return checker.take();
}

ModelTexts format_texts(const ModelCheck& check) {
    ModelTexts texts;
    if (!check.files) return texts;
    texts.train_val = format_prototxt(check.files->train_val);
    texts.deploy = format_prototxt(check.files->deploy);
    if (check.has_dataset) texts.solver = format_prototxt(check.files->solver);
    return texts;
}

}  // namespace digits
