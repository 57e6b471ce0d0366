#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "onnx.pb.h"

namespace digits {

/// What a file may hold before any memory is taken for it. Large classifiers have about 2,000 operators.
struct OnnxLimits {
    std::uint64_t bytes = (std::uint64_t{1} << 31) - 1;  ///< of one protobuf message
    std::uint64_t nodes = 20000;
    std::uint64_t tensors = 50000;
    std::uint64_t fields = 1000000;
    /// Of lists of numbers outside of raw_data, whose values may take eight times their bytes.
    std::uint64_t list_bytes = std::uint64_t{64} << 20;
};

/// Parses a model and checks what its graph is made of: tensors hold as many bytes as their dimensions say, nothing
/// is in other files, nothing is sparse. Counts are compared with the limits before anything is parsed. Errors:
/// kTooLarge, kDataLoss for a damaged file, kInvalidArgument, kUnsupported.
Result<onnx::ModelProto> parse_onnx(std::string_view bytes, const OnnxLimits& limits = {});

/// A name of the file in an error: short and printable.
std::string shown_name(std::string_view name);

}  // namespace digits
