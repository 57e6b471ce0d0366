#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/net/blob.hpp"

namespace digits {

/// Convolution or its transpose by libtorch: on any device, of any type, with up to three spatial axes.
class LibtorchConvolution final : public ConvolutionAlgorithm {
  public:
    struct Options {
        Shape stride, pad, dilation;  ///< of at least one spatial axis
        bool transposed = false;
        std::int64_t groups = 1;
        bool channels_last = false;  ///< also the memory format of weights
        std::int64_t weights = 0;    ///< their number
    };
    explicit LibtorchConvolution(Options options)
        : options_(std::move(options)), no_output_padding_(options_.stride.size(), 0) {}

    bool takes_float_weights() const override { return false; }
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool relu) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    /// The weights are converted to the memory format, and their gradient back.
    std::int64_t workspace(Pass, at::IntArrayRef, at::IntArrayRef) const override { return 2 * options_.weights; }

  private:
    at::Tensor in_format(const at::Tensor& weight) const;
    std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(const at::Tensor& dy, const at::Tensor& x,
                                                            const at::Tensor& weight, bool to_input) const;

    const Options options_;
    const Shape no_output_padding_;
};

}  // namespace digits
