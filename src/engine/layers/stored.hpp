#pragma once

#include <ATen/ATen.h>

#include <type_traits>

#include "kernels/isa/bf16.hpp"

namespace digits {

/// Whether kernels (kernels/) can take a tensor's values.
inline bool is_for_kernels(const at::Tensor& x) {
    return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

/// The values for kernels: T is the tensor's type, float or Bf16.
template <class T>
T* stored(const at::Tensor& x) {
    if constexpr (std::is_same_v<T, Bf16>) {
        static_assert(sizeof(Bf16) == sizeof(at::BFloat16));
        return reinterpret_cast<Bf16*>(x.data_ptr<at::BFloat16>());
    } else {
        return x.data_ptr<T>();
    }
}

/// use(value) with a value of the type that the tensor's values have, which `is_for_kernels`.
template <class Use>
auto with_stored_type(const at::Tensor& x, const Use& use) {
    return x.scalar_type() == at::kBFloat16 ? use(Bf16{}) : use(float{});
}

}  // namespace digits
