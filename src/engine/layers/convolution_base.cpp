#include "engine/layers/convolution_base.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "engine/kernels/processor.hpp"
#include "engine/kernels/tiles.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/depthwise_convolution.hpp"
#include "engine/layers/layout.hpp"
#include "engine/layers/patch_convolution.hpp"
#include "engine/layers/relu.hpp"
#include "engine/layers/row_products.hpp"
#include "engine/layers/stored.hpp"
#include "engine/layers/tile_convolution.hpp"
#include "engine/layers/unfold.hpp"
#include "engine/layers/winograd_convolution.hpp"

namespace digits {
namespace {

/// So many values of a weights' gradient are made faster by oneDNN's convolution than by its product of matrices, whose
/// threads share the sums. In bf16.
constexpr std::int64_t kFewWeights = std::int64_t{1} << 14;

/// A channels-last tensor as a matrix, and a matrix as a channels-last tensor of as many pixels as `like`.
at::Tensor pixel_rows(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).view({-1, x.size(1)}); }
at::Tensor planes(const at::Tensor& rows, at::IntArrayRef like) {
    return rows.view({like[0], like[2], like[3], -1}).permute({0, 3, 1, 2});
}

}  // namespace

ConvolutionBase::ConvolutionBase(const caffe::LayerParameter& parameter, const LayerContext& context, bool transposed)
    : Layer(parameter, context), transposed_(transposed), products_(context.products) {}

ConvolutionBase::~ConvolutionBase() = default;

void ConvolutionBase::set_up(const Blobs& bottom, const Blobs& top) {
    const auto& convolution = parameter_.convolution_param();
    window_ = ConvolutionWindow::of(convolution, bottom[0]->axis_count());
    channels_ = bottom[0]->dim(window_.channel_axis);
    outputs_ = convolution.num_output();
    groups_ = convolution.group();
    if (outputs_ <= 0) throw_invalid("num_output must be positive; got {}", outputs_);
    if (groups_ <= 0) throw_invalid("group must be positive; got {}", groups_);
    if (channels_ % groups_ != 0)
        throw_invalid("the bottom's {} channels cannot be cut into {} groups", channels_, groups_);
    if (outputs_ % groups_ != 0) throw_invalid("num_output {} cannot be cut into {} groups", outputs_, groups_);

    Shape weight{transposed_ ? channels_ : outputs_, (transposed_ ? outputs_ : channels_) / groups_};
    weight.insert(weight.end(), window_.kernel.begin(), window_.kernel.end());
    add_blob(weight, convolution.weight_filler());
    if (convolution.bias_term()) add_blob({outputs_}, convolution.bias_filler());

    const auto padded = [](Shape values, std::int64_t value) {
        if (values.empty()) values.push_back(value);
        return values;
    };
    kernel_ = padded(window_.kernel, 1);
    stride_ = padded(window_.stride, 1);
    pad_ = padded(window_.pad, 0);
    dilation_ = padded(window_.dilation, 1);
    no_output_padding_.assign(kernel_.size(), 0);
    const auto all = [](const Shape& values, std::int64_t value) {
        return std::ranges::all_of(values, [&](std::int64_t v) { return v == value; });
    };
    const bool strided_pixel = all(kernel_, 1) && all(pad_, 0) && !all(stride_, 1);
    skips_pixels_ =
        strided_pixel && on_cpu() && !transposed_ && window_.channel_axis == 1 && window_.spatial_axes() == 2;
    seen_stride_ = skips_pixels_ ? Shape{1, 1} : stride_;
    keeps_layout_ = strided_pixel && !skips_pixels_;
    product_ = on_cpu() && !transposed_ && window_.channel_axis == 1 && window_.spatial_axes() == 2 && groups_ == 1 &&
               all(kernel_, 1) && all(pad_, 0);
    if (on_cpu() && (!products_.is_native() || products_.has_low_blobs()) && !transposed_ &&
        DepthwiseConvolution::suits(window_, channels_, outputs_, groups_))
        depthwise_ = std::make_unique<DepthwiseConvolution>(window_);
    if (on_cpu() && products_.has_low_blobs() && has_wide_bf16() && !has_tile_products() && !transposed_ &&
        WinogradConvolution::suits(window_, channels_, outputs_, groups_))
        winograd_ = std::make_unique<WinogradConvolution>(window_, groups_);
    if (on_cpu() && !products_.is_native() && !transposed_ && !product_ && !skips_pixels_) {
        if (WinogradConvolution::suits(window_, channels_, outputs_, groups_))
            winograd_ = std::make_unique<WinogradConvolution>(window_, groups_);
        if (PatchConvolution::suits(window_, channels_, outputs_, groups_))
            patches_ = std::make_unique<PatchConvolution>(window_);
    }
    if (on_cpu() && products_.has_low_blobs() && !transposed_ &&
        TileConvolution::suits(window_, seen_stride_, channels_, outputs_, groups_))
        tiles_ = std::make_unique<TileConvolution>(window_, seen_stride_, channels_, outputs_, groups_);
    if (window_.spatial_axes() > 3) unfolded_ = std::make_unique<UnfoldedConvolution>(window_, groups_, transposed_);
    reshape(bottom, top);
}

void ConvolutionBase::reshape(const Blobs& bottom, const Blobs& top) {
    const int axis = window_.channel_axis;
    if (bottom[0]->axis_count() != axis + 1 + window_.spatial_axes() || bottom[0]->dim(axis) != channels_)
        throw_invalid("the bottom must keep {} channels on axis {} and {} spatial axes; its shape is {}", channels_,
                      axis, window_.spatial_axes(), shape_text(bottom[0]->shape()));
    const Shape shape = result_shape(bottom[0]->shape(), axis);
    for (std::size_t i = 0; i < bottom.size(); ++i) {
        if (bottom[i]->shape() != bottom[0]->shape())
            throw_invalid("all bottoms need one shape; bottom 0 is {}, bottom {} is {}", shape_text(bottom[0]->shape()),
                          i, shape_text(bottom[i]->shape()));
        top[i]->reshape(shape);
    }
}

Shape ConvolutionBase::result_shape(at::IntArrayRef sizes, int channel_axis) const {
    const auto axis = static_cast<std::size_t>(channel_axis);
    Shape shape(sizes.begin(), sizes.begin() + channel_axis);
    shape.push_back(outputs_);
    for (int i = 0; i < window_.spatial_axes(); ++i) {
        const std::int64_t size = sizes[axis + 1 + static_cast<std::size_t>(i)];
        shape.push_back(transposed_ ? window_.transposed_output_size(i, size) : window_.output_size(i, size));
    }
    return shape;
}

std::int64_t ConvolutionBase::scratch_count(const Blob& bottom, Pass pass) const {
    const Shape top = result_shape(bottom.shape(), window_.channel_axis);
    if (filters(bottom.shape(), top)) {
        if (pass == Pass::kWeightGradient) return winograd_->weight_scratch(bottom.shape(), top);
        if (pass == Pass::kInputGradient && patches_for_input(bottom.shape(), top))
            return patches_->scratch(bottom.shape(), top);
        return pass == Pass::kForward ? winograd_->forward_scratch(bottom.shape(), top)
                                      : winograd_->input_scratch(bottom.shape(), top);
    }
    if (patches_) return patches_->scratch(bottom.shape(), top);
    if (depthwise_) return 2 * weight().numel();
    if (tiles_) {
        if (pass == Pass::kWeightGradient) return tiles_->weight_scratch(bottom.shape(), top);
        if (!tiles_->is_direct()) return 2 * weight().numel();
        return pass == Pass::kForward ? tiles_->forward_scratch(bottom.shape(), top)
                                      : tiles_->input_scratch(bottom.shape(), top);
    }
    if (product_) {
        const std::int64_t pixels = element_count(top) / outputs_;
        // A pixel's kernel with a stride reads a part of the bottom that is laid apart.
        const std::int64_t apart = skips_pixels_ ? pixels * channels_ : 0;
        if (products_.is_native()) return apart;
        return apart + (pass == Pass::kForward         ? row_product_scratch(pixels, channels_, outputs_)
                        : pass == Pass::kInputGradient ? row_input_scratch(pixels, channels_, outputs_)
                                                       : row_weight_scratch(pixels, channels_, outputs_));
    }
    // The kernels are laid out anew, and their gradient is laid back.
    return 2 * weight().numel();
}

bool ConvolutionBase::filters(at::IntArrayRef x, at::IntArrayRef y) const {
    return winograd_ && (!products_.is_native() || winograd_->suits_bf16(x, y));
}

bool ConvolutionBase::patches_for_input(at::IntArrayRef x, at::IntArrayRef y) const {
    return patches_ && winograd_->input_products(x, y) > patches_->products(y);
}

at::Tensor ConvolutionBase::flat(const at::Tensor& x) const {
    if (window_.channel_axis == 1 && window_.spatial_axes() > 0) return x;
    Shape shape(x.sizes().begin() + window_.channel_axis, x.sizes().end());
    shape.insert(shape.begin(), -1);
    if (window_.spatial_axes() == 0) shape.push_back(1);
    return x.reshape(shape);
}

at::Tensor ConvolutionBase::weight() const {
    const at::Tensor weight = const_cast<ConvolutionBase*>(this)->blobs()[0]->data();
    return window_.spatial_axes() == 0 ? weight.unsqueeze(-1) : weight;
}

at::Tensor ConvolutionBase::laid(const at::Tensor& x) const {
    // Tensor cores walk channels, too.
    const bool last = on_cpu() ? !keeps_layout_ : x.is_cuda() && products_.is_native();
    return x.dim() == 4 && last ? channels_last(x) : x;
}

at::Tensor ConvolutionBase::seen(const at::Tensor& bottom) const {
    const at::Tensor x = flat(bottom);
    if (!skips_pixels_) return laid(x);
    return laid(x.slice(2, 0, std::nullopt, stride_[0]).slice(3, 0, std::nullopt, stride_[1]));
}

at::Tensor ConvolutionBase::unseen(const at::Tensor& diff, const Shape& bottom) const {
    if (!skips_pixels_) return diff.sizes() == at::IntArrayRef(bottom) ? diff : diff.reshape(bottom);
    const at::Tensor all = at::empty(bottom, diff.options(), at::MemoryFormat::ChannelsLast).zero_();
    flat(all).slice(2, 0, std::nullopt, stride_[0]).slice(3, 0, std::nullopt, stride_[1]).copy_(diff);
    return all;
}

bool ConvolutionBase::absorb(Layer& next) {
    if (!on_cpu() || rectifier_ || !is_rectifier(next.parameter())) return false;
    rectifier_ = &next;
    return true;
}

at::Tensor ConvolutionBase::top_gradient(Blob& top, bool wants_bias) {
    const at::Tensor dy = laid(flat(top.diff()));
    if (!on_cpu() || dy.dim() != 4 || keeps_layout_ || !is_for_kernels(dy)) {
        if (rectifier_) rectifier_->backward({&top}, {true}, {&top});
        const at::Tensor g = laid(flat(top.diff()));
        Shape others(static_cast<std::size_t>(g.dim()) - 1, 0);
        for (std::size_t i = 1; i < others.size(); ++i) others[i] = static_cast<std::int64_t>(i) + 1;
        if (wants_bias) blobs()[1]->accumulate_diff(g.sum(others, false, blobs()[1]->data().scalar_type()));
        return g;
    }
    if (!rectifier_) {
        if (wants_bias) blobs()[1]->accumulate_diff(channel_sums(dy));
        return dy;
    }
    const auto [g, sums] = rectified_gradient(dy, laid(flat(top.data())).to(dy.scalar_type()));
    if (wants_bias) blobs()[1]->accumulate_diff(sums);
    top.set_diff(g.sizes() == at::IntArrayRef(top.shape()) ? g : g.reshape(top.shape()));
    return g;
}

at::Tensor ConvolutionBase::convolve(const at::Tensor& bottom, const at::Tensor& kernels,
                                     const std::optional<at::Tensor>& bias) const {
    const at::Tensor x = products_.operand(seen(bottom));
    if (depthwise_) return depthwise_->forward(x, kernels, bias, rectifier_ != nullptr);
    if (tiles_ && tiles_->is_direct()) return tiles_->forward(x, kernels, bias, rectifier_ != nullptr);
    if (filters(x.sizes(), result_shape(x.sizes(), 1)))
        return winograd_->forward(x, kernels, bias, rectifier_ != nullptr);
    if (patches_) return patches_->forward(x, kernels, bias, rectifier_ != nullptr);
    // oneDNN is the quicker of both in bf16, but for the weight's gradient.
    if (product_ && !products_.is_native())
        return planes(row_product(pixel_rows(x), kernels.view({outputs_, channels_}), bias, rectifier_ != nullptr),
                      x.sizes());
    at::Tensor y = unfolded_ ? unfolded_->forward(x, kernels, bias, result_shape(x.sizes(), 1))
                             : at::convolution(x, laid(kernels), bias, seen_stride_, pad_, dilation_, transposed_,
                                               no_output_padding_, groups_);
    if (rectifier_) at::relu_(y);
    return y;
}

void ConvolutionBase::forward(const Blobs& bottom, const Blobs& top) {
    // Tiles round floats as they pack them, a channel's few weights stay as they are, and points are made in float.
    const bool takes_floats = products_.is_native() && (depthwise_ || (tiles_ && tiles_->is_direct()) ||
                                                        filters(bottom[0]->shape(), top[0]->shape()));
    const auto operand = [&](const at::Tensor& x) { return takes_floats ? x : products_.operand(x); };
    const std::optional<at::Tensor> bias =
        blobs().size() > 1 ? std::optional(operand(blobs()[1]->data())) : std::nullopt;
    // Both passes want them laid out.
    kernels_ = products_.is_native() && !takes_floats ? laid(operand(weight())) : operand(weight());
    for (std::size_t i = 0; i < bottom.size(); ++i) {
        const at::Tensor y = products_.passed_on(convolve(bottom[i]->data(), kernels_, bias));
        top[i]->set_data(y.sizes() == at::IntArrayRef(top[i]->shape()) ? y : y.reshape(top[i]->shape()));
    }
}

ConvolutionBase::Gradients ConvolutionBase::gradients(const at::Tensor& dy, const at::Tensor& x,
                                                      const at::Tensor& kernels, bool wants_input) const {
    const bool wants_weight = wants_gradient(0);
    Gradients found;
    const auto backward = [&](bool input, bool weight) {
        return at::convolution_backward(dy, x, laid(kernels), std::nullopt, seen_stride_, pad_, dilation_, transposed_,
                                        no_output_padding_, groups_, {input, weight, false});
    };
    if (depthwise_) {
        if (wants_weight) found.weight = depthwise_->weight_gradient(x, dy, kernels.sizes());
        if (wants_input) found.input = depthwise_->input_gradient(dy, kernels, x.sizes());
    } else if (tiles_) {
        if (wants_weight) found.weight = tiles_->weight_gradient(x, dy, kernels.sizes());
        if (wants_input)
            found.input = tiles_->is_direct() ? tiles_->input_gradient(dy, kernels, x.sizes())
                                              : std::get<0>(backward(true, false));
    } else if (filters(x.sizes(), dy.sizes())) {
        if (wants_weight) found.weight = winograd_->weight_gradient(x, dy, kernels.sizes());
        if (wants_input)
            found.input = patches_for_input(x.sizes(), dy.sizes()) ? patches_->input_gradient(dy, kernels, x.sizes())
                                                                   : winograd_->input_gradient(dy, kernels, x.sizes());
    } else if (patches_) {
        if (wants_weight) found.weight = patches_->weight_gradient(x, dy, kernels.sizes());
        if (wants_input) found.input = patches_->input_gradient(dy, kernels, x.sizes());
    } else if (product_ && !(products_.is_native() && outputs_ * channels_ <= kFewWeights)) {
        if (wants_weight) found.weight = row_weight_gradient(pixel_rows(dy), pixel_rows(x)).view(kernels.sizes());
        if (wants_input && products_.is_native()) {
            found.input = std::get<0>(backward(true, false));
        } else if (wants_input) {
            found.input = planes(row_input_gradient(pixel_rows(dy), kernels.view({outputs_, channels_})), dy.sizes());
        }
    } else if (unfolded_) {
        if (wants_weight) found.weight = unfolded_->weight_gradient(x, dy, kernels.sizes());
        if (wants_input) found.input = unfolded_->input_gradient(dy, kernels, x.sizes());
    } else {
        at::Tensor none;
        std::tie(found.input, found.weight, none) = backward(wants_input, wants_weight);
    }
    return found;
}

void ConvolutionBase::backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) {
    const bool wants_bias = blobs().size() > 1 && wants_gradient(1);
    for (std::size_t i = 0; i < bottom.size(); ++i) {
        if (!propagate_down[i] && !wants_gradient(0) && !wants_bias) continue;
        const auto dy = products_.gradient(top_gradient(*top[i], wants_bias));
        if (!propagate_down[i] && !wants_gradient(0)) continue;
        const at::Tensor x = products_.operand(seen(bottom[i]->data()));
        const auto found = gradients(dy.operand, x, kernels_, propagate_down[i]);
        if (wants_gradient(0)) blobs()[0]->accumulate_diff(products_.result(found.weight, dy));
        if (propagate_down[i]) bottom[i]->set_diff(unseen(products_.passed_on(found.input, dy), bottom[i]->shape()));
    }
}

}  // namespace digits
