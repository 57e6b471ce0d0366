#include "data/target_database.hpp"

namespace digits {

std::optional<std::string> target_database(const DatasetFacts& facts, const SplitFacts& split) {
    const bool in_files = facts.storage.backend == DatasetBackend::kHdf5 && facts.target != TargetKind::kClass;
    return in_files ? split.db + "/label" : split.label_db;
}

}  // namespace digits
