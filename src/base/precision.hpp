#pragma once

#include "base/enum_names.hpp"

namespace digits {

/// What the products of a network (convolutions, inner products) are computed in while it trains. Weights and the
/// optimiser's history are fp32 with each of them; so are blobs, but with bf16 those between layers that can take it.
enum class Precision {
    kFp32,
    kTf32,  ///< fp32 values, whose products a GPU rounds to 10 bits
    kBf16,
    kFp16
};

template <>
struct EnumNames<Precision> {
    static constexpr std::array<std::pair<Precision, std::string_view>, 4> kNames{{{Precision::kFp32, "fp32"},
                                                                                   {Precision::kTf32, "tf32"},
                                                                                   {Precision::kBf16, "bf16"},
                                                                                   {Precision::kFp16, "fp16"}}};
};

}  // namespace digits
