#include "cli/terminal.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace digits::cli {
namespace {

constexpr auto kPlainInterval = std::chrono::seconds(3);
constexpr int kBarWidth = 24;

double number(const nlohmann::json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_number() ? found->get<double>() : -1;
}

/// How many columns the text takes, each UTF-8 character one.
std::size_t display_width(std::string_view text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::size_t terminal_columns() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string bar(double fraction) {
    const int full = static_cast<int>(std::lround(std::clamp(fraction, 0.0, 1.0) * kBarWidth));
    std::string text;
    for (int i = 0; i < kBarWidth; ++i) text += i < full ? "█" : "░";
    return fmt::format("{} {:3.0f} %  ", text, fraction * 100);
}

}  // namespace

std::string duration_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::llround(std::max(seconds, 0.0)));
    return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                         : fmt::format("{}:{:02}", whole / 60, whole % 60);
}

std::string bytes_text(double bytes) {
    constexpr const char* kUnits[]{"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < std::size(kUnits)) bytes /= 1000, ++unit;
    return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string count_text(double count) {
    const auto whole = std::llround(count);
    return (whole < 0 ? "-" : "") + grouped(static_cast<std::uint64_t>(std::llabs(whole)));
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (widths.size() <= i) widths.push_back(0);
            widths[i] = std::max(widths[i], display_width(row[i]));
        }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            text += row[i];
            if (i + 1 < row.size()) text += std::string(widths[i] - display_width(row[i]) + 2, ' ');
        }
        text += '\n';
    }
    return text;
}

std::string progress_text(const nlohmann::json& progress) {
    const double done = number(progress, "done"), total = number(progress, "total"), rate = number(progress, "rate"),
                 eta = number(progress, "eta_s");
    const bool of_bytes = progress.value("unit", "") == "bytes";
    const auto amount = [&](double value) { return of_bytes ? bytes_text(value) : count_text(value); };
    std::string text = progress.value("step", "") + "  " + amount(std::max(done, 0.0));
    if (total > 0) text += " / " + amount(total);
    if (!of_bytes) text += " " + progress.value("unit", "");
    if (rate > 0) text += fmt::format("  {}/s", rate >= 10 ? amount(rate) : fmt::format("{:.2f}", rate));
    if (eta >= 0 && done < total) text += fmt::format("  {} left", duration_text(eta));
    return text;
}

ProgressDisplay::ProgressDisplay(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}
ProgressDisplay::~ProgressDisplay() { clear_line(); }

void ProgressDisplay::clear_line() {
    if (line_open_) std::fputs("\r\x1b[K", stderr);
    line_open_ = false;
}

void ProgressDisplay::show(const nlohmann::json& progress) {
    if (quiet_ || !progress.is_object()) return;
    const auto text = progress_text(progress);
    const auto now = std::chrono::steady_clock::now();
    const auto step = progress.value("step", "");
    if (terminal_) {
        const double fraction = number(progress, "fraction");
        std::string line = (fraction >= 0 ? bar(fraction) : "") + text;
        const auto columns = terminal_columns();
        if (display_width(line) >= columns) line = text.substr(0, columns - 1);
        std::fprintf(stderr, "\r\x1b[K%s", line.c_str());
        std::fflush(stderr);
        line_open_ = true;
        return;
    }
    const double done = number(progress, "done"), total = number(progress, "total");
    const bool due = step != step_ || now - last_ >= kPlainInterval || (total > 0 && done >= total);
    if (!due || text == shown_) return;
    std::fprintf(stderr, "   %s\n", text.c_str());
    step_ = step;
    shown_ = text;
    last_ = now;
}

void ProgressDisplay::say(std::string_view text) {
    if (quiet_) return;
    clear_line();
    std::fprintf(stderr, "   %.*s\n", static_cast<int>(text.size()), text.data());
}

void ProgressDisplay::warn(std::string_view text) {
    if (!quiet_) clear_line();
    std::fprintf(stderr, "warning: %.*s\n", static_cast<int>(text.size()), text.data());
}

}  // namespace digits::cli
