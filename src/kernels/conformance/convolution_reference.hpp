#pragma once

#include <string>

#include "kernels/conformance/conformance.hpp"
#include "kernels/pass.hpp"

namespace digits {

/// A convolution of channels-last images, in groups.
struct ConvolutionCase {
    std::int64_t items = 1, height = 1, width = 1, channels = 1, outputs = 1;  ///< of all groups
    std::int64_t kernel_y = 1, kernel_x = 1, stride_y = 1, stride_x = 1, pad_y = 0, pad_x = 0, groups = 1;

    std::int64_t out_height() const { return (height + 2 * pad_y - kernel_y) / stride_y + 1; }
    std::int64_t out_width() const { return (width + 2 * pad_x - kernel_x) / stride_x + 1; }
    std::int64_t inputs() const { return items * height * width * channels; }
    std::int64_t results() const { return items * out_height() * out_width() * outputs; }
    std::int64_t weights() const { return outputs * (channels / groups) * kernel_y * kernel_x; }
    std::string text() const {
        std::string text;
        for (const std::int64_t one :
             {items, height, width, channels, outputs, kernel_y, kernel_x, stride_y, stride_x, pad_y, pad_x, groups})
            text += (text.empty() ? "" : " ") + std::to_string(one);
        return "items, height, width, channels, outputs, kernel, stride, pad, groups: " + text;
    }
};

/// Its operands, and the results of its passes in double precision.
template <class T>
struct ConvolutionReference {
    explicit ConvolutionReference(const ConvolutionCase& c, bool rounds_weights)
        : x(random_values<T>(c.inputs(), 1)),
          dy(random_values<T>(c.results(), 2)),
          weight(random_values<float>(c.weights(), 3)),
          bias(random_values<float>(c.outputs, 4)),
          y(c.results()),
          y_with_bias(0),
          dx(c.inputs()),
          dw(c.weights()) {
        if (rounds_weights)
            for (std::int64_t i = 0; i < weight.size(); ++i) {
                Bf16 rounded;
                store(rounded, weight[i]);
                weight[i] = load(rounded);
            }
        const std::int64_t channels = c.channels / c.groups, outputs = c.outputs / c.groups;
        const auto for_terms = [&](const auto& use) {
            for (std::int64_t n = 0; n < c.items; ++n)
                for (std::int64_t i = 0; i < c.out_height(); ++i)
                    for (std::int64_t j = 0; j < c.out_width(); ++j)
                        for (std::int64_t ky = 0; ky < c.kernel_y; ++ky)
                            for (std::int64_t kx = 0; kx < c.kernel_x; ++kx) {
                                const std::int64_t h = i * c.stride_y - c.pad_y + ky, w = j * c.stride_x - c.pad_x + kx;
                                if (h < 0 || h >= c.height || w < 0 || w >= c.width) continue;
                                const std::int64_t in = ((n * c.height + h) * c.width + w) * c.channels,
                                                   out = ((n * c.out_height() + i) * c.out_width() + j) * c.outputs;
                                for (std::int64_t o = 0; o < c.outputs; ++o)
                                    for (std::int64_t k = 0; k < channels; ++k)
                                        use(in + o / outputs * channels + k, out + o,
                                            ((o * channels + k) * c.kernel_y + ky) * c.kernel_x + kx);
                            }
        };
        for_terms([&](std::int64_t in, std::int64_t out, std::int64_t w) {
            const double weight_value = static_cast<double>(weight[w]), x_value = x.value(in), dy_value = dy.value(out);
            y.add(out, x_value * weight_value);
            dx.add(in, dy_value * weight_value);
            dw.add(w, dy_value * x_value);
        });
        y_with_bias = y;
        for (std::int64_t i = 0; i < c.results(); ++i) y_with_bias.add(i, static_cast<double>(bias[i % c.outputs]));
    }

    Buffer<T> x, dy;
    Buffer<float> weight, bias;
    Expected y, y_with_bias, dx, dw;
};

/// A kernel's passes: each gets operands, the result and a workspace of exactly the size that the kernel states.
template <class T>
struct ConvolutionPasses {
    std::function<std::int64_t(Pass, std::int64_t threads)> workspace;
    std::function<void(const T* x, const float* weight, const float* bias, bool relu, T* y, float*, const Threads&)>
        forward;
    std::function<void(const T* dy, const float* weight, T* dx, float*, const Threads&)> input_gradient;
    std::function<void(const T* x, const T* dy, float* dw, float*, const Threads&)> weight_gradient;
};

/// Compares all passes that there are with the reference. `whole`: see expect_close().
template <class T>
void check_convolution(const ConvolutionCase& c, const ConvolutionPasses<T>& passes, double tolerance, bool whole,
                       bool rounds_weights = false) {
    const ConvolutionReference<T> reference(c, rounds_weights);
    for (const std::int64_t count : {std::int64_t{1}, std::int64_t{3}}) {
        SCOPED_TRACE(c.text() + "; threads " + std::to_string(count));
        const ReversedLoop threads(count);
        const auto workspace = [&](Pass pass) { return Buffer<float>(passes.workspace(pass, count)); };
        for (const bool epilogue : {false, true}) {
            if (!passes.forward) break;
            Buffer<T> y(c.results());
            passes.forward(reference.x.data(), reference.weight.data(), epilogue ? reference.bias.data() : nullptr,
                           epilogue, y.data(), workspace(Pass::kForward).data(), threads);
            Expected expected = epilogue ? reference.y_with_bias : reference.y;
            if (epilogue) expected.relu();
            ASSERT_NO_FATAL_FAILURE(expect_close(y, expected, tolerance, whole)) << "forward";
        }
        if (passes.input_gradient) {
            Buffer<T> dx(c.inputs());
            passes.input_gradient(reference.dy.data(), reference.weight.data(), dx.data(),
                                  workspace(Pass::kInputGradient).data(), threads);
            ASSERT_NO_FATAL_FAILURE(expect_close(dx, reference.dx, tolerance, whole)) << "input gradient";
        }
        Buffer<float> dw(c.weights());
        passes.weight_gradient(reference.x.data(), reference.dy.data(), dw.data(),
                               workspace(Pass::kWeightGradient).data(), threads);
        ASSERT_NO_FATAL_FAILURE(expect_close(dw, reference.dw, tolerance, whole)) << "weight gradient";
    }
}

}  // namespace digits
