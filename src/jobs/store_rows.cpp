// Rows of the table of jobs, and what was read of them lately.

#include "jobs/store_impl.hpp"

namespace digits {

using nlohmann::json;

namespace {

constexpr std::size_t kMostTexts = 50'000;
constexpr std::size_t kMostJobs = 64;

TaskPosition parse_position(const json& data) {
    auto placement = parse_placement(data.value("placement", json::object()));
    if (!placement) throw SQLite::Exception("the placement of a job: " + placement.error().to_string());
    return {data.value("offset", std::uint64_t{0}),
            data.value("seq", std::uint64_t{0}),
            data.value("fresh_attempt", false),
            data.value("oom_kills", std::int64_t{0}),
            data.value("log_start", std::uint64_t{0}),
            data.value("launcher", ""),
            data.value("handle", ""),
            std::move(*placement)};
}

/// What both lists of columns begin with.
json read_columns(SQLite::Statement& row) {
    auto data = json::parse(row.getColumn(10).getText());
    const char* columns[] = {"id", "kind", "name", "group", "notes", "owner", "state"};
    for (int i = 0; i < 7; ++i) data[columns[i]] = row.getColumn(i).getString();
    data["created"] = row.getColumn(7).getDouble();
    data["finished"] = row.getColumn(8).getDouble();
    data["spec"] = json::parse(row.getColumn(9).getText());
    return data;
}

Job parse_row(const json& data) {
    auto job = job_from_json(data);
    if (!job) throw SQLite::Exception("job " + data.value("id", "") + ": " + job.error().to_string());
    return std::move(*job);
}

}  // namespace

namespace job_database {

const char* const kJobColumns = "id, kind, name, job_group, notes, owner, state, created, finished, spec, facts, run";
/// Of a brief list. Ids have no commas.
const char* const kBriefColumns =
    "id, kind, name, job_group, notes, owner, state, created, finished, '{}', facts, (SELECT group_concat(parent_id) "
    "FROM (SELECT parent_id FROM parents WHERE job_id = jobs.id ORDER BY place))";

std::string print_json(const json& data) { return data.dump(-1, ' ', false, json::error_handler_t::replace); }

/// What the list neither sorts nor filters by.
std::string print_facts(const Job& job) {
    auto facts = job_to_json(job);
    for (const char* column : {"id", "kind", "name", "group", "notes", "owner", "state", "created", "finished", "spec",
                               "parents", "history"})
        facts.erase(column);
    return print_json(facts);
}

std::string print_position(const TaskPosition& position) {
    return print_json({{"offset", position.offset},
                       {"seq", position.seq},
                       {"fresh_attempt", position.fresh_attempt},
                       {"oom_kills", position.oom_kills},
                       {"log_start", position.log_start},
                       {"launcher", position.launcher},
                       {"handle", position.handle},
                       {"placement", to_json(position.placement)}});
}

std::vector<std::string> read_strings(SQLite::Statement& statement) {
    std::vector<std::string> words;
    while (statement.executeStep()) words.push_back(statement.getColumn(0).getString());
    return words;
}

Job read_brief_row(SQLite::Statement& row) {
    auto data = read_columns(row);
    data["parents"] = json::array();
    const std::string parents = row.getColumn(11).getText();
    for (std::size_t begin = 0; begin < parents.size();) {
        const auto end = std::min(parents.find(',', begin), parents.size());
        data["parents"].push_back(parents.substr(begin, end - begin));
        begin = end + 1;
    }
    return parse_row(data);
}

StoredJob read_row(SQLite::Database& database, SQLite::Statement& row) {
    auto data = read_columns(row);
    const auto id = row.getColumn(0).getString();
    SQLite::Statement parents(database, "SELECT parent_id FROM parents WHERE job_id = ? ORDER BY place");
    parents.bind(1, id);
    data["parents"] = read_strings(parents);
    SQLite::Statement history(database,
                              "SELECT state, time, reason FROM status_history WHERE job_id = ? ORDER BY place");
    history.bind(1, id);
    data["history"] = json::array();
    while (history.executeStep())
        data["history"].push_back({{"state", history.getColumn(0).getString()},
                                   {"time", history.getColumn(1).getDouble()},
                                   {"reason", history.getColumn(2).getString()}});
    return {parse_row(data), parse_position(json::parse(row.getColumn(11).getString()))};
}

}  // namespace job_database

using namespace job_database;

/// Read and kept under one lock: what was there before a change cannot come in after `forget`. Null: the job is gone.
std::shared_ptr<const std::string> JobStore::Connections::row_text(
    SQLite::Statement& one, const std::string& id, const std::function<std::string(const Job&)>& print) {
    const std::scoped_lock lock(kept_mutex);
    if (const auto known = texts.find(id); known != texts.end()) return known->second;
    one.reset();
    one.bind(1, id);
    const bool found = one.executeStep();
    auto text = found ? std::make_shared<const std::string>(print(read_brief_row(one))) : nullptr;
    one.reset();
    if (!found) return nullptr;
    if (texts.size() >= kMostTexts) texts.clear();
    texts.emplace(id, text);
    return text;
}

/// As above. Each request about a job looks it up several times.
std::optional<StoredJob> JobStore::Connections::find_job(const std::string& id) {
    const std::scoped_lock lock(kept_mutex);
    if (const auto known = jobs.find(id); known != jobs.end()) return known->second;
    SQLite::Statement read(reader, fmt::format("SELECT {} FROM jobs WHERE id = ?", kJobColumns));
    read.bind(1, id);
    if (!read.executeStep()) return std::nullopt;
    if (jobs.size() >= kMostJobs) jobs.clear();
    return jobs.emplace(id, read_row(reader, read)).first->second;
}

}  // namespace digits
