#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/registry.hpp"
#include "base/result.hpp"
#include "engine/net/blob.hpp"
#include "exports/onnx.hpp"
#include "image/image.hpp"
#include "infer/preprocess.hpp"
#include "tasks/output.hpp"

namespace digits {

/// One output of a network for a batch of images; the first axis of the shape is the image. Where a network lists the
/// detections of all images in one output (DetectionOutput), each image has its rows, filled up with rows of -1.
struct BatchOutput {
    std::string name;
    std::string type;  ///< of the layer that made it; empty: not known
    std::vector<std::int64_t> shape;
    std::vector<float> values;
    bool is_judged = false;  ///< the validation measures this one (judged_output)
};

/// What a batch gave for one of its images. Points into `batch`.
std::vector<OutputArray> outputs_of(const std::vector<BatchOutput>& batch, std::size_t image);

/// A trained network, loaded once. One thread at a time unless said otherwise.
class Predictor {
  public:
    virtual ~Predictor() = default;

    /// How many numbers the network takes for one image.
    virtual std::size_t input_size() const = 0;
    /// Writes them. Any number of threads at once.
    virtual void prepare(const Image& image, float* input) const = 0;
    /// Where an image of this size is in what prepare() writes. Any number of threads at once.
    virtual AskedImage locate(int width, int height) const = 0;
    /// The dataset's class of each of the network's, where the network says so (DetectNet); else none.
    virtual std::vector<int> network_classes() const { return {}; }
    /// The margin of the network's ContrastiveLoss; none: it has no such loss.
    virtual std::optional<double> contrastive_margin() const { return std::nullopt; }
    /// The network's outputs for `count` prepared images, one image after the other.
    virtual Result<std::vector<BatchOutput>> run(const float* inputs, std::size_t count) = 0;
    /// The same for one image in its own size, neither resized nor cropped: DIGITS's "do not resize". Errors:
    /// kUnsupported where the framework cannot; those of a network that takes no other size.
    virtual Result<std::vector<BatchOutput>> run_whole(const Image& image);
    /// What an export of the network is made of. Errors: kUnsupported.
    virtual Result<OnnxSource> export_source() const {
        return fail(ErrorCode::kUnsupported, "Networks of this framework cannot be exported.");
    }
    /// An image as an exported network takes it: planes R, G, B (or one) of `OnnxSource::input.image`, 0 to 255.
    virtual std::vector<float> planes(const Image&) const { return {}; }
    /// The network's input from such planes, where preprocessing beside resizing happens. Any number of threads at
    /// once.
    virtual Status prepare_planes(const float*, float*) const {
        return fail(ErrorCode::kUnsupported, "Networks of this framework take image files only.");
    }
    /// Channels, height and width of such planes; empty: not known.
    virtual std::vector<std::int64_t> planes_shape() const { return {}; }
    /// A blob after the last run; no value if there is none.
    virtual std::optional<BatchOutput> find_blob(const std::string&) const { return std::nullopt; }
    /// What is inside the network after the last run, of one image (layer_report.hpp); its images go to `folder`.
    virtual Result<nlohmann::json> report_layers(const std::filesystem::path& folder) = 0;
    /// The iteration of the snapshot in use.
    virtual std::int64_t iteration() const = 0;
};

struct PredictorOptions {
    std::filesystem::path model_dir;
    std::filesystem::path dataset_dir;  ///< where the mean image is looked for when it is gone from its place
    std::string snapshot;               ///< a file in model_dir, or its path; empty: the newest
    Preprocessing dataset;              ///< size, channels and resize mode of the dataset's images
    Device device;
    int threads = 0;  ///< 0: all cores
};

/// Opens the models of one framework. Errors: kNotFound without a snapshot; kInvalidArgument when files do not fit;
/// kDataLoss.
struct PredictorKind {
    std::string_view name;  ///< of the framework
    Result<std::unique_ptr<Predictor>> (*open)(const PredictorOptions& options);
};

/// The table of predictors. A framework without one can be trained here and not be asked.
Registry<PredictorKind>& predictor_kinds();

}  // namespace digits
