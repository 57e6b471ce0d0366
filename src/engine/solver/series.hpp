#pragma once

#include <string>
#include <vector>

#include "engine/net/net.hpp"
#include "engine/net/series_choice.hpp"
#include "training/trainee.hpp"

namespace digits {

/// The values of these outputs after a forward pass; elements after the first are named "output[1]". `joined`: with
/// what joins them to those of other batches.
enum class Joining { kByBatch, kBySample };
/// `complete`: the pass over the set has ended; only then metrics of the whole set have values.
std::vector<ValidationValue> series_values(const Net& net, const std::vector<std::string>& outputs, Joining joining,
                                           bool complete);

}  // namespace digits
