#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "base/sanitizer.hpp"
#include "base/text.hpp"
#include "caffe/built_in_python.hpp"
#include "caffe/finite_weights.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/stages.hpp"
#include "caffe/upgrade.hpp"
#include "caffe/weights.hpp"
#include "data/sources/files/label_file.hpp"
#include "engine/net/weights_fit.hpp"
#include "imports/onnx_file.hpp"
#include "imports/onnx_network.hpp"
#include "models/archive_info.hpp"
#include "models/fetch_from_store.hpp"
#include "models/foreign_format.hpp"
#include "models/pretrained_spec.hpp"
#include "models/unpack.hpp"
#include "models/whole_network.hpp"
#include "tasks.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostText_bytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kMemory_bytes = std::uint64_t{6} << 30;
constexpr int kMostPixels = 4096;

/// Memory that no model needs is refused with an error in this process, before the machine runs out of it.
void limit_memory(std::uint64_t weights_bytes) {
    if (kAddressSanitizer) return;
    std::ifstream file("/proc/self/statm");
    std::uint64_t pages = 0;
    file >> pages;
    const auto most = pages * 4096 + kMemory_bytes + 4 * weights_bytes;
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur <= most) return;
    limit.rlim_cur = most;
    setrlimit(RLIMIT_AS, &limit);
}

/// The layer whose outputs are the classes: the last one with weights before the end.
const caffe::LayerParameter* find_classifier(const caffe::NetParameter& net) {
    for (int i = net.layer_size() - 1; i >= 0; --i)
        if (net.layer(i).type() == "InnerProduct" || net.layer(i).type() == "Convolution") return &net.layer(i);
    return nullptr;
}

std::int64_t count_classes(const caffe::NetParameter& net, const caffe::NetParameter& weights) {
    const auto* classifier = find_classifier(net);
    if (!classifier) return 0;
    const auto given = classifier->type() == "InnerProduct" ? classifier->inner_product_param().num_output()
                                                            : classifier->convolution_param().num_output();
    if (given > 0) return given;
    for (const auto& layer : weights.layer()) {
        if (layer.name() != classifier->name() || layer.blobs_size() == 0) continue;
        const auto shape = blob_shape(layer.blobs(0));
        if (shape.empty()) return 0;
        return layer.blobs(0).has_num() && classifier->type() == "InnerProduct" ? shape[2] : shape[0];
    }
    return 0;
}

/// Whether a network follows DIGITS's rules for classes: its data layers give images with their class, and it ends in
/// shares of the classes. All others follow the generic rules.
bool is_of_classes(const caffe::NetParameter& net) {
    const auto gives_targets_alone = [](const auto& layer) {
        return is_data_layer(layer) && layer.top_size() == 1 && layer.top(0).find("label") != std::string::npos;
    };
    return std::ranges::any_of(net.layer(), [](const auto& layer) { return layer.type() == "Softmax"; }) &&
           std::ranges::none_of(net.layer(), gives_targets_alone);
}

/// Says how many outputs those layers have that a network leaves open for the dataset: as many as their weights.
void fill_in_outputs(caffe::NetParameter& net, const caffe::NetParameter& weights) {
    for (auto& layer : *net.mutable_layer()) {
        const auto found = std::ranges::find_if(
            weights.layer(), [&](const auto& other) { return other.name() == layer.name() && other.blobs_size() > 0; });
        if (found == weights.layer().end()) continue;
        const auto shape = blob_shape(found->blobs(0));
        if (shape.size() < 2) continue;
        if (layer.type() == "InnerProduct" && !layer.inner_product_param().has_num_output()) {
            const bool is_old = found->blobs(0).has_num() && shape.size() == 4;
            const auto axis = (is_old ? 2 : 0) + (layer.inner_product_param().transpose() ? 1 : 0);
            layer.mutable_inner_product_param()->set_num_output(static_cast<std::uint32_t>(shape[axis]));
        }
        if (layer.type() != "Convolution" && layer.type() != "Deconvolution") continue;
        auto& param = *layer.mutable_convolution_param();
        if (param.has_num_output()) continue;
        const bool stretches = layer.type() == "Deconvolution";
        // A bilinear one stretches each channel by itself.
        if (stretches && !param.has_group() && param.weight_filler().type() == "bilinear")
            param.set_group(static_cast<std::uint32_t>(shape[0]));
        param.set_num_output(static_cast<std::uint32_t>(stretches ? shape[1] * param.group() : shape[0]));
    }
}

OnnxPreparation preparation_of(const PreparationSpec& spec) {
    // Of ImageNet: means and standard deviations of its training images, as PyTorch's networks take them.
    switch (spec.preprocessing) {
        case PixelScaling::kImageNet: return {spec.is_bgr, {123.675, 116.28, 103.53}, {58.395, 57.12, 57.375}};
        case PixelScaling::kZeroToOne: return {spec.is_bgr, {}, {255}};
        case PixelScaling::kMinusOneToOne: return {spec.is_bgr, {127.5}, {127.5}};
        case PixelScaling::kCustom: return {spec.is_bgr, spec.pixel_mean, spec.pixel_std};
        default: return {spec.is_bgr, {}, {}};
    }
}

bool has_python_layer(const caffe::NetParameter& net) { return std::ranges::any_of(net.layer(), runs_users_code); }

/// Brings what a person gave into the job's folder under the names that Digits uses, if it holds together.
class Import {
  public:
    Import(PretrainedSpec spec, TaskHost& host) : spec_(std::move(spec)), host_(host), folder_(host.job_dir()) {}

    Result<nlohmann::json> run() {
        DIGITS_TRY(collect());
        DIGITS_TRY(stop());
        DIGITS_TRY(read_network());
        DIGITS_TRY(read_weights_file());
        DIGITS_TRY(stop());
        if (!info_.labels.empty()) {
            auto labels = read_labels(info_.labels);
            if (!labels) return fail(std::move(labels).error().at("labels"));
            facts_.labels = std::move(*labels);
        }
        facts_.classes = only_use_ || !is_of_classes(net_) ? 0 : count_classes(net_, weights_);
        if (facts_.classes == 0) facts_.classes = static_cast<std::int64_t>(facts_.labels.size());
        if (!facts_.labels.empty() && facts_.classes != static_cast<std::int64_t>(facts_.labels.size()))
            warn(fmt::format("labels.txt names {} classes, the network tells {} apart", facts_.labels.size(),
                             facts_.classes));
        DIGITS_TRY(read_mean());
        DIGITS_TRY(check_together());
        DIGITS_TRY(stop());
        DIGITS_TRY(write_files());
        return to_json(facts_);
    }

  private:
    void warn(std::string text) {
        host_.emit({{"event", "log"}, {"level", "warning"}, {"text", text}});
        facts_.warnings.push_back(std::move(text));
    }

    Status stop() const {
        if (host_.abort_requested()) return fail(ErrorCode::kCancelled, "aborted");
        return {};
    }

    void tell(const char* step, std::uint64_t done) {
        host_.emit(
            {{"event", "progress"}, {"step", step}, {"unit", "steps"}, {"done", done}, {"total", 4}, {"elapsed_s", 0}});
    }

    /// Where the files are, and what is said of them.
    Status collect() {
        tell("unpack", 0);
        const auto& source = spec_.source;
        if (source.type == PretrainedOrigin::kArchive) {
            const auto unpacked = folder_ / "unpacked";
            std::error_code error;
            fs::remove_all(unpacked, error);
            fs::create_directory(unpacked, error);
            if (error) return fail(errno_error("cannot make " + unpacked.string(), error.value()));
            const auto stop = [this] { return host_.abort_requested(); };
            DIGITS_ASSIGN(const auto members, unpack_archive(source.archive, unpacked, UnpackLimits{}, stop));
            DIGITS_ASSIGN(info_, read_archive_info(unpacked, members));
            DIGITS_TRY(refuse_foreign_format(info_.weights, info_.weights.filename().string()));
            return refuse_foreign_format(info_.network, info_.network.filename().string());
        }
        if (source.type == PretrainedOrigin::kOnnx) return convert_onnx();
        if (source.type == PretrainedOrigin::kStore)
            DIGITS_TRY(fetch_from_store(spec_.source, folder_ / "uploads", host_));
        info_.network = source.network;
        info_.weights = source.weights;
        info_.labels = source.labels;
        info_.mean = source.mean;
        info_.image = spec_.image;
        info_.mean_mode = spec_.mean;
        if (spec_.transform) info_.transform = *spec_.transform;
        info_.title = source.name;
        info_.license = spec_.license;
        info_.origin = spec_.origin;
        DIGITS_TRY(refuse_foreign_format(info_.weights, "weights"));
        return refuse_foreign_format(info_.network, "network");
    }

    /// Makes of an ONNX file those that are read next.
    Status convert_onnx() {
        const auto& source = spec_.source;
        std::error_code ignored;
        limit_memory(fs::file_size(source.onnx, ignored));
        DIGITS_ASSIGN(auto bytes, read_file(source.onnx));
        auto model = parse_onnx(bytes);
        if (!model) return fail(Error(model.error()).at("onnx"));
        bytes = std::string();
        DIGITS_TRY(stop());
        OnnxImportOptions options;
        if (spec_.preparation.preprocessing != PixelScaling::kFile)
            options.preparation = preparation_of(spec_.preparation);
        options.width = spec_.image.width;
        options.height = spec_.image.height;
        auto network = import_onnx(*model, options);
        if (!network && network.error().where.empty()) return fail(Error(network.error()).at("onnx"));
        if (!network) return fail(network.error());
        model->Clear();
        DIGITS_TRY(take_onnx(std::move(*network)));
        return stop();
    }

    Status take_onnx(OnnxNetwork network) {
        const auto made = folder_ / "unpacked";
        std::error_code error;
        fs::remove_all(made, error);
        fs::create_directory(made, error);
        if (error) return fail(errno_error("cannot make " + made.string(), error.value()));
        info_.network = made / "network.prototxt";
        info_.weights = made / "weights.caffemodel";
        DIGITS_TRY(write_file_atomic(info_.network, format_prototxt(network.net)));
        DIGITS_TRY(write_weights(network.weights, info_.weights));
        info_.labels = spec_.source.labels;
        if (info_.labels.empty()) facts_.labels = std::move(network.labels);
        const auto& input = network.input;
        info_.image = {static_cast<int>(input.width), static_cast<int>(input.height), static_cast<int>(input.channels),
                       !spec_.image.resize.empty() ? spec_.image.resize : resize_word(network.resize)};
        if (info_.image.resize.empty()) info_.image.resize = "squash";
        info_.image.value_range = network.value_range;
        info_.image.depth = network.is_deep ? SampleDepth::kFloat : SampleDepth::k8;
        if (network.is_deep && network.bands == info_.image.channels) info_.image.bands = network.bands;
        info_.transform.scale = input.scale;
        info_.transform.crop_size = static_cast<int>(input.crop_size);
        info_.transform.mean_values = input.mean;
        info_.transform.mean = input.mean.empty() ? MeanMode::kNone : MeanMode::kPixel;
        if (!input.mean_image.empty()) {
            caffe::BlobProto blob;
            for (const auto size : {std::int64_t{1}, input.channels, input.height, input.width})
                blob.mutable_shape()->add_dim(size);
            blob.mutable_data()->Add(input.mean_image.begin(), input.mean_image.end());
            info_.mean = made / "mean.binaryproto";
            DIGITS_TRY(write_blob(blob, info_.mean));
            info_.transform.mean = MeanMode::kImage;
        }
        info_.mean_mode = info_.transform.mean;
        info_.title = spec_.source.name;
        facts_.made_by = std::move(network.made_by);
        for (auto& note : network.notes) warn(std::move(note));
        if (!network.classifies) only_use_ = std::move(network.deploy);
        return {};
    }

    Status read_network() {
        tell("read the network", 1);
        auto text = read_text_file(info_.network.string(), kMostText_bytes);
        if (!text) return fail(std::move(text.error()).at("network"));
        DIGITS_ASSIGN(net_, parse_net_text(*text, "network"));
        DIGITS_TRY(upgrade_net(net_));
        for (auto& layer : *net_.mutable_layer()) layer.clear_blobs();
        // A network with its data layers says itself what they do.
        if (spec_.source.type == PretrainedOrigin::kFiles) info_.transform = image_transform(input_transform(net_));
        facts_.transform = info_.transform;
        facts_.transform.mean_file.clear();
        auto whole = make_whole_network(net_);
        text_ = whole.changes.empty() ? std::move(*text) : format_prototxt(whole.net);
        net_ = std::move(whole.net);
        for (auto& change : whole.changes) warn(std::move(change));
        facts_.network = net_.name();
        return {};
    }

    Status read_weights_file() {
        tell("read the weights", 2);
        std::error_code ignored;
        facts_.bytes = fs::file_size(info_.weights, ignored);
        limit_memory(facts_.bytes);
        auto weights = read_weights(info_.weights);
        if (!weights) return fail(Error(weights.error()).at("weights"));
        weights_ = std::move(*weights);
        const bool any =
            std::ranges::any_of(weights_.layer(), [](const auto& layer) { return layer.blobs_size() > 0; });
        if (!any)
            return fail(make_error(ErrorCode::kInvalidArgument, "the file has no weights: no layer of it has values")
                            .at("weights"));
        const auto finite = check_finite_weights(weights_);
        if (!finite && spec_.source.type == PretrainedOrigin::kModel) return fail(finite.error());
        // Others may have made them so: a network of ONNX may hold an infinite constant.
        if (!finite) warn(finite.error().message);
        return {};
    }

    Status read_mean() {
        facts_.image = info_.image;
        facts_.mean = info_.mean_mode;
        if (info_.mean.empty()) return {};
        auto mean = read_blob(info_.mean);
        if (mean)
            if (auto values = blob_values(*mean); !values) mean = fail(std::move(values.error()));
        if (!mean) return fail(Error(mean.error()).at("mean"));
        auto shape = blob_shape(*mean);
        if (shape.size() == 4 && shape[0] == 1) shape.erase(shape.begin());
        if (shape.size() != 3)
            return fail(
                make_error(ErrorCode::kInvalidArgument,
                           "a mean image must have the axes channels x height x width; the number of its axes is {}",
                           shape.size())
                    .at("mean"));
        auto& image = facts_.image;
        if (image.channels > 0 && shape[0] != image.channels)
            return fail(make_error(ErrorCode::kInvalidArgument, "the mean image has {} channels, the images have {}",
                                   shape[0], image.channels)
                            .at("mean"));
        if (image.width == 0 && shape[1] <= kMostPixels && shape[2] <= kMostPixels) {
            image.channels = static_cast<int>(shape[0]);
            image.height = static_cast<int>(shape[1]);
            image.width = static_cast<int>(shape[2]);
        }
        facts_.mean_file = kPretrainedMean;
        return {};
    }

    /// The network to use, for images of the model's size.
    Result<TrainingFiles> training_files() const {
        TrainingData dataset;
        dataset.label_count = std::max<std::int64_t>(facts_.classes, 1);
        dataset.channels = facts_.image.channels > 0 ? facts_.image.channels : 3;
        dataset.height = facts_.image.height > 0 ? facts_.image.height : 224;
        dataset.width = facts_.image.width > 0 ? facts_.image.width : 224;
        dataset.train_db = "train_db";
        dataset.train_count = 1;
        const auto reads_hdf5 = [](const auto& layer) { return layer.type() == "HDF5Data"; };
        if (std::ranges::any_of(net_.layer(), reads_hdf5)) dataset.backend = TrainingBackend::kHdf5;
        TrainingChoices choices;
        choices.mean = MeanMode::kNone;
        if (facts_.transform.crop_size > 0) choices.crop_size = facts_.transform.crop_size;
        if (is_of_classes(net_)) return make_training_files(net_, dataset, choices);
        auto net = net_;
        fill_in_outputs(net, weights_);
        const auto gives_both = [](const auto& layer) { return is_data_layer(layer) && layer.top_size() > 1; };
        if (std::ranges::none_of(net.layer(), gives_both)) dataset.train_label_db = "train_label_db";
        return make_generic_training_files(net, dataset, choices);
    }

    Status check_together() {
        tell("compare network and weights", 3);
        const auto& image = facts_.image;
        if (image.height > kMostPixels || image.width > kMostPixels)
            return fail(make_error(ErrorCode::kTooLarge, "the images are {} x {}; a side may have at most {} pixels",
                                   image.width, image.height, kMostPixels)
                            .at("image"));
        if (!info_.python_layer.empty()) {
            facts_.python_layer = kPretrainedPython;
            warn("the file with Python layers was kept and not run");
        }
        if (has_python_layer(net_)) {
            warn("the network has Python layers, which are not run here: its weights were compared by name only");
            return compare_names();
        }
        if (only_use_) {
            deploy_ = std::move(only_use_);
        } else {
            auto files = training_files();
            if (!files) return fail(Error(files.error()).at("network"));
            deploy_ = std::move(files->deploy);
        }
        auto net = *deploy_;
        DIGITS_TRY(upgrade_net(net));
        auto fit = fit_weights(net, weights_);
        if (!fit) return fail(Error(fit.error()).because("network and weights do not belong together").at("weights"));
        facts_.parameters = fit->parameters;
        facts_.without_weights = std::move(fit->without_weights);
        // Layers of the training alone, such as helping classifiers, are not part of the network to use.
        std::erase_if(fit->unused, [&](const std::string& name) {
            return std::ranges::any_of(net_.layer(), [&](const auto& layer) { return layer.name() == name; });
        });
        facts_.unused = std::move(fit->unused);
        return judge(fit->with_weights.size());
    }

    Status compare_names() {
        std::size_t found = 0;
        for (const auto& layer : weights_.layer()) {
            if (layer.blobs_size() == 0) continue;
            const bool known =
                std::ranges::any_of(net_.layer(), [&](const auto& other) { return other.name() == layer.name(); });
            found += known ? 1 : 0;
            if (!known) facts_.unused.push_back(layer.name());
            for (const auto& blob : layer.blobs()) {
                std::int64_t count = 1;
                for (const auto dim : blob_shape(blob)) count *= std::max<std::int64_t>(dim, 0);
                facts_.parameters += count;
            }
        }
        return judge(found);
    }

    Status judge(std::size_t with_weights) {
        const auto list = [](const std::vector<std::string>& names) {
            std::string text;
            for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 8); ++i)
                text += (i == 0 ? "" : ", ") + names[i];
            return names.size() > 8 ? text + fmt::format(" and {} more", names.size() - 8) : text;
        };
        if (with_weights == 0)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "network and weights do not belong together: the network's layers are {}, the "
                                   "weights are of {}",
                                   list(facts_.without_weights), list(facts_.unused))
                            .at("weights")
                            .advise("Give the network that these weights were trained with"));
        if (!facts_.without_weights.empty())
            warn("layers without weights start from scratch: " + list(facts_.without_weights));
        if (!facts_.unused.empty()) warn("weights of layers that the network lacks: " + list(facts_.unused));
        return {};
    }

    /// One link more, so that what was given is still there if this is interrupted.
    Status bring(const fs::path& from, const char* name) const {
        const auto fresh = folder_ / (std::string(".") + name + ".new");
        std::error_code error;
        fs::remove(fresh, error);
        fs::create_hard_link(from, fresh, error);
        if (!error) fs::rename(fresh, folder_ / name, error);
        if (error) return fail(errno_error("cannot make " + (folder_ / name).string(), error.value()));
        return {};
    }

    Status write_files() {
        // HDF5 goes by another ending in Caffe; the binary form is what the name promises.
        std::ifstream file(info_.weights, std::ios::binary);
        char start[4]{};
        file.read(start, sizeof start);
        if (std::string_view(start, 4) == "\x89HDF") {
            DIGITS_TRY(write_weights(weights_, folder_ / kPretrainedWeights));
        } else {
            DIGITS_TRY(bring(info_.weights, kPretrainedWeights));
        }
        DIGITS_TRY(write_file_atomic(folder_ / kPretrainedNetwork, text_));
        if (deploy_) DIGITS_TRY(write_file_atomic(folder_ / kPretrainedDeploy, format_prototxt(*deploy_)));
        if (!facts_.labels.empty()) {
            std::string text;
            for (const auto& label : facts_.labels) text += label + "\n";
            DIGITS_TRY(write_file_atomic(folder_ / kPretrainedLabels, text));
        }
        if (facts_.mean_file) DIGITS_TRY(bring(info_.mean, kPretrainedMean));
        if (facts_.python_layer) DIGITS_TRY(bring(info_.python_layer, kPretrainedPython));
        facts_.title = info_.title;
        facts_.license = info_.license;
        facts_.origin = info_.origin;
        DIGITS_TRY(
            write_file_atomic(folder_ / kPretrainedFacts,
                              to_json(facts_).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"));
        tell("compare network and weights", 4);
        std::error_code ignored;
        fs::remove_all(folder_ / "unpacked", ignored);
        fs::remove_all(folder_ / "uploads", ignored);
        return {};
    }

    PretrainedSpec spec_;
    TaskHost& host_;
    const fs::path folder_;
    ArchiveInfo info_;
    std::string text_;
    caffe::NetParameter net_;
    caffe::NetParameter weights_;
    std::optional<caffe::NetParameter> deploy_;
    std::optional<caffe::NetParameter> only_use_;  ///< of ONNX without classes, which no training files are made of
    PretrainedFacts facts_;
};

}  // namespace

Result<nlohmann::json> run_pretrained_task(const nlohmann::json& json, TaskHost& host) {
    DIGITS_ASSIGN(auto spec, parse_pretrained_spec(json));
    auto result = Import(std::move(spec), host).run();
    if (!result) {
        std::error_code ignored;
        fs::remove_all(host.job_dir() / "unpacked", ignored);
    }
    return result;
}

}  // namespace digits
