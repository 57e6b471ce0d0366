#include "data/record_reader.hpp"

namespace digits {

Result<RecordReader> RecordReader::open(const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto environment, LmdbEnvironment::open(folder));
    DIGITS_ASSIGN(auto cursor, LmdbCursor::open(environment));
    return RecordReader(std::move(environment), std::move(cursor));
}

Result<RecordReader::Record> RecordReader::parse(std::string_view key, std::string_view value) const {
    auto datum = parse_datum(value);
    if (!datum) return fail(std::move(datum).error().at(fmt::format("{}:{}", environment_->folder().string(), key)));
    return Record{key, *datum};
}

Result<bool> RecordReader::next(Record& record) {
    LmdbCursor::Entry entry;
    DIGITS_ASSIGN(const bool more, cursor_.next(entry));
    if (!more) return false;
    DIGITS_ASSIGN(record, parse(entry.key, entry.value));
    return true;
}

Result<RecordReader::Record> RecordReader::find(std::string_view key) {
    DIGITS_ASSIGN(const auto value, cursor_.find(key));
    return parse(key, value);
}

}  // namespace digits
