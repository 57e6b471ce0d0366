#include "data/records/record_reader.hpp"

namespace digits {

Result<RecordReader::Record> RecordReader::parse(const RecordEntry& entry) const {
    auto datum = parse_datum(entry.value);
    if (!datum) return fail(std::move(datum).error().at(fmt::format("{}:{}", database_->folder().string(), entry.key)));
    return Record{entry.key, *datum, entry.owner};
}

Result<bool> RecordReader::next(Record& record) {
    RecordEntry entry;
    DIGITS_ASSIGN(const bool more, cursor_->next(entry));
    if (!more) return false;
    DIGITS_ASSIGN(record, parse(entry));
    return true;
}

Result<RecordReader::Record> RecordReader::find(std::string_view key) {
    DIGITS_ASSIGN(const auto entry, cursor_->find(key));
    return parse(entry);
}

}  // namespace digits
