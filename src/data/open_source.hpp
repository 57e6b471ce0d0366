#pragma once

#include <functional>
#include <memory>

#include "data/dataset_spec.hpp"

// Brings the decoders of images: for workers only.

namespace digits {

/// How the images of a dataset, and those that its networks are asked about, are decoded.
DecodeOptions decoding_of(const ImageSpec& spec);

/// The samples that a spec means. `left_out`: as SourceContext has it. Errors: as SourceKind::open.
Result<std::unique_ptr<SampleSource>> open_source(const DatasetSpec& spec, const ScanLimits& limits = {},
                                                  std::function<void(std::size_t)> found = {},
                                                  std::vector<std::string>* left_out = nullptr, bool dry_run = false);
/// One sample to show what a spec does. Errors: as SourceKind::example.
Result<Sample> example_sample(const DatasetSpec& spec, const ScanLimits& limits = {});

}  // namespace digits
