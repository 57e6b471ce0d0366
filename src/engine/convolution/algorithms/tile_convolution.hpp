#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/layers/window.hpp"
#include "engine/net/blob.hpp"
#include "kernels/convolution/tile_convolution.hpp"

namespace digits {

/// Convolution of planes in AMX tiles (kernels/convolution/tile_convolution.hpp) for channels-last bf16 tensors on the
/// CPU; weights, their gradient and the bias are float.
class TileConvolution final : public ConvolutionAlgorithm {
  public:
    /// `stride`: the window's, or 1 where the layer has removed the pixels that a stride skips. Channels and outputs
    /// are those of all groups. Whether this processor has AMX and this is likely to be the fastest algorithm, at least
    /// for the weight gradient.
    static bool suits(const ConvolutionWindow& window, const Shape& stride, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);
    TileConvolution(const ConvolutionWindow& window, const Shape& stride, std::int64_t channels, std::int64_t outputs,
                    std::int64_t groups);

    /// With a stride, the weight gradient only; libtorch is faster in the other passes.
    bool takes(Pass pass, at::IntArrayRef, at::IntArrayRef) const override {
        return !shape_.has_stride() || pass == Pass::kWeightGradient;
    }
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool relu) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    TileConvolutionShape shape(at::IntArrayRef x) const;

    TileConvolutionShape shape_;  // without the sizes of x
};

}  // namespace digits
