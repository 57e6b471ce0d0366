#include "jobs/scheduler.hpp"

#include <algorithm>
#include <tuple>

namespace digits {

Scheduler::Decision Scheduler::place(const std::string& job_id, const JobKind& kind) {
    std::set<std::string> taken;
    for (const auto& [id, holding] : holdings_)
        taken.insert(holding.placement.devices.begin(), holding.placement.devices.end());
    const auto& devices = resources_.devices;
    const auto free = std::ranges::find_if(devices, [&](const auto& device) { return !taken.contains(device); });
    const auto room = slots(kind);
    if (has_own_device(kind) && free == devices.end()) return {{}, "waiting for a free GPU"};
    if (!has_own_device(kind) && room.used >= room.total)
        return {{}, fmt::format("waiting for another {} to finish", kind.noun)};
    Placement placement;
    if (kind.devices != DeviceUse::kNone && free != devices.end()) placement.devices = {*free};
    hold(job_id, kind, placement);
    return {std::move(placement), {}};
}

void Scheduler::hold(const std::string& job_id, const JobKind& kind, const Placement& placement) {
    holdings_.insert_or_assign(job_id, Holding{kind.pool, placement});
}

void Scheduler::release(std::string_view job_id) {
    if (const auto found = holdings_.find(job_id); found != holdings_.end()) holdings_.erase(found);
}

Slots Scheduler::slots(const JobKind& kind) const {
    const auto limit = resources_.slots.find(kind.pool);
    Slots slots{limit == resources_.slots.end() ? 1 : limit->second, 0};
    if (has_own_device(kind)) slots.total = static_cast<int>(resources_.devices.size());
    for (const auto& [id, holding] : holdings_)
        if (holding.pool == kind.pool) ++slots.used;
    return slots;
}

void sort_queue(std::vector<const Job*>& waiting) {
    std::ranges::sort(waiting, [](const auto* a, const auto* b) {
        return std::tie(a->created, a->id) < std::tie(b->created, b->id);
    });
}

}  // namespace digits
