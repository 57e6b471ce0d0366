#pragma once

#include "imports/onnx_graph_reader.hpp"

namespace digits {

/// Computes an operator whose inputs are constants, or shapes, which are known: exporters build the sizes of a Reshape
/// or a Resize so, and lay out weights. Returns false where an input is computed from the image. Throws OnnxUncovered
/// for operators that are not among those that exporters use for this.
bool fold_constants(const OnnxOperator& op);
/// Whether it is one of those.
bool folds_constants(std::string_view type);

}  // namespace digits
