#pragma once

#include "data/sources/boxes/json_splits.hpp"

namespace digits {

/// Boxes as Apple's Create ML has them: a JSON list of images; docs/datasets.md.
struct CreateMlOptions final : JsonSplitOptions {};

extern const SourceKind kCreateMl;

}  // namespace digits
