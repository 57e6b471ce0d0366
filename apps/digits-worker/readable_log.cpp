#include "readable_log.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/log.hpp"
#include "base/result.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr auto kProgressInterval = std::chrono::seconds(1);

/// 5800.4 → 5,800
std::string with_commas(double value) {
    auto digits = fmt::format("{:.0f}", value);
    for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3)
        digits.insert(static_cast<std::size_t>(place), 1, ',');
    return digits;
}

std::string text(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double number(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

void write_log_event(const json& event) {
    const auto level = text(event, "level");
    log_line(level == "error"     ? LogLevel::kError
             : level == "warning" ? LogLevel::kWarning
                                  : LogLevel::kInfo,
             text(event, "text"));
}

void write_failed(const json& event) {
    const auto found = event.find("error");
    if (found == event.end() || !found->is_object()) return;
    const Error error{ErrorCode::kInternal, text(*found, "message"), text(*found, "where"), text(*found, "advice")};
    log_error("failed: {}", error.to_string());
}

}  // namespace

bool ReadableLog::may_tell_progress() {
    const auto now = Clock::now();
    if (now - last_progress_ < kProgressInterval) return false;
    last_progress_ = now;
    return true;
}

void ReadableLog::write_progress(const json& event) {
    const auto step = text(event, "step");
    // A training tells its progress by its metrics.
    if (step == "train" || number(event, "done") == 0) return;
    const bool whole = number(event, "done") == number(event, "total");
    const auto key = fmt::format("{} {}", step, number(event, "done"));
    if (key == last_step_ || (!whole && !may_tell_progress())) return;
    last_step_ = key;
    auto line = fmt::format("{}: {}", step, with_commas(number(event, "done")));
    if (number(event, "total") > 0) line += " of " + with_commas(number(event, "total"));
    line += " " + text(event, "unit");
    if (number(event, "rate") > 0) line += fmt::format(", {}/s", with_commas(number(event, "rate")));
    log_info("{}", line);
}

void ReadableLog::write_metrics(const json& event) {
    const auto phase = text(event, "phase");
    if (phase == "train" && !may_tell_progress()) return;
    auto line = fmt::format("iteration {:.0f}", number(event, "iteration"));
    if (phase != "train") line += ", " + phase;
    const auto values = event.find("values");
    if (values == event.end() || !values->is_object()) return;
    const auto add = [&](const std::string& name, const json& value) {
        line += value.is_number() ? fmt::format(", {} {:.4g}", name, value.get<double>())
                                  : fmt::format(", {} is not finite", name);
    };
    if (const auto loss = values->find("loss"); loss != values->end()) add("loss", *loss);
    for (auto value = values->begin(); value != values->end(); ++value) {
        const auto& name = value.key();
        if (name != "loss" && name != "lr" && name != "images_per_s" && name != "data_wait") add(name, *value);
    }
    if (const auto rate = values->find("lr"); rate != values->end()) add("lr", *rate);
    if (values->contains("images_per_s"))
        line += fmt::format(", {} images/s", with_commas(number(*values, "images_per_s")));
    log_info("{}", line);
}

void ReadableLog::write(const json& event) {
    const auto name = text(event, "event");
    if (name == "started")
        log_info("started: attempt {:.0f}, process {:.0f}, version {}, on {}", number(event, "attempt"),
                 number(event, "pid"), text(event, "version"), text(event, "device"));
    else if (name == "network")
        log_info("network: {} parameters, about {} MiB while it trains", with_commas(number(event, "parameters")),
                 with_commas(std::ceil(number(event, "memory_bytes") / (1 << 20))));
    else if (name == "log")
        write_log_event(event);
    else if (name == "progress")
        write_progress(event);
    else if (name == "metrics")
        write_metrics(event);
    else if (name == "snapshot")
        log_info("snapshot of iteration {:.0f}: {}, {}", number(event, "iteration"), text(event, "weights"),
                 text(event, "state"));
    else if (name == "ready")
        log_info("the model is loaded");
    else if (name == "done" || name == "aborted")
        log_info("{}", name);
    else if (name == "failed")
        write_failed(event);
}

}  // namespace digits
