#pragma once

#include "engine/layers/window.hpp"
#include "engine/net/absorber.hpp"
#include "engine/net/layer.hpp"
#include "engine/precision/products.hpp"

namespace digits {

class ConvolutionAlgorithm;

/// The base of Convolution and Deconvolution: the same weights for all bottoms, any number of batch axes before the
/// channel axis and of spatial axes after it.
class ConvolutionBase : public Layer, public Absorber {
  public:
    ConvolutionBase(const caffe::LayerParameter& parameter, const LayerContext& context, bool transposed);
    ~ConvolutionBase() override;

    void set_up(const Blobs& bottom, const Blobs& top) override;
    void reshape(const Blobs& bottom, const Blobs& top) override;
    void forward(const Blobs& bottom, const Blobs& top) override;
    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override;
    bool absorb(Layer& next) override;
    bool takes_low_precision() const override { return products_.has_low_blobs(); }
    std::int64_t workspace_size(const Blob& bottom, Pass pass) const override;

  private:
    /// The top's shape for a bottom of these sizes, (batch axes…, channels, spatial…).
    Shape result_shape(at::IntArrayRef sizes, int channel_axis) const;
    /// The shape of what the algorithms get for a bottom of this one: with the margins of `pad_same`.
    Shape padded_shape(at::IntArrayRef sizes) const;
    /// (batch, channels, spatial…) with at least one spatial axis, as ATen requires it.
    at::Tensor flat(const at::Tensor& x) const;
    at::Tensor weight() const;
    /// In the precision of products and the memory format.
    at::Tensor low_weight() const;
    /// Whether images and weights are channels-last.
    bool uses_channels_last() const;
    at::Tensor in_format(const at::Tensor& x) const;
    /// With the zeros around it that `pad_same` asks for.
    at::Tensor with_margins(const at::Tensor& x) const;
    /// The input of the algorithm: the bottom in the memory format, without pixels that a stride skips.
    at::Tensor input_of(const at::Tensor& bottom) const;
    /// Lists the algorithms that suit, the best ones first; the last one takes all passes.
    void find_algorithms();
    const ConvolutionAlgorithm& algorithm(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const;
    /// The top's gradient in the memory format, before an absorbed ReLU; accumulates that of the bias if `wants_bias`.
    at::Tensor top_gradient(Blob& top, bool wants_bias);
    /// The bottom's gradient from that of `input_of(bottom)`.
    at::Tensor bottom_gradient(const at::Tensor& diff, const Shape& bottom) const;

    const bool transposed_;
    const Products products_;
    ConvolutionWindow window_;
    std::int64_t channels_ = 0, outputs_ = 0, groups_ = 1;
    Shape stride_, pad_, dilation_;  // for ATen: at least one spatial axis
    /// A 1 x 1 kernel with a stride. oneDNN writes past its buffers in that case with fewer than 8 channels-last
    /// channels, on machines with AVX2 without AVX-512. A convolution removes the pixels that the stride skips
    /// beforehand; a deconvolution keeps the memory format of its bottoms.
    bool skips_pixels_ = false, keeps_layout_ = false;
    Shape input_stride_;                                             // on input_of()
    std::vector<std::unique_ptr<ConvolutionAlgorithm>> algorithms_;  // the first one that takes a pass computes it
    Layer* rectifier_ = nullptr;                                     // an absorbed ReLU
    at::Tensor kernels_;                                             // an operand of the last forward pass
};

}  // namespace digits
