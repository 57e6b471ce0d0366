#pragma once

#include "api/context.hpp"
#include "http/async.hpp"
#include "models/model_spec.hpp"

namespace digits::api {

/// Refuses a training that asks for a device that is not there, for which the machine has not enough memory, or the
/// disk not enough space for its snapshots; a worker describes the network. Errors: kInvalidArgument,
/// kResourceExhausted with the field in `where` and advice. What is not known refuses nothing: the worker checks again
/// when the training starts.
http::Async<Status> check_resources(ModelSpec spec, const Context& context);

}  // namespace digits::api
