// Convolutions, products, poolings and normalizations.

#include <algorithm>
#include <array>
#include <cmath>

#include "imports/onnx_operators.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

constexpr std::int64_t kMostWindow = 10000;  // of a kernel's side, a stride or padding

/// Height or width of a window over a padded input.
struct Axis {
    std::int64_t size = 0, kernel = 1, stride = 1, dilation = 1, begin = 0, end = 0;

    std::int64_t extent() const { return dilation * (kernel - 1) + 1; }
    std::int64_t outputs(bool ceiling = false) const {
        const auto room = size + begin + end - extent();
        if (room < 0)
            throw fault("a window of {} does not fit {} values with padding {} and {}", extent(), size, begin, end);
        auto count = (room + (ceiling ? stride - 1 : 0)) / stride + 1;
        // No window is in the trailing padding alone.
        if (ceiling && (count - 1) * stride >= size + begin) --count;
        return count;
    }
};
struct Window {
    Axis y, x;
    bool pads_before = false;  ///< zeros of a Pad operator are among the padding
};

std::int64_t bounded(std::int64_t value, const char* what, std::int64_t least) {
    if (value < least || value > kMostWindow)
        throw fault("{} is {}; it must be {} to {}", what, value, least, kMostWindow);
    return value;
}

/// Two sizes of an attribute.
std::array<std::int64_t, 2> pair(const OnnxOperator& op, const char* name, const Sizes& otherwise, std::int64_t least) {
    const auto values = op.integers(name).value_or(otherwise);
    if (values.size() != 2)
        throw fault("the number of values of {} is {}; it must be 2, as only images are supported", name,
                    values.size());
    return {bounded(values[0], name, least), bounded(values[1], name, least)};
}

void pad_automatically(const std::string& how, Axis& axis) {
    if (how == "VALID" || how == "NOTSET" || how.empty()) return;
    if (how != "SAME_UPPER" && how != "SAME_LOWER") throw fault("auto_pad {} is not covered", how.substr(0, 20));
    const auto outputs = (axis.size + axis.stride - 1) / axis.stride;
    const auto missing = std::max<std::int64_t>((outputs - 1) * axis.stride + axis.extent() - axis.size, 0);
    axis.begin = how == "SAME_UPPER" ? missing / 2 : missing - missing / 2;
    axis.end = missing - axis.begin;
}

Window window_of(const OnnxOperator& op, const OnnxBlob& blob, const Sizes& kernel) {
    if (blob.shape.size() != 4)
        throw fault("its input has {} axes; it must have 4, as only images are supported", blob.shape.size());
    const auto kernels = pair(op, "kernel_shape", kernel, 1), strides = pair(op, "strides", {1, 1}, 1),
               dilations = pair(op, "dilations", {1, 1}, 1);
    Window window;
    window.y = {blob.shape[2], kernels[0], strides[0], dilations[0]};
    window.x = {blob.shape[3], kernels[1], strides[1], dilations[1]};
    if (const auto pads = op.integers("pads")) {
        if (pads->size() != 4) throw fault("pads must have 4 values; got {}", pads->size());
        for (const auto pad : *pads) bounded(pad, "pads", 0);
        window.y.begin = (*pads)[0];
        window.x.begin = (*pads)[1];
        window.y.end = (*pads)[2];
        window.x.end = (*pads)[3];
    }
    if (!blob.pads.empty()) {
        if (blob.pads[0] != 0 || blob.pads[1] != 0 || blob.pads[4] != 0 || blob.pads[5] != 0)
            throw fault("padding of channels before it is not covered");
        window.pads_before = true;
    }
    const auto how = op.text("auto_pad", "NOTSET");
    const auto prepare = [&](Axis& axis, std::size_t at) {
        const auto before = blob.pads.empty() ? 0 : blob.pads[at], after = blob.pads.empty() ? 0 : blob.pads[at + 4];
        axis.size += before + after;
        pad_automatically(how, axis);
        axis.size -= before + after;
        axis.begin += before;
        axis.end += after;
    };
    prepare(window.y, 2);
    prepare(window.x, 3);
    return window;
}

/// Where more zeros are on one side, the kernel grows by rows of zeros on the other: the same sums.
struct Growth {
    std::int64_t pad = 0, front = 0, back = 0;
};
Growth grow(const Axis& axis) {
    const auto difference = axis.end - axis.begin;
    const auto steps = std::abs(difference) / axis.dilation;
    if (steps * axis.dilation != std::abs(difference))
        throw fault("padding {} and {} with dilation {} is not covered", axis.begin, axis.end, axis.dilation);
    return difference > 0 ? Growth{axis.end, steps, 0} : Growth{axis.begin, 0, steps};
}

bool is_same_padding(Axis axis) {
    const auto begin = axis.begin, end = axis.end;
    pad_automatically("SAME_UPPER", axis);
    return axis.begin == begin && axis.end == end;
}

OnnxTensor grown(const OnnxTensor& weights, const Growth& y, const Growth& x) {
    OnnxTensor result;
    result.dims = weights.dims;
    const auto rows = weights.dims[2], columns = weights.dims[3];
    const auto new_rows = result.dims[2] += y.front + y.back, new_columns = result.dims[3] += x.front + x.back;
    result.values.assign(static_cast<std::size_t>(result.count()), 0);
    for (std::int64_t plane = 0; plane < weights.dims[0] * weights.dims[1]; ++plane)
        for (std::int64_t row = 0; row < rows; ++row)
            std::copy_n(weights.values.begin() + (plane * rows + row) * columns, columns,
                        result.values.begin() + (plane * new_rows + row + y.front) * new_columns + x.front);
    return result;
}

/// The weights of the first convolution, for images as Digits prepares them.
void fold_input(OnnxTensor& weights, const OnnxInputFold& fold) {
    const auto channels = weights.dims[1], plane = weights.dims[2] * weights.dims[3];
    const auto before = weights.values;
    for (std::int64_t output = 0; output < weights.dims[0]; ++output)
        for (std::int64_t c = 0; c < channels; ++c)
            for (std::int64_t i = 0; i < plane; ++i)
                weights.values[static_cast<std::size_t>(
                    (output * channels + fold.order[static_cast<std::size_t>(c)]) * plane + i)] =
                    before[static_cast<std::size_t>((output * channels + c) * plane + i)] *
                    fold.factor[static_cast<std::size_t>(c)];
}

OnnxTensor weights_of(const OnnxOperator& op, std::size_t axes) {
    auto weights = op.constant(1);
    if (weights.is_integer) throw fault("its weights are whole numbers: quantized networks are not covered");
    if (weights.dims.size() != axes)
        throw fault("the number of axes of its weights is {}; it must be {}", weights.dims.size(), axes);
    if (std::ranges::any_of(weights.dims, [](auto dim) { return dim < 1; })) throw fault("its weights are empty");
    return weights;
}

void set_convolution(LayerParameter& layer, const Window& window, std::int64_t outputs, std::int64_t groups) {
    auto& p = *layer.mutable_convolution_param();
    p.set_num_output(static_cast<std::uint32_t>(outputs));
    if (groups != 1) p.set_group(static_cast<std::uint32_t>(groups));
    const auto u = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
    if (window.y.kernel == window.x.kernel) {
        p.add_kernel_size(u(window.y.kernel));
    } else {
        p.set_kernel_h(u(window.y.kernel));
        p.set_kernel_w(u(window.x.kernel));
    }
    if (window.y.stride != window.x.stride) {
        p.set_stride_h(u(window.y.stride));
        p.set_stride_w(u(window.x.stride));
    } else if (window.y.stride != 1) {
        p.add_stride(u(window.y.stride));
    }
    if (window.y.dilation != 1 || window.x.dilation != 1) {
        p.add_dilation(u(window.y.dilation));
        if (window.x.dilation != window.y.dilation) p.add_dilation(u(window.x.dilation));
    }
    p.mutable_weight_filler()->set_type("msra");
}

void set_padding(LayerParameter& layer, std::int64_t y, std::int64_t x) {
    auto& p = *layer.mutable_convolution_param();
    if (y == x) {
        if (y != 0) p.add_pad(static_cast<std::uint32_t>(y));
    } else {
        p.set_pad_h(static_cast<std::uint32_t>(y));
        p.set_pad_w(static_cast<std::uint32_t>(x));
    }
}

void add_bias(const OnnxOperator& op, LayerParameter& layer, std::int64_t outputs) {
    layer.mutable_convolution_param()->set_bias_term(op.has(2));
    if (!op.has(2)) return;
    const auto bias = op.constant(2).as_floats();
    if (static_cast<std::int64_t>(bias.size()) != outputs)
        throw fault("it has {} biases for {} channels", bias.size(), outputs);
    add_weights(layer, {outputs}, bias);
}

void convolution(const OnnxOperator& op) {
    const auto& x = op.padded();
    auto weights = weights_of(op, 4);
    auto window = window_of(op, x, {weights.dims[2], weights.dims[3]});
    const auto groups = op.integer("group", 1), outputs = weights.dims[0];
    if (groups < 1 || x.shape[1] % groups != 0 || outputs % groups != 0 || weights.dims[1] != x.shape[1] / groups)
        throw fault("weights of {} x {} do not fit {} channels in {} groups", outputs, weights.dims[1], x.shape[1],
                    groups);
    if (window.y.kernel != weights.dims[2] || window.x.kernel != weights.dims[3])
        throw fault("kernel_shape is not that of the weights");
    if (x.name == kOnnxInputBlob && op.graph().fold) fold_input(weights, *op.graph().fold);
    const Sizes shape{x.shape[0], outputs, window.y.outputs(), window.x.outputs()};
    const bool uneven = window.y.begin != window.y.end || window.x.begin != window.x.end;
    const bool same = uneven && is_same_padding(window.y) && is_same_padding(window.x);
    Growth rows{window.y.begin, 0, 0}, columns{window.x.begin, 0, 0};
    if (uneven && !same) {
        rows = grow(window.y);
        columns = grow(window.x);
        weights = grown(weights, rows, columns);
        window.y.kernel = weights.dims[2];
        window.x.kernel = weights.dims[3];
    }
    auto& layer = op.layer("Convolution", {x.name}, 1);
    set_convolution(layer, window, outputs, groups);
    if (same)
        layer.mutable_convolution_param()->set_pad_same(true);
    else
        set_padding(layer, rows.pad, columns.pad);
    add_weights(layer, weights.dims, weights.values);
    add_bias(op, layer, outputs);
    op.give(layer, shape);
}

void transposed_convolution(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto weights = weights_of(op, 4);
    const auto groups = op.integer("group", 1), outputs = weights.dims[1] * groups;
    if (groups < 1 || groups > weights.dims[0] || weights.dims[0] != x.shape.at(1) || weights.dims[0] % groups != 0)
        throw fault("weights of {} x {} do not fit {} channels in {} groups", weights.dims[0], weights.dims[1],
                    x.shape.at(1), groups);
    if (op.integers("output_shape")) throw fault("output_shape is not covered");
    if (const auto how = op.text("auto_pad", "NOTSET"); how != "NOTSET" && how != "VALID")
        throw fault("auto_pad {} is not covered", how.substr(0, 20));
    const auto window = window_of(op, x, {weights.dims[2], weights.dims[3]});
    if (window.y.kernel != weights.dims[2] || window.x.kernel != weights.dims[3])
        throw fault("kernel_shape is not that of the weights");
    const auto more = pair(op, "output_padding", {0, 0}, 0);
    auto& layer = op.layer("Deconvolution", {x.name}, 1);
    set_convolution(layer, window, outputs, groups);
    // What is cut from the sides equally is the layer's padding.
    const auto pad = [](const Axis& axis, std::int64_t extra) {
        if (extra > axis.end) throw fault("output_padding {} with padding {} is not covered", extra, axis.end);
        return std::min(axis.begin, axis.end - extra);
    };
    const auto pad_y = pad(window.y, more[0]), pad_x = pad(window.x, more[1]);
    set_padding(layer, pad_y, pad_x);
    add_weights(layer, weights.dims, weights.values);
    add_bias(op, layer, outputs);
    const auto full = [](const Axis& axis, std::int64_t padding) {
        const auto size = axis.stride * (axis.size - 1) + axis.extent() - 2 * padding;
        if (size < 1) throw fault("padding leaves nothing of its output");
        return size;
    };
    Sizes shape{x.shape[0], outputs, full(window.y, pad_y), full(window.x, pad_x)};
    auto blob = layer.top(0);
    blob = cut_blob(op, blob, shape, 2, window.y.begin - pad_y, shape[2] - (window.y.end - more[0] - pad_y));
    blob = cut_blob(op, blob, shape, 3, window.x.begin - pad_x, shape[3] - (window.x.end - more[1] - pad_x));
    op.give(blob, shape);
}

// Products.

/// A layer of weights outputs x inputs over the last axis.
void give_product(const OnnxOperator& op, const OnnxBlob& x, const OnnxTensor& weights, bool transposed,
                  const std::vector<float>& bias) {
    const auto inputs = weights.dims[transposed ? 1 : 0], outputs = weights.dims[transposed ? 0 : 1];
    if (x.shape.size() < 2 || x.shape.back() != inputs)
        throw fault("weights of {} x {} do not fit {} values", weights.dims[0], weights.dims[1],
                    x.shape.empty() ? 0 : x.shape.back());
    auto& layer = op.layer("InnerProduct", {x.name}, 1);
    auto& p = *layer.mutable_inner_product_param();
    p.set_num_output(static_cast<std::uint32_t>(outputs));
    if (x.shape.size() != 2) p.set_axis(static_cast<std::int32_t>(x.shape.size() - 1));
    p.set_bias_term(!bias.empty());
    p.mutable_weight_filler()->set_type("xavier");
    if (transposed) {
        add_weights(layer, {outputs, inputs}, weights.values);
    } else {
        std::vector<float> turned(weights.values.size());
        for (std::int64_t i = 0; i < inputs; ++i)
            for (std::int64_t o = 0; o < outputs; ++o)
                turned[static_cast<std::size_t>(o * inputs + i)] =
                    weights.values[static_cast<std::size_t>(i * outputs + o)];
        add_weights(layer, {outputs, inputs}, turned);
    }
    if (!bias.empty()) add_weights(layer, {outputs}, bias);
    auto shape = x.shape;
    shape.back() = outputs;
    op.give(layer, shape);
}

void gemm(const OnnxOperator& op) {
    if (op.integer("transA", 0) != 0) throw fault("transA is not covered");
    const auto& x = op.blob();
    auto weights = weights_of(op, 2);
    const bool transposed = op.integer("transB", 0) != 0;
    const auto outputs = weights.dims[transposed ? 0 : 1];
    const float alpha = op.number("alpha", 1), beta = op.number("beta", 1);
    if (x.shape.size() != 2) throw fault("its input must have 2 axes; got {}", x.shape.size());
    for (auto& weight : weights.values) weight *= alpha;
    std::vector<float> bias;
    if (op.has(2)) {
        bias = op.constant(2).as_floats();
        if (bias.size() == 1) bias.assign(static_cast<std::size_t>(outputs), bias[0]);
        if (static_cast<std::int64_t>(bias.size()) != outputs)
            throw fault("it has {} biases for {} outputs", bias.size(), outputs);
        for (auto& one : bias) one *= beta;
    }
    give_product(op, x, weights, transposed, bias);
}

void matrix_product(const OnnxOperator& op) {
    if (!op.is_constant(1)) throw fault("it multiplies two computed matrices, which no layer does");
    give_product(op, op.blob(), weights_of(op, 2), false, {});
}

// Pooling. Caffe's windows begin in the padding before and may reach past the padding behind.

struct PoolAxis {
    std::int64_t pad = 0;
    std::int64_t skipped = 0;  ///< outputs of the layer before the first that is wanted
    std::int64_t wanted = 0;
    std::int64_t made_floor = 0, made_ceiling = 0;
};

std::int64_t caffe_outputs(const Axis& axis, std::int64_t pad, bool any_pad, bool floor) {
    const auto room = axis.size + 2 * pad - axis.kernel;
    if (room < 0) return 0;
    auto count = (room + (floor ? 0 : axis.stride - 1)) / axis.stride + 1;
    if (any_pad && (count - 1) * axis.stride >= axis.size + pad) --count;
    return count;
}

/// The padding of the layer: that before, or more of it by whole strides where the windows behind need it.
PoolAxis place(const Axis& axis, std::int64_t wanted, bool other_pads) {
    for (std::int64_t pad = axis.begin, skipped = 0; pad < axis.kernel; pad += axis.stride, ++skipped) {
        PoolAxis found{pad, skipped, wanted, 0, 0};
        const bool any_pad = pad > 0 || other_pads;
        found.made_floor = caffe_outputs(axis, pad, any_pad, true);
        found.made_ceiling = caffe_outputs(axis, pad, any_pad, false);
        if (found.made_ceiling >= wanted + skipped) return found;
    }
    throw fault("a window of {} with padding {} and {} over {} values is not covered", axis.kernel, axis.begin,
                axis.end, axis.size);
}

/// How many values a window has: for Caffe, and for ONNX.
float share(const Axis& axis, std::int64_t pad, std::int64_t window, bool counts_padding) {
    const auto begin = window * axis.stride - axis.begin;
    const auto by_caffe = std::min(begin + axis.kernel, axis.size + pad) - begin;
    const auto by_onnx = counts_padding ? std::min(begin + axis.kernel, axis.size + axis.end) - begin
                                        : std::min(begin + axis.kernel, axis.size) - std::max<std::int64_t>(begin, 0);
    return static_cast<float>(by_caffe) / static_cast<float>(std::max<std::int64_t>(by_onnx, 1));
}

bool is_never_negative(const OnnxOperator& op) {
    const auto* layer = op.graph().layer_of(op.padded().name);
    return layer && ((layer->type() == "ReLU" && layer->relu_param().negative_slope() == 0) ||
                     layer->type() == "Sigmoid" || (layer->type() == "Clip" && layer->clip_param().min() >= 0));
}

/// A factor for each place of a plane, which no training changes.
std::string scale_places(const OnnxOperator& op, const std::string& blob, const Sizes& shape,
                         const std::vector<float>& factors) {
    auto& layer = op.layer("Scale", {blob});
    layer.mutable_scale_param()->set_axis(2);
    layer.mutable_scale_param()->set_num_axes(2);
    auto& param = *layer.add_param();
    param.set_lr_mult(0);
    param.set_decay_mult(0);
    add_weights(layer, {shape[2], shape[3]}, factors);
    return layer.top(0);
}

void pool(const OnnxOperator& op, bool average) {
    const auto& x = op.padded();
    if (op.outputs() > 1 && !op.node().output(1).empty() && op.graph().uses(op.node().output(1)) > 0)
        throw fault("the places of its maxima are not covered");
    const auto window = window_of(op, x, {});
    if (window.y.dilation != 1 || window.x.dilation != 1) throw fault("dilations are not covered in poolings");
    const bool ceiling = op.integer("ceil_mode", 0) != 0;
    const bool counts_padding = op.integer("count_include_pad", 0) != 0;
    const bool has_own =
        std::ranges::any_of(op.integers("pads").value_or(Sizes{}), [](auto pad) { return pad != 0; }) ||
        op.text("auto_pad", "NOTSET").starts_with("SAME");
    if (window.pads_before && !average && !is_never_negative(op))
        throw fault("zeros before it may be larger than its values");
    if (window.pads_before && average && has_own && !counts_padding)
        throw fault("padding before it and its own are counted differently");
    const auto rows = window.y.outputs(ceiling), columns = window.x.outputs(ceiling);
    const auto y = place(window.y, rows, window.x.begin > 0), across = place(window.x, columns, window.y.begin > 0);
    auto& layer = op.layer("Pooling", {x.name});
    auto& p = *layer.mutable_pooling_param();
    const auto u = [](std::int64_t value) { return static_cast<std::uint32_t>(value); };
    p.set_pool(average ? caffe::PoolingParameter::AVE : caffe::PoolingParameter::MAX);
    const bool square = window.y.kernel == window.x.kernel;
    if (square) {
        p.set_kernel_size(u(window.y.kernel));
    } else {
        p.set_kernel_h(u(window.y.kernel));
        p.set_kernel_w(u(window.x.kernel));
    }
    if (window.y.stride == window.x.stride) {
        p.set_stride(u(window.y.stride));
    } else {
        p.set_stride_h(u(window.y.stride));
        p.set_stride_w(u(window.x.stride));
    }
    if (y.pad != across.pad) {
        p.set_pad_h(u(y.pad));
        p.set_pad_w(u(across.pad));
    } else if (y.pad != 0) {
        p.set_pad(u(y.pad));
    }
    const bool any_pad = y.pad > 0 || across.pad > 0;
    const bool floor = caffe_outputs(window.y, y.pad, any_pad, true) >= rows + y.skipped &&
                       caffe_outputs(window.x, across.pad, any_pad, true) >= columns + across.skipped;
    if (floor) p.set_round_mode(caffe::PoolingParameter::FLOOR);
    Sizes shape{x.shape[0], x.shape[1], caffe_outputs(window.y, y.pad, any_pad, floor),
                caffe_outputs(window.x, across.pad, any_pad, floor)};
    auto blob = layer.top(0);
    blob = cut_blob(op, blob, shape, 2, y.skipped, y.skipped + rows);
    blob = cut_blob(op, blob, shape, 3, across.skipped, across.skipped + columns);
    if (average) {
        std::vector<float> factors;
        for (std::int64_t row = 0; row < rows; ++row)
            for (std::int64_t column = 0; column < columns; ++column)
                factors.push_back(share(window.y, y.pad, row, counts_padding || window.pads_before) *
                                  share(window.x, across.pad, column, counts_padding || window.pads_before));
        if (std::ranges::any_of(factors, [](float factor) { return factor != 1; }))
            blob = scale_places(op, blob, shape, factors);
    }
    op.give(blob, shape);
}
void max_pool(const OnnxOperator& op) { pool(op, false); }
void average_pool(const OnnxOperator& op) { pool(op, true); }

void global_pool(const OnnxOperator& op, caffe::PoolingParameter::PoolMethod method) {
    const auto& x = op.blob();
    if (x.shape.size() != 4)
        throw fault("its input has {} axes; it must have 4, as only images are supported", x.shape.size());
    auto& layer = op.layer("Pooling", {x.name});
    layer.mutable_pooling_param()->set_pool(method);
    layer.mutable_pooling_param()->set_global_pooling(true);
    op.give(layer, {x.shape[0], x.shape[1], 1, 1});
}
void global_average_pool(const OnnxOperator& op) { global_pool(op, caffe::PoolingParameter::AVE); }
void global_max_pool(const OnnxOperator& op) { global_pool(op, caffe::PoolingParameter::MAX); }

// Normalization.

void batch_normalization(const OnnxOperator& op) {
    if (op.integer("training_mode", 0) != 0) throw fault("it takes the statistics of each batch");
    const auto& x = op.blob();
    const auto scale = op.constant(1).as_floats(), offset = op.constant(2).as_floats(),
               mean = op.constant(3).as_floats(), variance = op.constant(4).as_floats();
    const auto channels = x.shape.size() < 2 ? 0 : x.shape[1];
    for (const auto* values : {&scale, &offset, &mean, &variance})
        if (static_cast<std::int64_t>(values->size()) != channels)
            throw fault("it has {} statistics for {} channels", values->size(), channels);
    auto& norm = op.layer("BatchNorm", {x.name}, 1);
    norm.mutable_batch_norm_param()->set_eps(op.number("epsilon", 1e-5F));
    add_weights(norm, {channels}, mean);
    add_weights(norm, {channels}, variance);
    add_weights(norm, {1}, {1});
    auto& layer = op.graph().add_layer("Scale", norm.name() + "/scale", {norm.top(0)});
    layer.mutable_scale_param()->set_bias_term(true);
    add_weights(layer, {channels}, scale);
    add_weights(layer, {channels}, offset);
    op.give(layer, x.shape);
}

void local_response_normalization(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto size = op.integer("size", 0);
    if (size < 1 || size > kMostWindow || size % 2 == 0) throw fault("size must be odd; got {}", size);
    auto& layer = op.layer("LRN", {x.name});
    auto& p = *layer.mutable_lrn_param();
    p.set_local_size(static_cast<std::uint32_t>(size));
    p.set_alpha(op.number("alpha", 1e-4F));
    p.set_beta(op.number("beta", 0.75F));
    p.set_k(op.number("bias", 1));
    op.give(layer, x.shape);
}

}  // namespace

const std::vector<OnnxOperatorKind> kOnnxWindowOperators{
    {"AveragePool", average_pool},
    {"BatchNormalization", batch_normalization},
    {"Conv", convolution},
    {"ConvTranspose", transposed_convolution},
    {"Gemm", gemm},
    {"GlobalAveragePool", global_average_pool},
    {"GlobalMaxPool", global_max_pool},
    {"LRN", local_response_normalization},
    {"MatMul", matrix_product},
    {"MaxPool", max_pool},
};

}  // namespace digits
