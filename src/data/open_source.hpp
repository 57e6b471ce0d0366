#pragma once

#include <functional>
#include <memory>

#include "data/dataset_spec.hpp"

// Brings the decoders of images: for workers only.

namespace digits {

/// As decode_image, within its usual limits.
Result<Image> decode_any(std::string_view bytes);

/// The samples that a spec means. Errors: as SourceKind::open.
Result<std::unique_ptr<SampleSource>> open_source(const DatasetSpec& spec, const ScanLimits& limits = {},
                                                  std::function<void(std::size_t)> found = {});
/// One sample to show what a spec does. Errors: as SourceKind::example.
Result<Sample> example_sample(const DatasetSpec& spec, const ScanLimits& limits = {});

}  // namespace digits
