#pragma once

#include "metrics/cases/reference_case.hpp"

namespace digits {

/// detectnet_labels: KITTI's label files, and the label arrays that DIGITS makes of them.
const ReferenceCaseKind& label_case_kind();

}  // namespace digits
