#include "api/machine/doctor.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/machine/machine.hpp"
#include "base/file.hpp"
#include "jobs/launchers/task_process.hpp"

namespace digits::api {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr auto kWorkerPatience = std::chrono::seconds(30);
constexpr double kLittleDisk_bytes = 5e9;
constexpr double kLittleMemory_bytes = 2e9;

json entry(const char* id, const char* status, const char* title, std::string text, std::string fix = "") {
    return {{"id", id}, {"status", status}, {"title", title}, {"text", std::move(text)}, {"fix", std::move(fix)}};
}

/// What `digits-worker --version` prints; it has to load libtorch for that.
Result<std::string> ask_worker(const fs::path& worker, const fs::path& log) {
    DIGITS_ASSIGN(auto process, TaskProcess::start({worker, {"--version"}, {}, log}));
    std::string output;
    const auto deadline = std::chrono::steady_clock::now() + kWorkerPatience;
    for (;;) {
        process.read_output(output, 1 << 16);
        if (const auto exit = process.reap()) {
            process.read_output(output, 1 << 16);
            if (exit->code == 0) return output;
            const auto words = read_file(log, 1 << 20).value_or("");
            return fail(ErrorCode::kInternal, "it does not start: {}",
                        words.empty() ? "no reason was given" : words.substr(0, 300));
        }
        if (std::chrono::steady_clock::now() > deadline) {
            process.signal_group(SIGKILL);
            return fail(ErrorCode::kUnavailable, "it did not answer within {} s", kWorkerPatience.count());
        }
        pollfd handle{process.exit_handle(), POLLIN, 0};
        ::poll(&handle, process.exit_handle() >= 0 ? 1 : 0, 50);
    }
}

json check_worker(const Context& context) {
    const auto& worker = context.options.worker_path;
    const std::string fix = "Build it with scripts/build, or install the whole package again";
    if (!fs::exists(worker)) return entry("worker", "error", "Worker", worker.string() + " is missing", fix);
    const auto log = context.temporary / "doctor.log";
    auto version = ask_worker(worker, log);
    std::error_code ignored;
    fs::remove(log, ignored);
    if (!version)
        return entry("worker", "error", "Worker", version.error().message, fix + "; scripts/setup brings libtorch");
    while (!version->empty() && version->back() == '\n') version->pop_back();
    if (*version != DIGITS_VERSION)
        return entry("worker", "warning", "Worker",
                     fmt::format("its version is {}, the server's is {}", *version, DIGITS_VERSION),
                     "Build both again");
    return entry("worker", "ok", "Worker", "it starts and finds libtorch");
}

std::uint64_t bytes_below(const fs::path& folder) {
    std::uint64_t bytes = 0;
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        std::error_code ignored;
        if (it->is_regular_file(ignored)) bytes += it->file_size(ignored);
    }
    return bytes;
}

json check_mnist(const Context& context) {
    if (!context.options.mnist.empty()) return entry("mnist", "ok", "MNIST", context.options.mnist.string());
    return entry("mnist", "warning", "MNIST", "not here; it is only needed to try Digits with it",
                 "Run scripts/setup, or start the server with --mnist and the folder of its four IDX files");
}

json check_data_dir(const Context& context) {
    const auto& dir = context.options.data_dir;
    if (::access(dir.c_str(), W_OK) != 0)
        return entry("data_dir", "error", "Data folder", dir.string() + " cannot be written",
                     "Give yourself the right to write there, or choose another with --data-dir");
    std::error_code error;
    const auto space = fs::space(dir, error);
    const auto text =
        fmt::format("{}: {:.1f} GB used by its jobs, {:.1f} GB free", dir.string(),
                    static_cast<double>(bytes_below(dir / "jobs")) / 1e9, static_cast<double>(space.available) / 1e9);
    return static_cast<double>(space.available) < kLittleDisk_bytes
               ? entry("data_dir", "warning", "Data folder", text,
                       "Delete jobs that you no longer need, or move the data folder to a larger disk")
               : entry("data_dir", "ok", "Data folder", text);
}

json check_web(const Context& context) {
    if (fs::exists(context.options.web_root / "index.html"))
        return entry("web", "ok", "Pages", context.options.web_root.string());
    return entry("web", "warning", "Pages", "the web application is not built; the API and the command line work",
                 "Run scripts/build");
}

json check_memory() {
    const auto bytes = static_cast<double>(machine_memory_bytes());
    const auto text = fmt::format("{:.1f} GB, {} cores", bytes / 1e9, std::thread::hardware_concurrency());
    return bytes < kLittleMemory_bytes
               ? entry("memory", "warning", "Memory", text, "Use small batches and small images")
               : entry("memory", "ok", "Memory", text);
}

json check_gpu() {
    const auto names = gpu_names();
    if (names.empty()) return entry("gpu", "ok", "GPU", "none; networks are trained on the processor");
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return entry("gpu", "ok", "GPU", text);
}

}  // namespace

json examine(const Context& context) {
    json checks = json::array({check_worker(context), check_data_dir(context), check_web(context), check_memory(),
                               check_gpu(), check_mnist(context)});
    const bool ok = std::ranges::none_of(checks, [](const json& check) { return check["status"] == "error"; });
    return {{"ok", ok}, {"checks", std::move(checks)}};
}

}  // namespace digits::api
