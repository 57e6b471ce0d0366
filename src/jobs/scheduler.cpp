#include "jobs/scheduler.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace digits {

namespace {

constexpr std::string_view kCpu = "cpu";

/// Null if there is no such device.
const std::string* find_device(const std::vector<std::string>& devices, std::string_view wanted) {
    constexpr std::string_view kGpu = "cuda:";
    std::size_t number = 0;
    if (!wanted.starts_with(kGpu)) return nullptr;
    const char* end = wanted.data() + wanted.size();
    const auto [stop, error] = std::from_chars(wanted.data() + kGpu.size(), end, number);
    return error == std::errc() && stop == end && number < devices.size() ? &devices[number] : nullptr;
}

}  // namespace

Status JobResources::check_device(std::string_view wanted) const {
    if (wanted.empty() || wanted == kCpu || find_device(devices, wanted)) return {};
    if (devices.empty())
        return fail(ErrorCode::kInvalidArgument, "There is no device \"{}\": this machine has no GPU, only cpu",
                    wanted);
    return fail(ErrorCode::kInvalidArgument, "There is no device \"{}\"; choose cpu, or cuda:0 to cuda:{}", wanted,
                devices.size() - 1);
}

Scheduler::Decision Scheduler::place_on_cpu(const std::string& job_id, const JobKind& kind) {
    const auto limit = resources_.slots.find(kind.pool);
    const auto used = std::ranges::count_if(holdings_, [&](const auto& entry) {
        return entry.second.pool == kind.pool && entry.second.placement.devices.empty();
    });
    if (used >= (limit == resources_.slots.end() ? 1 : limit->second))
        return {{}, fmt::format("waiting for another {} on the CPU to finish", kind.noun)};
    hold(job_id, kind, {});
    return {Placement{}, {}};
}

Scheduler::Decision Scheduler::place(const std::string& job_id, const JobKind& kind, std::string_view wanted) {
    if (has_own_device(kind) && wanted == kCpu) return place_on_cpu(job_id, kind);
    std::set<std::string> taken;
    for (const auto& [id, holding] : holdings_)
        taken.insert(holding.placement.devices.begin(), holding.placement.devices.end());
    const auto& devices = resources_.devices;
    const bool chosen = has_own_device(kind) && !wanted.empty();
    const auto* own = chosen ? find_device(devices, wanted) : nullptr;
    if (chosen && !own) return {{}, fmt::format("waiting for the device {}, which is not there", wanted)};
    if (own && taken.contains(*own)) return {{}, fmt::format("waiting for the device {} to become free", wanted)};
    const auto free = std::ranges::find_if(
        devices, [&](const auto& device) { return own ? device == *own : !taken.contains(device); });
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
