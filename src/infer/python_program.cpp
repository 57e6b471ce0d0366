#include "infer/python_program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "base/file.hpp"

namespace digits {
namespace {

constexpr int kLongest_ms = 60'000;
constexpr std::uint64_t kMostText_bytes = 1 << 20;

std::string python() {
    if (const char* named = std::getenv("DIGITS_PYTHON"); named && *named) return named;
    if (const char* deps = std::getenv("DIGITS_DEPS"); deps && *deps) {
        const auto own = std::filesystem::path(deps) / "venv/bin/python";
        std::error_code ignored;
        if (std::filesystem::exists(own, ignored)) return own.string();
    }
    return "python3";
}

/// Its exit status, or none after `kLongest_ms`.
Result<int> wait_for(pid_t child) {
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    pollfd ended{handle, POLLIN, 0};
    const bool in_time = handle < 0 || ::poll(&ended, 1, kLongest_ms) > 0;
    if (handle >= 0) ::close(handle);
    if (!in_time) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) return fail(ErrorCode::kUnavailable, "Python took longer than {} s", kLongest_ms / 1000);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::string ProgramEnd::last_error_line() const {
    const auto end = errors.find_last_not_of(" \n");
    if (end == std::string::npos) return "it ended with code " + std::to_string(exit_code);
    const auto begin = errors.rfind('\n', end);
    return errors.substr(begin == std::string::npos ? 0 : begin + 1,
                         end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

Result<ProgramEnd> run_python(const std::filesystem::path& file, const std::vector<std::string>& arguments) {
    const auto program = python();
    const auto output = file.string() + ".out", errors = file.string() + ".err";
    // -I: nothing of the environment or the current folder is imported.
    std::vector<std::string> words{program, "-I", file.string()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    pid_t child = 0;
    const int wrong = ::posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (wrong != 0) return fail(errno_error("cannot start " + program, wrong));
    DIGITS_ASSIGN(const int code, wait_for(child));
    ProgramEnd end;
    end.exit_code = code;
    end.output = read_file(output, kMostText_bytes).value_or("");
    end.errors = read_file(errors, kMostText_bytes).value_or("");
    return end;
}

}  // namespace digits
