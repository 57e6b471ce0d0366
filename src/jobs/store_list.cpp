// Pages of the list of jobs.

#include <algorithm>

#include "jobs/store_impl.hpp"

namespace digits {

using nlohmann::json;
using namespace job_database;

namespace {

struct SortColumn {
    const char* name;
    bool is_number;
};

SortColumn sort_column(JobSort sort) {
    switch (sort) {
        case JobSort::kName: return {"name", false};
        case JobSort::kState: return {"state", false};
        case JobSort::kFinished: return {"finished", true};
        case JobSort::kCreated: break;
    }
    return {"created", true};
}

/// A cursor is the last row's sort value and id, as hex digits of a JSON list.
std::string print_cursor(JobSort sort, json value, const std::string& id) {
    std::string cursor;
    for (const unsigned char c : print_json(json::array({enum_name(sort), std::move(value), id})))
        cursor += fmt::format("{:02x}", c);
    return cursor;
}

json sort_value(const Job& job, JobSort sort) {
    switch (sort) {
        case JobSort::kName: return job.name;
        case JobSort::kState: return std::string(enum_name(job.state));
        case JobSort::kFinished: return job.finished;
        case JobSort::kCreated: break;
    }
    return job.created;
}

Result<json> parse_cursor(const std::string& cursor, JobSort sort) {
    std::string text;
    for (std::size_t i = 0; i + 1 < cursor.size(); i += 2) {
        const auto digit = [&](char c) { return std::string_view("0123456789abcdef").find(c); };
        text += static_cast<char>((digit(cursor[i]) & 15) << 4 | (digit(cursor[i + 1]) & 15));
    }
    const auto data = json::parse(text, nullptr, false);
    const bool is_number = sort_column(sort).is_number;
    const bool good = data.is_array() && data.size() == 3 && data[0] == enum_name(sort) && data[2].is_string() &&
                      (is_number ? data[1].is_number() : data[1].is_string());
    if (!good)
        return fail(
            make_error(ErrorCode::kInvalidArgument, "the cursor is not one of this list sorted by {}", enum_name(sort))
                .at("cursor")
                .advise("start without a cursor"));
    return data;
}

struct Filter {
    std::string where = "trashed = 0";
    std::vector<json> values;

    void add(const std::string& condition, std::vector<json> more) {
        where += " AND " + condition;
        values.insert(values.end(), more.begin(), more.end());
    }
    void bind(SQLite::Statement& statement) const {
        int place = 0;
        for (const auto& value : values) {
            ++place;
            if (value.is_number()) {
                statement.bind(place, value.get<double>());
            } else {
                statement.bind(place, value.get<std::string>());
            }
        }
    }
};

std::string like_pattern(const std::string& text) {
    std::string pattern = "%";
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern + "%";
}

Filter make_filter(const JobQuery& query) {
    Filter filter;
    if (!query.kind.empty()) filter.add("kind = ?", {query.kind});
    if (!query.states.empty()) {
        std::string marks;
        std::vector<json> states;
        for (const auto state : query.states) {
            marks += marks.empty() ? "?" : ", ?";
            states.emplace_back(std::string(enum_name(state)));
        }
        filter.add("state IN (" + marks + ")", std::move(states));
    }
    if (!query.text.empty()) {
        const json pattern = like_pattern(query.text);
        filter.add("(name LIKE ? ESCAPE '\\' OR job_group LIKE ? ESCAPE '\\' OR id LIKE ? ESCAPE '\\')",
                   {pattern, pattern, pattern});
    }
    if (query.group) filter.add("job_group = ?", {*query.group});
    if (query.owner) filter.add("owner = ?", {*query.owner});
    if (!query.mentions.empty()) filter.add("instr(spec, ?) > 0", {query.mentions});
    return filter;
}

/// What a page of a list is read with.
struct PageReading {
    Filter all;
    Filter page;
    std::string order;
    std::size_t limit = 0;

    std::int64_t count(SQLite::Database& database) const {
        SQLite::Statement read(database, "SELECT COUNT(*) FROM jobs WHERE " + all.where);
        all.bind(read);
        read.executeStep();
        return read.getColumn(0).getInt64();
    }
    /// One row more than the page has tells whether there is a next one.
    SQLite::Statement rows(SQLite::Database& database, const char* columns) const {
        SQLite::Statement read(database, fmt::format("SELECT {} FROM jobs WHERE {} ORDER BY {} LIMIT {}", columns,
                                                     page.where, order, limit + 1));
        page.bind(read);
        return read;
    }
};

Result<PageReading> plan_page(const JobQuery& query) {
    const auto column = sort_column(query.sort);
    PageReading reading;
    reading.all = make_filter(query);
    reading.page = reading.all;
    if (!query.cursor.empty()) {
        DIGITS_ASSIGN(const auto cursor, parse_cursor(query.cursor, query.sort));
        reading.page.add(fmt::format("({}, id) {} (?, ?)", column.name, query.descending ? "<" : ">"),
                         {cursor[1], cursor[2]});
    }
    const auto* direction = query.descending ? "DESC" : "ASC";
    reading.order = fmt::format("{} {}, id {}", column.name, direction, direction);
    reading.limit = static_cast<std::size_t>(std::clamp(query.limit, 1, 1000));
    return reading;
}

}  // namespace

Result<JobPage> JobStore::list(const JobQuery& query) const {
    DIGITS_ASSIGN(const auto reading, plan_page(query));
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("list the jobs", [&] {
        JobPage page;
        page.total = reading.count(connections_->reader);
        auto read = reading.rows(connections_->reader, query.brief ? kBriefColumns : kJobColumns);
        while (read.executeStep()) {
            if (page.jobs.size() == reading.limit) {
                const auto& last = page.jobs.back();
                page.next_cursor = print_cursor(query.sort, sort_value(last, query.sort), last.id);
                break;
            }
            page.jobs.push_back(query.brief ? read_brief_row(read) : read_row(connections_->reader, read).job);
        }
        return page;
    });
}

Result<JobRows> JobStore::list_rows(const JobQuery& query, const std::function<std::string(const Job&)>& print) const {
    DIGITS_ASSIGN(const auto reading, plan_page(query));
    const auto column = sort_column(query.sort);
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("list the jobs", [&] {
        JobRows page;
        // All ids first: an open statement would let the rows be read as they were when it began.
        std::vector<std::string> ids;
        {
            auto read = reading.rows(connections_->reader, fmt::format("id, {}", column.name).c_str());
            json last;
            while (read.executeStep()) {
                if (ids.size() == reading.limit) {
                    page.next_cursor = print_cursor(query.sort, std::move(last), ids.back());
                    break;
                }
                ids.push_back(read.getColumn(0).getString());
                last = column.is_number ? json(read.getColumn(1).getDouble()) : json(read.getColumn(1).getString());
            }
        }
        const bool is_whole = query.cursor.empty() && page.next_cursor.empty();
        page.total = is_whole ? static_cast<std::int64_t>(ids.size()) : reading.count(connections_->reader);
        if (ids.empty()) return page;
        SQLite::Statement one(connections_->reader, fmt::format("SELECT {} FROM jobs WHERE id = ?", kBriefColumns));
        for (auto& id : ids)
            if (auto text = connections_->row_text(one, id, print))
                page.rows.push_back({std::move(id), std::move(text)});
        return page;
    });
}

}  // namespace digits
