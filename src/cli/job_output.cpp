#include "cli/job_output.hpp"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/terminal.hpp"

namespace digits::cli {

std::string job_text(const nlohmann::json& job) {
    std::vector<std::vector<std::string>> rows{{"id", job.value("id", "")},
                                               {"name", job.value("name", "")},
                                               {"kind", job.value("kind", "")},
                                               {"state", job.value("state", "")},
                                               {"created", job.value("created_at", "")}};
    if (const auto owner = job.value("owner", ""); !owner.empty()) rows.push_back({"owner", owner});
    if (const auto group = job.value("group", ""); !group.empty()) rows.push_back({"group", group});
    if (job.value("finished_at", nlohmann::json()).is_string()) rows.push_back({"finished", job["finished_at"]});
    if (job.value("progress", nlohmann::json()).is_object() && job.value("state", "") == "run")
        rows.push_back({"progress", progress_text(job["progress"])});
    if (const auto best = job.value("best", nlohmann::json()); best.is_object()) {
        std::string text;
        for (const auto& [key, value] : best.items())
            if (value.is_number())
                text += fmt::format("{}{} {:.6g}", text.empty() ? "" : ", ", key, value.get<double>());
        rows.push_back({"best", text});
    }
    if (const auto error = job.value("error", nlohmann::json()); error.is_object()) {
        rows.push_back({"error", error.value("message", "")});
        if (const auto where = error.value("where", ""); !where.empty()) rows.push_back({"where", where});
        if (const auto advice = error.value("advice", ""); !advice.empty()) rows.push_back({"advice", advice});
    }
    return table_text(rows);
}

Status create_job(const std::string& path, const nlohmann::json& spec, const CreateOptions& create, Session& session,
                  const CommonOptions& options) {
    nlohmann::json body{{"name", create.name}, {"spec", spec}};
    if (!create.group.empty()) body["group"] = create.group;
    DIGITS_ASSIGN(auto job, session.client().create(path, body));
    const auto id = job["id"].get<std::string>();
    if (!create.detach) {
        if (!options.quiet) std::cerr << "   " << id << "  " << create.name << '\n';
        DIGITS_ASSIGN(job, follow_job(session, id, options));
    }
    if (create.print_id) {
        std::cout << id << '\n';
    } else {
        std::cout << (options.json ? job.dump(2) + "\n" : job_text(job));
    }
    return {};
}

}  // namespace digits::cli
