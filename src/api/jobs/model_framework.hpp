#pragma once

#include <vector>

#include "api/context.hpp"
#include "frameworks/framework.hpp"

namespace digits::api {

/// The framework of a model's network. Errors: kInvalidArgument when this version does not have it.
Result<const Framework*> framework_of(const Job& model);

/// The name of the framework of a pretrained model's network.
std::string pretrained_framework(const Job& pretrained);

/// A model's snapshots, oldest first. Errors: those of the framework.
Result<std::vector<SnapshotEntry>> list_snapshots(const Job& model, const Context& context);

}  // namespace digits::api
