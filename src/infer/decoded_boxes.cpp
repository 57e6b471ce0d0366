#include "infer/decoded_boxes.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/layers/detection/cells.hpp"

namespace digits {

const caffe::LayerParameter* decoding_layer(const caffe::NetParameter& net) {
    const auto layer =
        std::ranges::find_if(net.layer(), [](const auto& one) { return one.type() == "DetectionDecode"; });
    return layer == net.layer().end() ? nullptr : &*layer;
}

nlohmann::json detection_thresholds(const caffe::LayerParameter& decode) {
    const auto& how = decode.detection_decode_param();
    // Through text, so that 0.65 is not 0.64999997.
    const auto plain = [](float value) { return std::stod(fmt::format("{}", value)); };
    return {{"score_threshold", plain(how.score_threshold())},
            {"nms_threshold", plain(how.nms_threshold())},
            {"keep_top_k", how.keep_top_k()},
            {"nms_top_k", how.nms_top_k()}};
}

std::optional<DecodedBoxes> decode_boxes(const caffe::LayerParameter& decode, const Predictor& predictor) {
    struct Values {
        CellLevel level;
        BatchOutput scores, distances;
    };
    std::vector<Values> levels;
    std::int64_t images = 0, classes = 0;
    for (int i = 0; i + 1 < decode.bottom_size(); i += 2) {
        auto scores = predictor.find_blob(decode.bottom(i)), distances = predictor.find_blob(decode.bottom(i + 1));
        if (!scores || !distances || scores->shape.size() != 4 || distances->shape.size() != 4) return std::nullopt;
        images = scores->shape[0];
        classes = scores->shape[1];
        const CellLevel level{stride_of(levels.size(), decode.detection_decode_param().stride()), scores->shape[2],
                              scores->shape[3]};
        levels.push_back({level, std::move(*scores), std::move(*distances)});
    }
    DecodedBoxes decoded;
    for (std::int64_t n = 0; n < images; ++n)
        for (const auto& [level, scores, distances] : levels) {
            const auto count = level.count();
            const float* logits = scores.values.data() + n * classes * count;
            const float* reach = distances.values.data() + n * 4 * count;
            for (std::int64_t cell = 0; cell < count; ++cell) {
                for (std::int64_t c = 0; c < classes; ++c)
                    decoded.scores.push_back(1 / (1 + std::exp(-logits[c * count + cell])));
                const auto box = box_of(level, cell, reach);
                for (const double edge : {box.left, box.top, box.right, box.bottom})
                    decoded.boxes.push_back(static_cast<float>(edge));
            }
        }
    return decoded;
}

}  // namespace digits
