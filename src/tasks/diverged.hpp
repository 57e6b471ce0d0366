#pragma once

#include "base/result.hpp"

namespace digits {

/// The field of a model's spec that a training blames when it diverges; `where` of its error.
inline constexpr const char* kDivergedField = "/solver/base_lr";

inline bool has_diverged(const Error& error) {
    return error.code == ErrorCode::kFailedPrecondition && error.where == kDivergedField;
}

}  // namespace digits
