#include "jobs/schema.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include <string>

namespace digits {

const std::vector<std::string_view>& job_migrations() {
    static const std::vector<std::string_view> migrations{
        R"sql(
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    job_group TEXT NOT NULL COLLATE NOCASE,
    notes TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    created REAL NOT NULL,
    finished REAL NOT NULL,
    spec TEXT NOT NULL,
    facts TEXT NOT NULL,
    run TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX jobs_by_created ON jobs (created, id);
CREATE INDEX jobs_by_name ON jobs (name, id);
CREATE INDEX jobs_by_state ON jobs (state, id);
CREATE INDEX jobs_by_finished ON jobs (finished, id);
CREATE TABLE parents (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    parent_id TEXT NOT NULL,
    PRIMARY KEY (job_id, place)
) WITHOUT ROWID;
CREATE INDEX parents_by_parent ON parents (parent_id);
CREATE TABLE status_history (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    state TEXT NOT NULL,
    time REAL NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (job_id, place)
) WITHOUT ROWID;
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (job_id, name)
);
CREATE TABLE metrics (
    series_id INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    iteration INTEGER NOT NULL,
    epoch REAL NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (series_id, iteration)
) WITHOUT ROWID;
CREATE TABLE snapshots (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    iteration INTEGER NOT NULL,
    epoch REAL NOT NULL,
    weights TEXT NOT NULL,
    state TEXT NOT NULL,
    time REAL NOT NULL,
    PRIMARY KEY (job_id, iteration)
) WITHOUT ROWID;
)sql",
        R"sql(
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    job_id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL
);
)sql",
        // Lists are of one kind, without what is in the trash, and are counted.
        R"sql(
ALTER TABLE jobs ADD COLUMN trashed REAL NOT NULL DEFAULT 0;
CREATE INDEX jobs_by_kind ON jobs (kind, trashed, created, id);
CREATE INDEX jobs_in_trash ON jobs (trashed) WHERE trashed > 0;
)sql",
        // How many are in each state, and the newest of them, without a look at the rows.
        R"sql(
DROP INDEX jobs_by_state;
CREATE INDEX jobs_by_state ON jobs (trashed, state, created, id);
)sql",
        // Written with the job, so that a request that is sent again after a crash makes nothing twice.
        R"sql(
CREATE TABLE request_keys (
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    time REAL NOT NULL,
    PRIMARY KEY (user, key)
) WITHOUT ROWID;
)sql",
        // What the server adds to a spec is in a grant of its own, and is made again at each start. Weights that a
        // model starts from are a list, and the user's.
        R"sql(
UPDATE jobs SET spec = json_remove(spec, '$.roots', '$.dataset_dir', '$.model_dir');
UPDATE jobs SET spec = json_remove(spec, '$.weights') WHERE json_type(spec, '$.weights') = 'text';
UPDATE jobs SET run = json_set(run,
    '$.launcher', 'local',
    '$.handle', CASE WHEN state = 'run' AND COALESCE(json_extract(facts, '$.pid'), 0) > 0
        THEN json_extract(facts, '$.pid') || ' ' || COALESCE(json_extract(run, '$.pid_start'), 0) ELSE '' END,
    '$.placement', json_object('host', '', 'ranks', 1, 'devices',
        CASE WHEN COALESCE(json_extract(run, '$.gpu'), '') IN ('', '-1') THEN json_array()
             ELSE json_array(json_extract(run, '$.gpu')) END));
UPDATE jobs SET run = json_remove(run, '$.gpu', '$.pid_start');
)sql",
        // What a job made is in its folder, and is listed there.
        R"sql(
DROP TABLE snapshots;
)sql"};
    return migrations;
}

void migrate(SQLite::Database& database, const std::string& what, const std::vector<std::string_view>& migrations) {
    const auto newest = static_cast<int>(migrations.size());
    database.exec("CREATE TABLE IF NOT EXISTS schema_versions (module TEXT PRIMARY KEY, version INTEGER NOT NULL)");
    SQLite::Statement read(database, "SELECT version FROM schema_versions WHERE module = ?");
    read.bind(1, what);
    const int version = read.executeStep() ? read.getColumn(0).getInt() : 0;
    read.reset();
    if (version > newest)
        throw SQLite::Exception(
            fmt::format("its {} have schema {}, this program knows up to {}: it was written by "
                        "a newer version of digits; use that one",
                        what, version, newest));
    for (int step = version; step < newest; ++step) {
        SQLite::Transaction transaction(database);
        database.exec(std::string(migrations[static_cast<std::size_t>(step)]));
        SQLite::Statement write(database, "INSERT OR REPLACE INTO schema_versions VALUES (?, ?)");
        write.bind(1, what);
        write.bind(2, step + 1);
        write.exec();
        transaction.commit();
    }
}

void migrate_jobs(SQLite::Database& database) { migrate(database, "jobs", job_migrations()); }

}  // namespace digits
