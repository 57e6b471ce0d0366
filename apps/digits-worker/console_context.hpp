#pragma once

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/task_context.hpp"

namespace digits {

/// Shows progress on standard error: a moving line on a terminal, else a line at the end of each step.
class ConsoleContext final : public TaskContext {
  public:
    const std::filesystem::path& job_dir() const override { return nowhere_; }
    bool abort_requested() const override { return false; }
    bool take_snapshot_request() override { return false; }
    void emit(const nlohmann::json& event) override {
        if (event.value("event", "") != "progress") return;
        const auto done = event.value("done", std::uint64_t{0}), total = event.value("total", std::uint64_t{0});
        const bool terminal = isatty(STDERR_FILENO) == 1;
        if (!terminal && done != total) return;
        const auto text = fmt::format("   {}  {} / {} {}  {:.0f}/s", event.value("step", ""), done, total,
                                      event.value("unit", ""), event.value("rate", 0.0));
        std::fprintf(stderr,
                     terminal && done != total ? "\r\x1b[K%s"
                     : terminal                ? "\r\x1b[K%s\n"
                                               : "%s\n",
                     text.c_str());
    }

  private:
    std::filesystem::path nowhere_;
};

}  // namespace digits
