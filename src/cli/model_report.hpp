#pragma once

#include "cli/commands.hpp"

namespace digits::cli {

/// `digits model report`, below `model`.
void add_model_report(CLI::App& model, Invocation& invocation);

}  // namespace digits::cli
