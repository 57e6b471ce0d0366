#include "engine/layers/channels_last.hpp"

#include <ATen/Parallel.h>

#include "engine/device/libtorch_threads.hpp"
#include "engine/layers/stored.hpp"

namespace digits {

at::Tensor empty_channels_last(at::IntArrayRef sizes, at::ScalarType type) {
    return at::empty(sizes, at::TensorOptions(type).memory_format(at::MemoryFormat::ChannelsLast));
}

at::Tensor sum_pixels(std::int64_t count, std::int64_t channels, std::int64_t pixels, const SumPixels& kernel) {
    const at::Tensor sums = at::zeros({at::get_num_threads(), count, channels}, at::kDouble);
    double* own = sums.data_ptr<double>();
    parallel_parts(libtorch_threads, pixels, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        kernel(own + thread * count * channels, begin, end);
    });
    return sums.sum(0);
}

bool walk_alike(const at::Tensor& a, const at::Tensor& b) {
    return is_for_kernels(a) && a.strides() == b.strides() && a.is_non_overlapping_and_dense() &&
           a.scalar_type() == b.scalar_type();
}

at::Tensor added(const at::Tensor& a, const at::Tensor& b, bool relu) {
    const at::Tensor y = at::empty_like(a);
    with_stored_type(a, [&]<class T>(T) {
        at::parallel_for(0, a.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
            add_values(stored<T>(a) + begin, stored<T>(b) + begin, relu, stored<T>(y) + begin, end - begin,
                       is_streamed(y));
        });
    });
    return y;
}

at::Tensor channel_sums(const at::Tensor& x) {
    const std::int64_t channels = x.size(1);
    return with_stored_type(x, [&]<class T>(T) {
        const T* values = stored<T>(x);
        return sum_pixels(1, channels, x.numel() / channels,
                          [&](double* sums, std::int64_t begin, std::int64_t end) {
                              sum_channels(values + begin * channels, sums, channels, end - begin);
                          })
            .select(0, 0)
            .to(at::kFloat);
    });
}

std::pair<at::Tensor, at::Tensor> relu_gradient_and_sums(const at::Tensor& dy, const at::Tensor& y) {
    const std::int64_t channels = dy.size(1);
    const at::Tensor g = at::empty_like(dy);
    const at::Tensor sums = with_stored_type(dy, [&]<class T>(T) {
        const T *gradient = stored<T>(dy), *values = stored<T>(y);
        T* out = stored<T>(g);
        return sum_pixels(1, channels, dy.numel() / channels, [&](double* sum, std::int64_t begin, std::int64_t end) {
            const std::int64_t offset = begin * channels;
            relu_gradient(gradient + offset, values + offset, out + offset, sum, channels, end - begin);
        });
    });
    return {g, sums.select(0, 0).to(at::kFloat)};
}

}  // namespace digits
