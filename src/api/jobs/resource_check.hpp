#pragma once

#include "api/context.hpp"
#include "models/model_spec.hpp"

namespace digits::api {

/// Refuses a training that asks for a device that is not there, for which the machine has not enough memory, or the
/// disk not enough space for its snapshots. `networks`: as a worker described them (CheckedModel). Errors:
/// kInvalidArgument, kResourceExhausted with the field in `where` and advice. What is not known refuses nothing: the
/// worker checks again when the training starts.
Status check_resources(const ModelSpec& spec, const JsonPtr& networks, const Context& context);

}  // namespace digits::api
