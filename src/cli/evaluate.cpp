#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/evaluation_output.hpp"
#include "cli/field_options.hpp"
#include "cli/terminal.hpp"
#include "data/evaluation_spec.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kShownClasses = 40;

struct EvaluateArguments {
    std::string model, name, split, list, folder, database;
    FieldOptions fields;
    bool detach = false, print_id = false;
};

json source_of(const EvaluateArguments& a) {
    if (!a.list.empty()) return {{"type", "list"}, {"path", absolute_path(a.list)}};
    if (!a.folder.empty()) return {{"type", "folder"}, {"path", absolute_path(a.folder)}};
    if (!a.database.empty()) return {{"type", "database"}, {"path", absolute_path(a.database)}};
    if (!a.split.empty()) return {{"type", "split"}, {"split", a.split}};
    return json::object();
}

std::string share_text(const json& value) {
    return value.is_number() ? fmt::format("{:.2f} %", value.get<double>() * 100) : std::string("-");
}

std::string number_text(const json& value) {
    return value.is_number() ? fmt::format("{:.4f}", value.get<double>()) : std::string("-");
}

/// The numbers of a task: a label and the member of the evaluation.
struct ShownNumber {
    const char* label;
    const char* member;
    std::string (*text)(const json& value);
};
struct ShownTask {
    std::vector<ShownNumber> whole, of_class;
};

ShownTask shown_task(const json& found) {
    const auto view = found.value("view", "classes");
    // Evaluations of earlier versions call numbers, labels and pairs raw.
    if (view == "pairs" || found.contains("similar_pairs"))
        return {{{"accuracy", "accuracy", share_text},
                 {"distance threshold", "threshold", number_text},
                 {"distance of similar pairs", "similar_distance", number_text},
                 {"distance of dissimilar pairs", "dissimilar_distance", number_text},
                 {"loss", "loss", number_text}},
                {}};
    if (view == "boxes")
        return {{{"AP", "AP", share_text},
                 {"AP50", "AP50", share_text},
                 {"AP75", "AP75", share_text},
                 {"precision", "precision", share_text},
                 {"recall", "recall", share_text},
                 {"score threshold", "threshold", number_text}},
                {{"AP", "AP", share_text},
                 {"AP50", "AP50", share_text},
                 {"precision", "precision", share_text},
                 {"recall", "recall", share_text},
                 {"F1", "f1", share_text}}};
    if (view == "mask")
        return {{{"mIoU", "miou", share_text},
                 {"pixel accuracy", "pixel_accuracy", share_text},
                 {"class accuracy", "mean_class_accuracy", share_text}},
                {{"IoU", "iou", share_text}, {"Dice", "dice", share_text}, {"accuracy", "accuracy", share_text}}};
    if (view == "image")
        return {{{"PSNR", "psnr", number_text}, {"SSIM", "ssim", number_text}, {"MSE", "mse", number_text}}, {}};
    if (view == "labels" || found.contains("labels_of_images"))
        return {{{"mAP", "map", share_text},
                 {"macro F1", "macro_f1", share_text},
                 {"micro F1", "micro_f1", share_text},
                 {"all labels right", "exact", share_text}},
                {}};
    if (view == "numbers" || view == "raw") return {{{"MAE", "mae", number_text}, {"RMSE", "rmse", number_text}}, {}};
    return {{{"top-1", "top1", share_text}, {"top-5", "top5", share_text}},
            {{"images", "support", [](const json& value) { return count_text(value.get<double>()); }},
             {"precision", "precision", share_text},
             {"recall", "recall", share_text},
             {"F1", "f1", share_text}}};
}

}  // namespace

void print_evaluation(const json& found) {
    const auto shown = shown_task(found);
    const auto member = [](const json& object, const char* name) {
        return object.contains(name) ? object[name] : json();
    };
    std::vector<std::vector<std::string>> head{
        {"images", count_text(found["count"].get<double>())},
        {"unreadable", count_text(found["unreadable"]["count"].get<double>())},
        {"snapshot", std::to_string(found["snapshot"]["iteration"].get<std::int64_t>())}};
    // Of five classes or fewer every answer is among the first five.
    const bool has_fifth = !found.contains("classes") || found["classes"].size() > 5;
    for (const auto& one : shown.whole)
        if (has_fifth || std::string_view(one.member) != "top5")
            head.push_back({one.label, one.text(member(found, one.member))});
    head.push_back({"images/s", count_text(found["images_per_s"].get<double>())});
    std::cout << table_text(head);
    if (found.contains("explanation")) std::cout << '\n' << found["explanation"].get<std::string>() << '\n';
    if (found.value("labelled", 0) == 0 || shown.of_class.empty()) return;
    std::vector<std::vector<std::string>> rows{{"class"}};
    for (const auto& one : shown.of_class) rows.front().push_back(one.label);
    for (const auto& of_class : found["classes"]) {
        if (rows.size() > kShownClasses) break;
        rows.push_back({of_class["label"]});
        for (const auto& one : shown.of_class) rows.back().push_back(one.text(member(of_class, one.member)));
    }
    std::cout << '\n' << table_text(rows);
    if (found["classes"].size() > kShownClasses)
        std::cout << "   and " << found["classes"].size() - kShownClasses << " more classes: see --json\n";
}

namespace {

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
    auto* folder = command
                       ->add_option("--folder", a->folder,
                                    "A folder of images; subfolders named like classes hold images of these classes")
                       ->check(CLI::ExistingDirectory)
                       ->excludes(split)
                       ->excludes(list);
    command
        ->add_option("--database", a->database,
                     "The folder of an LMDB, LevelDB or HDF5 database; labels of its records are class numbers")
        ->check(CLI::ExistingDirectory)
        ->excludes(split)
        ->excludes(list)
        ->excludes(folder);
    command->get_option("--root")->needs(list);
    command->add_flag("--detach", a->detach, "Do not wait until it is done");
    command->add_flag("--print-id", a->print_id, "Print only the id");
    command->callback([a, &invocation] { invocation.status = evaluate(*a, invocation.options); });
}

}  // namespace digits::cli
