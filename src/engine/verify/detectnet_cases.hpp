#pragma once

#include <vector>

#include "engine/net/npy.hpp"
#include "metrics/cases/reference_case.hpp"

namespace digits {

/// detectnet_cluster and detectnet_grid.
const std::vector<ReferenceCaseKind>& detectnet_case_kinds();

/// The array that a case computes beside expected.json, where its kind has one: expected.npy of detectnet_grid.
bool has_array(const ReferenceCaseKind& kind);
Result<NpyArray> compute_grid(const std::filesystem::path& folder);

}  // namespace digits
