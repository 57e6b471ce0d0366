#include "tasks/segmentation/segmentation.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.hpp"
#include "tasks/data_url.hpp"
#include "tasks/output_forms.hpp"
#include "tasks/segmentation/mask_evaluator.hpp"
#include "tasks/segmentation/mask_outputs.hpp"

namespace digits {
namespace {

constexpr int kUnseen = 255;

}  // namespace

std::optional<Metric> Segmentation::judge(std::span<const std::string> series) const {
    for (const auto* name : {"miou", "pixel accuracy", "accuracy"})
        if (std::ranges::find(series, name) != series.end()) return Metric{name, true};
    return judge_by_loss(series);
}

Result<TrainingFiles> Segmentation::make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                                  const TrainingChoices& choices) const {
    return make_generic_training_files(network, data, choices);
}

Result<nlohmann::json> Segmentation::answer(std::span<const OutputArray> outputs, const TargetFacts& facts,
                                            const AnswerOptions& options) const {
    DIGITS_ASSIGN(const auto map, find_class_map(outputs, facts.labels.size()));
    auto asked = options.image.or_input();
    if (asked.width == 0) asked = {map.width, map.height, map.width, map.height, {}};
    IndexedImage image{asked.width, asked.height, {}, class_colors(facts)};
    std::map<int, std::uint64_t> pixels;
    for (const int label : map_to_image(map, asked)) {
        ++pixels[label];
        image.indices.push_back(static_cast<std::uint8_t>(label < 0 ? kUnseen : std::min(label, kUnseen)));
    }
    image.colors.resize(kUnseen + 1, "#e0e0c0");
    DIGITS_CHECK(options.encoders.mask != nullptr);
    DIGITS_ASSIGN(const auto png, options.encoders.mask(image));
    auto classes = nlohmann::json::array();
    for (const auto& [label, count] : pixels)
        if (label >= 0)
            classes.push_back({{"class", label},
                               {"label", class_name(facts.labels, label)},
                               {"pixels", count},
                               {"share", static_cast<double>(count) / static_cast<double>(image.indices.size())},
                               {"color", image.colors[static_cast<std::size_t>(std::min(label, kUnseen))]}});
    return nlohmann::json{{"view", view()},
                          {"width", asked.width},
                          {"height", asked.height},
                          {"mask", png_data_url(png)},
                          {"classes", std::move(classes)}};
}

Result<std::unique_ptr<Evaluator>> Segmentation::make_evaluator(const TargetFacts& facts,
                                                                const std::filesystem::path& folder) const {
    return MaskEvaluator::create(facts, folder);
}

}  // namespace digits
