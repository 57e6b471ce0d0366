#pragma once

#include "engine/layer.hpp"
#include "engine/layers/window.hpp"

namespace digits {

/// What Convolution and Deconvolution share: weights for all bottoms, any number of batch axes before the channel axis,
/// 0 to 3 spatial axes behind it.
class ConvolutionBase : public Layer {
  public:
    ConvolutionBase(const caffe::LayerParameter& parameter, const LayerContext& context, bool transposed)
        : Layer(parameter, context), transposed_(transposed) {}

    void set_up(const Blobs& bottom, const Blobs& top) override;
    void reshape(const Blobs& bottom, const Blobs& top) override;
    void forward(const Blobs& bottom, const Blobs& top) override;
    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override;

  private:
    /// (batch, channels, spatial…) with at least one spatial axis, as ATen wants it.
    at::Tensor flat(const at::Tensor& x) const;
    at::Tensor weight() const;
    at::Tensor laid(const at::Tensor& x) const;
    /// The pixels that a 1 x 1 kernel with a stride reads; the whole otherwise. The convolution then has stride 1:
    /// oneDNN 3.12's AVX2 kernel for the strided weight gradient writes past its buffers with channels last.
    at::Tensor picked(at::Tensor x) const;

    const bool transposed_;
    ConvolutionWindow window_;
    std::int64_t channels_ = 0, outputs_ = 0, groups_ = 1;
    Shape picked_;                                                // the stride of picked(); empty: everything
    Shape kernel_, stride_, pad_, dilation_, no_output_padding_;  // for ATen: at least one spatial axis
};

}  // namespace digits
