#include "jobs/crash.hpp"

#include <signal.h>

#include <fstream>
#include <vector>

namespace digits {

namespace {

namespace fs = std::filesystem;

std::string_view signal_words(int signal) {
    switch (signal) {
        case SIGSEGV: return "SIGSEGV: it touched memory that is not its own";
        case SIGBUS: return "SIGBUS: a mapped file could not be read or written; is the disk full?";
        case SIGABRT: return "SIGABRT: it stopped itself on a broken invariant";
        case SIGILL: return "SIGILL: this processor lacks an instruction that it was built for";
        case SIGFPE: return "SIGFPE: arithmetic without a result";
        case SIGKILL: return "SIGKILL: somebody or the system killed it";
        case SIGTERM: return "SIGTERM: it was asked to end and did not say so";
        case SIGXCPU: return "SIGXCPU: it used more processor time than it was allowed";
        case SIGXFSZ: return "SIGXFSZ: a file grew larger than allowed";
        default: return "";
    }
}

Error exit_error(const ExitStatus& exit) {
    if (exit.signal) {
        const auto words = signal_words(*exit.signal);
        const auto code =
            *exit.signal == SIGKILL || *exit.signal == SIGTERM ? ErrorCode::kUnavailable : ErrorCode::kInternal;
        return make_error(code, "the worker was ended by signal {} ({})", *exit.signal,
                          words.empty() ? std::string_view(sigabbrev_np(*exit.signal)) : words);
    }
    if (exit.code)
        return make_error(ErrorCode::kInternal, "the worker ended with exit code {} without saying {}", *exit.code,
                          *exit.code == 0 ? "that it was done" : "why");
    return make_error(ErrorCode::kUnavailable,
                      "the worker ended while no server watched it, without saying why; it may have crashed, been "
                      "killed, or the machine may have been switched off");
}

/// The counter `oom_kill` of a file with a name and a number in each line; none where the kernel does not count.
std::optional<std::int64_t> find_oom_kills(const fs::path& path) {
    std::ifstream file(path);
    std::string name;
    for (std::int64_t value = 0; file >> name >> value;)
        if (name == "oom_kill") return value;
    return std::nullopt;
}

}  // namespace

std::optional<fs::path> find_memory_events(const fs::path& system) {
    std::vector<fs::path> files;
    std::ifstream groups(system / "proc/self/cgroup");
    for (std::string line; std::getline(groups, line);)
        if (line.starts_with("0::/")) files.push_back(system / "sys/fs/cgroup" / line.substr(4) / "memory.events");
    for (const char* file : {"sys/fs/cgroup/memory.events", "sys/fs/cgroup/memory/memory.oom_control", "proc/vmstat"})
        files.push_back(system / file);
    for (const auto& file : files)
        if (find_oom_kills(file)) return file;
    return std::nullopt;
}

std::int64_t count_oom_kills(const fs::path& memory_events) { return find_oom_kills(memory_events).value_or(0); }

JobError explain_crash(const Crash& crash) {
    const bool killed = !crash.exit.signal || *crash.exit.signal == SIGKILL;
    auto error =
        crash.out_of_memory && killed && !crash.exit.code
            ? make_error(ErrorCode::kResourceExhausted, "the kernel killed the worker because memory ran out (SIGKILL)")
                  .advise(
                      "use a smaller batch or smaller images, run fewer jobs at the same time, or give the "
                      "server more memory; then resume the job")
            : exit_error(crash.exit).advise("resume the job to go on where it stopped");
    return {std::move(error), read_tail(crash.log, kLogTail_bytes, crash.log_start)};
}

std::string read_tail(const fs::path& path, std::size_t max_bytes, std::uint64_t start) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) return {};
    const auto size = static_cast<std::uint64_t>(file.tellg());
    if (start > size) start = 0;
    const auto begin = size - start > max_bytes ? size - max_bytes : start;
    std::string text(size - begin, '\0');
    file.seekg(static_cast<std::streamoff>(begin));
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (begin > start)
        if (const auto line_end = text.find('\n'); line_end != std::string::npos) text.erase(0, line_end + 1);
    return text;
}

}  // namespace digits
