#include "jobs/trash.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/log.hpp"

namespace digits {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr auto kPurgeInterval = std::chrono::seconds(60);

}  // namespace

/// The ended jobs that go with this one, itself the last: those of kinds that go with their parent. kFailedPrecondition
/// while another job needs one of them.
Result<std::vector<std::string>> Trash::check_removable(std::string_view id) {
    DIGITS_ASSIGN(const auto* active, table_.load(id));
    const auto state = active->job.state;
    table_.forget_if_ended(id);
    if (!is_final(state))
        return fail(make_error(ErrorCode::kFailedPrecondition, "{} is in state {}", id, enum_name(state))
                        .advise("Abort it first"));
    DIGITS_ASSIGN(const auto dependents, store_.dependents(id));
    std::vector<std::string> going, needing;
    for (const auto& other : dependents) {
        DIGITS_ASSIGN(const auto* found, table_.load(other));
        const auto& job = found->job;
        const bool goes = found->kind && found->kind->goes_with_parent && job.parents.front() == id;
        const bool ended = is_final(job.state);
        table_.forget_if_ended(other);
        (goes && ended ? going : needing).push_back(other);
    }
    if (!needing.empty())
        return fail(make_error(ErrorCode::kFailedPrecondition, "other jobs need {}: {}", id, names_of(needing))
                        .advise("Delete them first"));
    going.emplace_back(id);
    return going;
}

/// Out of the database and off the disk.
Status Trash::erase(std::string_view id) {
    DIGITS_TRY(table_.flush());
    table_.discard(id);
    DIGITS_TRY(store_.erase(id));
    // Out of sight at once, whatever happens while its files are deleted.
    const auto dir = table_.job_dir(id);
    const auto removed = dir.parent_path() / (".removed-" + std::string(id));
    std::error_code error;
    fs::rename(dir, removed, error);
    if (!error) fs::remove_all(removed, error);
    if (error) log_warning("job {}: cannot remove its folder: {}", id, error.message());
    return {};
}

/// `"LeNet" (20261123-101500-3fa9), …`: enough of them to know what is meant.
std::string Trash::names_of(const std::vector<std::string>& ids) const {
    constexpr std::size_t kNamed = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(ids.size(), kNamed); ++i) {
        const auto found = store_.find(ids[i]);
        const auto name = found && *found ? (*found)->job.name : std::string();
        text += fmt::format("{}\"{}\" ({})", i == 0 ? "" : ", ", name, ids[i]);
    }
    if (ids.size() > kNamed) text += fmt::format(" and {} more", ids.size() - kNamed);
    return text;
}

Status Trash::remove(std::string_view id) {
    DIGITS_ASSIGN(const auto going, check_removable(id));
    for (const auto& one : going) {
        DIGITS_TRY(erase(one));
        table_.add_event(one, "removed", std::make_shared<const json>(json::object()));
    }
    return table_.flush();
}

Status Trash::put(std::string_view id) {
    DIGITS_ASSIGN(const auto going, check_removable(id));
    const double now = unix_time();
    for (const auto& one : going) {
        DIGITS_ASSIGN(auto* active, table_.load(one));
        active->job.trashed = now;
        active->dirty = active->urgent = true;
        table_.add_event(one, "removed", std::make_shared<const json>(json::object()));
    }
    next_purge_ = std::min(next_purge_, Clock::now() + grace_);
    return table_.flush();
}

Result<Job> Trash::get(std::string_view id) const {
    DIGITS_ASSIGN(auto stored, store_.find(id));
    if (!stored || stored->job.trashed == 0) return fail(ErrorCode::kNotFound, "there is no job {} in the trash", id);
    return std::move(stored->job);
}

/// The jobs that went into the trash with this one, at the very same time.
Status Trash::add_taken_along(const Job& job, std::vector<std::string>& ids) {
    DIGITS_ASSIGN(const auto trash, store_.trash());
    for (const auto& other : trash) {
        if (other.time != job.trashed || other.id == job.id) continue;
        DIGITS_ASSIGN(const auto* found, table_.load_any(other.id));
        const bool goes = found->kind && found->kind->goes_with_parent && found->job.parents.front() == job.id;
        table_.forget_if_ended(other.id);
        if (goes) ids.push_back(other.id);
    }
    return {};
}

Result<Job> Trash::restore(std::string_view id) {
    DIGITS_ASSIGN(const auto wanted, get(id));
    // What a job was made from comes back with it, for without it the job is of no use.
    std::vector<std::string> back;
    for (const auto& parent : wanted.parents) {
        DIGITS_ASSIGN(const auto stored, store_.find(parent));
        if (!stored)
            return fail(make_error(ErrorCode::kFailedPrecondition, "{} was made from {}, which is gone", id, parent));
        if (stored->job.trashed > 0) back.push_back(parent);
    }
    back.emplace_back(id);
    DIGITS_TRY(add_taken_along(wanted, back));
    for (const auto& one : back) {
        DIGITS_ASSIGN(auto* active, table_.load_any(one));
        active->job.trashed = 0;
        active->dirty = active->urgent = true;
        table_.add_event(one, "created", std::make_shared<const json>(job_to_json(active->job)));
    }
    DIGITS_TRY(table_.flush());
    DIGITS_ASSIGN(auto restored, store_.find(id));
    if (!restored) return fail(ErrorCode::kInternal, "{} was lost while it was brought back", id);
    return std::move(restored->job);
}

Result<std::size_t> Trash::erase_all(const std::function<bool(const Job&)>& may_erase) {
    DIGITS_ASSIGN(const auto trash, store_.trash());
    std::size_t count = 0;
    for (const auto& trashed : trash) {
        DIGITS_ASSIGN(const auto job, get(trashed.id));
        if (!may_erase(job)) continue;
        DIGITS_TRY(erase(trashed.id));
        ++count;
    }
    return count;
}

/// Erases what has been in the trash for its time, and looks when to come again.
void Trash::empty(Clock::time_point now) {
    if (now < next_purge_) return;
    next_purge_ = now + kPurgeInterval;
    const auto trash = store_.trash();
    if (!trash) return log_warning("{}", trash.error().to_string());
    const auto due = unix_time() - std::chrono::duration<double>(grace_).count();
    for (const auto& job : *trash) {
        if (job.time > due) {
            const std::chrono::duration<double> left(job.time - due);
            next_purge_ = std::min(next_purge_, now + std::chrono::ceil<std::chrono::milliseconds>(left));
            break;
        }
        if (const auto erased = erase(job.id); !erased)
            log_warning("job {} stays in the trash: {}", job.id, erased.error().to_string());
    }
}

}  // namespace digits
