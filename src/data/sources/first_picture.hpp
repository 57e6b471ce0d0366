#pragma once

#include "data/dataset_spec.hpp"
#include "data/sources/lists.hpp"

namespace digits {

/// A picture to show what the choices of a dataset do: the first one of the source, found without looking at all of
/// it. Errors: kNotFound when there is none, and those of the source.
Result<ListEntry> first_picture(const DatasetSpec& spec);

}  // namespace digits
