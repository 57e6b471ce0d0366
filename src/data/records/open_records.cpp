#include "data/records/record_reader.hpp"

// Apart from the other members: only what opens databases links them.

namespace digits {

Result<RecordReader> RecordReader::open(const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto database, RecordDatabase::open(folder));
    DIGITS_ASSIGN(auto cursor, database->cursor());
    return RecordReader(std::move(database), std::move(cursor));
}

}  // namespace digits
