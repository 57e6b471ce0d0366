#pragma once

#include "engine/layers/window.hpp"
#include "engine/net/absorber.hpp"
#include "engine/net/layer.hpp"
#include "engine/precision/products.hpp"

namespace digits {

class ConvolutionAlgorithm;

/// What Convolution and Deconvolution share: weights for all bottoms, any number of batch axes before the channel axis
/// and of spatial axes behind it.
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
    std::int64_t scratch_count(const Blob& bottom, Pass pass) const override;

  private:
    /// Of what comes out of (batch axes…, channels, spatial…).
    Shape result_shape(at::IntArrayRef sizes, int channel_axis) const;
    /// (batch, channels, spatial…) with at least one spatial axis, as ATen wants it.
    at::Tensor flat(const at::Tensor& x) const;
    at::Tensor weight() const;
    /// In the precision of products, laid out.
    at::Tensor low_weight() const;
    /// Whether pixels and weights lie channels last.
    bool lays_last() const;
    at::Tensor laid(const at::Tensor& x) const;
    /// The bottom as the kernel walks it, laid out.
    at::Tensor seen(const at::Tensor& bottom) const;
    /// Finds the ways that suit, the best ones first; the last one takes all.
    void find_algorithms();
    const ConvolutionAlgorithm& way(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const;
    /// The top's gradient, laid out, before an absorbed ReLU; adds that of the bias if it is wanted.
    at::Tensor top_gradient(Blob& top, bool wants_bias);
    /// The bottom's gradient out of that of `seen(bottom)`.
    at::Tensor unseen(const at::Tensor& diff, const Shape& bottom) const;

    const bool transposed_;
    const Products products_;
    ConvolutionWindow window_;
    std::int64_t channels_ = 0, outputs_ = 0, groups_ = 1;
    Shape stride_, pad_, dilation_;  // for ATen: at least one spatial axis
    /// A kernel of one pixel with a stride. oneDNN writes past its buffers there when channels are last, fewer than 8,
    /// and the machine has AVX2 without AVX-512. A convolution leaves the pixels out beforehand that it would skip; a
    /// deconvolution takes its bottoms as they are laid out.
    bool skips_pixels_ = false, keeps_layout_ = false;
    Shape seen_stride_;                                              // on what seen() gives
    std::vector<std::unique_ptr<ConvolutionAlgorithm>> algorithms_;  // the first that takes a pass makes it
    Layer* rectifier_ = nullptr;                                     // an absorbed ReLU
    at::Tensor kernels_;                                             // an operand of the last forward pass
};

}  // namespace digits
