#include "jobs/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "jobs/downsample.hpp"
#include "jobs/schema.hpp"

namespace digits {

namespace {

using nlohmann::json;

constexpr int kBusyTimeout_ms = 10000;
constexpr std::size_t kMostTexts = 50'000;
constexpr std::size_t kMostJobs = 64;

std::string print(const json& data) { return data.dump(-1, ' ', false, json::error_handler_t::replace); }

/// What the list neither sorts nor filters by.
std::string print_facts(const Job& job) {
    auto facts = job_to_json(job);
    for (const char* column : {"id", "kind", "name", "group", "notes", "owner", "state", "created", "finished", "spec",
                               "parents", "history"})
        facts.erase(column);
    return print(facts);
}

std::string print_position(const TaskPosition& position) {
    return print({{"offset", position.offset},
                  {"seq", position.seq},
                  {"fresh_attempt", position.fresh_attempt},
                  {"pid_start", position.pid_start},
                  {"oom_kills", position.oom_kills},
                  {"log_start", position.log_start},
                  {"gpu", position.gpu}});
}

TaskPosition parse_position(const json& data) {
    return {data.value("offset", std::uint64_t{0}),
            data.value("seq", std::uint64_t{0}),
            data.value("fresh_attempt", false),
            data.value("pid_start", std::uint64_t{0}),
            data.value("oom_kills", std::int64_t{0}),
            data.value("log_start", std::uint64_t{0}),
            data.value("gpu", "")};
}

Error database_error(std::string_view doing, const std::exception& e) {
    const auto* sqlite = dynamic_cast<const SQLite::Exception*>(&e);
    const int code = sqlite ? sqlite->getErrorCode() : 0;
    if (code == SQLITE_FULL)
        return make_error(ErrorCode::kResourceExhausted, "cannot {}: the disk is full", doing)
            .advise("make room where the data folder is");
    if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
        return make_error(ErrorCode::kDataLoss, "cannot {}: the database is damaged ({})", doing, e.what())
            .advise(
                "Stop the server, move digits.db, digits.db-wal and digits.db-shm away and start again: the jobs are "
                "read back from their folders under jobs/");
    return make_error(ErrorCode::kInternal, "cannot {}: {}", doing, e.what());
}

template <class Function>
auto guarded(std::string_view doing, Function&& function) -> Result<decltype(function())> {
    try {
        if constexpr (std::is_void_v<decltype(function())>) {
            function();
            return {};
        } else {
            return function();
        }
    } catch (const std::exception& e) {
        return fail(database_error(doing, e));
    }
}

constexpr const char* kJobColumns =
    "id, kind, name, job_group, notes, owner, state, created, finished, spec, facts, run";
/// Of a brief list. Ids have no commas.
constexpr const char* kBriefColumns =
    "id, kind, name, job_group, notes, owner, state, created, finished, '{}', facts, (SELECT group_concat(parent_id) "
    "FROM (SELECT parent_id FROM parents WHERE job_id = jobs.id ORDER BY place))";

std::vector<std::string> read_strings(SQLite::Statement& statement) {
    std::vector<std::string> words;
    while (statement.executeStep()) words.push_back(statement.getColumn(0).getString());
    return words;
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
    for (const unsigned char c : print(json::array({enum_name(sort), std::move(value), id})))
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

SQLite::Database connect(const std::filesystem::path& file, int flags) {
    SQLite::Database database(file.string(), flags, kBusyTimeout_ms);
    database.exec("PRAGMA foreign_keys = ON");
    return database;
}

}  // namespace

struct JobStore::Connections {
    SQLite::Database writer;
    SQLite::Database reader;
    std::int64_t kept_events;
    std::mutex write_mutex;
    mutable std::mutex read_mutex;
    std::map<std::pair<std::string, std::string>, std::int64_t> series_ids;
    /// What was read of jobs, until they are written again.
    std::mutex kept_mutex;
    std::unordered_map<std::string, std::shared_ptr<const std::string>> texts;  ///< of rows as they are printed
    std::unordered_map<std::string, StoredJob> jobs;

    std::shared_ptr<const std::string> row_text(SQLite::Statement& one, const std::string& id,
                                                const std::function<std::string(const Job&)>& print);
    std::optional<StoredJob> find_job(const std::string& id);
    void forget(const std::string& id) {
        const std::scoped_lock lock(kept_mutex);
        texts.erase(id);
        jobs.erase(id);
    }

    std::int64_t series_id(const std::string& job_id, const std::string& name) {
        const auto key = std::pair(job_id, name);
        if (const auto found = series_ids.find(key); found != series_ids.end()) return found->second;
        SQLite::Statement insert(writer, "INSERT OR IGNORE INTO series (job_id, name) VALUES (?, ?)");
        insert.bind(1, job_id);
        insert.bind(2, name);
        insert.exec();
        SQLite::Statement read(writer, "SELECT id FROM series WHERE job_id = ? AND name = ?");
        read.bind(1, job_id);
        read.bind(2, name);
        read.executeStep();
        return series_ids[key] = read.getColumn(0).getInt64();
    }

    void write_job(const StoredJob& stored);
    void drop_metrics(const std::vector<MetricDrop>& drops);
    void write_metrics(const std::vector<MetricRow>& rows);
    void write_snapshots(const std::vector<SnapshotRow>& rows);
    void write_events(const std::vector<JobEvent>& events);
    void write_keys(const std::vector<KeyRow>& rows);
};

void JobStore::Connections::write_job(const StoredJob& stored) {
    const auto& job = stored.job;
    SQLite::Statement upsert(
        writer,
        "INSERT INTO jobs (id, kind, name, job_group, notes, owner, state, created, finished, spec, "
        "facts, run, trashed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "name = ?3, job_group = ?4, notes = ?5, owner = ?6, state = ?7, finished = ?9, spec = ?10, facts = ?11, "
        "run = ?12, trashed = ?13");
    const std::string texts[] = {job.id, job.kind, job.name, job.group, job.notes, job.owner};
    for (int i = 0; i < 6; ++i) upsert.bind(i + 1, texts[i]);
    upsert.bind(7, std::string(enum_name(job.state)));
    upsert.bind(8, job.created);
    upsert.bind(9, job.finished);
    upsert.bind(10, print(*job.spec));
    upsert.bind(11, print_facts(job));
    upsert.bind(12, print_position(stored.position));
    upsert.bind(13, job.trashed);
    upsert.exec();

    SQLite::Statement parent(writer, "INSERT OR IGNORE INTO parents VALUES (?, ?, ?)");
    for (std::size_t i = 0; i < job.parents.size(); ++i) {
        parent.reset();
        parent.bind(1, job.id);
        parent.bind(2, static_cast<std::int64_t>(i));
        parent.bind(3, job.parents[i]);
        parent.exec();
    }
    SQLite::Statement change(writer, "INSERT OR IGNORE INTO status_history VALUES (?, ?, ?, ?, ?)");
    for (std::size_t i = 0; i < job.history.size(); ++i) {
        change.reset();
        change.bind(1, job.id);
        change.bind(2, static_cast<std::int64_t>(i));
        change.bind(3, std::string(enum_name(job.history[i].state)));
        change.bind(4, job.history[i].time);
        change.bind(5, job.history[i].reason);
        change.exec();
    }
}

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

void JobStore::Connections::drop_metrics(const std::vector<MetricDrop>& drops) {
    SQLite::Statement drop(writer,
                           "DELETE FROM metrics WHERE series_id IN (SELECT id FROM series WHERE job_id = ?) AND "
                           "iteration >= ?");
    for (const auto& one : drops) {
        drop.reset();
        drop.bind(1, one.job_id);
        drop.bind(2, one.iteration);
        drop.exec();
    }
}

void JobStore::Connections::write_metrics(const std::vector<MetricRow>& rows) {
    SQLite::Statement insert(writer, "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)");
    for (const auto& row : rows) {
        insert.reset();
        insert.bind(1, series_id(row.job_id, row.series));
        insert.bind(2, row.point.iteration);
        insert.bind(3, row.point.epoch);
        insert.bind(4, row.point.value);
        insert.exec();
    }
}

void JobStore::Connections::write_snapshots(const std::vector<SnapshotRow>& rows) {
    SQLite::Statement insert(writer, "INSERT OR REPLACE INTO snapshots VALUES (?, ?, ?, ?, ?, ?)");
    for (const auto& row : rows) {
        insert.reset();
        insert.bind(1, row.job_id);
        insert.bind(2, row.snapshot.iteration);
        insert.bind(3, row.snapshot.epoch);
        insert.bind(4, row.snapshot.weights);
        insert.bind(5, row.snapshot.state);
        insert.bind(6, row.snapshot.time);
        insert.exec();
    }
}

void JobStore::Connections::write_events(const std::vector<JobEvent>& events) {
    SQLite::Statement insert(writer, "INSERT INTO events VALUES (?, ?, ?, ?, ?)");
    for (const auto& event : events) {
        insert.reset();
        insert.bind(1, event.id);
        insert.bind(2, event.time);
        insert.bind(3, event.job_id);
        insert.bind(4, event.type);
        insert.bind(5, print(*event.data));
        insert.exec();
    }
    if (events.empty()) return;
    SQLite::Statement prune(writer, "DELETE FROM events WHERE id <= ?");
    prune.bind(1, events.back().id - kept_events);
    prune.exec();
}

/// The newest job of a key counts; what is older than a day is dropped when there is something new.
void JobStore::Connections::write_keys(const std::vector<KeyRow>& rows) {
    SQLite::Statement insert(writer, "INSERT OR REPLACE INTO request_keys VALUES (?, ?, ?, ?, ?)");
    for (const auto& row : rows) {
        insert.reset();
        insert.bind(1, row.key.user);
        insert.bind(2, row.key.key);
        insert.bind(3, row.key.fingerprint);
        insert.bind(4, row.job_id);
        insert.bind(5, row.time);
        insert.exec();
    }
    if (rows.empty()) return;
    SQLite::Statement prune(writer, "DELETE FROM request_keys WHERE time < ?");
    prune.bind(1, rows.back().time - kKeptKeys_s);
    prune.exec();
}

JobStore::JobStore(std::unique_ptr<Connections> connections) : connections_(std::move(connections)) {}
JobStore::~JobStore() = default;

Result<std::unique_ptr<JobStore>> JobStore::open(const std::filesystem::path& file, std::int64_t kept_events) {
    return guarded("open the database " + file.string(), [&] {
        auto writer = connect(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        writer.exec("PRAGMA journal_mode = WAL");
        writer.exec("PRAGMA synchronous = NORMAL");
        migrate_jobs(writer);
        auto reader = connect(file, SQLite::OPEN_READONLY);
        auto connections = std::unique_ptr<Connections>(
            new Connections{std::move(writer), std::move(reader), kept_events, {}, {}, {}, {}, {}, {}});
        return std::unique_ptr<JobStore>(new JobStore(std::move(connections)));
    });
}

Status JobStore::write(const WriteBatch& batch) {
    if (batch.empty()) return {};
    const std::scoped_lock lock(connections_->write_mutex);
    auto status = guarded("write to the database", [&] {
        SQLite::Transaction transaction(connections_->writer);
        for (const auto& job : batch.jobs) connections_->write_job(job);
        connections_->drop_metrics(batch.drops);
        connections_->write_metrics(batch.metrics);
        connections_->write_snapshots(batch.snapshots);
        connections_->write_events(batch.events);
        connections_->write_keys(batch.keys);
        transaction.commit();
    });
    if (!status) connections_->series_ids.clear();
    for (const auto& job : batch.jobs) connections_->forget(job.job.id);
    return status;
}

Status JobStore::erase(std::string_view id) {
    const std::scoped_lock lock(connections_->write_mutex);
    return guarded("remove the job from the database", [&] {
        SQLite::Statement erase(connections_->writer, "DELETE FROM jobs WHERE id = ?");
        erase.bind(1, std::string(id));
        erase.exec();
        connections_->forget(std::string(id));
        connections_->series_ids.clear();
    });
}

Result<std::optional<StoredJob>> JobStore::find(std::string_view id) const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("read the job", [&] { return connections_->find_job(std::string(id)); });
}

Result<std::optional<MadeJob>> JobStore::find_made(std::string_view user, std::string_view key, double since) const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("read a request's key", [&]() -> std::optional<MadeJob> {
        SQLite::Statement read(connections_->reader,
                               "SELECT job_id, fingerprint FROM request_keys WHERE user = ? AND key = ? AND time > ?");
        read.bind(1, std::string(user));
        read.bind(2, std::string(key));
        read.bind(3, since);
        if (!read.executeStep()) return std::nullopt;
        return MadeJob{read.getColumn(0).getString(), read.getColumn(1).getString()};
    });
}

Result<std::vector<StoredJob>> JobStore::unfinished() const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("read the unfinished jobs", [&] {
        SQLite::Statement read(
            connections_->reader,
            fmt::format(
                "SELECT {} FROM jobs WHERE trashed = 0 AND state IN ('init', 'wait', 'run') ORDER BY created, id",
                kJobColumns));
        std::vector<StoredJob> jobs;
        while (read.executeStep()) jobs.push_back(read_row(connections_->reader, read));
        return jobs;
    });
}

Result<std::vector<std::string>> JobStore::ids() const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("list the jobs", [&] {
        SQLite::Statement read(connections_->reader, "SELECT id FROM jobs");
        return read_strings(read);
    });
}

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
        page.total = reading.count(connections_->reader);
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
        SQLite::Statement one(connections_->reader, fmt::format("SELECT {} FROM jobs WHERE id = ?", kBriefColumns));
        for (auto& id : ids)
            if (auto text = connections_->row_text(one, id, print))
                page.rows.push_back({std::move(id), std::move(text)});
        return page;
    });
}

Result<std::vector<TrashedJob>> JobStore::trash() const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("look into the trash", [&] {
        SQLite::Statement read(connections_->reader, "SELECT id, trashed FROM jobs WHERE trashed > 0 ORDER BY trashed");
        std::vector<TrashedJob> jobs;
        while (read.executeStep()) jobs.push_back({read.getColumn(0).getString(), read.getColumn(1).getDouble()});
        return jobs;
    });
}

Result<std::vector<std::string>> JobStore::dependents(std::string_view id) const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("read the job's dependents", [&] {
        SQLite::Statement read(
            connections_->reader,
            "SELECT DISTINCT job_id FROM parents JOIN jobs ON jobs.id = job_id WHERE parent_id = ? AND "
            "trashed = 0 ORDER BY 1");
        read.bind(1, std::string(id));
        return read_strings(read);
    });
}

Result<std::vector<MetricSeries>> JobStore::metrics(std::string_view id, const MetricsQuery& query) const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("read the metrics", [&] {
        SQLite::Statement names(connections_->reader, "SELECT id, name FROM series WHERE job_id = ? ORDER BY name");
        names.bind(1, std::string(id));
        SQLite::Statement read(
            connections_->reader,
            "SELECT iteration, epoch, value FROM metrics WHERE series_id = ? AND iteration > ? ORDER BY iteration");
        std::vector<MetricSeries> all;
        while (names.executeStep()) {
            MetricSeries series{names.getColumn(1).getString(), {}};
            const bool wanted =
                query.series.empty() || std::ranges::find(query.series, series.series) != query.series.end();
            if (!wanted) continue;
            read.reset();
            read.bind(1, names.getColumn(0).getInt64());
            read.bind(2, query.since_iteration);
            while (read.executeStep())
                series.points.push_back(
                    {read.getColumn(0).getInt64(), read.getColumn(1).getDouble(), read.getColumn(2).getDouble()});
            series.points = downsample(std::move(series.points), query.max_points);
            all.push_back(std::move(series));
        }
        return all;
    });
}

Result<std::vector<SnapshotInfo>> JobStore::snapshots(std::string_view id) const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("read the snapshots", [&] {
        SQLite::Statement read(
            connections_->reader,
            "SELECT iteration, epoch, weights, state, time FROM snapshots WHERE job_id = ? ORDER BY iteration");
        read.bind(1, std::string(id));
        std::vector<SnapshotInfo> all;
        while (read.executeStep())
            all.push_back({read.getColumn(0).getInt64(), read.getColumn(1).getDouble(), read.getColumn(2).getString(),
                           read.getColumn(3).getString(), read.getColumn(4).getDouble()});
        return all;
    });
}

Result<JobReplay> JobStore::replay(std::int64_t since_id) const {
    DIGITS_ASSIGN(const auto last, last_event_id());
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("read the events", [&] {
        JobReplay replay;
        SQLite::Statement oldest(connections_->reader, "SELECT COALESCE(MIN(id), 0) FROM events");
        oldest.executeStep();
        replay.complete = since_id >= oldest.getColumn(0).getInt64() - 1 && since_id <= last;
        SQLite::Statement read(connections_->reader,
                               "SELECT id, time, job_id, type, data FROM events WHERE id > ? ORDER BY id");
        read.bind(1, since_id);
        while (read.executeStep())
            replay.events.push_back({read.getColumn(0).getInt64(), read.getColumn(1).getDouble(),
                                     read.getColumn(2).getString(), read.getColumn(3).getString(),
                                     std::make_shared<const json>(json::parse(read.getColumn(4).getString()))});
        return replay;
    });
}

Result<std::int64_t> JobStore::last_event_id() const {
    const std::scoped_lock lock(connections_->read_mutex);
    return guarded("read the newest event", [&]() -> std::int64_t {
        SQLite::Statement read(connections_->reader, "SELECT seq FROM sqlite_sequence WHERE name = 'events'");
        return read.executeStep() ? read.getColumn(0).getInt64() : 0;
    });
}

}  // namespace digits
