#include <algorithm>
#include <cmath>
#include <numeric>

#include "caffe/weights.hpp"
#include "exports/onnx_graph.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;
using Strings = std::vector<std::string>;

std::string in(const LayerParameter& layer, OnnxGraph& graph, int i = 0) {
    if (i >= layer.bottom_size()) throw OnnxFault{fmt::format("it has no bottom {}", i)};
    return graph.value_of(layer.bottom(i));
}
void out(const LayerParameter& layer, OnnxGraph& graph, std::string value, int i = 0) {
    graph.set_value(layer.top(i), std::move(value));
}
const Sizes& bottom_shape(const LayerParameter& layer, const OnnxGraph& graph, int i = 0) {
    return graph.shape_of(layer.bottom(i));
}
std::int64_t product(const Sizes& sizes, std::size_t begin = 0) {
    return std::accumulate(sizes.begin() + static_cast<std::ptrdiff_t>(std::min(begin, sizes.size())), sizes.end(),
                           std::int64_t{1}, std::multiplies<>());
}

std::int64_t canonical(std::int64_t axis, const Sizes& shape) {
    const auto count = static_cast<std::int64_t>(shape.size());
    if (axis < -count || axis >= count) throw OnnxFault{fmt::format("axis {} lies outside {} axes", axis, count)};
    return axis < 0 ? axis + count : axis;
}

std::vector<float> values_of(const LayerParameter& layer, int i) {
    if (i >= layer.blobs_size()) throw OnnxFault{fmt::format("it has no weights {}", i)};
    auto values = blob_values(layer.blobs(i));
    if (!values) throw OnnxFault{values.error().message};
    return {values->begin(), values->end()};
}
Sizes sizes_of(const LayerParameter& layer, int i) {
    const auto shape = blob_shape(layer.blobs(i));
    return {shape.begin(), shape.end()};
}

/// A value in a shape whose first axis is the batch.
std::string reshaped(const LayerParameter& layer, OnnxGraph& graph, const std::string& value, const Sizes& shape) {
    Sizes target = shape;
    if (!target.empty()) target[0] = -1;
    return graph.node("Reshape", {value, graph.constant(layer.name() + "/shape", target)}, layer.name());
}

/// One constant for each element of an axis, in a shape that spreads over the others.
std::string spread(const LayerParameter& layer, OnnxGraph& graph, const std::string& name, const Sizes& own,
                   std::int64_t axis, std::size_t axes, const std::vector<float>& values) {
    Sizes dims(axes, 1);
    for (std::size_t i = 0; i < own.size(); ++i) dims[static_cast<std::size_t>(axis) + i] = own[i];
    return graph.constant(layer.name() + "/" + name, dims, values);
}

// Convolutions and products.

struct Window {
    Sizes kernel, stride, begin, end, dilation;

    Sizes pads() const {
        Sizes all = begin;
        all.insert(all.end(), end.begin(), end.end());
        return all;
    }
};

Sizes per_axis(const google::protobuf::RepeatedField<std::uint32_t>& values, bool has_h, std::uint32_t h,
               std::uint32_t w, std::size_t axes, std::int64_t otherwise) {
    if (has_h) return {h, w};
    Sizes result(axes, otherwise);
    for (std::size_t i = 0; i < axes && !values.empty(); ++i)
        result[i] = values.Get(values.size() == 1 ? 0 : static_cast<int>(i));
    return result;
}

Window convolution_window(const LayerParameter& layer, const Sizes& input) {
    const auto& p = layer.convolution_param();
    if (p.axis() != 1 || input.size() < 3) throw OnnxFault{"its channels must be on axis 1, before spatial axes"};
    const auto axes = input.size() - 2;
    Window w{per_axis(p.kernel_size(), p.has_kernel_h() || p.has_kernel_w(), p.kernel_h(), p.kernel_w(), axes, 1),
             per_axis(p.stride(), p.has_stride_h() || p.has_stride_w(), p.stride_h(), p.stride_w(), axes, 1),
             per_axis(p.pad(), p.has_pad_h() || p.has_pad_w(), p.pad_h(), p.pad_w(), axes, 0),
             {},
             per_axis(p.dilation(), false, 0, 0, axes, 1)};
    w.end = w.begin;
    for (std::size_t i = 0; p.pad_same() && i < axes; ++i) {
        const auto size = input[i + 2], outputs = (size + w.stride[i] - 1) / w.stride[i];
        const auto missing =
            std::max<std::int64_t>((outputs - 1) * w.stride[i] + w.dilation[i] * (w.kernel[i] - 1) + 1 - size, 0);
        w.begin[i] = missing / 2;
        w.end[i] = missing - missing / 2;
    }
    return w;
}

void convolve(const LayerParameter& layer, OnnxGraph& graph, const char* type, std::int64_t groups) {
    const auto w = convolution_window(layer, bottom_shape(layer, graph));
    const auto weight = graph.constant(layer.name() + "/weight", sizes_of(layer, 0), values_of(layer, 0));
    Strings parameters{weight};
    if (layer.convolution_param().bias_term()) {
        const auto bias = values_of(layer, 1);
        parameters.push_back(graph.constant(layer.name() + "/bias", {static_cast<std::int64_t>(bias.size())}, bias));
    }
    for (int i = 0; i < layer.bottom_size(); ++i) {
        Strings inputs{in(layer, graph, i)};
        inputs.insert(inputs.end(), parameters.begin(), parameters.end());
        out(layer, graph,
            graph.node(type, inputs, layer.name())
                .with("kernel_shape", w.kernel)
                .with("strides", w.stride)
                .with("pads", w.pads())
                .with("dilations", w.dilation)
                .with("group", groups),
            i);
    }
}

void convolution(const LayerParameter& layer, OnnxGraph& graph) {
    convolve(layer, graph, "Conv", layer.convolution_param().group());
}
void depthwise_convolution(const LayerParameter& layer, OnnxGraph& graph) {
    convolve(layer, graph, "Conv", bottom_shape(layer, graph).at(1));
}
void deconvolution(const LayerParameter& layer, OnnxGraph& graph) {
    convolve(layer, graph, "ConvTranspose", layer.convolution_param().group());
}

void inner_product(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.inner_product_param();
    const auto& shape = bottom_shape(layer, graph);
    const auto axis = static_cast<std::size_t>(canonical(p.axis(), shape));
    const auto inputs = product(shape, axis);
    auto x = in(layer, graph);
    if (axis != 1 || shape.size() != 2) {
        if (axis == 0) throw OnnxFault{"axis 0 makes one row of a whole batch"};
        x = graph.node("Reshape", {x, graph.constant(layer.name() + "/rows", {-1, inputs})}, layer.name() + "/rows");
    }
    const auto outputs = static_cast<std::int64_t>(p.num_output());
    const auto sizes = p.transpose() ? Sizes{inputs, outputs} : Sizes{outputs, inputs};
    Strings operands{x, graph.constant(layer.name() + "/weight", sizes, values_of(layer, 0))};
    if (p.bias_term()) operands.push_back(graph.constant(layer.name() + "/bias", {outputs}, values_of(layer, 1)));
    std::string y = graph.node("Gemm", operands, layer.name()).with("transB", std::int64_t{p.transpose() ? 0 : 1});
    if (axis != 1) {
        Sizes result(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(axis));
        result.push_back(outputs);
        y = reshaped(layer, graph, y, result);
    }
    out(layer, graph, y);
}

// Pooling, by Caffe's windows.

struct PoolAxis {
    std::int64_t size, kernel, stride, pad, outputs;

    /// Zeros behind the input, so that no window is cut.
    std::int64_t behind() const { return std::max<std::int64_t>((outputs - 1) * stride + kernel - pad - size, 0); }
    /// How many elements of a window Caffe counts: padding counts, positions beyond it do not.
    std::int64_t counted(std::int64_t window) const {
        const auto begin = window * stride - pad;
        return std::min(begin + kernel, size + pad) - begin;
    }
};

void pooling(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.pooling_param();
    if (p.pool() == caffe::PoolingParameter::STOCHASTIC) throw OnnxFault{"ONNX has no stochastic pooling"};
    if (layer.top_size() > 1) throw OnnxFault{"its second top, the places of the maxima, has another form in ONNX"};
    const bool average = p.pool() == caffe::PoolingParameter::AVE;
    if (p.global_pooling()) {
        out(layer, graph,
            graph.node(average ? "GlobalAveragePool" : "GlobalMaxPool", {in(layer, graph)}, layer.name()));
        return;
    }
    const auto &before = bottom_shape(layer, graph), &after = graph.shape_of(layer.top(0));
    const PoolAxis y{before.at(2), p.has_kernel_size() ? p.kernel_size() : p.kernel_h(),
                     p.has_stride_h() ? p.stride_h() : p.stride(), p.has_pad_h() ? p.pad_h() : p.pad(), after.at(2)};
    const PoolAxis x{before.at(3), p.has_kernel_size() ? p.kernel_size() : p.kernel_w(),
                     p.has_stride_w() ? p.stride_w() : p.stride(), p.has_pad_w() ? p.pad_w() : p.pad(), after.at(3)};
    auto node = graph.node(average ? "AveragePool" : "MaxPool", {in(layer, graph)}, layer.name());
    node.with("kernel_shape", Sizes{y.kernel, x.kernel})
        .with("strides", Sizes{y.stride, x.stride})
        .with("pads", Sizes{y.pad, x.pad, y.behind(), x.behind()});
    if (average) node.with("count_include_pad", std::int64_t{1});
    std::string value = node;
    if (average) {
        // ONNX divides by the whole window, Caffe by the part of it inside the padded input.
        std::vector<float> factors;
        for (std::int64_t row = 0; row < y.outputs; ++row)
            for (std::int64_t column = 0; column < x.outputs; ++column)
                factors.push_back(static_cast<float>(y.kernel * x.kernel) /
                                  static_cast<float>(y.counted(row) * x.counted(column)));
        if (std::ranges::any_of(factors, [](float factor) { return factor != 1; }))
            value = graph.node("Mul",
                               {value, graph.constant(layer.name() + "/counts", {1, 1, y.outputs, x.outputs}, factors)},
                               layer.name());
    }
    out(layer, graph, value);
}

// Normalization.

/// y = x a + b for each channel.
void scale_channels(const LayerParameter& layer, OnnxGraph& graph, const std::vector<float>& factors,
                    const std::vector<float>& offsets) {
    const auto axes = bottom_shape(layer, graph).size();
    const Sizes channels{static_cast<std::int64_t>(factors.size())};
    const auto a = spread(layer, graph, "factor", channels, 1, axes, factors),
               b = spread(layer, graph, "offset", channels, 1, axes, offsets);
    const std::string y = graph.node("Mul", {in(layer, graph), a}, layer.name());
    out(layer, graph, graph.node("Add", {y, b}, layer.name()));
}

void batch_norm(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& norm = layer.batch_norm_param();
    if (norm.has_use_global_stats() && !norm.use_global_stats())
        throw OnnxFault{"it takes the statistics of each batch"};
    const auto mean = values_of(layer, 0), variance = values_of(layer, 1), weight = values_of(layer, 2);
    const bool nvidia = layer.blobs_size() >= 5;  // scale and shift inside; its statistics are not sums
    const double factor = nvidia ? 1.0 : weight.at(0) == 0 ? 0.0 : 1.0 / weight.at(0);
    const double eps = nvidia ? std::max<double>(norm.eps(), 1e-5F) : norm.eps();
    const auto gamma = nvidia ? values_of(layer, 3) : std::vector<float>(mean.size(), 1),
               beta = nvidia ? values_of(layer, 4) : std::vector<float>(mean.size(), 0);
    std::vector<float> factors, offsets;
    for (std::size_t i = 0; i < mean.size(); ++i) {
        const double a = gamma[i] / std::sqrt(variance.at(i) * factor + eps);
        factors.push_back(static_cast<float>(a));
        offsets.push_back(static_cast<float>(beta[i] - mean[i] * factor * a));
    }
    scale_channels(layer, graph, factors, offsets);
}

void bn(const LayerParameter& layer, OnnxGraph& graph) {
    if (layer.bn_param().bn_mode() == caffe::BNParameter::LEARN)
        throw OnnxFault{"it takes the statistics of each batch"};
    scale_channels(layer, graph, values_of(layer, 0), values_of(layer, 1));
}

/// The second bottom of Scale and Bias, in a shape that spreads over the first.
std::string spread_bottom(const LayerParameter& layer, OnnxGraph& graph, std::int64_t given_axis) {
    const auto &shape = bottom_shape(layer, graph), &own = bottom_shape(layer, graph, 1);
    const auto axis = own.empty() ? 0 : canonical(given_axis, shape);
    Sizes target(shape.size(), 1);
    for (std::size_t i = 0; i < own.size(); ++i) target[static_cast<std::size_t>(axis) + i] = own[i];
    if (axis != 0)
        return graph.node("Reshape", {in(layer, graph, 1), graph.constant(layer.name() + "/shape", target)},
                          layer.name());
    return reshaped(layer, graph, in(layer, graph, 1), target);
}

void scale(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.scale_param();
    const auto& shape = bottom_shape(layer, graph);
    const auto parameter = [&](int i, const char* name) {
        const auto own = sizes_of(layer, i);
        return spread(layer, graph, name, own, own.empty() ? 0 : canonical(p.axis(), shape), shape.size(),
                      values_of(layer, i));
    };
    const bool bottoms = layer.bottom_size() > 1;
    std::string y =
        graph.node("Mul", {in(layer, graph), bottoms ? spread_bottom(layer, graph, p.axis()) : parameter(0, "factor")},
                   layer.name());
    if (p.bias_term()) y = graph.node("Add", {y, parameter(bottoms ? 0 : 1, "offset")}, layer.name());
    out(layer, graph, y);
}

void bias(const LayerParameter& layer, OnnxGraph& graph) {
    const auto axis = layer.bias_param().axis();
    const auto& shape = bottom_shape(layer, graph);
    const auto own = layer.bottom_size() > 1 ? Sizes() : sizes_of(layer, 0);
    const auto b = layer.bottom_size() > 1
                       ? spread_bottom(layer, graph, axis)
                       : spread(layer, graph, "offset", own, own.empty() ? 0 : canonical(axis, shape), shape.size(),
                                values_of(layer, 0));
    out(layer, graph, graph.node("Add", {in(layer, graph), b}, layer.name()));
}

std::string scalar(const LayerParameter& layer, OnnxGraph& graph, const char* name, float value) {
    return graph.constant(layer.name() + "/" + name, {}, {value});
}

void lrn(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.lrn_param();
    const auto size = static_cast<std::int64_t>(p.local_size());
    const auto x = in(layer, graph);
    if (p.norm_region() == caffe::LRNParameter::ACROSS_CHANNELS) {
        out(layer, graph,
            graph.node("LRN", {x}, layer.name())
                .with("alpha", p.alpha())
                .with("beta", p.beta())
                .with("bias", p.k())
                .with("size", size));
        return;
    }
    const std::string squares = graph.node("Mul", {x, x}, layer.name());
    const std::string mean = graph.node("AveragePool", {squares}, layer.name())
                                 .with("kernel_shape", Sizes{size, size})
                                 .with("pads", Sizes(4, (size - 1) / 2))
                                 .with("count_include_pad", std::int64_t{1});
    const std::string scaled = graph.node("Mul", {mean, scalar(layer, graph, "alpha", p.alpha())}, layer.name());
    const std::string shifted = graph.node("Add", {scaled, scalar(layer, graph, "one", 1)}, layer.name());
    const std::string power = graph.node("Pow", {shifted, scalar(layer, graph, "power", -p.beta())}, layer.name());
    out(layer, graph, graph.node("Mul", {x, power}, layer.name()));
}

// Elementwise.

void same(const LayerParameter& layer, OnnxGraph& graph) {
    for (int i = 0; i < layer.top_size(); ++i) out(layer, graph, in(layer, graph), i);
}
void silence(const LayerParameter&, OnnxGraph&) {}

void relu(const LayerParameter& layer, OnnxGraph& graph) {
    const float slope = layer.relu_param().negative_slope();
    if (slope == 0)
        out(layer, graph, graph.node("Relu", {in(layer, graph)}, layer.name()));
    else
        out(layer, graph, graph.node("LeakyRelu", {in(layer, graph)}, layer.name()).with("alpha", slope));
}
void prelu(const LayerParameter& layer, OnnxGraph& graph) {
    const auto slopes = values_of(layer, 0);
    const auto slope = spread(layer, graph, "slope", {static_cast<std::int64_t>(slopes.size())}, 1,
                              bottom_shape(layer, graph).size(), slopes);
    out(layer, graph, graph.node("PRelu", {in(layer, graph), slope}, layer.name()));
}
void elu(const LayerParameter& layer, OnnxGraph& graph) {
    out(layer, graph, graph.node("Elu", {in(layer, graph)}, layer.name()).with("alpha", layer.elu_param().alpha()));
}
void sigmoid(const LayerParameter& layer, OnnxGraph& graph) {
    out(layer, graph, graph.node("Sigmoid", {in(layer, graph)}, layer.name()));
}
void tanh(const LayerParameter& layer, OnnxGraph& graph) {
    out(layer, graph, graph.node("Tanh", {in(layer, graph)}, layer.name()));
}
void absolute(const LayerParameter& layer, OnnxGraph& graph) {
    out(layer, graph, graph.node("Abs", {in(layer, graph)}, layer.name()));
}
void bnll(const LayerParameter& layer, OnnxGraph& graph) {
    out(layer, graph, graph.node("Softplus", {in(layer, graph)}, layer.name()));
}
void swish(const LayerParameter& layer, OnnxGraph& graph) {
    const auto x = in(layer, graph);
    std::string scaled = x;
    if (layer.swish_param().beta() != 1)
        scaled = graph.node("Mul", {x, scalar(layer, graph, "beta", layer.swish_param().beta())}, layer.name());
    const std::string gate = graph.node("Sigmoid", {scaled}, layer.name());
    out(layer, graph, graph.node("Mul", {x, gate}, layer.name()));
}
void clip(const LayerParameter& layer, OnnxGraph& graph) {
    out(layer, graph,
        graph.node("Clip",
                   {in(layer, graph), scalar(layer, graph, "min", layer.clip_param().min()),
                    scalar(layer, graph, "max", layer.clip_param().max())},
                   layer.name()));
}

/// shift + scale x
std::string linear(const LayerParameter& layer, OnnxGraph& graph, std::string x, float scale, float shift) {
    if (scale != 1) x = graph.node("Mul", {x, scalar(layer, graph, "scale", scale)}, layer.name());
    if (shift != 0) x = graph.node("Add", {x, scalar(layer, graph, "shift", shift)}, layer.name());
    return x;
}
void power(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.power_param();
    auto y = linear(layer, graph, in(layer, graph), p.scale(), p.shift());
    if (p.power() != 1) y = graph.node("Pow", {y, scalar(layer, graph, "power", p.power())}, layer.name());
    out(layer, graph, y);
}
void exponential(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.exp_param();
    auto y = linear(layer, graph, in(layer, graph), p.scale(), p.shift());
    if (p.base() != -1) y = linear(layer, graph, y, std::log(p.base()), 0);
    out(layer, graph, graph.node("Exp", {y}, layer.name()));
}
void logarithm(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.log_param();
    const std::string y =
        graph.node("Log", {linear(layer, graph, in(layer, graph), p.scale(), p.shift())}, layer.name());
    out(layer, graph, p.base() == -1 ? y : linear(layer, graph, y, 1 / std::log(p.base()), 0));
}

void eltwise(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.eltwise_param();
    Strings inputs;
    for (int i = 0; i < layer.bottom_size(); ++i) {
        auto x = in(layer, graph, i);
        if (p.operation() == caffe::EltwiseParameter::SUM && i < p.coeff_size() && p.coeff(i) != 1)
            x = linear(layer, graph, x, p.coeff(i), 0);
        inputs.push_back(x);
    }
    if (p.operation() == caffe::EltwiseParameter::PROD) {
        std::string y = inputs[0];
        for (std::size_t i = 1; i < inputs.size(); ++i) y = graph.node("Mul", {y, inputs[i]}, layer.name());
        out(layer, graph, y);
        return;
    }
    const bool adds = p.operation() == caffe::EltwiseParameter::SUM;
    out(layer, graph, graph.node(adds ? inputs.size() == 2 ? "Add" : "Sum" : "Max", inputs, layer.name()));
}

// Shapes.

void concat(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.concat_param();
    const auto axis = canonical(p.has_concat_dim() ? p.concat_dim() : p.axis(), bottom_shape(layer, graph));
    if (axis == 0) throw OnnxFault{"it joins whole batches"};
    Strings inputs;
    for (int i = 0; i < layer.bottom_size(); ++i) inputs.push_back(in(layer, graph, i));
    out(layer, graph, graph.node("Concat", inputs, layer.name()).with("axis", axis));
}
void slice(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.slice_param();
    const auto axis = canonical(p.has_slice_dim() ? p.slice_dim() : p.axis(), bottom_shape(layer, graph));
    if (axis == 0) throw OnnxFault{"it cuts a batch"};
    Sizes sizes;
    Strings names;
    for (const auto& top : layer.top()) {
        sizes.push_back(graph.shape_of(top).at(static_cast<std::size_t>(axis)));
        names.push_back(layer.name() + "/" + top);
    }
    auto node =
        graph.node("Split", {in(layer, graph), graph.constant(layer.name() + "/sizes", sizes)}, layer.name(), names);
    node.with("axis", axis);
    for (int i = 0; i < layer.top_size(); ++i) out(layer, graph, node.output(i), i);
}
/// Flatten and Reshape: the sizes behind the batch are known.
void to_top_shape(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& after = graph.shape_of(layer.top(0));
    if (after.empty() || after[0] != 1) throw OnnxFault{"the first axis of its top is not the batch"};
    out(layer, graph, reshaped(layer, graph, in(layer, graph), after));
}
void softmax(const LayerParameter& layer, OnnxGraph& graph) {
    const auto axis = canonical(layer.softmax_param().axis(), bottom_shape(layer, graph));
    out(layer, graph, graph.node("Softmax", {in(layer, graph)}, layer.name()).with("axis", axis));
}
void permute(const LayerParameter& layer, OnnxGraph& graph) {
    Sizes order;
    for (const auto axis : layer.permute_param().order()) order.push_back(axis);
    for (std::int64_t axis = 0; axis < static_cast<std::int64_t>(bottom_shape(layer, graph).size()); ++axis)
        if (std::ranges::find(order, axis) == order.end()) order.push_back(axis);
    out(layer, graph, graph.node("Transpose", {in(layer, graph)}, layer.name()).with("perm", order));
}
void crop(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.crop_param();
    const auto &shape = bottom_shape(layer, graph), &after = graph.shape_of(layer.top(0));
    const auto first = canonical(p.axis(), shape);
    if (first == 0) throw OnnxFault{"it cuts a batch"};
    Sizes starts, ends, axes;
    for (auto axis = first; axis < static_cast<std::int64_t>(shape.size()); ++axis) {
        const auto i = static_cast<int>(axis - first);
        const std::int64_t offset = p.offset_size() == 0 ? 0 : p.offset(p.offset_size() == 1 ? 0 : i);
        axes.push_back(axis);
        starts.push_back(offset);
        ends.push_back(offset + after[static_cast<std::size_t>(axis)]);
    }
    out(layer, graph,
        graph.node("Slice",
                   {in(layer, graph), graph.constant(layer.name() + "/starts", starts),
                    graph.constant(layer.name() + "/ends", ends), graph.constant(layer.name() + "/axes", axes)},
                   layer.name()));
}
void arg_max(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.argmax_param();
    if (!p.has_axis() || p.top_k() != 1 || p.out_max_val())
        throw OnnxFault{"only the best one along an axis can be written"};
    const std::string index = graph.node("ArgMax", {in(layer, graph)}, layer.name())
                                  .with("axis", canonical(p.axis(), bottom_shape(layer, graph)))
                                  .with("keepdims", std::int64_t{1});
    out(layer, graph, graph.node("Cast", {index}, layer.name()).with("to", std::int64_t{onnx::TensorProto::FLOAT}));
}
void reduction(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.reduction_param();
    const auto& shape = bottom_shape(layer, graph);
    const auto first = canonical(p.axis(), shape);
    if (first == 0) throw OnnxFault{"it joins a whole batch"};
    Sizes axes;
    for (auto axis = first; axis < static_cast<std::int64_t>(shape.size()); ++axis) axes.push_back(axis);
    auto x = in(layer, graph);
    const bool sums = p.operation() == caffe::ReductionParameter::SUM;
    std::string y;
    if (sums) {
        y = graph.node("ReduceSum", {x, graph.constant(layer.name() + "/axes", axes)}, layer.name())
                .with("keepdims", std::int64_t{0});
    } else {
        const char* type = p.operation() == caffe::ReductionParameter::ASUM    ? "ReduceL1"
                           : p.operation() == caffe::ReductionParameter::SUMSQ ? "ReduceSumSquare"
                                                                               : "ReduceMean";
        y = graph.node(type, {x}, layer.name()).with("axes", axes).with("keepdims", std::int64_t{0});
    }
    out(layer, graph, linear(layer, graph, y, p.coeff(), 0));
}
void interp(const LayerParameter& layer, OnnxGraph& graph) {
    const auto& p = layer.interp_param();
    if (p.pad_beg() != 0 || p.pad_end() != 0) throw OnnxFault{"pad_beg and pad_end cannot be written"};
    const auto &before = bottom_shape(layer, graph), &after = graph.shape_of(layer.top(0));
    const std::vector<float> scales{1, 1, static_cast<float>(after.at(2)) / static_cast<float>(before.at(2)),
                                    static_cast<float>(after.at(3)) / static_cast<float>(before.at(3))};
    out(layer, graph,
        graph
            .node("Resize", {in(layer, graph), "", graph.constant(layer.name() + "/scales", {4}, scales)}, layer.name())
            .with("mode", "linear")
            .with("coordinate_transformation_mode", "align_corners"));
}

}  // namespace

const std::vector<OnnxLayerKind>& onnx_layer_kinds() {
    static const std::vector<OnnxLayerKind> kKinds{
        {"AbsVal", absolute},
        {"ArgMax", arg_max},
        {"BN", bn},
        {"BNLL", bnll},
        {"BatchNorm", batch_norm},
        {"Bias", bias},
        {"Clip", clip},
        {"Concat", concat},
        {"Convolution", convolution},
        {"Crop", crop},
        {"Deconvolution", deconvolution},
        {"DepthwiseConvolution", depthwise_convolution},
        {"DetectionDecode", write_detection_decode},
        {"Dropout", same},
        {"ELU", elu},
        {"Eltwise", eltwise},
        {"Exp", exponential},
        {"Flatten", to_top_shape},
        {"InnerProduct", inner_product},
        {"Interp", interp},
        {"LRN", lrn},
        {"Log", logarithm},
        {"PReLU", prelu},
        {"Permute", permute},
        {"Pooling", pooling},
        {"Power", power},
        {"ReLU", relu},
        {"Reduction", reduction},
        {"Reshape", to_top_shape},
        {"Scale", scale},
        {"Sigmoid", sigmoid},
        {"Silence", silence},
        {"Slice", slice},
        {"Softmax", softmax},
        {"Split", same},
        {"Swish", swish},
        {"TanH", tanh},
    };
    return kKinds;
}

}  // namespace digits
