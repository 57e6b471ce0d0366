#pragma once

#include <string_view>
#include <vector>

#include "imports/onnx_graph_reader.hpp"

namespace digits {

/// How one operator becomes layers; throws OnnxUncovered.
struct OnnxOperatorKind {
    std::string_view type;
    void (*convert)(const OnnxOperator& op);
};

/// Convolutions, products, poolings and normalizations.
extern const std::vector<OnnxOperatorKind> kOnnxWindowOperators;
/// Activations and arithmetic.
extern const std::vector<OnnxOperatorKind> kOnnxElementwiseOperators;
/// What changes shapes and joins or cuts values.
extern const std::vector<OnnxOperatorKind> kOnnxShapeOperators;

/// Of all of them; null: no layer covers the type.
const OnnxOperatorKind* find_onnx_operator(std::string_view type);
/// In alphabetical order.
std::vector<std::string> onnx_operator_types();

}  // namespace digits
