#include "infer/model_export.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "caffe/finite_weights.hpp"
#include "data/dataset_facts.hpp"
#include "exports/safetensors.hpp"
#include "infer/decoded_boxes.hpp"
#include "infer/image_source.hpp"
#include "infer/python_program.hpp"
#include "infer_texts.hpp"

namespace digits {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr double kTolerance = 1e-3;
constexpr std::size_t kNoiseImages = 2;
constexpr int kRejected = 4;  ///< exit code of compare_onnx.py

std::map<std::string, std::string> metadata_of(const ModelExport& model, const caffe::NetParameter& net) {
    std::map<std::string, std::string> metadata{{"digits.task", model.task},
                                                {"digits.preprocessing", model.preprocessing.dump()},
                                                {"digits.iteration", std::to_string(model.predictor.iteration())}};
    if (const auto* decode = decoding_layer(net)) metadata["digits.detection"] = detection_thresholds(*decode).dump();
    if (!model.labels.empty())
        metadata["digits.labels"] = json(model.labels).dump(-1, ' ', false, json::error_handler_t::replace);
    return metadata;
}

/// Noise that is the same each time.
Image noise(const Sizes& sizes, std::uint32_t seed) {
    Image image;
    image.reset(static_cast<int>(sizes.at(2)), static_cast<int>(sizes.at(1)), static_cast<int>(sizes.at(0)));
    for (auto& value : image.pixels) {
        seed = seed * 1664525U + 1013904223U;
        value = static_cast<std::uint8_t>(seed >> 24);
    }
    return image;
}

std::string_view bytes_of(const std::vector<float>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// What both programs are to compute, as files.
Result<json> write_comparison(const ModelExport& model, const OnnxSource& source, const std::vector<Image>& images,
                              const fs::path& file, const fs::path& folder) {
    auto& predictor = model.predictor;
    const auto size = predictor.input_size();
    std::vector<float> raw, inputs(images.size() * size);
    for (std::size_t i = 0; i < images.size(); ++i) {
        const auto planes = predictor.planes(images[i]);
        raw.insert(raw.end(), planes.begin(), planes.end());
        predictor.prepare(images[i], inputs.data() + i * size);
    }
    DIGITS_ASSIGN([[maybe_unused]] const auto outputs, predictor.run(inputs.data(), images.size()));
    Sizes shape{static_cast<std::int64_t>(images.size())};
    shape.insert(shape.end(), source.input.image.begin(), source.input.image.end());
    json plan{{"model", file.string()}, {"shape", shape}, {"outputs", json::array()}};
    const auto* decode = decoding_layer(source.net);
    const auto decoded = decode ? decode_boxes(*decode, predictor) : std::nullopt;
    for (const auto& output : onnx_outputs(source)) {
        const auto blob = output.is_decoded ? std::nullopt : predictor.find_blob(output.blob);
        const auto* values = blob ? &blob->values : nullptr;
        if (output.is_decoded && decoded) values = output.name == "scores" ? &decoded->scores : &decoded->boxes;
        if (!values) continue;
        DIGITS_TRY(write_file_atomic(folder / fmt::format("output{}", plan["outputs"].size()), bytes_of(*values)));
        json one{{"name", output.name}, {"boxes", nullptr}};
        if (decode && source.suppresses_boxes && output.blob == decode->top(0)) {
            one["boxes"] = detection_thresholds(*decode);
            one["boxes"]["size"] = std::max(source.input.image.at(1), source.input.image.at(2));
        }
        plan["outputs"].push_back(std::move(one));
    }
    DIGITS_TRY(write_file_atomic(folder / "image", bytes_of(raw)));
    DIGITS_TRY(write_file_atomic(folder / "plan.json", plan.dump()));
    DIGITS_TRY(write_file_atomic(folder / "compare.py", kCompareOnnxText));
    return plan;
}

json not_verified(std::string why) {
    return {{"verified", false}, {"difference", nullptr}, {"runtime", nullptr}, {"note", std::move(why)}};
}

Result<json> verify(const ModelExport& model, const OnnxSource& source, const fs::path& file) {
    auto images = model.images;
    for (std::size_t i = 0; images.empty() || (model.images.empty() && i < kNoiseImages); ++i)
        images.push_back(noise(source.input.image, static_cast<std::uint32_t>(i)));
    const TemporaryFolder folder;
    DIGITS_ASSIGN(const auto plan, write_comparison(model, source, images, file, folder.path()));
    const auto run = run_python(folder.path() / "compare.py", {folder.path().string()});
    if (run && run->exit_code == kRejected)
        return fail(
            make_error(ErrorCode::kDataLoss, "The ONNX file does not run in onnxruntime: {}", run->last_error_line())
                .advise("Export the model as Caffe or safetensors, and report this network"));
    if (!run || run->exit_code != 0)
        return not_verified(fmt::format(
            "The file was not compared with the network: Python with onnxruntime and NumPy was not found or failed "
            "({}). Install it (pip install onnxruntime) for the user that Digits runs as, or set DIGITS_PYTHON, and "
            "export again.",
            run ? run->last_error_line() : run.error().message));
    if (plan["outputs"].empty())
        return not_verified("The file has no output that the network has, so nothing was compared.");
    const auto answer = json::parse(run->output, nullptr, false);
    if (!answer.is_object()) return not_verified("The comparison with onnxruntime gave no result.");
    const double difference = answer.value("difference", 1.0);
    if (!(difference <= kTolerance))
        return fail(make_error(ErrorCode::kDataLoss,
                               "The ONNX file computes other numbers than the network: they differ by {:.2g} of the "
                               "largest value; at most {:.0e} is allowed",
                               difference, kTolerance)
                        .advise("Export the model as Caffe or safetensors, and report this network"));
    return json{{"verified", true}, {"difference", difference}, {"runtime", answer["runtime"]}, {"note", nullptr}};
}

/// Boxes that are left out cannot differ: what they are chosen from is compared, too.
Result<json> with_raw_values(json verified, const ModelExport& model, OnnxSource source) {
    source.suppresses_boxes = false;
    const TemporaryFolder folder;
    const auto file = folder.path() / "raw.onnx";
    DIGITS_ASSIGN(const auto bytes, write_onnx(source));
    DIGITS_TRY(write_file_atomic(file, bytes));
    DIGITS_ASSIGN(auto raw, verify(model, source, file));
    if (!raw["verified"].get<bool>()) return raw;
    if (verified["verified"].get<bool>())
        verified["difference"] = std::max(verified["difference"].get<double>(), raw["difference"].get<double>());
    return verified;
}

}  // namespace

std::vector<Image> stored_images(const fs::path& dataset_dir, const DecodeOptions& decoding, std::int64_t count) {
    for (const auto* split : {"val", "train"}) {
        ImageSourceOptions options;
        options.source.type = EvaluationSourceType::kSplit;
        options.source.split = split;
        options.source.limit = count;
        options.dataset_dir = dataset_dir;
        options.decoding = decoding;
        const auto source = open_image_source(options, [](std::size_t) { return true; });
        if (!source) continue;
        std::vector<Image> images;
        for (std::uint64_t i = 0; i < (*source)->count(); ++i)
            if (auto sample = (*source)->get(0, i); sample.image) images.push_back(std::move(*sample.image));
        if (!images.empty()) return images;
    }
    return {};
}

Result<json> export_model(const ModelExport& model, ModelExportFormat format, const fs::path& file) {
    DIGITS_ASSIGN(auto source, model.predictor.export_source());
    DIGITS_TRY(check_finite_weights(source.net));
    source.suppresses_boxes = model.suppresses_boxes;
    source.metadata = metadata_of(model, source.net);
    DIGITS_ASSIGN(const auto bytes, format == ModelExportFormat::kOnnx
                                        ? write_onnx(source)
                                        : write_safetensors(source.net, source.metadata));
    DIGITS_TRY(write_file_atomic(file, bytes));
    json facts = not_verified("Weights are copied as they are; there is nothing to compare.");
    if (format == ModelExportFormat::kOnnx) {
        auto verified = verify(model, source, file);
        if (verified && source.suppresses_boxes) verified = with_raw_values(std::move(*verified), model, source);
        if (!verified) {
            std::error_code ignored;
            fs::remove(file, ignored);
            return fail(std::move(verified).error());
        }
        facts = std::move(*verified);
    }
    facts["bytes"] = bytes.size();
    facts["nms"] = source.suppresses_boxes;
    facts["input"] = source.input.image;
    facts["outputs"] = json::array();
    for (const auto& output : onnx_outputs(source))
        if (!output.shape.empty())
            facts["outputs"].push_back({{"name", format == ModelExportFormat::kOnnx ? output.name : output.blob},
                                        {"shape", Sizes(output.shape.begin() + 1, output.shape.end())}});
    facts["images"] = model.images.size();
    facts["tolerance"] = kTolerance;
    return facts;
}

}  // namespace digits
