#include "imports/onnx_fold.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace digits {
namespace {

/// Of what is computed; tensors of the file may be larger.
constexpr std::int64_t kMostMade = std::int64_t{1} << 20;
constexpr std::size_t kMostAxes = 8;

OnnxTensor whole_numbers(Sizes values, bool scalar = false) {
    OnnxTensor tensor;
    tensor.is_integer = true;
    if (!scalar) tensor.dims = {static_cast<std::int64_t>(values.size())};
    tensor.integers = std::move(values);
    return tensor;
}

/// Does the same with either kind of numbers.
template <class Action>
void with_values(OnnxTensor& tensor, Action action) {
    if (tensor.is_integer)
        action(tensor.integers);
    else
        action(tensor.values);
}

OnnxTensor shape_of(const OnnxOperator& op) {
    const auto& name = op.node().input(0);
    Sizes shape = op.graph().is_constant(name) ? op.constant(0).dims : op.blob(0).shape;
    const auto count = static_cast<std::int64_t>(shape.size());
    const auto bound = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + count : at, 0, count); };
    const auto begin = bound(op.integer("start", 0)), end = std::max(begin, bound(op.integer("end", count)));
    return whole_numbers(Sizes(shape.begin() + begin, shape.begin() + end));
}

OnnxTensor literal(const OnnxOperator& op) {
    if (const auto* value = op.find("value"); value && value->has_t()) return read_tensor(value->t());
    if (op.find("value_int")) return whole_numbers({op.integer("value_int", 0)}, true);
    if (const auto values = op.integers("value_ints"); values && op.find("value_ints")) return whole_numbers(*values);
    OnnxTensor tensor;
    if (op.find("value_float")) {
        tensor.values = {op.number("value_float", 0)};
        return tensor;
    }
    if (const auto values = op.numbers("value_floats")) {
        tensor.dims = {static_cast<std::int64_t>(values->size())};
        tensor.values = *values;
        return tensor;
    }
    throw fault("its value is not a number");
}

OnnxTensor filled(const OnnxOperator& op) {
    const auto dims = op.constant(0).integers;
    std::int64_t count = 1;
    for (const auto dim : dims) {
        if (dim < 0 || dim > kMostMade || (count *= dim) > kMostMade)
            throw fault("it makes a constant that is too large");
    }
    OnnxTensor value;
    value.values = {0};
    if (const auto* given = op.find("value"); given && given->has_t()) value = read_tensor(given->t());
    if (value.count() != 1) throw fault("its value is not one number");
    value.dims = dims;
    with_values(value, [&](auto& values) { values.assign(static_cast<std::size_t>(count), values.at(0)); });
    return value;
}

OnnxTensor cast(const OnnxOperator& op) {
    auto tensor = op.constant(0);
    const auto to = op.integer("to", 0);
    const bool to_float = to == onnx::TensorProto::FLOAT || to == onnx::TensorProto::FLOAT16 ||
                          to == onnx::TensorProto::DOUBLE || to == onnx::TensorProto::BFLOAT16;
    if (to_float && tensor.is_integer) {
        tensor.values = tensor.as_floats();
        tensor.integers.clear();
        tensor.is_integer = false;
    } else if (!to_float && !tensor.is_integer) {
        for (const float value : tensor.values) {
            if (!(std::abs(value) < 9e18F)) throw fault("{} is not a whole number", value);
            tensor.integers.push_back(static_cast<std::int64_t>(value));
        }
        tensor.values.clear();
        tensor.is_integer = true;
    }
    return tensor;
}

/// Along the first axis.
OnnxTensor gather(const OnnxOperator& op) {
    auto tensor = op.constant(0);
    const auto indices = op.constant(1);
    if (tensor.dims.size() != 1 || op.integer("axis", 0) != 0 || !indices.is_integer || indices.count() > kMostMade)
        throw fault("it is only covered for lists of sizes");
    const auto count = tensor.dims[0];
    with_values(tensor, [&](auto& values) {
        std::remove_reference_t<decltype(values)> picked;
        for (auto index : indices.integers) {
            if (index < -count || index >= count) throw fault("index {} lies outside {} values", index, count);
            picked.push_back(values[static_cast<std::size_t>(index < 0 ? index + count : index)]);
        }
        values = std::move(picked);
    });
    tensor.dims = indices.dims;
    return tensor;
}

OnnxTensor join(const OnnxOperator& op) {
    auto joined = op.constant(0);
    for (int i = 0; i < op.inputs(); ++i) {
        const auto next = op.constant(i);
        if (next.dims.size() != 1 || next.is_integer != joined.is_integer)
            throw fault("it is only covered for lists of sizes");
        if (i == 0) continue;
        joined.integers.insert(joined.integers.end(), next.integers.begin(), next.integers.end());
        joined.values.insert(joined.values.end(), next.values.begin(), next.values.end());
        joined.dims[0] += next.dims[0];
        if (joined.dims[0] > kMostMade) throw fault("it makes a constant that is too large");
    }
    return joined;
}

/// Every `step`-th place of an axis from `begin` on.
struct Part {
    std::int64_t begin = 0, step = 1, count = 0;
};

Part part_of(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
    if (step == 0) throw fault("steps of {} are not covered", step);
    step = std::clamp(step, -size - 1, size + 1);
    const auto bound = [&](std::int64_t at) {
        if (at < 0) at = std::max(at, -size - 1) + size;
        return step > 0 ? std::clamp<std::int64_t>(at, 0, size) : std::clamp<std::int64_t>(at, -1, size - 1);
    };
    const auto first = bound(start), last = bound(end);
    const auto room = step > 0 ? last - first : first - last;
    return {first, step, room <= 0 ? 0 : (room - 1) / std::abs(step) + 1};
}

OnnxTensor slice(const OnnxOperator& op) {
    auto tensor = op.constant(0);
    const auto starts = op.sizes("starts", 1), ends = op.sizes("ends", 2), steps = op.sizes("steps", 4);
    if (!starts || !ends || starts->size() != ends->size() || (steps && steps->size() != starts->size()))
        throw fault("its lists have different sizes");
    Sizes axes(starts->size());
    std::iota(axes.begin(), axes.end(), 0);
    axes = op.sizes("axes", 3).value_or(axes);
    if (axes.size() != starts->size() || axes.size() > kMostAxes) throw fault("its lists have different sizes");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto axis = static_cast<std::size_t>(canonical_axis(axes[i], tensor.dims.size()));
        const auto size = tensor.dims[axis];
        const auto part = part_of((*starts)[i], (*ends)[i], steps ? (*steps)[i] : 1, size);
        const auto behind = count_of({tensor.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, tensor.dims.end()});
        const auto before = count_of({tensor.dims.begin(), tensor.dims.begin() + static_cast<std::ptrdiff_t>(axis)});
        with_values(tensor, [&](auto& values) {
            std::remove_reference_t<decltype(values)> kept;
            for (std::int64_t row = 0; row < before; ++row)
                for (std::int64_t place = 0; place < part.count; ++place) {
                    const auto from = values.begin() + (row * size + part.begin + place * part.step) * behind;
                    kept.insert(kept.end(), from, from + behind);
                }
            values = std::move(kept);
        });
        tensor.dims[axis] = part.count;
    }
    return tensor;
}

OnnxTensor with_dims(const OnnxOperator& op) {
    auto tensor = op.constant(0);
    const auto count = tensor.count();
    if (op.type() == "Squeeze" || op.type() == "Unsqueeze") {
        const auto axes = op.sizes("axes", 1);
        if (op.type() == "Squeeze") {
            Sizes dims;
            for (std::size_t i = 0; i < tensor.dims.size(); ++i) {
                const auto named = [&](std::int64_t axis) {
                    return canonical_axis(axis, tensor.dims.size()) == static_cast<std::int64_t>(i);
                };
                const bool goes = axes ? std::ranges::any_of(*axes, named) : tensor.dims[i] == 1;
                if (!goes) dims.push_back(tensor.dims[i]);
            }
            tensor.dims = dims;
        } else {
            auto sorted = axes.value_or(Sizes{});
            for (auto& axis : sorted) axis = canonical_axis(axis, tensor.dims.size() + sorted.size());
            std::ranges::sort(sorted);
            for (const auto axis : sorted)
                tensor.dims.insert(
                    tensor.dims.begin() + std::min<std::int64_t>(axis, static_cast<std::int64_t>(tensor.dims.size())),
                    1);
        }
    } else {
        const auto wanted = op.constant(1).integers;
        Sizes dims;
        std::int64_t known = 1;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            dims.push_back(wanted[i] == 0 && i < tensor.dims.size() ? tensor.dims[i] : wanted[i]);
            if (dims.back() > count) throw fault("it makes a constant that is too large");
            if (dims.back() > 0) known *= dims.back();
            if (known > std::max<std::int64_t>(count, 1)) throw fault("it makes {} values of {}", known, count);
        }
        for (auto& dim : dims)
            if (dim == -1) dim = count / known;
        tensor.dims = dims;
    }
    if (std::ranges::any_of(tensor.dims, [](auto dim) { return dim < 0; }) || tensor.count() != count)
        throw fault("it makes {} values of {}", tensor.count(), count);
    return tensor;
}

OnnxTensor transpose(const OnnxOperator& op) {
    auto tensor = op.constant(0);
    const auto axes = tensor.dims.size();
    Sizes order(axes);
    std::iota(order.rbegin(), order.rend(), 0);
    if (const auto given = op.integers("perm")) order = *given;
    Sizes sorted = order, expected(axes), strides(axes, 1), dims(axes);
    std::ranges::sort(sorted);
    std::iota(expected.begin(), expected.end(), 0);
    if (sorted != expected) throw fault("perm does not name each axis once");
    for (std::size_t i = axes; i-- > 1;) strides[i - 1] = strides[i] * tensor.dims[i];
    for (std::size_t i = 0; i < axes; ++i) dims[i] = tensor.dims[static_cast<std::size_t>(order[i])];
    with_values(tensor, [&](auto& values) {
        auto moved = values;
        Sizes at(axes, 0);
        for (auto& value : moved) {
            std::int64_t from = 0;
            for (std::size_t i = 0; i < axes; ++i) from += at[i] * strides[static_cast<std::size_t>(order[i])];
            value = values[static_cast<std::size_t>(from)];
            for (std::size_t i = axes; i-- > 0;) {
                if (++at[i] < dims[i]) break;
                at[i] = 0;
            }
        }
        values = std::move(moved);
    });
    tensor.dims = dims;
    return tensor;
}

template <class T>
T calculate(const std::string& type, T a, T b) {
    if (type == "Add") return a + b;
    if (type == "Sub") return a - b;
    if (type == "Mul") return a * b;
    if (b == 0) throw fault("it divides by 0");
    return a / b;
}

/// Of tensors of the same dimensions, or with one number.
OnnxTensor arithmetic(const OnnxOperator& op) {
    const auto a = op.constant(0), b = op.constant(1);
    if (a.is_integer != b.is_integer) throw fault("its inputs are of different types");
    if (a.dims != b.dims && a.count() != 1 && b.count() != 1) throw fault("its constants have different sizes");
    auto result = a.count() == 1 && b.dims.size() >= a.dims.size() ? b : a;
    with_values(result, [&](auto& values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto left = a.count() == 1 ? 0 : i, right = b.count() == 1 ? 0 : i;
            if constexpr (std::is_same_v<std::decay_t<decltype(values)>, Sizes>) {
                // Sizes of images; larger numbers would overflow.
                const auto x = a.integers[left], y = b.integers[right];
                constexpr std::int64_t kMost = std::int64_t{1} << 31;
                if (x < -kMost || x > kMost || y < -kMost || y > kMost)
                    throw fault("it calculates with numbers that are too large");
                values[i] = calculate(op.type(), x, y);
            } else {
                values[i] = calculate(op.type(), a.values[left], b.values[right]);
            }
        }
    });
    return result;
}

/// A function of each number; of whole ones, the number itself.
OnnxTensor each(const OnnxOperator& op, const std::function<float(float)>& function) {
    auto tensor = op.constant(0);
    if (tensor.is_integer) throw fault("it is only covered for numbers of floating point");
    for (auto& value : tensor.values) value = function(value);
    return tensor;
}

OnnxTensor product(const OnnxOperator& op) {
    const auto tensor = op.constant(0);
    if (!tensor.is_integer || tensor.dims.size() > 1) throw fault("it is only covered for lists of sizes");
    std::int64_t all = 1;
    for (const auto value : tensor.integers) {
        if (value < 0 || value > (std::int64_t{1} << 31) || (all *= value) > (std::int64_t{1} << 31))
            throw fault("it calculates with numbers that are too large");
    }
    return whole_numbers({all}, op.integer("keepdims", 1) == 0);
}

OnnxTensor same(const OnnxOperator& op) { return op.constant(0); }
OnnxTensor square_root(const OnnxOperator& op) {
    return each(op, [](float x) { return std::sqrt(x); });
}
OnnxTensor reciprocal(const OnnxOperator& op) {
    return each(op, [](float x) { return 1 / x; });
}
OnnxTensor negative(const OnnxOperator& op) {
    return each(op, [](float x) { return -x; });
}
OnnxTensor floor(const OnnxOperator& op) {
    return each(op, [](float x) { return std::floor(x); });
}
OnnxTensor ceiling(const OnnxOperator& op) {
    return each(op, [](float x) { return std::ceil(x); });
}

struct Folding {
    std::string_view type;
    OnnxTensor (*compute)(const OnnxOperator& op);
};
constexpr Folding kFoldings[]{
    {"Add", arithmetic},        {"Cast", cast},          {"Ceil", ceiling},
    {"Concat", join},           {"Constant", literal},   {"ConstantOfShape", filled},
    {"Div", arithmetic},        {"Floor", floor},        {"Gather", gather},
    {"Identity", same},         {"Mul", arithmetic},     {"Neg", negative},
    {"Reciprocal", reciprocal}, {"ReduceProd", product}, {"Reshape", with_dims},
    {"Shape", shape_of},        {"Slice", slice},        {"Sqrt", square_root},
    {"Squeeze", with_dims},     {"Sub", arithmetic},     {"Transpose", transpose},
    {"Unsqueeze", with_dims},
};

}  // namespace

bool folds_constants(std::string_view type) {
    return std::ranges::find(kFoldings, type, &Folding::type) != std::end(kFoldings);
}

bool fold_constants(const OnnxOperator& op) {
    const bool shape = op.type() == "Shape" && op.has(0);
    for (int i = 0; i < op.inputs() && !shape; ++i)
        if (op.has(i) && !op.is_constant(i)) return false;
    const auto folding = std::ranges::find(kFoldings, op.type(), &Folding::type);
    if (folding == std::end(kFoldings)) throw fault("it works on constants alone, in a way that is not covered");
    auto tensor = folding->compute(op);
    if (tensor.dims.size() > kMostAxes) throw fault("it makes a constant that is too large");
    op.graph().set_constant(op.node().output(0), std::move(tensor));
    return true;
}

}  // namespace digits
