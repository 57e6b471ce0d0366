// What changes shapes and joins or cuts values.

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "imports/onnx_operators.hpp"

namespace digits {
namespace {

constexpr std::int64_t kMostAxes = 8;

void give_reshaped(const OnnxOperator& op, const Sizes& shape) {
    const auto& x = op.blob();
    if (static_cast<std::int64_t>(shape.size()) > kMostAxes) throw fault("its output has {} axes", shape.size());
    op.give(reshape_blob(op, x.name, x.shape, shape), shape);
}

void flatten(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto axes = static_cast<std::int64_t>(x.shape.size());
    auto axis = op.integer("axis", 1);
    if (axis < 0) axis += axes;
    if (axis < 1 || axis > axes) throw fault("axis {} is not covered", axis);
    const Sizes shape{count_of({x.shape.begin(), x.shape.begin() + axis}),
                      count_of({x.shape.begin() + axis, x.shape.end()})};
    if (shape == x.shape) return op.pass_on();
    if (axis != 1) return give_reshaped(op, shape);
    op.give(op.layer("Flatten", {x.name}), shape);
}

void reshape(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto wanted = op.sizes("shape", 1);
    if (!wanted) throw fault("it has no shape");
    const auto count = count_of(x.shape);
    Sizes shape;
    std::int64_t known = 1;
    for (std::size_t i = 0; i < wanted->size(); ++i) {
        const bool copies = (*wanted)[i] == 0 && op.integer("allowzero", 0) == 0 && i < x.shape.size();
        shape.push_back(copies ? x.shape[i] : (*wanted)[i]);
        if (shape.back() < -1 || shape.back() == 0 || shape.back() > count)
            throw fault("it makes an axis of {} values", shape.back());
        if (shape.back() > 0 && (known *= shape.back()) > count) throw fault("it makes {} values of {}", known, count);
    }
    if (std::ranges::count(shape, -1) > 1) throw fault("it leaves two axes open");
    for (auto& dim : shape)
        if (dim == -1) dim = count / known;
    give_reshaped(op, shape);
}

void squeeze(const OnnxOperator& op) {
    const auto& x = op.blob();
    auto axes = op.sizes("axes", 1).value_or(Sizes{});
    for (auto& axis : axes) axis = canonical_axis(axis, x.shape.size());
    Sizes shape;
    for (std::size_t i = 0; i < x.shape.size(); ++i) {
        const bool named = std::ranges::find(axes, static_cast<std::int64_t>(i)) != axes.end();
        // Without axes, the batch stays: one image is as good as many.
        if (named ? x.shape[i] == 1 : !(axes.empty() && i > 0 && x.shape[i] == 1)) {
            if (!named) shape.push_back(x.shape[i]);
        } else if (named) {
            throw fault("axis {} has {} values; it must have 1", i, x.shape[i]);
        }
    }
    give_reshaped(op, shape);
}

void unsqueeze(const OnnxOperator& op) {
    auto shape = op.blob().shape;
    auto axes = op.sizes("axes", 1).value_or(Sizes{});
    if (static_cast<std::int64_t>(axes.size() + shape.size()) > kMostAxes)
        throw fault("its output has {} axes", axes.size() + shape.size());
    for (auto& axis : axes) axis = canonical_axis(axis, shape.size() + axes.size());
    std::ranges::sort(axes);
    for (const auto axis : axes)
        shape.insert(shape.begin() + std::min(axis, static_cast<std::int64_t>(shape.size())), 1);
    give_reshaped(op, shape);
}

void transpose(const OnnxOperator& op) {
    const auto& x = op.blob();
    Sizes order(x.shape.size());
    std::iota(order.rbegin(), order.rend(), 0);
    if (const auto given = op.integers("perm")) order = *given;
    auto sorted = order;
    std::ranges::sort(sorted);
    Sizes all(x.shape.size()), shape;
    std::iota(all.begin(), all.end(), 0);
    if (sorted != all) throw fault("perm does not name each axis once");
    if (order == all) return op.pass_on();
    refuse_batch_axis(order[0] == 0 ? 1 : 0);
    auto& layer = op.layer("Permute", {x.name});
    for (const auto axis : order) {
        layer.mutable_permute_param()->add_order(static_cast<std::uint32_t>(axis));
        shape.push_back(x.shape[static_cast<std::size_t>(axis)]);
    }
    op.give(layer, shape);
}

void concat(const OnnxOperator& op) {
    auto shape = op.blob(0).shape;
    const auto axis = canonical_axis(op.integer("axis", 1), shape.size());
    refuse_batch_axis(axis);
    const auto at = static_cast<std::size_t>(axis);
    std::vector<std::string> bottoms;
    shape[at] = 0;
    for (int i = 0; i < op.inputs(); ++i) {
        const auto& x = op.blob(i);
        auto rest = x.shape;
        if (rest.size() != shape.size()) throw fault("its inputs have different axes");
        rest[at] = shape[at];
        if (rest != shape) throw fault("its inputs have different sizes");
        shape[at] += x.shape[at];
        bottoms.push_back(x.name);
    }
    if (bottoms.size() == 1) return op.pass_on();
    auto& layer = op.layer("Concat", bottoms);
    if (axis != 1) layer.mutable_concat_param()->set_axis(static_cast<std::int32_t>(axis));
    op.give(layer, shape);
}

void split(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto axis = canonical_axis(op.integer("axis", 0), x.shape.size());
    refuse_batch_axis(axis);
    const auto size = x.shape[static_cast<std::size_t>(axis)];
    const auto parts = static_cast<std::int64_t>(op.outputs());
    auto sizes = op.sizes("split", 1).value_or(Sizes{});
    if (sizes.empty()) {
        const auto part = (size + parts - 1) / parts;
        for (std::int64_t i = 0; i < parts; ++i) sizes.push_back(i + 1 < parts ? part : size - part * (parts - 1));
    }
    std::int64_t all = 0;
    for (const auto part : sizes) {
        if (part < 1 || part > size) throw fault("a part has {} of {} values", part, size);
        all += part;
    }
    if (static_cast<std::int64_t>(sizes.size()) != parts || all != size)
        throw fault("{} parts of {} values do not make {}", sizes.size(), all, size);
    if (parts == 1) return op.pass_on();
    auto& layer = op.layer("Slice", {x.name});
    const auto name = layer.top(0);
    layer.clear_top();
    auto& p = *layer.mutable_slice_param();
    p.set_axis(static_cast<std::int32_t>(axis));
    std::vector<std::string> unused;
    std::int64_t end = 0;
    for (int i = 0; i < op.outputs(); ++i) {
        end += sizes[static_cast<std::size_t>(i)];
        if (i + 1 < op.outputs()) p.add_slice_point(static_cast<std::uint32_t>(end));
        const auto top = op.graph().reserve(fmt::format("{}/{}", name, i));
        layer.add_top(top);
        auto shape = x.shape;
        shape[static_cast<std::size_t>(axis)] = sizes[static_cast<std::size_t>(i)];
        op.give(top, shape, i);
        if (op.node().output(i).empty() || op.graph().uses(op.node().output(i)) == 0) unused.push_back(top);
    }
    if (!unused.empty()) op.graph().add_layer("Silence", name + "/unused", unused).clear_top();
}

void slice(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto starts = op.sizes("starts", 1), ends = op.sizes("ends", 2), steps = op.sizes("steps", 4);
    if (!starts || !ends || starts->size() != ends->size()) throw fault("it has no starts and ends");
    Sizes axes(starts->size());
    std::iota(axes.begin(), axes.end(), 0);
    axes = op.sizes("axes", 3).value_or(axes);
    if (axes.size() != starts->size() || (steps && steps->size() != axes.size()))
        throw fault("its lists have different sizes");
    auto shape = x.shape;
    auto name = x.name;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (steps && (*steps)[i] != 1) throw fault("steps of {} are not covered", (*steps)[i]);
        const auto axis = canonical_axis(axes[i], shape.size());
        const auto size = shape[static_cast<std::size_t>(axis)];
        const auto bound = [&](std::int64_t at) {
            return std::clamp<std::int64_t>(at < 0 ? std::max(at, -size) + size : at, 0, size);
        };
        const auto begin = bound((*starts)[i]), end = bound((*ends)[i]);
        if (begin != 0 || end != size) name = cut_blob(op, name, shape, axis, begin, end);
    }
    op.give(name, shape);
}

/// Zeros are kept for the layer that follows.
void pad(const OnnxOperator& op) {
    const auto& x = op.padded();
    if (const auto mode = op.text("mode", "constant"); mode != "constant")
        throw fault("mode {} is not covered", mode.substr(0, 20));
    const auto pads = op.sizes(op.opset() < 11 && op.integers("paddings") ? "paddings" : "pads", 1);
    if (!pads || pads->size() != 2 * x.shape.size()) throw fault("its padding does not fit {} axes", x.shape.size());
    float value = op.number("value", 0);
    if (op.has(2))
        if (const auto values = op.constant(2).as_floats(); values.size() == 1) value = values[0];
    if (op.has(3)) throw fault("axes are not covered");
    const bool any = std::ranges::any_of(*pads, [](auto one) { return one != 0; });
    if (any && value != 0) throw fault("padding with {} is not covered", value);
    for (const auto one : *pads)
        if (one < 0 || one > 10000) throw fault("padding of {} is not covered", one);
    auto padded = x;
    if (any) {
        if (padded.pads.empty()) padded.pads.assign(pads->size(), 0);
        for (std::size_t i = 0; i < pads->size(); ++i) padded.pads[i] += (*pads)[i];
    }
    op.graph().set_blob(op.node().output(0), std::move(padded));
}

// Sums and means over the last axes.

void reduce(const OnnxOperator& op, caffe::ReductionParameter::ReductionOp operation) {
    const auto& x = op.blob();
    const auto count = static_cast<std::int64_t>(x.shape.size());
    auto axes = op.sizes("axes", 1).value_or(Sizes{});
    if (axes.empty()) {
        if (op.integer("noop_with_empty_axes", 0) != 0) return op.pass_on();
        refuse_batch_axis(0);
    }
    for (auto& axis : axes) axis = canonical_axis(axis, x.shape.size());
    std::ranges::sort(axes);
    const auto first = axes.front();
    refuse_batch_axis(first);
    for (std::size_t i = 0; i < axes.size(); ++i)
        if (axes[i] != first + static_cast<std::int64_t>(i))
            throw fault("axes that are not neighbours are not covered");
    // Axes behind that have one value make no difference.
    for (auto axis = axes.back() + 1; axis < count; ++axis)
        if (x.shape[static_cast<std::size_t>(axis)] != 1) throw fault("only the last axes are covered");
    Sizes kept(x.shape.begin(), x.shape.begin() + first), shape = kept;
    for (auto axis = first; axis < count; ++axis)
        if (op.integer("keepdims", 1) != 0 || axis > axes.back()) shape.push_back(1);
    std::string blob;
    if (operation == caffe::ReductionParameter::MEAN && count == 4 && first == 2) {
        auto& layer = op.layer("Pooling", {x.name});
        layer.mutable_pooling_param()->set_pool(caffe::PoolingParameter::AVE);
        layer.mutable_pooling_param()->set_global_pooling(true);
        kept = {x.shape[0], x.shape[1], 1, 1};
        blob = layer.top(0);
    } else {
        auto& layer = op.layer("Reduction", {x.name});
        layer.mutable_reduction_param()->set_operation(operation);
        layer.mutable_reduction_param()->set_axis(static_cast<std::int32_t>(first));
        blob = layer.top(0);
    }
    op.give(reshape_blob(op, blob, kept, shape), shape);
}
void reduce_mean(const OnnxOperator& op) { reduce(op, caffe::ReductionParameter::MEAN); }
void reduce_sum(const OnnxOperator& op) { reduce(op, caffe::ReductionParameter::SUM); }
void reduce_absolute(const OnnxOperator& op) { reduce(op, caffe::ReductionParameter::ASUM); }
void reduce_squares(const OnnxOperator& op) { reduce(op, caffe::ReductionParameter::SUMSQ); }

void arg_max(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto axis = canonical_axis(op.integer("axis", 0), x.shape.size());
    refuse_batch_axis(axis);
    if (op.integer("select_last_index", 0) != 0) throw fault("select_last_index is not covered");
    auto& layer = op.layer("ArgMax", {x.name});
    layer.mutable_argmax_param()->set_axis(static_cast<std::int32_t>(axis));
    auto shape = x.shape;
    shape[static_cast<std::size_t>(axis)] = 1;
    auto kept = shape;
    if (op.integer("keepdims", 1) == 0) kept.erase(kept.begin() + axis);
    op.give(reshape_blob(op, layer.top(0), shape, kept), kept);
}

// Resizing.

/// Height and width of the output.
Sizes resized(const OnnxOperator& op, const Sizes& shape) {
    const int scales_at = op.type() == "Upsample" ? 1 : op.opset() < 11 ? 1 : 2;
    if (shape.size() != 4)
        throw fault("its input has {} axes; it must have 4, as only images are supported", shape.size());
    Sizes sizes;
    if (op.has(3)) {
        sizes = op.constant(3).integers;
    } else {
        const auto scales =
            op.has(scales_at) ? op.constant(scales_at).values : op.numbers("scales").value_or(std::vector<float>());
        for (std::size_t i = 0; i < scales.size() && i < 4; ++i) {
            if (!(scales[i] > 0 && scales[i] < 1000)) throw fault("a scale is {}", scales[i]);
            sizes.push_back(static_cast<std::int64_t>(std::floor(static_cast<float>(shape[i]) * scales[i])));
        }
    }
    if (sizes.size() != 4 || sizes[0] != shape[0] || sizes[1] != shape[1] || sizes[2] < 1 || sizes[3] < 1 ||
        sizes[2] > 100000 || sizes[3] > 100000)
        throw fault("only height and width can be resized");
    return {sizes[2], sizes[3]};
}

void resize(const OnnxOperator& op) {
    const auto& x = op.blob();
    const auto size = resized(op, x.shape);
    const Sizes shape{x.shape[0], x.shape[1], size[0], size[1]};
    if (shape == x.shape) return op.pass_on();
    const auto mode = op.text("mode", "nearest");
    const bool old = op.type() == "Upsample" || op.opset() < 11;
    const auto coordinates = old ? std::string("asymmetric") : op.text("coordinate_transformation_mode", "half_pixel");
    const bool whole = size[0] % x.shape[2] == 0 && size[1] % x.shape[3] == 0;
    if (mode == "nearest") {
        // By whole factors, these repeat each value.
        const auto rounding = old ? std::string("floor") : op.text("nearest_mode", "round_prefer_floor");
        const bool repeats = (coordinates == "asymmetric" && rounding == "floor") || coordinates == "half_pixel" ||
                             coordinates == "pytorch_half_pixel" || coordinates == "half_pixel_symmetric";
        if (!whole || !repeats || (coordinates != "asymmetric" && rounding.find("round") == std::string::npos))
            throw fault(
                "mode nearest is covered by whole factors only, with the rules asymmetric and floor, or half_pixel");
        auto& layer = op.layer("Upsample", {x.name});
        auto& p = *layer.mutable_upsample_param();
        p.set_scale_h(static_cast<std::uint32_t>(size[0] / x.shape[2]));
        p.set_scale_w(static_cast<std::uint32_t>(size[1] / x.shape[3]));
        return op.give(layer, shape);
    }
    if (mode != "linear" || coordinates != "align_corners")
        throw fault("mode {} with the rule {} is not covered, only linear with align_corners", mode.substr(0, 20),
                    coordinates.substr(0, 30));
    auto& layer = op.layer("Interp", {x.name});
    layer.mutable_interp_param()->set_height(static_cast<std::int32_t>(size[0]));
    layer.mutable_interp_param()->set_width(static_cast<std::int32_t>(size[1]));
    op.give(layer, shape);
}

}  // namespace

const std::vector<OnnxOperatorKind> kOnnxShapeOperators{
    {"ArgMax", arg_max},
    {"Concat", concat},
    {"Flatten", flatten},
    {"Pad", pad},
    {"ReduceL1", reduce_absolute},
    {"ReduceMean", reduce_mean},
    {"ReduceSum", reduce_sum},
    {"ReduceSumSquare", reduce_squares},
    {"Reshape", reshape},
    {"Resize", resize},
    {"Slice", slice},
    {"Split", split},
    {"Squeeze", squeeze},
    {"Transpose", transpose},
    {"Unsqueeze", unsqueeze},
    {"Upsample", resize},
};

const OnnxOperatorKind* find_onnx_operator(std::string_view type) {
    for (const auto* kinds : {&kOnnxWindowOperators, &kOnnxElementwiseOperators, &kOnnxShapeOperators})
        if (const auto found = std::ranges::find(*kinds, type, &OnnxOperatorKind::type); found != kinds->end())
            return &*found;
    return nullptr;
}

std::vector<std::string> onnx_operator_types() {
    std::vector<std::string> types;
    for (const auto* kinds : {&kOnnxWindowOperators, &kOnnxElementwiseOperators, &kOnnxShapeOperators})
        for (const auto& kind : *kinds) types.emplace_back(kind.type);
    std::ranges::sort(types);
    return types;
}

}  // namespace digits
