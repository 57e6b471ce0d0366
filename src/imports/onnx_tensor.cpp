#include "imports/onnx_tensor.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace digits {
namespace {

using Tensor = onnx::TensorProto;

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

constexpr int kMostAxes = 8;
constexpr std::int64_t kMostValues = std::int64_t{1} << 31;

/// Bytes of a value in raw_data; 0: the type is not read.
std::int64_t size_of(int type) {
    switch (type) {
        case Tensor::FLOAT:
        case Tensor::INT32:
        case Tensor::UINT32: return 4;
        case Tensor::DOUBLE:
        case Tensor::INT64:
        case Tensor::UINT64: return 8;
        case Tensor::FLOAT16:
        case Tensor::BFLOAT16:
        case Tensor::INT16:
        case Tensor::UINT16: return 2;
        case Tensor::BOOL:
        case Tensor::INT8:
        case Tensor::UINT8: return 1;
        default: return 0;
    }
}

/// How many values the list of the type holds.
std::int64_t listed(const Tensor& tensor) {
    switch (tensor.data_type()) {
        case Tensor::FLOAT: return tensor.float_data_size();
        case Tensor::DOUBLE: return tensor.double_data_size();
        case Tensor::INT64: return tensor.int64_data_size();
        case Tensor::UINT32:
        case Tensor::UINT64: return tensor.uint64_data_size();
        default: return tensor.int32_data_size();
    }
}

float half_to_float(std::uint16_t half) {
    const std::uint32_t sign = (half & 0x8000U) << 16, exponent = (half >> 10) & 0x1fU, fraction = half & 0x3ffU;
    if (exponent == 0) {  // zero and the smallest numbers: fraction * 2^-24
        const float value = static_cast<float>(fraction) * 0x1p-24F;
        return sign ? -value : value;
    }
    const std::uint32_t bits =
        exponent == 31 ? 0x7f800000U | (fraction << 13) : ((exponent + 112) << 23) | (fraction << 13);
    return std::bit_cast<float>(sign | bits);
}

float bfloat_to_float(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

template <class T, class Out, class Convert>
void take_raw(const std::string& raw, std::vector<Out>& out, Convert convert) {
    out.reserve(raw.size() / sizeof(T));
    for (std::size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
        T value;
        std::memcpy(&value, raw.data() + at, sizeof(T));
        out.push_back(convert(value));
    }
}

void read_raw(const Tensor& tensor, OnnxTensor& out) {
    const auto& raw = tensor.raw_data();
    const auto whole = [](auto value) { return static_cast<std::int64_t>(value); };
    switch (tensor.data_type()) {
        case Tensor::FLOAT:
            out.values.resize(raw.size() / sizeof(float));
            std::memcpy(out.values.data(), raw.data(), raw.size());
            return;
        case Tensor::DOUBLE:
            return take_raw<double>(raw, out.values, [](double value) { return static_cast<float>(value); });
        case Tensor::FLOAT16: return take_raw<std::uint16_t>(raw, out.values, half_to_float);
        case Tensor::BFLOAT16: return take_raw<std::uint16_t>(raw, out.values, bfloat_to_float);
        case Tensor::INT64: return take_raw<std::int64_t>(raw, out.integers, whole);
        case Tensor::UINT64: return take_raw<std::uint64_t>(raw, out.integers, whole);
        case Tensor::INT32: return take_raw<std::int32_t>(raw, out.integers, whole);
        case Tensor::UINT32: return take_raw<std::uint32_t>(raw, out.integers, whole);
        case Tensor::INT16: return take_raw<std::int16_t>(raw, out.integers, whole);
        case Tensor::UINT16: return take_raw<std::uint16_t>(raw, out.integers, whole);
        case Tensor::INT8: return take_raw<std::int8_t>(raw, out.integers, whole);
        default: return take_raw<std::uint8_t>(raw, out.integers, whole);
    }
}

void read_list(const Tensor& tensor, OnnxTensor& out) {
    switch (tensor.data_type()) {
        case Tensor::FLOAT: out.values.assign(tensor.float_data().begin(), tensor.float_data().end()); return;
        case Tensor::DOUBLE:
            for (const double value : tensor.double_data()) out.values.push_back(static_cast<float>(value));
            return;
        case Tensor::FLOAT16:
        case Tensor::BFLOAT16:
            for (const auto bits : tensor.int32_data())
                out.values.push_back(tensor.data_type() == Tensor::FLOAT16
                                         ? half_to_float(static_cast<std::uint16_t>(bits))
                                         : bfloat_to_float(static_cast<std::uint16_t>(bits)));
            return;
        case Tensor::INT64: out.integers.assign(tensor.int64_data().begin(), tensor.int64_data().end()); return;
        case Tensor::UINT32:
        case Tensor::UINT64:
            for (const auto value : tensor.uint64_data()) out.integers.push_back(static_cast<std::int64_t>(value));
            return;
        default: out.integers.assign(tensor.int32_data().begin(), tensor.int32_data().end());
    }
}

}  // namespace

std::int64_t count_of(const Sizes& dims) {
    std::int64_t count = 1;
    for (const auto dim : dims) count *= dim;
    return count;
}

std::int64_t OnnxTensor::count() const { return count_of(dims); }

std::vector<float> OnnxTensor::as_floats() const {
    if (!is_integer) return values;
    std::vector<float> floats;
    for (const auto value : integers) floats.push_back(static_cast<float>(value));
    return floats;
}

std::string find_tensor_fault(const Tensor& tensor) {
    const auto size = size_of(tensor.data_type());
    if (size == 0) return fmt::format("its type {} is not read", tensor.data_type());
    if (tensor.dims_size() > kMostAxes)
        return fmt::format("it has {} dimensions; at most {} are allowed", tensor.dims_size(), kMostAxes);
    std::int64_t count = 1;
    for (const auto dim : tensor.dims()) {
        if (dim < 0 || dim > kMostValues) return fmt::format("a dimension is {}; it must be 0 to {}", dim, kMostValues);
        count *= dim;
        if (count > kMostValues) return fmt::format("its dimensions make more than {} values", kMostValues);
    }
    const auto bytes = static_cast<std::int64_t>(tensor.raw_data().size());
    if (tensor.has_raw_data() && bytes != count * size)
        return fmt::format("its dimensions need {} bytes, it has {}", count * size, bytes);
    if (!tensor.has_raw_data() && listed(tensor) != count)
        return fmt::format("its dimensions need {} values, it has {}", count, listed(tensor));
    return "";
}

OnnxTensor read_tensor(const Tensor& tensor) {
    OnnxTensor out;
    out.dims.assign(tensor.dims().begin(), tensor.dims().end());
    const auto type = tensor.data_type();
    out.is_integer =
        type != Tensor::FLOAT && type != Tensor::DOUBLE && type != Tensor::FLOAT16 && type != Tensor::BFLOAT16;
    if (tensor.has_raw_data())
        read_raw(tensor, out);
    else
        read_list(tensor, out);
    return out;
}

}  // namespace digits
