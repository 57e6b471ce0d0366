#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exports/onnx.hpp"
#include "onnx.pb.h"

namespace digits {

/// A constant of the graph. Types of floating point become float; whole numbers and booleans become int64.
struct OnnxTensor {
    Sizes dims;
    bool is_integer = false;
    std::vector<float> values;
    std::vector<std::int64_t> integers;  ///< with is_integer

    std::int64_t count() const;
    /// Its numbers as float, of whichever type.
    std::vector<float> as_floats() const;
};

/// The product of sizes, which are checked to be few and small.
std::int64_t count_of(const Sizes& dims);

/// What is wrong with a tensor's type, dimensions or number of values; empty: nothing. Takes no memory for the values.
std::string find_tensor_fault(const onnx::TensorProto& tensor);
/// The values of a tensor without fault.
OnnxTensor read_tensor(const onnx::TensorProto& tensor);

}  // namespace digits
