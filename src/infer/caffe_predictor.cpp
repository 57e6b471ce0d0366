#include "infer/caffe_predictor.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "caffe/judged_output.hpp"
#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "caffe/weights.hpp"
#include "engine/guard.hpp"
#include "engine/memory/memory.hpp"
#include "engine/net/flops.hpp"
#include "engine/net/net.hpp"
#include "engine/net/place.hpp"
#include "engine/solver/snapshot.hpp"
#include "infer/export_source.hpp"
#include "infer/fold_batch_norm.hpp"
#include "infer/layer_report.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMostClasses = 10'000;

Result<fs::path> choose_snapshot(const PredictorOptions& options) {
    if (!options.snapshot.empty()) {
        if (const fs::path named = options.snapshot; named.has_parent_path() && !named.is_absolute())
            return fail(ErrorCode::kInvalidArgument,
                        "The snapshot {} must be a file name in the model's folder, or an absolute path",
                        options.snapshot);
        const auto path = options.model_dir / options.snapshot;
        if (!fs::exists(path)) return fail(ErrorCode::kNotFound, "the model has no snapshot {}", options.snapshot);
        return path;
    }
    const auto newest = find_newest_snapshot(options.model_dir / "snapshot");
    if (!newest)
        return fail(make_error(ErrorCode::kNotFound, "the model has no snapshot yet")
                        .advise("Wait for the first, or ask the training for one now"));
    return newest->weights;
}

/// N of "snapshot_iter_N.caffemodel"; -1 if the name has another form.
std::int64_t iteration_of(const fs::path& snapshot) {
    const auto name = snapshot.filename().string();
    const auto begin = name.rfind("_iter_");
    if (begin == std::string::npos) return -1;
    std::int64_t iteration = -1;
    std::from_chars(name.data() + begin + 6, name.data() + name.size(), iteration);
    return iteration;
}

/// Which class of the dataset each of DetectNet's classes is; none for other networks.
std::vector<int> detectnet_classes(const caffe::NetParameter& train_val) {
    for (const auto& layer : train_val.layer()) {
        if (layer.type() != "DetectNetTransformation") continue;
        // As the layer: class 1 alone, unless it is told otherwise.
        if (layer.detectnet_groundtruth_param().object_class().empty()) return {1};
        std::map<std::uint32_t, int> kinds;
        for (const auto& mapping : layer.detectnet_groundtruth_param().object_class())
            kinds.emplace(mapping.dst(), static_cast<int>(mapping.src()));
        std::vector<int> classes;
        for (std::uint32_t i = 0; i <= kinds.rbegin()->first && i < kMostClasses; ++i)
            classes.push_back(kinds.contains(i) ? kinds[i] : -1);
        return classes;
    }
    return {};
}

/// Of its first ContrastiveLoss that is not Caffe's older one, of squared distances.
std::optional<double> margin_of(const caffe::NetParameter& train_val) {
    for (const auto& layer : train_val.layer())
        if (layer.type() == "ContrastiveLoss" && !layer.contrastive_loss_param().legacy_version())
            return layer.contrastive_loss_param().margin();
    return std::nullopt;
}

/// Rows of image, label, score and edges, image by image.
void rows_by_image(std::span<const float> rows, std::size_t images, BatchOutput& output) {
    constexpr std::size_t kColumns = 7;
    std::vector<std::vector<float>> of_image(images);
    std::size_t most = 1;
    for (std::size_t at = 0; at + kColumns <= rows.size(); at += kColumns) {
        const float image = rows[at];
        if (!(image >= 0 && image < static_cast<float>(images))) continue;
        auto& own = of_image[static_cast<std::size_t>(image)];
        own.insert(own.end(), rows.begin() + static_cast<std::ptrdiff_t>(at),
                   rows.begin() + static_cast<std::ptrdiff_t>(at + kColumns));
        most = std::max(most, own.size() / kColumns);
    }
    output.shape = {static_cast<std::int64_t>(images), static_cast<std::int64_t>(most), kColumns};
    for (auto& own : of_image) {
        own.resize(most * kColumns, -1.0F);
        output.values.insert(output.values.end(), own.begin(), own.end());
    }
}

class CaffePredictor final : public Predictor {
  public:
    Status open(const PredictorOptions& options) {
        preprocessing_ = options.dataset;
        DIGITS_ASSIGN(const auto snapshot, choose_snapshot(options));
        iteration_ = iteration_of(snapshot);
        const auto deploy_file = options.model_dir / "deploy.prototxt";
        DIGITS_ASSIGN(const auto deploy, read_net_file(deploy_file));
        NetOptions net;
        net.state.set_phase(caffe::TEST);
        net.device = options.device;
        net.base_dir = options.model_dir;
        DIGITS_ASSIGN(net_, Net::create(deploy, net));
        DIGITS_ASSIGN(deploy_, filter_net(deploy, net.state));
        if (net_->inputs().size() != 1 || net_->outputs().empty())
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the network must have one input and at least one output; got {} and {}",
                                   net_->inputs().size(), net_->outputs().size())
                            .at(deploy_file.string()));
        input_ = net_->inputs().front();
        DIGITS_ASSIGN(const auto weights, read_weights(snapshot));
        DIGITS_ASSIGN([[maybe_unused]] const auto ignored, net_->copy_weights(weights));

        const auto& shape = net_->find_blob(input_)->shape();
        if (shape.size() != 4 || shape[1] != preprocessing_.channels)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the input is {}, the dataset's images have {} channels", shape_text(shape),
                                   preprocessing_.channels)
                            .at(deploy_file.string()));
        DIGITS_ASSIGN(const auto train_val, read_net_file(options.model_dir / "train_val.prototxt"));
        DIGITS_TRY(take_transform(train_val, options.model_dir, options.dataset_dir, preprocessing_));
        network_classes_ = detectnet_classes(train_val);
        contrastive_margin_ = margin_of(train_val);
        judged_ = judged_output(train_val, deploy_);
        const auto& made = preprocessing_.transformer;
        if (made.height() != shape[2] || made.width() != shape[3])
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the input is {}, the validation gives the network images of {} x {}",
                                   shape_text(shape), made.width(), made.height())
                            .at(deploy_file.string()));
        if (!may_fold(deploy_)) return {};
        const auto folded = fold_batch_norm(deploy_, net_->to_proto());
        if (folded.folded == 0) return {};
        DIGITS_ASSIGN(folded_, Net::create(folded.definition, net));
        DIGITS_ASSIGN([[maybe_unused]] const auto left, folded_->copy_weights(folded.weights));
        return {};
    }

    std::size_t input_size() const override {
        const auto& p = preprocessing_.transformer;
        return static_cast<std::size_t>(p.channels()) * static_cast<std::size_t>(p.height()) *
               static_cast<std::size_t>(p.width());
    }

    void prepare(const Image& image, float* input) const override { preprocessing_.apply(image, input); }
    AskedImage locate(int width, int height) const override { return preprocessing_.place(width, height); }
    std::vector<int> network_classes() const override { return network_classes_; }
    std::optional<double> contrastive_margin() const override { return contrastive_margin_; }

    Result<std::vector<BatchOutput>> run(const float* inputs, std::size_t count) override {
        const auto& p = preprocessing_.transformer;
        return forward(inputs, count, p.height(), p.width());
    }

    Result<std::vector<BatchOutput>> run_whole(const Image& image) override {
        DIGITS_ASSIGN(const auto input, preprocessing_.apply_whole(image));
        auto outputs = forward(input.data(), 1, image.height, image.width);
        if (outputs) return outputs;
        return fail(Error(outputs.error())
                        .because(fmt::format("an image of {} x {} that is not resized", image.width, image.height)));
    }

    Result<OnnxSource> export_source() const override {
        const auto& p = preprocessing_.transformer;
        is_current_ = false;
        DIGITS_TRY(give(*net_, at::zeros({1, p.channels(), p.height(), p.width()})));
        DIGITS_ASSIGN([[maybe_unused]] const float loss, net_->forward());
        auto source = export_source_of(*net_, deploy_);
        source.input = input_steps();
        return source;
    }

    std::vector<float> planes(const Image& image) const override { return preprocessing_.planes(image); }

    Status prepare_planes(const float* planes, float* input) const override {
        preprocessing_.apply_planes(planes, input);
        return {};
    }
    std::vector<std::int64_t> planes_shape() const override {
        return {preprocessing_.channels, preprocessing_.dataset_height, preprocessing_.dataset_width};
    }

    std::optional<BatchOutput> find_blob(const std::string& name) const override {
        const Blob* blob = net_->find_blob(name);
        if (!blob || !run_unfolded()) return std::nullopt;
        BatchOutput found{name, {}, blob->shape(), {}};
        const auto read = guarded([&] {
            const at::Tensor values = blob->data().cpu().contiguous();
            found.values.assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
        });
        return read ? std::optional(std::move(found)) : std::nullopt;
    }

    Result<nlohmann::json> report_layers(const fs::path& folder) override {
        DIGITS_TRY(run_unfolded());
        return digits::report_layers(*net_, deploy_, input_, folder);
    }

    std::int64_t iteration() const override { return iteration_; }

  private:
    /// What the transformer does, found by what it makes of black and of 1.
    InputSteps input_steps() const {
        const auto& p = preprocessing_;
        InputSteps steps;
        steps.image = {p.channels, p.dataset_height, p.dataset_width};
        steps.is_bgr = !p.is_rgb && p.channels == 3;
        const auto choice = p.transformer.choose(0);
        steps.top = choice.top;
        steps.left = choice.left;
        const std::vector<float> ones(static_cast<std::size_t>(element_count(steps.image)), 1), zeros(ones.size(), 0);
        std::vector<float> of_one(input_size());
        steps.offsets.resize(input_size());
        p.transformer.apply(zeros.data(), 0, steps.offsets.data());
        p.transformer.apply(ones.data(), 0, of_one.data());
        steps.scale = of_one[0] - steps.offsets[0];
        // Without a mean image one value a channel is enough.
        const auto plane = input_size() / static_cast<std::size_t>(p.channels);
        std::vector<float> of_channel;
        for (std::size_t at = 0; at < steps.offsets.size(); at += plane) {
            const auto first = steps.offsets.begin() + static_cast<std::ptrdiff_t>(at);
            if (std::any_of(first, first + static_cast<std::ptrdiff_t>(plane), [&](float v) { return v != *first; }))
                return steps;
            of_channel.push_back(*first);
        }
        steps.offsets = std::move(of_channel);
        return steps;
    }

    /// How many threads an input of so many pixels is worth: what takes a fraction of a millisecond is done before
    /// others are awake.
    int threads_for(double pixels) const {
        constexpr double kAlone_flops = 1e7;
        return flops_per_pixel_ && *flops_per_pixel_ * pixels < kAlone_flops ? 1 : threads_;
    }

    Result<std::vector<BatchOutput>> forward(const float* inputs, std::size_t count, int height, int width) {
        const double pixels = static_cast<double>(count) * height * width;
        if (const int threads = threads_for(pixels); at::get_num_threads() != threads) at::set_num_threads(threads);
        auto outputs = forward_batch(inputs, count, height, width);
        if (outputs && !flops_per_pixel_) flops_per_pixel_ = count_flops(net_in_use()).forward / pixels;
        return outputs;
    }

    Result<std::vector<BatchOutput>> forward_batch(const float* inputs, std::size_t count, int height, int width) {
        DIGITS_TRY(guarded([&] {
            batch_ = at::empty({static_cast<std::int64_t>(count), preprocessing_.channels, height, width});
            std::copy_n(inputs, batch_.numel(), batch_.data_ptr<float>());
        }));
        is_current_ = !folded_;
        DIGITS_TRY(give(net_in_use(), batch_));
        return read_outputs(count);
    }

    Net& net_in_use() const { return folded_ ? *folded_ : *net_; }

    Status give(const Net& net, const at::Tensor& batch) const {
        return guarded([&] {
            Blob* blob = net.find_blob(input_);
            blob->reshape({batch.sizes().begin(), batch.sizes().end()});
            blob->set_data(batch.to(place(blob->device())));
        });
    }

    /// Gives the last batch to the network with all its layers, for those who look inside.
    Status run_unfolded() const {
        if (is_current_ || !batch_.defined()) return {};
        DIGITS_TRY(give(*net_, batch_));
        DIGITS_ASSIGN([[maybe_unused]] const float loss, net_->forward());
        is_current_ = true;
        return {};
    }

    Result<std::vector<BatchOutput>> read_outputs(std::size_t count) {
        Net& net = net_in_use();
        DIGITS_ASSIGN([[maybe_unused]] const float loss, net.forward());
        std::vector<BatchOutput> outputs;
        DIGITS_TRY(guarded([&] {
            for (const auto& name : net.outputs()) {
                const Blob& blob = *net.find_blob(name);
                const std::string type = type_of(name);
                if (type == "DetectionOutput") {
                    const at::Tensor rows = blob.data().cpu().contiguous();
                    outputs.push_back({name, type, {}, {}});
                    rows_by_image({rows.const_data_ptr<float>(), static_cast<std::size_t>(rows.numel())}, count,
                                  outputs.back());
                    continue;
                }
                if (blob.axis_count() == 0 || blob.dim(0) != static_cast<std::int64_t>(count)) continue;
                const at::Tensor out = blob.data().cpu().contiguous();
                outputs.push_back({name,
                                   type,
                                   blob.shape(),
                                   {out.data_ptr<float>(), out.data_ptr<float>() + out.numel()},
                                   name == judged_});
            }
        }));
        if (outputs.empty())
            return fail(ErrorCode::kInvalidArgument, "No output of the network has one row for each image.");
        return outputs;
    }

    /// Of the layer that writes the blob last.
    std::string type_of(const std::string& blob) const {
        std::string type;
        for (const auto& layer : deploy_.layer())
            if (std::find(layer.top().begin(), layer.top().end(), blob) != layer.top().end()) type = layer.type();
        return type;
    }

    Preprocessing preprocessing_;
    std::unique_ptr<Net> net_;         ///< with all layers
    std::unique_ptr<Net> folded_;      ///< without those that fold_batch_norm() folds; none: there are none
    at::Tensor batch_;                 ///< the last inputs
    mutable bool is_current_ = false;  ///< the blobs of net_ are those of the last inputs
    caffe::NetParameter deploy_;       ///< as it was written, without Split layers
    std::string input_;
    std::string judged_;  ///< empty: no output, or more than one
    std::int64_t iteration_ = -1;
    std::vector<int> network_classes_;
    std::optional<double> contrastive_margin_;
    const int threads_ = at::get_num_threads();
    std::optional<double> flops_per_pixel_;  ///< of an input; known after the first
};

}  // namespace

Result<std::unique_ptr<Predictor>> open_caffe_predictor(const PredictorOptions& options) {
    if (options.threads > 0) at::set_num_threads(options.threads);
    // Each batch takes as much again as the one before.
    keep_freed_memory();
    auto predictor = std::make_unique<CaffePredictor>();
    DIGITS_TRY(predictor->open(options));
    return predictor;
}

}  // namespace digits
