#include "data/records/record_heads.hpp"

#include "data/records/databases/hdf5_database.hpp"
#include "data/records/datum.hpp"

namespace digits {

Result<std::vector<RecordHead>> record_heads(RecordDatabase& database) {
    // Its records are large to read, and all alike.
    if (const auto* files = dynamic_cast<const Hdf5Database*>(&database)) return files->heads();
    DIGITS_ASSIGN(const auto records, database.cursor());
    std::vector<RecordHead> heads;
    heads.reserve(database.record_count());
    RecordEntry entry;
    for (;;) {
        DIGITS_ASSIGN(const bool more, records->next(entry));
        if (!more) return heads;
        auto datum = parse_datum(entry.value);
        if (!datum)
            return fail(std::move(datum).error().at(fmt::format("{}:{}", database.folder().string(), entry.key)));
        heads.push_back({std::string(entry.key), datum->label, datum->width, datum->height});
    }
}

}  // namespace digits
