#include "engine/convolution/convolution_base.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "engine/convolution/algorithms/depthwise_convolution.hpp"
#include "engine/convolution/algorithms/disjoint_deconvolution.hpp"
#include "engine/convolution/algorithms/im2col_convolution.hpp"
#include "engine/convolution/algorithms/libtorch_convolution.hpp"
#include "engine/convolution/algorithms/pointwise_convolution.hpp"
#include "engine/convolution/algorithms/tile_convolution.hpp"
#include "engine/convolution/algorithms/unfolded_convolution.hpp"
#include "engine/convolution/algorithms/winograd_convolution.hpp"
#include "engine/convolution/weight_layout.hpp"
#include "engine/layers/activation/relu.hpp"
#include "engine/layers/channels_last.hpp"
#include "engine/layers/layout.hpp"
#include "engine/layers/stored.hpp"
#include "kernels/gemm/tile_gemm.hpp"
#include "kernels/isa/instruction_set.hpp"

namespace digits {

ConvolutionBase::ConvolutionBase(const caffe::LayerParameter& parameter, const LayerContext& context, bool transposed)
    : Layer(parameter, context), transposed_(transposed), products_(context.products) {}

ConvolutionBase::~ConvolutionBase() = default;

void ConvolutionBase::set_up(const Blobs& bottom, const Blobs& top) {
    const auto& convolution = parameter_.convolution_param();
    window_ = ConvolutionWindow::of(convolution, bottom[0]->axis_count());
    if (transposed_ && convolution.pad_same()) throw_invalid("a Deconvolution has no pad_same; give pad");
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
    stride_ = padded(window_.stride, 1);
    pad_ = padded(window_.pad, 0);
    dilation_ = padded(window_.dilation, 1);
    const auto all = [](const Shape& values, std::int64_t value) {
        return std::ranges::all_of(values, [&](std::int64_t v) { return v == value; });
    };
    const bool strided_pixel = all(window_.kernel, 1) && all(pad_, 0) && !all(stride_, 1);
    skips_pixels_ =
        strided_pixel && on_cpu() && !transposed_ && window_.channel_axis == 1 && window_.spatial_axes() == 2;
    input_stride_ = skips_pixels_ ? Shape{1, 1} : stride_;
    keeps_layout_ = strided_pixel && !skips_pixels_;
    find_algorithms();
    reshape(bottom, top);
}

void ConvolutionBase::find_algorithms() {
    algorithms_.clear();
    // The margins of pad_same are part of what the algorithms get.
    auto window = window_;
    window.pads_by_size = false;
    const auto add = [&]<class Algorithm>(Algorithm one) { algorithms_.push_back(std::move(one)); };
    const bool floats = !products_.is_native(), low = products_.has_low_blobs();
    if (on_cpu() && !transposed_) {
        if ((floats || low) && DepthwiseConvolution::suits(window, channels_, outputs_, groups_))
            add(std::make_unique<DepthwiseConvolution>(window));
        if (low && TileConvolution::suits(window, input_stride_, channels_, outputs_, groups_))
            add(std::make_unique<TileConvolution>(window, input_stride_, channels_, outputs_, groups_));
        if ((floats || (low && has_avx512_bf16() && !has_amx())) &&
            WinogradConvolution::suits(window, channels_, outputs_, groups_))
            add(std::make_unique<WinogradConvolution>(window, channels_, outputs_, groups_, low));
        const bool one_pixel = window.channel_axis == 1 && window.spatial_axes() == 2 && groups_ == 1 &&
                               window.kernel == Shape{1, 1} && window.pad == Shape{0, 0};
        if (one_pixel) add(std::make_unique<PointwiseConvolution>(channels_, outputs_, !floats));
        if (!one_pixel && floats && Im2colConvolution::suits(window, channels_, outputs_, groups_))
            add(std::make_unique<Im2colConvolution>(window));
    }
    if (on_cpu() && transposed_ && (floats || low) && DisjointDeconvolution::suits(window, groups_))
        add(std::make_unique<DisjointDeconvolution>(window));
    if (window.spatial_axes() > 3) {
        add(std::make_unique<UnfoldedConvolution>(window, groups_, transposed_));
    } else {
        add(std::make_unique<LibtorchConvolution>(LibtorchConvolution::Options{
            input_stride_, pad_, dilation_, transposed_, groups_, uses_channels_last(), blobs()[0]->count()}));
    }
}

const ConvolutionAlgorithm& ConvolutionBase::algorithm(Pass pass, at::IntArrayRef x, at::IntArrayRef y) const {
    return **std::ranges::find_if(algorithms_, [&](const auto& one) { return one->takes(pass, x, y); });
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

Shape ConvolutionBase::padded_shape(at::IntArrayRef sizes) const {
    Shape shape(sizes.begin(), sizes.end());
    if (!window_.pads_by_size) return shape;
    const auto first = shape.end() - window_.spatial_axes();
    const auto margins = window_.margins(Shape(first, shape.end()));
    for (std::size_t i = 0; i < margins.size(); ++i)
        first[static_cast<std::ptrdiff_t>(i)] += margins[i].first + margins[i].second;
    return shape;
}

std::int64_t ConvolutionBase::workspace_size(const Blob& bottom, Pass pass) const {
    const Shape top = result_shape(bottom.shape(), window_.channel_axis), padded = padded_shape(bottom.shape());
    // A 1 x 1 kernel with a stride reads a copy of a part of the bottom; pad_same one with zeros around it.
    std::int64_t copy = skips_pixels_ ? element_count(top) / outputs_ * channels_ : 0;
    if (window_.pads_by_size) copy += element_count(padded);
    return copy + algorithm(pass, padded, top).workspace(pass, padded, top);
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

at::Tensor ConvolutionBase::low_weight() const {
    const at::Tensor w = weight();
    // Both passes of libtorch read it in the memory format.
    return products_.has_low_blobs() && on_cpu() && w.dim() == 4 && uses_channels_last()
               ? rounded_channels_last(w)
               : in_format(products_.operand(w));
}

bool ConvolutionBase::uses_channels_last() const {
    // Tensor cores read channels-last, too.
    return context_.device.is_cuda ? products_.is_native() : on_cpu() && !keeps_layout_;
}

at::Tensor ConvolutionBase::in_format(const at::Tensor& x) const {
    return x.dim() == 4 && uses_channels_last() ? channels_last(x) : x;
}

at::Tensor ConvolutionBase::with_margins(const at::Tensor& x) const {
    Shape margins;
    const auto all = window_.margins(Shape(x.sizes().end() - window_.spatial_axes(), x.sizes().end()));
    for (auto one = all.rbegin(); one != all.rend(); ++one) margins.insert(margins.end(), {one->first, one->second});
    return at::constant_pad_nd(x, margins);
}

at::Tensor ConvolutionBase::input_of(const at::Tensor& bottom) const {
    const at::Tensor x = flat(bottom);
    if (window_.pads_by_size) return with_margins(in_format(x));
    if (!skips_pixels_) return in_format(x);
    return in_format(x.slice(2, 0, std::nullopt, stride_[0]).slice(3, 0, std::nullopt, stride_[1]));
}

at::Tensor ConvolutionBase::bottom_gradient(const at::Tensor& diff, const Shape& bottom) const {
    if (window_.pads_by_size) {
        at::Tensor inner = diff;
        const Shape sizes(bottom.end() - window_.spatial_axes(), bottom.end());
        const auto margins = window_.margins(sizes);
        for (std::size_t i = 0; i < margins.size(); ++i)
            inner = inner.narrow(diff.dim() - window_.spatial_axes() + static_cast<std::int64_t>(i), margins[i].first,
                                 sizes[i]);
        return inner.reshape(bottom);
    }
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
    const at::Tensor dy = in_format(flat(top.diff()));
    if (!on_cpu() || dy.dim() != 4 || keeps_layout_ || !is_for_kernels(dy)) {
        if (rectifier_) rectifier_->backward({&top}, {true}, {&top});
        const at::Tensor g = in_format(flat(top.diff()));
        Shape others(static_cast<std::size_t>(g.dim()) - 1, 0);
        for (std::size_t i = 1; i < others.size(); ++i) others[i] = static_cast<std::int64_t>(i) + 1;
        if (wants_bias) blobs()[1]->accumulate_diff(g.sum(others, false, blobs()[1]->data().scalar_type()));
        return g;
    }
    if (!rectifier_) {
        if (wants_bias) blobs()[1]->accumulate_diff(channel_sums(dy));
        return dy;
    }
    const auto [g, sums] = relu_gradient_and_sums(dy, in_format(flat(top.data())).to(dy.scalar_type()));
    if (wants_bias) blobs()[1]->accumulate_diff(sums);
    top.set_diff(g.sizes() == at::IntArrayRef(top.shape()) ? g : g.reshape(top.shape()));
    return g;
}

void ConvolutionBase::forward(const Blobs& bottom, const Blobs& top) {
    const ConvolutionAlgorithm& one = algorithm(Pass::kForward, padded_shape(bottom[0]->shape()), top[0]->shape());
    const bool takes_floats = products_.is_native() && one.takes_float_weights();
    const auto operand = [&](const at::Tensor& x) { return takes_floats ? x : products_.operand(x); };
    const std::optional<at::Tensor> bias =
        blobs().size() > 1 ? std::optional(operand(blobs()[1]->data())) : std::nullopt;
    kernels_ = products_.is_native() && !takes_floats ? low_weight() : operand(weight());
    for (std::size_t i = 0; i < bottom.size(); ++i) {
        const at::Tensor x = products_.operand(input_of(bottom[i]->data()));
        const at::Tensor y = products_.passed_on(one.forward(x, kernels_, bias, rectifier_ != nullptr));
        top[i]->set_data(y.sizes() == at::IntArrayRef(top[i]->shape()) ? y : y.reshape(top[i]->shape()));
    }
}

void ConvolutionBase::backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) {
    const bool wants_bias = blobs().size() > 1 && wants_gradient(1);
    for (std::size_t i = 0; i < bottom.size(); ++i) {
        if (!propagate_down[i] && !wants_gradient(0) && !wants_bias) continue;
        const auto dy = products_.gradient(top_gradient(*top[i], wants_bias));
        if (!propagate_down[i] && !wants_gradient(0)) continue;
        const at::Tensor x = products_.operand(input_of(bottom[i]->data()));
        const auto algorithm_of = [&](Pass pass) -> const ConvolutionAlgorithm& {
            return algorithm(pass, x.sizes(), dy.operand.sizes());
        };
        if (wants_gradient(0)) {
            const at::Tensor dw = algorithm_of(Pass::kWeightGradient).weight_gradient(x, dy.operand, kernels_);
            blobs()[0]->accumulate_diff(products_.result(dw, dy));
        }
        if (propagate_down[i]) {
            const at::Tensor dx = algorithm_of(Pass::kInputGradient).input_gradient(dy.operand, kernels_, x);
            bottom[i]->set_diff(bottom_gradient(products_.passed_on(dx, dy), bottom[i]->shape()));
        }
    }
}

}  // namespace digits
