#pragma once

#include <string>
#include <vector>

#include "data/records/databases/record_database.hpp"

namespace digits {

/// What is known of a record without its values.
struct RecordHead {
    std::string key;
    int label = 0;
    int width = 0, height = 0;  ///< 0: not told, as of some image files
};

/// Of all records, in order. Errors: kDataLoss.
Result<std::vector<RecordHead>> record_heads(RecordDatabase& database);

}  // namespace digits
