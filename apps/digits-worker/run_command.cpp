#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <memory>
#include <new>

#include "base/unfinished_files.hpp"
#include "commands.hpp"
#include "engine/device/device.hpp"
#include "engine/device/python_host.hpp"
#include "frameworks/framework.hpp"
#include "task_file.hpp"
#include "task_host.hpp"
#include "tasks.hpp"

namespace digits {
namespace {

using TaskFunction = Result<nlohmann::json> (*)(const nlohmann::json&, TaskHost&);

/// Tasks that have their job's folder to themselves, but for what the server writes of the job.
constexpr std::string_view kTasksOfJobs[]{"dataset", "train", "evaluate", "pretrained", "publish"};

constexpr std::pair<std::string_view, TaskFunction> kTasks[]{
    {"dataset", run_dataset_task}, {"train", run_train_task},     {"evaluate", run_evaluate_task},
    {"infer", run_infer_task},     {"assist", run_assist_task},   {"pretrained", run_pretrained_task},
    {"export", run_export_task},   {"publish", run_publish_task},
};

Result<nlohmann::json> run_task(const TaskFile& task, TaskHost& host) {
    for (const auto& [kind, function] : kTasks) {
        if (kind != task.kind) continue;
        try {
            return function(task.spec, host);
        } catch (const std::bad_alloc&) {
            return fail(make_error(ErrorCode::kResourceExhausted, "out of memory")
                            .advise("Use smaller images or a smaller batch size"));
        } catch (const std::exception& error) {
            return fail(ErrorCode::kInternal, "unexpected: {}", error.what());
        }
    }
    return fail(ErrorCode::kUnsupported, "unknown kind of task {}", task.kind);
}

/// A framework that trains by a program of its own: the job is prepared for it here, then it takes this process over,
/// with its pid, standard streams and signals. Returns only if there is no such program, or with what went wrong.
Status hand_over(const TaskFile& task, const std::filesystem::path& task_dir) {
    if (task.kind != "train") return {};
    DIGITS_ASSIGN(const auto* framework, get_framework(framework_name(task.spec)));
    std::error_code error;
    const auto dir = std::filesystem::canonical(task_dir, error);
    auto words = framework->worker_command(dir);
    if (words.empty()) return {};
    DIGITS_ASSIGN(auto spec, parse_model_spec(task.spec));
    spec.dataset_dir = task.grant.dataset_dir;
    DIGITS_TRY(framework->prepare(spec, dir.parent_path().parent_path()));
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    return fail(errno_error("cannot start " + words[0], errno));
}

Result<int> run(const std::filesystem::path& task_dir, bool with_python_layers) {
    auto task = read_task_file(task_dir);
    const Status handed = task ? hand_over(*task, task_dir) : Status();
    DIGITS_ASSIGN(auto host, TaskHost::open(task_dir));
    host->emit({{"event", "started"},
                {"pid", getpid()},
                {"version", DIGITS_VERSION},
                {"attempt", host->attempt()},
                {"device", device_text(default_device())}});
    if (task) host->set_grant(task->grant);
    // An attempt that was killed may have left some.
    if (task && std::ranges::find(kTasksOfJobs, task->kind) != std::end(kTasksOfJobs))
        remove_unfinished_files(host->job_dir(), "job.json");
    if (with_python_layers || host->grant().allow_python_layers) allow_python_layers();
    auto result = !handed ? Result<nlohmann::json>(fail(handed.error()))
                  : task  ? run_task(*task, *host)
                          : Result<nlohmann::json>(fail(std::move(task).error()));
    if (result) {
        if (!result->is_null()) host->emit({{"event", "result"}, {"data", *result}});
        host->emit({{"event", "done"}});
        return 0;
    }
    const auto& error = result.error();
    if (error.code == ErrorCode::kCancelled) {
        host->emit({{"event", "aborted"}});
    } else {
        host->emit({{"event", "failed"}, {"error", error_json(error)}});
    }
    return exit_code(error.code);
}

}  // namespace

nlohmann::json error_json(const Error& error) {
    return {
        {"code", enum_name(error.code)}, {"message", error.message}, {"where", error.where}, {"advice", error.advice}};
}

void add_run_command(CLI::App& app, int& exit_code) {
    struct Arguments {
        std::filesystem::path dir;
        bool with_python_layers = false;
    };
    auto arguments = std::make_shared<Arguments>();
    auto* command = app.add_subcommand("run", "Run the task of a folder (docs/formats/worker-protocol.md)");
    command->add_option("--task-dir", arguments->dir, "The folder with task.json")
        ->required()
        ->check(CLI::ExistingDirectory);
    command->add_flag("--allow-python-layers", arguments->with_python_layers, kAllowPythonLayersHelp);
    command->callback([arguments, &exit_code] {
        const auto code = run(arguments->dir, arguments->with_python_layers);
        if (!code) std::cerr << "digits-worker: " << code.error().to_string() << '\n';
        exit_code = code ? *code : digits::exit_code(code.error().code);
        std::cout.flush();
        std::cerr.flush();
        _exit(exit_code);  // the thread that waits for commands still reads
    });
}

}  // namespace digits
