#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace SQLite {
class Database;
}

namespace digits {

/// SQL that leads from schema n to n + 1; the first makes the tables of an empty database. Never change one that was
/// released: add the next.
const std::vector<std::string_view>& job_migrations();

/// Brings the tables of `what` to the newest schema, each step in one transaction; throws SQLite::Exception, and
/// refuses a database of a newer program. `schema_versions` has the versions of all modules that keep tables here.
void migrate(SQLite::Database& database, const std::string& what, const std::vector<std::string_view>& migrations);
void migrate_jobs(SQLite::Database& database);

}  // namespace digits
