#pragma once

#include "data/sample.hpp"

namespace digits {

/// The channels that keep all of a sample's images, also of the one to make: 1 where each has one channel or three that
/// are the same everywhere, else 3.
int channels_of(const Sample& sample);

}  // namespace digits
