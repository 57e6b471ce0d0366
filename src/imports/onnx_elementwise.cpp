// Activations and arithmetic.

#include <algorithm>
#include <cmath>
#include <limits>

#include "imports/onnx_operators.hpp"

namespace digits {
namespace {

using caffe::LayerParameter;

// Activations.

/// A layer without settings.
template <const char* kType>
void plain(const OnnxOperator& op) {
    const auto& x = op.blob();
    op.give(op.layer(kType, {x.name}), x.shape);
}
constexpr char kReLU[] = "ReLU", kSigmoid[] = "Sigmoid", kTanH[] = "TanH", kAbsVal[] = "AbsVal", kBNLL[] = "BNLL",
               kExp[] = "Exp", kLog[] = "Log";

void leaky_relu(const OnnxOperator& op) {
    const auto& x = op.blob();
    auto& layer = op.layer("ReLU", {x.name});
    layer.mutable_relu_param()->set_negative_slope(op.number("alpha", 0.01F));
    op.give(layer, x.shape);
}

void prelu(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto slopes = op.constant(1);
    const auto values = slopes.as_floats();
    const auto channels = x.shape.size() < 2 ? 0 : x.shape[1];
    if (values.size() != 1) {
        // One a channel: [C, 1, 1] or [1, C, 1, 1].
        auto dims = slopes.dims;
        if (dims.size() == x.shape.size() && dims[0] == 1) dims.erase(dims.begin());
        if (static_cast<std::int64_t>(values.size()) != channels || dims.size() != x.shape.size() - 1 ||
            dims[0] != channels)
            throw fault("it has {} slopes for {} channels", values.size(), channels);
    }
    auto& layer = op.layer("PReLU", {x.name}, 1);
    if (values.size() == 1) layer.mutable_prelu_param()->set_channel_shared(true);
    add_weights(layer, values.size() == 1 ? Sizes{} : Sizes{channels}, values);
    op.give(layer, x.shape);
}

void elu(const OnnxOperator& op) {
    const auto& x = op.blob();
    auto& layer = op.layer("ELU", {x.name});
    layer.mutable_elu_param()->set_alpha(op.number("alpha", 1));
    op.give(layer, x.shape);
}

LayerParameter& clip_layer(const OnnxOperator& op, const std::string& bottom, float low, float high) {
    auto& layer = op.layer("Clip", {bottom});
    layer.mutable_clip_param()->set_min(low);
    layer.mutable_clip_param()->set_max(high);
    return layer;
}

void clip(const OnnxOperator& op) {
    const auto& x = op.blob();
    constexpr float kMost = std::numeric_limits<float>::max();
    const auto bound = [&](const char* name, int i, float otherwise) {
        if (!op.has(i)) return op.number(name, otherwise);
        const auto values = op.constant(i).as_floats();
        if (values.size() != 1) throw fault("its bound is not one number");
        return values[0];
    };
    const auto low = bound("min", 1, -kMost), high = bound("max", 2, kMost);
    if (low == 0 && high >= kMost)
        op.give(op.layer("ReLU", {x.name}), x.shape);
    else
        op.give(clip_layer(op, x.name, low, high), x.shape);
}

LayerParameter& power_layer(const OnnxOperator& op, const std::string& bottom, float power, float scale, float shift) {
    auto& layer = op.layer("Power", {bottom});
    auto& p = *layer.mutable_power_param();
    if (power != 1) p.set_power(power);
    if (scale != 1) p.set_scale(scale);
    if (shift != 0) p.set_shift(shift);
    return layer;
}

std::string hard_sigmoid_of(const OnnxOperator& op, const std::string& bottom, float alpha, float beta) {
    return clip_layer(op, power_layer(op, bottom, 1, alpha, beta).top(0), 0, 1).top(0);
}
void hard_sigmoid(const OnnxOperator& op) {
    const auto& x = op.blob();
    op.give(hard_sigmoid_of(op, x.name, op.number("alpha", 0.2F), op.number("beta", 0.5F)), x.shape);
}

LayerParameter& eltwise(const OnnxOperator& op, const std::vector<std::string>& bottoms,
                        caffe::EltwiseParameter::EltwiseOp operation) {
    auto& layer = op.layer("Eltwise", bottoms);
    layer.mutable_eltwise_param()->set_operation(operation);
    return layer;
}
void hard_swish(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto gate = hard_sigmoid_of(op, x.name, 1.0F / 6, 0.5F);
    op.give(eltwise(op, {x.name, gate}, caffe::EltwiseParameter::PROD), x.shape);
}

/// Of whichever opset: before 13, everything from the axis on is one distribution.
std::string softmax_of(const OnnxOperator& op) {
    const auto& x = op.blob();
    const bool flattens = op.opset() < 13;
    const auto axis = canonical_axis(op.integer("axis", flattens ? 1 : -1), x.shape.size());
    refuse_batch_axis(axis);
    const auto at = static_cast<std::size_t>(axis);
    const Sizes behind(x.shape.begin() + axis + 1, x.shape.end());
    const bool joins = flattens && count_of(behind) != 1;
    Sizes rows(x.shape.begin(), x.shape.begin() + axis);
    rows.push_back(x.shape[at] * count_of(behind));
    auto& layer = op.layer("Softmax", {joins ? reshape_blob(op, x.name, x.shape, rows) : x.name});
    if (axis != 1) layer.mutable_softmax_param()->set_axis(static_cast<std::int32_t>(axis));
    const auto top = layer.top(0);
    return joins ? reshape_blob(op, top, rows, x.shape) : top;
}
void softmax(const OnnxOperator& op) { op.give(softmax_of(op), op.blob().shape); }
void log_softmax(const OnnxOperator& op) {
    const auto shares = softmax_of(op);
    op.give(op.layer("Log", {shares}), op.blob().shape);
}

void dropout(const OnnxOperator& op) {
    const auto& x = op.blob();
    float ratio = op.number("ratio", 0.5F);
    if (op.is_constant(1))
        if (const auto values = op.constant(1).as_floats(); values.size() == 1) ratio = values[0];
    if (!(ratio > 0 && ratio < 1)) return op.pass_on();
    auto& layer = op.layer("Dropout", {x.name});
    layer.mutable_dropout_param()->set_dropout_ratio(ratio);
    op.give(layer, x.shape);
}

void pass(const OnnxOperator& op) { op.pass_on(); }

void cast(const OnnxOperator& op) {
    const auto to = op.integer("to", 0);
    if (to != onnx::TensorProto::FLOAT && to != onnx::TensorProto::FLOAT16 && to != onnx::TensorProto::DOUBLE &&
        to != onnx::TensorProto::BFLOAT16)
        throw fault("it makes whole numbers");
    op.pass_on();
}

// Arithmetic with constants.

/// A constant that spreads over a blob: one number, or the values of the axes [axis, axis + dims.size()).
struct Spread {
    std::vector<float> values;
    Sizes dims;
    std::int64_t axis = 0;

    bool is_number() const { return values.size() == 1; }
};

Spread spread(const OnnxTensor& tensor, const Sizes& shape) {
    Spread result{tensor.as_floats(), tensor.dims, 0};
    if (result.values.empty()) throw fault("its constant is empty");
    if (result.is_number()) return result;
    if (tensor.dims.size() > shape.size()) throw fault("its constant has more axes than its input");
    result.axis = static_cast<std::int64_t>(shape.size() - tensor.dims.size());
    auto& dims = result.dims;
    while (dims.front() == 1) {
        dims.erase(dims.begin());
        ++result.axis;
    }
    while (dims.back() == 1) dims.pop_back();
    for (std::size_t i = 0; i < dims.size(); ++i)
        if (dims[i] != shape[static_cast<std::size_t>(result.axis) + i])
            throw fault("its constant of {} values does not spread over its input as a layer can",
                        result.values.size());
    refuse_batch_axis(result.axis);
    return result;
}

bool same_place(const LayerParameter& layer, const Spread& constant) {
    const auto& shape = layer.blobs(0).shape();
    return layer.scale_param().axis() == constant.axis && std::ranges::equal(shape.dim(), constant.dims) &&
           layer.param_size() == 0;
}

/// x factor, and to it offset; either may be missing.
void scale_and_shift(const OnnxOperator& op, int input, const Spread* factor, const Spread* offset) {
    const auto& x = op.blob(input);
    const auto& constant = factor ? *factor : *offset;
    if (constant.is_number()) {
        const float scale = factor ? factor->values[0] : 1, shift = offset ? offset->values[0] : 0;
        // After another one, the numbers become its own.
        if (auto* before = op.sole_maker(input, "Power"); before && before->power_param().power() == 1) {
            auto& p = *before->mutable_power_param();
            p.set_shift(p.shift() * scale + shift);
            p.set_scale(p.scale() * scale);
            return op.give(x.name, x.shape);
        }
        op.give(power_layer(op, x.name, 1, scale, shift), x.shape);
        return;
    }
    if (auto* before = op.sole_maker(input, "Scale");
        before && before->bottom_size() == 1 && same_place(*before, constant)) {
        auto& p = *before->mutable_scale_param();
        if (!p.bias_term()) {
            p.set_bias_term(true);
            add_weights(*before, constant.dims, std::vector<float>(constant.values.size(), 0));
        }
        auto& scales = *before->mutable_blobs(0)->mutable_data();
        auto& shifts = *before->mutable_blobs(1)->mutable_data();
        for (int i = 0; i < scales.size(); ++i) {
            const auto at = static_cast<std::size_t>(i);
            if (factor) {
                scales[i] *= factor->values[at];
                shifts[i] *= factor->values[at];
            }
            if (offset) shifts[i] += offset->values[at];
        }
        return op.give(x.name, x.shape);
    }
    auto& layer = op.layer("Scale", {x.name});
    auto& p = *layer.mutable_scale_param();
    if (constant.axis != 1) p.set_axis(static_cast<std::int32_t>(constant.axis));
    if (constant.dims.size() != 1) p.set_num_axes(static_cast<std::int32_t>(constant.dims.size()));
    add_weights(layer, constant.dims, factor ? factor->values : std::vector<float>(constant.values.size(), 1));
    if (offset) {
        p.set_bias_term(true);
        add_weights(layer, constant.dims, offset->values);
    }
    op.give(layer, x.shape);
}

/// A bias that follows a product or convolution without one.
bool give_as_bias(const OnnxOperator& op, int input, const Spread& offset) {
    const auto& x = op.blob(input);
    if (offset.is_number() || offset.dims.size() != 1) return false;
    if (auto* product = op.sole_maker(input, "InnerProduct")) {
        auto& p = *product->mutable_inner_product_param();
        if (p.bias_term() || offset.axis != static_cast<std::int64_t>(x.shape.size()) - 1) return false;
        p.set_bias_term(true);
        add_weights(*product, offset.dims, offset.values);
    } else if (auto* convolution = op.sole_maker(input, "Convolution")) {
        auto& p = *convolution->mutable_convolution_param();
        if (p.bias_term() || offset.axis != 1) return false;
        p.set_bias_term(true);
        add_weights(*convolution, offset.dims, offset.values);
    } else {
        return false;
    }
    op.give(x.name, x.shape);
    return true;
}

// Arithmetic of two blobs.

/// The operands with the larger one first: the smaller one spreads over its first axes, as a gate of each channel does.
struct Operands {
    const OnnxBlob* large = nullptr;
    std::string small;
    bool alike = false;
    bool swapped = false;
};

Operands operands(const OnnxOperator& op) {
    Operands result;
    result.large = &op.blob(0);
    const auto* other = &op.blob(1);
    result.alike = result.large->shape == other->shape;
    result.small = other->name;
    if (result.alike) return result;
    if (count_of(other->shape) > count_of(result.large->shape)) {
        std::swap(result.large, other);
        result.swapped = true;
    }
    auto shape = other->shape;
    const auto& large = result.large->shape;
    if (shape.size() != large.size())
        throw fault("inputs of {} and {} axes are not covered", large.size(), shape.size());
    while (shape.size() > 1 && shape.back() == 1) shape.pop_back();
    if (!std::equal(shape.begin(), shape.end(), large.begin()))
        throw fault("one input does not spread over the other as a layer can");
    result.small = reshape_blob(op, other->name, other->shape, shape);
    return result;
}

int constant_input(const OnnxOperator& op) { return op.is_constant(1) ? 1 : op.is_constant(0) ? 0 : -1; }

Spread constant_for(const OnnxOperator& op, int constant) {
    return spread(op.constant(constant), op.blob(1 - constant).shape);
}

void add(const OnnxOperator& op) {
    if (const int constant = constant_input(op); constant >= 0) {
        const auto offset = constant_for(op, constant);
        if (!give_as_bias(op, 1 - constant, offset)) scale_and_shift(op, 1 - constant, nullptr, &offset);
        return;
    }
    const auto pair = operands(op);
    const auto shape = pair.large->shape;
    if (pair.alike) return op.give(eltwise(op, {pair.large->name, pair.small}, caffe::EltwiseParameter::SUM), shape);
    auto& layer = op.layer("Bias", {pair.large->name, pair.small});
    layer.mutable_bias_param()->set_axis(0);
    op.give(layer, shape);
}

void subtract(const OnnxOperator& op) {
    if (const int constant = constant_input(op); constant >= 0) {
        auto offset = constant_for(op, constant);
        if (constant == 1) {
            for (auto& value : offset.values) value = -value;
            if (!give_as_bias(op, 0, offset)) scale_and_shift(op, 0, nullptr, &offset);
            return;
        }
        auto minus = offset;
        minus.values.assign(offset.values.size(), -1);
        return scale_and_shift(op, 1, &minus, &offset);
    }
    const auto pair = operands(op);
    if (!pair.alike) throw fault("inputs of different shapes are not covered");
    auto& layer = eltwise(op, {pair.large->name, pair.small}, caffe::EltwiseParameter::SUM);
    layer.mutable_eltwise_param()->add_coeff(1);
    layer.mutable_eltwise_param()->add_coeff(-1);
    op.give(layer, pair.large->shape);
}

void give_product(const OnnxOperator& op, const Operands& pair) {
    const auto shape = pair.large->shape;
    if (pair.alike) return op.give(eltwise(op, {pair.large->name, pair.small}, caffe::EltwiseParameter::PROD), shape);
    auto& layer = op.layer("Scale", {pair.large->name, pair.small});
    layer.mutable_scale_param()->set_axis(0);
    op.give(layer, shape);
}

void multiply(const OnnxOperator& op) {
    if (const int constant = constant_input(op); constant >= 0) {
        const auto factor = constant_for(op, constant);
        return scale_and_shift(op, 1 - constant, &factor, nullptr);
    }
    give_product(op, operands(op));
}

void divide(const OnnxOperator& op) {
    if (op.is_constant(1)) {
        auto factor = constant_for(op, 1);
        for (auto& value : factor.values) {
            if (value == 0) throw fault("it divides by 0");
            value = 1 / value;
        }
        return scale_and_shift(op, 0, &factor, nullptr);
    }
    if (op.is_constant(0)) {
        const auto factor = constant_for(op, 0);
        if (!factor.is_number()) throw fault("constants that are divided are only covered as one number");
        const auto& x = op.blob(1);
        op.give(power_layer(op, power_layer(op, x.name, -1, 1, 0).top(0), 1, factor.values[0], 0), x.shape);
        return;
    }
    auto pair = operands(op);
    if (pair.swapped) throw fault("inputs of different shapes are not covered");
    pair.small = power_layer(op, pair.small, -1, 1, 0).top(0);
    give_product(op, pair);
}

/// The sum, or the largest, of any number of inputs of one shape.
void combine(const OnnxOperator& op, caffe::EltwiseParameter::EltwiseOp operation) {
    std::vector<std::string> bottoms;
    for (int i = 0; i < op.inputs(); ++i) {
        const auto& x = op.blob(i);
        if (x.shape != op.blob(0).shape) throw fault("inputs of different shapes are not covered");
        bottoms.push_back(x.name);
    }
    if (bottoms.size() == 1) return op.pass_on();
    op.give(eltwise(op, bottoms, operation), op.blob(0).shape);
}
void sum(const OnnxOperator& op) { op.inputs() == 2 ? add(op) : combine(op, caffe::EltwiseParameter::SUM); }

/// x factor + offset, as a layer of its own; `axis` and sizes as in the constant.
LayerParameter& spread_layer(const OnnxOperator& op, const std::string& bottom, const Spread& constant, float factor,
                             float sign) {
    auto& layer = op.layer("Scale", {bottom});
    auto& p = *layer.mutable_scale_param();
    p.set_axis(static_cast<std::int32_t>(constant.axis));
    p.set_num_axes(static_cast<std::int32_t>(constant.dims.size()));
    p.set_bias_term(true);
    auto offsets = constant.values;
    for (auto& offset : offsets) offset *= sign;
    for (int i = 0; i < 2; ++i) {
        layer.add_param()->set_lr_mult(0);
        layer.mutable_param(i)->set_decay_mult(0);
    }
    add_weights(layer, constant.dims, std::vector<float>(offsets.size(), factor));
    add_weights(layer, constant.dims, offsets);
    return layer;
}

/// Not below, or not above, a constant: of several numbers, max(x, c) = ReLU(x - c) + c and min(x, c) = c - ReLU(c -
/// x).
void bound(const OnnxOperator& op, int constant, bool below) {
    const auto limit = constant_for(op, constant);
    const auto& x = op.blob(1 - constant);
    if (limit.is_number()) {
        constexpr float kMost = std::numeric_limits<float>::max();
        op.give(
            below ? clip_layer(op, x.name, limit.values[0], kMost) : clip_layer(op, x.name, -kMost, limit.values[0]),
            x.shape);
        return;
    }
    const float sign = below ? 1 : -1;
    const auto distance = spread_layer(op, x.name, limit, sign, -sign).top(0);
    const auto cut = op.layer("ReLU", {distance}).top(0);
    op.give(spread_layer(op, cut, limit, sign, 1), x.shape);
}
void maximum(const OnnxOperator& op) {
    if (op.inputs() == 2)
        if (const int constant = constant_input(op); constant >= 0) return bound(op, constant, true);
    combine(op, caffe::EltwiseParameter::MAX);
}
void minimum(const OnnxOperator& op) {
    const int constant = op.inputs() == 2 ? constant_input(op) : -1;
    if (constant < 0) throw fault("only the minimum with a constant is covered");
    bound(op, constant, false);
}

void raise(const OnnxOperator& op) {
    const auto& x = op.blob(0);
    const auto exponent = op.constant(1).as_floats();
    if (exponent.size() != 1) throw fault("its exponent is not one number");
    if (auto* before = op.sole_maker(0, "Power"); before && before->power_param().power() == 1) {
        before->mutable_power_param()->set_power(exponent[0]);
        return op.give(x.name, x.shape);
    }
    op.give(power_layer(op, x.name, exponent[0], 1, 0), x.shape);
}
void square_root(const OnnxOperator& op) { op.give(power_layer(op, op.blob().name, 0.5F, 1, 0), op.blob().shape); }
void reciprocal(const OnnxOperator& op) { op.give(power_layer(op, op.blob().name, -1, 1, 0), op.blob().shape); }
void negative(const OnnxOperator& op) { op.give(power_layer(op, op.blob().name, 1, -1, 0), op.blob().shape); }

}  // namespace

const std::vector<OnnxOperatorKind> kOnnxElementwiseOperators{
    {"Abs", plain<kAbsVal>},
    {"Add", add},
    {"Cast", cast},
    {"Clip", clip},
    {"Div", divide},
    {"Dropout", dropout},
    {"Elu", elu},
    {"Exp", plain<kExp>},
    {"HardSigmoid", hard_sigmoid},
    {"HardSwish", hard_swish},
    {"Identity", pass},
    {"LeakyRelu", leaky_relu},
    {"Log", plain<kLog>},
    {"LogSoftmax", log_softmax},
    {"Max", maximum},
    {"Min", minimum},
    {"Mul", multiply},
    {"Neg", negative},
    {"PRelu", prelu},
    {"Pow", raise},
    {"Reciprocal", reciprocal},
    {"Relu", plain<kReLU>},
    {"Sigmoid", plain<kSigmoid>},
    {"Softmax", softmax},
    {"Softplus", plain<kBNLL>},
    {"Sqrt", square_root},
    {"Sub", subtract},
    {"Sum", sum},
    {"Tanh", plain<kTanH>},
};

}  // namespace digits
