#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"
#include "caffe/digits_rules.hpp"
#include "data/dataset_spec.hpp"
#include "models/image_transform.hpp"
#include "models/model_spec.hpp"

namespace digits {

enum class PretrainedOrigin { kArchive, kFiles, kModel, kStore, kOnnx };
template <>
struct EnumNames<PretrainedOrigin> {
    static constexpr std::array<std::pair<PretrainedOrigin, std::string_view>, 5> kNames{
        {{PretrainedOrigin::kArchive, "archive"},
         {PretrainedOrigin::kFiles, "files"},
         {PretrainedOrigin::kModel, "model"},
         {PretrainedOrigin::kStore, "store"},
         {PretrainedOrigin::kOnnx, "onnx"}}};
};

/// What a network of ONNX takes of an image with values of 0 to 255.
enum class PixelScaling { kFile, kImageNet, kZeroToOne, kMinusOneToOne, kZeroTo255, kCustom };
template <>
struct EnumNames<PixelScaling> {
    static constexpr std::array<std::pair<PixelScaling, std::string_view>, 6> kNames{
        {{PixelScaling::kFile, "file"},  ///< the file says so, as those that Digits writes
         {PixelScaling::kImageNet, "imagenet"},
         {PixelScaling::kZeroToOne, "zero_to_one"},
         {PixelScaling::kMinusOneToOne, "minus_one_to_one"},
         {PixelScaling::kZeroTo255, "zero_to_255"},
         {PixelScaling::kCustom, "custom"}}};
};
struct PreparationSpec {
    PixelScaling preprocessing = PixelScaling::kFile;
    /// Of `custom`: (value - mean) / std, one number or one a channel in the file's order. Empty: 0 and 1.
    std::vector<double> pixel_mean, pixel_std;
    bool is_bgr = false;  ///< channels in the order B, G, R; else R, G, B
};

/// Files of the job's own folder, and the names that the user gave them.
struct PretrainedSourceSpec {
    PretrainedOrigin type = PretrainedOrigin::kArchive;
    std::string name;     ///< of the archive or the weights, as the user calls it
    std::string archive;  ///< with type archive; else the next four
    std::string onnx;     ///< with type onnx, and perhaps `labels`
    std::string network;
    std::string weights;
    std::string labels;    ///< may be empty
    std::string mean;      ///< may be empty
    std::string model_id;  ///< with type model: where they come from
    std::string place;     ///< with type store: the address of the model's folder, in which the files have these names
    std::map<std::string, std::string> sha256;  ///< with type store: what each file must be
    std::int64_t iteration = 0;
    std::optional<double> epoch;
};

/// The images that a network was trained with. 0 and empty: not known.
struct PretrainedImage {
    int width = 0;
    int height = 0;
    int channels = 0;
    std::string resize;  ///< "squash", …
    /// Of files with more than 8 bits, as ImageSpec has them.
    std::vector<double> value_range{};
    SampleDepth depth = SampleDepth::k8;
    int bands = 0;
};

/// docs/formats/specs.md says what each member means.
struct PretrainedSpec {
    PretrainedSourceSpec source;
    PretrainedImage image;        ///< of files; an archive tells its own, and ONNX what it does not leave open
    PreparationSpec preparation;  ///< of ONNX
    MeanMode mean = MeanMode::kImage;
    std::optional<ImageTransform> transform;  ///< of a model; files and archives tell their own
    std::string license, origin;              ///< of files from a store; an archive tells its own
};

/// Errors: kInvalidArgument with the JSON path in `where`.
Result<PretrainedSpec> parse_pretrained_spec(const nlohmann::json& json);
nlohmann::json to_json(const PretrainedSpec& spec);

/// What a pretrained model is; `pretrained.json` in the job's folder.
struct PretrainedFacts {
    std::string framework{kDefaultFramework};
    std::string title;    ///< what its archive calls it; may be empty
    std::string network;  ///< the network's own name; may be empty
    PretrainedImage image;
    MeanMode mean = MeanMode::kImage;
    std::optional<std::string> mean_file;
    ImageTransform transform;         ///< its `mean` and `mean_file` are those above
    std::vector<std::string> labels;  ///< empty: not known
    std::int64_t classes = 0;
    std::int64_t parameters = 0;
    std::vector<std::string> without_weights;  ///< layers of the network that the file has none for
    std::vector<std::string> unused;           ///< layers of the file that the network lacks
    std::optional<std::string> python_layer;   ///< a file that was kept and not run
    std::uint64_t bytes = 0;                   ///< of the weights
    std::vector<std::string> warnings;
    std::string license;  ///< under which others gave it; may be empty
    std::string origin;   ///< where they did, for instance an address; may be empty
    std::string made_by;  ///< of ONNX: the exporter, opset and number of operators
};
nlohmann::json to_json(const PretrainedFacts& facts);
/// The facts that an import left. Errors: kNotFound, kDataLoss.
Result<PretrainedFacts> read_pretrained_facts(const std::filesystem::path& job_dir);

/// The names of the files in the job's folder.
inline constexpr const char* kPretrainedNetwork = "original.prototxt";
inline constexpr const char* kPretrainedDeploy = "deploy.prototxt";
inline constexpr const char* kPretrainedWeights = "model.caffemodel";
inline constexpr const char* kPretrainedLabels = "labels.txt";
inline constexpr const char* kPretrainedMean = "mean.binaryproto";
inline constexpr const char* kPretrainedPython = kPythonLayersFile;
inline constexpr const char* kPretrainedFacts = "pretrained.json";

/// "squash" for "Squash"; empty for what is not a way to fit images.
std::string resize_word(std::string_view text);

}  // namespace digits
