#include "tasks/processing/processing.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.hpp"
#include "tasks/data_url.hpp"
#include "tasks/output_forms.hpp"
#include "tasks/processing/image_evaluator.hpp"
#include "tasks/processing/image_outputs.hpp"

namespace digits {

Result<Image> find_image(std::span<const OutputArray> outputs, const AskedImage& asked) {
    const OutputArray* chosen = nullptr;
    std::vector<std::int64_t> shape;
    for (const auto& output : outputs)
        if (output.shape.size() == 3 && (output.shape[0] == 1 || output.shape[0] == 3)) {
            chosen = &output;
            shape = output.shape;
        }
    float scale = 1;
    const std::int64_t area = std::int64_t{asked.input_width} * asked.input_height;
    for (std::size_t i = 0; !chosen && area > 0 && i < outputs.size(); ++i)
        for (const std::int64_t channels : {1, 3}) {
            const auto& output = outputs[i];
            if (output.shape.size() != 1 || output.shape[0] != channels * area) continue;
            chosen = &output;
            shape = {channels, asked.input_height, asked.input_width};
            if (output.type == "Sigmoid") scale = 255;
        }
    if (!chosen)
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "The network has no output that is an image: its outputs are {}.", forms_of(outputs))
                        .advise("Let the deploy network end in a layer with an output of 1 or 3 x height x width"));
    DIGITS_TRY(check_finite(*chosen));
    std::vector<std::uint8_t> planes(chosen->values.size());
    std::ranges::transform(chosen->values, planes.begin(), [scale](float value) {
        return static_cast<std::uint8_t>(std::lround(std::clamp(scale * value, 0.0F, 255.0F)));
    });
    return from_planar_bgr(planes.data(), static_cast<int>(shape[2]), static_cast<int>(shape[1]),
                           static_cast<int>(shape[0]));
}

std::optional<Metric> Processing::judge(std::span<const std::string> series) const {
    for (const auto* name : {"psnr", "ssim"})
        if (std::ranges::find(series, name) != series.end()) return Metric{name, true};
    return judge_by_loss(series);
}

Result<TrainingFiles> Processing::make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                                const TrainingChoices& choices) const {
    return make_generic_training_files(network, data, choices);
}

Result<nlohmann::json> Processing::answer(std::span<const OutputArray> outputs, const TargetFacts&,
                                          const AnswerOptions& options) const {
    DIGITS_ASSIGN(const auto image, find_image(outputs, options.image));
    DIGITS_CHECK(options.encoders.image != nullptr);
    DIGITS_ASSIGN(const auto png, options.encoders.image(image));
    return nlohmann::json{
        {"view", view()}, {"image", png_data_url(png)}, {"width", image.width}, {"height", image.height}};
}

Result<std::unique_ptr<Evaluator>> Processing::make_evaluator(const TargetFacts&,
                                                              const std::filesystem::path& folder) const {
    return ImageEvaluator::create(folder);
}

}  // namespace digits
