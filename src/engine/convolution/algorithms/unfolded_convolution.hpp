#pragma once

#include "engine/convolution/convolution_algorithm.hpp"
#include "engine/layers/window.hpp"

namespace digits {

// im2col and col2im for any number of spatial axes (those of ATen have two).

/// (batch, channels, spatial…) → (batch, channels · ∏ kernel, outputs…).
at::Tensor unfold_windows(const at::Tensor& x, const ConvolutionWindow& window);
/// Its transpose: values in several windows are added up. `sizes`: (batch, channels, spatial…).
at::Tensor fold_windows(const at::Tensor& columns, const ConvolutionWindow& window, at::IntArrayRef sizes);

/// Convolution or its transpose as one GEMM per group.
class UnfoldedConvolution final : public ConvolutionAlgorithm {
  public:
    UnfoldedConvolution(const ConvolutionWindow& window, std::int64_t groups, bool transposed)
        : window_(window), groups_(groups), transposed_(transposed) {}

    bool takes_float_weights() const override { return false; }
    at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                       bool relu) const override;
    at::Tensor input_gradient(const at::Tensor& dy, const at::Tensor& weight, const at::Tensor& x) const override;
    at::Tensor weight_gradient(const at::Tensor& x, const at::Tensor& dy, const at::Tensor& weight) const override;
    std::int64_t workspace(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const override;

  private:
    /// (batch, groups, rows of a group, the rest).
    at::Tensor grouped(const at::Tensor& x) const { return x.reshape({x.size(0), groups_, x.size(1) / groups_, -1}); }
    /// (groups, rows of a group, columns).
    at::Tensor matrices(const at::Tensor& weight) const {
        return weight.reshape({groups_, weight.size(0) / groups_, -1});
    }
    at::Tensor down(const at::Tensor& wide, const at::Tensor& weight, at::IntArrayRef sizes) const;
    at::Tensor up(const at::Tensor& narrow, const at::Tensor& weight, at::IntArrayRef sizes) const;

    const ConvolutionWindow window_;
    const std::int64_t groups_;
    const bool transposed_;
};

}  // namespace digits
