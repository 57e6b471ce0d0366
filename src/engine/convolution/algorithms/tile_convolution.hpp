#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/layers/window.hpp"
#include "engine/net/blob.hpp"
#include "kernels/convolution/tile_walk.hpp"

namespace digits {

/// A convolution of planes in bf16 by tiles (kernels/gemm/tile_gemm.hpp), for channels-last bf16 tensors on the CPU;
/// weights, their gradient and the bias are floats.
///
/// With stride 1 the pixels of all items lie in one row of positions, each line and each item with its padding behind
/// it: what a tap of the kernel sees at any position is then a fixed number of positions away, and a tile is read where
/// it lies. With a stride, rows are patches, what the kernel sees at one place; libtorch is the quicker there but for
/// the weights' gradient.
class TileConvolution final : public ConvolutionAlgorithm {
  public:
    /// `stride`: the window's, or 1 where the pixels that it skips are left out already. Channels and outputs of all
    /// groups. Whether this processor has the tiles and they are likely to be the faster way: to the weights' gradient.
    static bool suits(const ConvolutionWindow& window, const Shape& stride, std::int64_t channels, std::int64_t outputs,
                      std::int64_t groups);
    TileConvolution(const ConvolutionWindow& window, const Shape& stride, std::int64_t channels, std::int64_t outputs,
                    std::int64_t groups);

    /// Of a convolution with strides, the weights' gradient only.
    bool takes(Pass pass, at::IntArrayRef, at::IntArrayRef) const override {
        return is_direct() || pass == Pass::kWeightGradient;
    }
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool rectify) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t scratch(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    bool is_direct() const { return stride_y_ == 1 && stride_x_ == 1; }
    TileWalk direct_walk(at::IntArrayRef in, at::IntArrayRef out, std::int64_t pad_y, std::int64_t pad_x) const;
    TileWalk walk(at::IntArrayRef x, at::IntArrayRef y) const;
    TileWalk turned_walk(at::IntArrayRef x, at::IntArrayRef y) const;

    std::int64_t kernel_y_, kernel_x_, stride_y_, stride_x_, pad_y_, pad_x_;
    std::int64_t channels_, outputs_, groups_;  // of one group
};

}  // namespace digits
