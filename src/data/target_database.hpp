#pragma once

#include <optional>
#include <string>

#include "data/dataset_facts.hpp"

namespace digits {

/// The database of a split's targets, beside dataset.json; none where records have classes. In HDF5 it is not a folder
/// of its own, but opened like one (data/records/databases/hdf5_database.hpp).
std::optional<std::string> target_database(const DatasetFacts& facts, const SplitFacts& split);

}  // namespace digits
