#include "base/progress.hpp"

#include <nlohmann/json.hpp>

namespace digits {

ProgressMeter::ProgressMeter(TaskContext& context, std::string step, std::string unit, std::uint64_t total,
                             std::chrono::milliseconds interval)
    : context_(context),
      step_(std::move(step)),
      unit_(std::move(unit)),
      interval_(interval),
      start_(std::chrono::steady_clock::now()),
      total_(total) {
    send(start_);
}

ProgressMeter::~ProgressMeter() {
    const std::lock_guard lock(mutex_);
    send(std::chrono::steady_clock::now());
}

void ProgressMeter::add(std::uint64_t n) {
    const std::lock_guard lock(mutex_);
    done_ += n;
    if (const auto now = std::chrono::steady_clock::now(); now - last_sent_ >= interval_) send(now);
}

void ProgressMeter::set_total(std::uint64_t total) {
    const std::lock_guard lock(mutex_);
    total_ = total;
}

void ProgressMeter::send(std::chrono::steady_clock::time_point now) {
    last_sent_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = seconds > 0 ? static_cast<double>(done_) / seconds : 0;
    nlohmann::json event{
        {"event", "progress"}, {"step", step_}, {"unit", unit_}, {"done", done_}, {"elapsed_s", seconds}};
    if (rate > 0) event["rate"] = rate;
    if (total_ > 0) {
        event["total"] = total_;
        if (rate > 0 && total_ >= done_) event["eta_s"] = static_cast<double>(total_ - done_) / rate;
    }
    context_.emit(event);
}

}  // namespace digits
