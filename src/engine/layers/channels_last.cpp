#include "engine/layers/channels_last.hpp"

#include <ATen/Parallel.h>

namespace digits {

at::Tensor sum_pixels(std::int64_t count, std::int64_t channels, std::int64_t pixels, const SumPixels& kernel) {
    const std::int64_t threads = at::get_num_threads(), part = (pixels + threads - 1) / threads;
    const at::Tensor sums = at::zeros({threads, count, channels}, at::kDouble);
    double* own = sums.data_ptr<double>();
    at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            kernel(own + i * count * channels, std::min(pixels, i * part), std::min(pixels, (i + 1) * part));
    });
    return sums.sum(0);
}

at::Tensor channel_sums(const at::Tensor& x) {
    const std::int64_t channels = x.size(1);
    const float* values = x.data_ptr<float>();
    return sum_pixels(1, channels, x.numel() / channels,
                      [&](double* sums, std::int64_t begin, std::int64_t end) {
                          sum_channels(values + begin * channels, sums, channels, end - begin);
                      })
        .select(0, 0)
        .to(at::kFloat);
}

std::pair<at::Tensor, at::Tensor> rectified_gradient(const at::Tensor& dy, const at::Tensor& y) {
    const std::int64_t channels = dy.size(1);
    const at::Tensor g = at::empty_like(dy);
    const float* gradient = dy.data_ptr<float>();
    const float* values = y.data_ptr<float>();
    float* out = g.data_ptr<float>();
    const at::Tensor sums =
        sum_pixels(1, channels, dy.numel() / channels, [&](double* sum, std::int64_t begin, std::int64_t end) {
            const std::int64_t offset = begin * channels;
            rectify_gradient(gradient + offset, values + offset, out + offset, sum, channels, end - begin);
        });
    return {g, sums.select(0, 0).to(at::kFloat)};
}

}  // namespace digits
