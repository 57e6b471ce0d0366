#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/job_output.hpp"
#include "cli/terminal.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {
namespace {

struct JobsArguments {
    std::string job, kind, state, search;
    double epochs = 0;
    int limit = 50;
    int bytes = 64 << 10;
    bool purge = false;
};

Status list(const JobsArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    std::string path = "/jobs?limit=" + std::to_string(a.limit);
    for (const auto& [key, value] :
         {std::pair{"kind", &a.kind}, std::pair{"state", &a.state}, std::pair{"q", &a.search}})
        if (!value->empty()) path += fmt::format("&{}={}", key, remote::escape_url(*value));
    DIGITS_ASSIGN(const auto page, session.client().get(path));
    if (options.json) {
        std::cout << page.dump(2) << '\n';
        return {};
    }
    std::vector<std::vector<std::string>> rows{{"ID", "KIND", "STATE", "PROGRESS", "NAME"}};
    for (const auto& job : page["items"]) {
        const auto& progress = job["progress"];
        const bool known = progress.is_object() && progress["fraction"].is_number() && job.value("state", "") == "run";
        rows.push_back({job.value("id", ""), job.value("kind", ""), job.value("state", ""),
                        known ? fmt::format("{:.0f} %", progress["fraction"].get<double>() * 100) : "",
                        job.value("name", "")});
    }
    std::cout << table_text(rows);
    const auto shown = page["items"].size(), total = page["total"].get<std::size_t>();
    if (shown < total) std::cerr << fmt::format("{} of {}; more with --limit\n", shown, total);
    return {};
}

Status show(const JobsArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto job, session.find_job("", a.job));
    std::cout << (options.json ? job.dump(2) + "\n" : job_text(job));
    if (options.json) return {};
    for (const auto& warning : job.value("warnings", nlohmann::json::array()))
        std::cout << "warning: " << warning.get<std::string>() << '\n';
    return {};
}

Status log(const JobsArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto job, session.find_job("", a.job));
    DIGITS_ASSIGN(const auto text, session.client().get_text(
                                       fmt::format("/jobs/{}/log?bytes={}", job["id"].get<std::string>(), a.bytes)));
    std::cout << text;
    return {};
}

Status watch(const JobsArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(auto job, session.find_job("", a.job));
    DIGITS_ASSIGN(job, follow_job(session, job["id"].get<std::string>(), options));
    std::cout << (options.json ? job.dump(2) + "\n" : job_text(job));
    return {};
}

/// abort, resume, snapshot: a POST that answers with the job.
Status act(const JobsArguments& a, const std::string& action, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(auto job, session.find_job("", a.job));
    DIGITS_ASSIGN(job, session.client().post("/jobs/" + job["id"].get<std::string>() + "/" + action, nullptr));
    std::cout << (options.json ? job.dump(2) + "\n" : job_text(job));
    return {};
}

Status extend(const JobsArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(auto job, session.find_job("model", a.job));
    DIGITS_ASSIGN(job,
                  session.client().post("/models/" + job["id"].get<std::string>() + "/extend", {{"epochs", a.epochs}}));
    if (!session.server_stays()) {
        DIGITS_ASSIGN(job, follow_job(session, job["id"].get<std::string>(), options));
    }
    std::cout << (options.json ? job.dump(2) + "\n" : job_text(job));
    return {};
}

Status remove(const JobsArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto job, session.find_job("", a.job));
    const auto id = job["id"].get<std::string>();
    DIGITS_TRY(session.client().remove("/jobs/" + id + (a.purge ? "?purge=true" : "")));
    if (options.json) return {};
    std::cout << "deleted " << id << "  " << job.value("name", "") << '\n';
    if (!a.purge && !options.quiet)
        std::cerr << "For ten minutes it can be brought back: digits jobs restore " << id << '\n';
    return {};
}

/// It is found by its id alone: lists do not show the trash.
Status restore(const JobsArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto job, session.client().post("/jobs/" + remote::escape_url(a.job) + "/restore", nullptr));
    std::cout << (options.json ? job.dump(2) + "\n" : job_text(job));
    return {};
}

Status empty_trash(const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto emptied, session.client().remove("/trash"));
    if (options.json)
        std::cout << emptied.dump(2) << '\n';
    else
        std::cout << fmt::format("removed {} jobs from the trash; {} free\n", emptied["removed"].get<int>(),
                                 bytes_text(emptied["free_bytes"]));
    return {};
}

}  // namespace

void add_jobs(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<JobsArguments>();
    auto* jobs = app.add_subcommand("jobs", "See, stop, resume and delete datasets and trainings");
    jobs->require_subcommand(1);
    jobs->fallthrough();
    auto* all = jobs->add_subcommand("list", "The newest jobs");
    all->add_option("--kind", a->kind, "Only these")
        ->check(CLI::IsMember({"dataset", "model", "evaluation", "pretrained", "export", "publication"}));
    all->add_option("--state", a->state, "Only these: init, wait, run, done, abort, error");
    all->add_option("--search", a->search, "Part of the name, group or id");
    all->add_option("--limit", a->limit, "How many")->check(CLI::Range(1, 200))->capture_default_str();
    all->callback([a, &invocation] { invocation.status = list(*a, invocation.options); });

    const auto add = [&](const char* name, const char* help,
                         std::function<Status(const JobsArguments&, const CommonOptions&)> action) {
        auto* command = jobs->add_subcommand(name, help);
        command->add_option("job", a->job, "Id or name")->required();
        command->callback([a, action, &invocation] { invocation.status = action(*a, invocation.options); });
        return command;
    };
    add("show", "Everything about one job", show);
    add("watch", "Follow a running job until it ends", watch);
    add("log", "The end of the job's log", log)
        ->add_option("--bytes", a->bytes, "How much of it")
        ->check(CLI::PositiveNumber);
    add("extend", "Train a finished model for more epochs", extend)
        ->add_option("--epochs", a->epochs, "How many more")
        ->required()
        ->check(CLI::PositiveNumber);
    add("delete", "Delete a job with its files", remove)->add_flag("--purge", a->purge, "At once, without a way back");
    add("restore", "Bring a job back that was just deleted", restore);
    jobs->add_subcommand("empty-trash", "Remove deleted jobs at once, to free their disk space")
        ->callback([&invocation] { invocation.status = empty_trash(invocation.options); });
    const std::pair<const char*, const char*> actions[]{{"abort", "Stop a job"},
                                                        {"resume", "Go on with a stopped job"},
                                                        {"snapshot", "Ask a training for a snapshot now"}};
    for (const auto& [name, help] : actions)
        add(name, help, [name = std::string(name)](const auto& arguments, const auto& options) {
            return act(arguments, name, options);
        });
}

}  // namespace digits::cli
