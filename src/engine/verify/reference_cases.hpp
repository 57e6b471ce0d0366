#pragma once

#include <filesystem>

#include "engine/verify/verify.hpp"
#include "metrics/cases/reference_case.hpp"

namespace digits {

/// The kind of a folder; nullptr: it is not a case of a reference program.
const ReferenceCaseKind* find_reference_kind(const std::filesystem::path& folder);

/// Computes a case and compares it with what its folder has; with `dump` writes expected.json and, where the kind has
/// one, expected.npy.
CaseReport verify_reference(const ReferenceCaseKind& kind, const std::filesystem::path& folder,
                            const VerifyOptions& options);

}  // namespace digits
