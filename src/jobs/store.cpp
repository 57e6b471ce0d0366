#include "jobs/store.hpp"

#include <sqlite3.h>

#include <algorithm>

#include "jobs/downsample.hpp"
#include "jobs/schema.hpp"
#include "jobs/store_impl.hpp"

namespace digits {

using nlohmann::json;
using namespace job_database;

namespace {

constexpr int kBusyTimeout_ms = 10000;

SQLite::Database connect(const std::filesystem::path& file, int flags) {
    SQLite::Database database(file.string(), flags, kBusyTimeout_ms);
    database.exec("PRAGMA foreign_keys = ON");
    return database;
}

}  // namespace

Error job_database::database_error(std::string_view doing, const std::exception& e) {
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
    upsert.bind(10, print_json(*job.spec));
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

void JobStore::Connections::write_events(const std::vector<JobEvent>& events) {
    SQLite::Statement insert(writer, "INSERT INTO events VALUES (?, ?, ?, ?, ?)");
    for (const auto& event : events) {
        insert.reset();
        insert.bind(1, event.id);
        insert.bind(2, event.time);
        insert.bind(3, event.job_id);
        insert.bind(4, event.type);
        insert.bind(5, print_json(*event.data));
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
