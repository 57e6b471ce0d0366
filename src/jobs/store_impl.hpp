#pragma once

// What the files of the store share.

#include <SQLiteCpp/SQLiteCpp.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "jobs/store.hpp"

namespace digits {

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
    void write_events(const std::vector<JobEvent>& events);
    void write_keys(const std::vector<KeyRow>& rows);
};

/// Free functions; other modules have some of these names for themselves.
namespace job_database {

std::string print_json(const nlohmann::json& data);
std::string print_facts(const Job& job);
std::string print_position(const TaskPosition& position);

/// What `read_row` and `read_brief_row` want to see.
extern const char* const kJobColumns;
extern const char* const kBriefColumns;
StoredJob read_row(SQLite::Database& database, SQLite::Statement& row);
Job read_brief_row(SQLite::Statement& row);
std::vector<std::string> read_strings(SQLite::Statement& statement);

Error database_error(std::string_view doing, const std::exception& e);

/// Runs `function`; what it throws becomes an error.
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

}  // namespace job_database
}  // namespace digits
