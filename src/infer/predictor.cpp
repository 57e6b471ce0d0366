#include "infer/predictor.hpp"

#include "infer/caffe_predictor.hpp"

namespace digits {

std::vector<OutputArray> outputs_of(const std::vector<BatchOutput>& batch, std::size_t image) {
    std::vector<OutputArray> outputs;
    for (const auto& output : batch) {
        const auto size = output.values.size() / static_cast<std::size_t>(output.shape.front());
        outputs.push_back({output.name,
                           output.type,
                           {output.shape.begin() + 1, output.shape.end()},
                           std::span(output.values).subspan(image * size, size),
                           output.is_judged});
    }
    return outputs;
}

Result<std::vector<BatchOutput>> Predictor::run_whole(const Image&) {
    return fail(ErrorCode::kUnsupported, "Models of this framework take images of the dataset's size only.");
}

Registry<PredictorKind>& predictor_kinds() {
    static const PredictorKind caffe{"caffe", open_caffe_predictor};
    static Registry<PredictorKind> table{&caffe};
    return table;
}

}  // namespace digits
