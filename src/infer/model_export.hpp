#pragma once

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_names.hpp"
#include "base/result.hpp"
#include "image/decode.hpp"
#include "infer/predictor.hpp"

namespace digits {

enum class ModelExportFormat { kOnnx, kSafetensors };
template <>
struct EnumNames<ModelExportFormat> {
    static constexpr std::array<std::pair<ModelExportFormat, std::string_view>, 2> kNames{
        {{ModelExportFormat::kOnnx, "onnx"}, {ModelExportFormat::kSafetensors, "safetensors"}}};
};

/// A network to hand out, with what programs must know of it.
struct ModelExport {
    Predictor& predictor;
    std::string task;
    std::vector<std::string> labels;
    nlohmann::json preprocessing;   ///< Inference::preprocessing()
    std::vector<Image> images;      ///< on which both programs are compared; none: on noise
    bool suppresses_boxes = false;  ///< non-maximum suppression inside an ONNX file (OnnxSource)
};

/// Writes a file, and compares ONNX with the engine where Python finds onnxruntime. `{"bytes", "input", "outputs",
/// "images", "nms", "verified", "difference", "tolerance", "runtime", "note"}`: the largest difference of an output's
/// values, as a part of its largest value; of boxes that both list, as a part of the input's size. Errors:
/// kUnsupported, kDataLoss when both differ by more than the tolerance (the file is removed then), kFailedPrecondition
/// for weights that are NaN or infinite.
Result<nlohmann::json> export_model(const ModelExport& model, ModelExportFormat format,
                                    const std::filesystem::path& file);

/// Up to `count` images of the validation set, else of the training set; none if they cannot be read.
std::vector<Image> stored_images(const std::filesystem::path& dataset_dir, const DecodeOptions& decoding,
                                 std::int64_t count);

}  // namespace digits
