#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/field_options.hpp"
#include "cli/terminal.hpp"
#include "data/evaluation_spec.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kShownClasses = 40;

struct EvaluateArguments {
    std::string model, name, split, list, folder;
    FieldOptions fields;
    bool detach = false, print_id = false;
};

json source_of(const EvaluateArguments& a) {
    if (!a.list.empty()) return {{"type", "list"}, {"path", absolute_path(a.list)}};
    if (!a.folder.empty()) return {{"type", "folder"}, {"path", absolute_path(a.folder)}};
    if (!a.split.empty()) return {{"type", "split"}, {"split", a.split}};
    return json::object();
}

std::string share_text(const json& value) {
    return value.is_number() ? fmt::format("{:.2f} %", value.get<double>() * 100) : std::string("-");
}

void print_evaluation(const json& found) {
    std::cout << table_text({{"pictures", count_text(found["count"].get<double>())},
                             {"unreadable", count_text(found["unreadable"]["count"].get<double>())},
                             {"snapshot", std::to_string(found["snapshot"]["iteration"].get<std::int64_t>())},
                             {"top-1", share_text(found["top1"])},
                             {"top-5", share_text(found["top5"])},
                             {"images/s", count_text(found["images_per_s"].get<double>())}});
    if (found["labelled"].get<std::int64_t>() == 0) return;
    std::vector<std::vector<std::string>> rows{{"class", "pictures", "precision", "recall", "F1"}};
    for (const auto& one : found["classes"]) {
        if (rows.size() > kShownClasses) break;
        rows.push_back({one["label"], count_text(one["support"].get<double>()), share_text(one["precision"]),
                        share_text(one["recall"]), share_text(one["f1"])});
    }
    std::cout << '\n' << table_text(rows);
    if (found["classes"].size() > kShownClasses)
        std::cout << "   and " << found["classes"].size() - kShownClasses << " more classes: see --json\n";
}

Status evaluate(const EvaluateArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    json body{{"spec", {{"model_id", model["id"]}, {"source", source_of(a)}}}};
    DIGITS_TRY(a.fields.write(body["spec"]));
    if (!a.name.empty()) body["name"] = a.name;
    DIGITS_ASSIGN(const auto job, session.client().post("/evaluations", body));
    const auto id = job["id"].get<std::string>();
    if (!a.detach) {
        if (!options.quiet) std::cerr << "   " << id << "  " << job.value("name", "") << '\n';
        DIGITS_TRY(follow_job(session, id, options));
    }
    if (a.print_id || a.detach) {
        std::cout << (options.json && !a.print_id ? job.dump(2) : id) << '\n';
        return {};
    }
    DIGITS_ASSIGN(const auto found, session.client().get("/evaluations/" + id));
    if (options.json) {
        std::cout << found.dump(2) << '\n';
    } else {
        print_evaluation(found["evaluation"]);
    }
    return {};
}

}  // namespace

void add_evaluate(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<EvaluateArguments>();
    auto* command = app.add_subcommand("evaluate", "Evaluate a model on many images");
    command->add_option("--model", a->model, "Id or name of the model")->required();
    command->add_option("--name", a->name, "Name of the evaluation");
    a->fields.add(*command, evaluation_fields());
    auto* split = command->add_option("--split", a->split, "train, val (default) or test of the model's dataset")
                      ->check(CLI::IsMember({"train", "val", "test"}));
    auto* list = command->add_option("--list", a->list, "A file with lines `path` or `path class-number`")
                     ->check(CLI::ExistingFile)
                     ->excludes(split);
    command
        ->add_option("--folder", a->folder,
                     "A folder of images; subfolders named like classes hold images of these classes")
        ->check(CLI::ExistingDirectory)
        ->excludes(split)
        ->excludes(list);
    command->get_option("--root")->needs(list);
    command->add_flag("--detach", a->detach, "Do not wait until it is done");
    command->add_flag("--print-id", a->print_id, "Print only the id");
    command->callback([a, &invocation] { invocation.status = evaluate(*a, invocation.options); });
}

}  // namespace digits::cli
