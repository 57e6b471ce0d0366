#pragma once

#include "data/sources/boxes/json_splits.hpp"

namespace digits {

/// COCO: a JSON file for all images of a split; docs/datasets.md.
struct CocoOptions final : JsonSplitOptions {};

extern const SourceKind kCoco;

}  // namespace digits
