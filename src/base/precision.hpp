#pragma once

#include "base/enum_names.hpp"

namespace digits {

/// What the products of a network (convolutions, inner products) are computed in while it trains. Blobs, gradients,
/// weights and the optimiser's history are fp32 with each of them.
enum class Precision { kFp32, kBf16, kFp16 };

template <>
struct EnumNames<Precision> {
    static constexpr std::array<std::pair<Precision, std::string_view>, 3> kNames{
        {{Precision::kFp32, "fp32"}, {Precision::kBf16, "bf16"}, {Precision::kFp16, "fp16"}}};
};

}  // namespace digits
