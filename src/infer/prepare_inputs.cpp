#include "infer/prepare_inputs.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace digits {
namespace {

Status prepare_planes(const Predictor& predictor, std::string_view bytes, float* out) {
    std::vector<float> planes(bytes.size() / sizeof(float));
    std::memcpy(planes.data(), bytes.data(), planes.size() * sizeof(float));
    if (!std::ranges::all_of(planes, [](float value) { return std::isfinite(value); }))
        return fail(ErrorCode::kInvalidArgument, "its values must be numbers, and one is NaN or infinite");
    return predictor.prepare_planes(planes.data(), out);
}

Status prepare_file(const Inference& inference, std::string_view bytes, float* out) {
    DIGITS_ASSIGN(const auto image, decode_image(bytes, inference.decoding()));
    inference.predictor().prepare(image, out);
    return {};
}

}  // namespace

std::vector<Status> prepare_inputs(const Inference& inference, std::span<const InputBytes> images, float* inputs) {
    const auto& predictor = inference.predictor();
    const auto size = predictor.input_size();
    std::vector<Status> statuses(images.size());
    at::parallel_for(0, static_cast<std::int64_t>(images.size()), 1, [&](std::int64_t begin, std::int64_t end) {
        for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
            float* out = inputs + i * size;
            statuses[i] = images[i].is_encoded ? prepare_file(inference, images[i].bytes, out)
                                               : prepare_planes(predictor, images[i].bytes, out);
        }
    });
    return statuses;
}

}  // namespace digits
