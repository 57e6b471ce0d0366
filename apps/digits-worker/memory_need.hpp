#pragma once

#include <filesystem>

#include "base/precision.hpp"
#include "engine/net/blob.hpp"
#include "models/memory_fit.hpp"
#include "models/prepare.hpp"

namespace digits {

/// What the training of a checked model without errors needs on a device, beside what a worker has before, and where
/// that does not fit the largest batch size that does. Python layers are looked for in `python_dir`. Errors: those of
/// the network.
Result<MemoryNeed> memory_need(const ModelCheck& check, Precision precision, const Device& device,
                               const std::filesystem::path& python_dir = {});

}  // namespace digits
