#pragma once

#include <span>
#include <string>

#include "tasks/output.hpp"

namespace digits {

/// "prob (10), boxes (100 x 6)": names and shapes, for messages.
std::string forms_of(std::span<const OutputArray> outputs);

/// The name of a class, or its number where the dataset names fewer.
std::string class_name(std::span<const std::string> labels, int index);

}  // namespace digits
