#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/job_output.hpp"
#include "cli/send_pictures.hpp"
#include "cli/terminal.hpp"

namespace digits::cli {
namespace {

namespace fs = std::filesystem;

struct DatasetArguments {
    CreateOptions create;
    std::string from, upload, val_dir, test_dir;
    std::string train_list, val_list, test_list, labels, root, crops, csv, source;
    int percent_val = 25, percent_test = 0, min_per_class = 2, max_per_class = 0;
    int width = 256, height = 256, channels = 3;
    std::string resize = "squash", encoding = "png", backend = "lmdb";
    bool no_mean = false, no_shuffle = false, dry_run = false;
    std::uint64_t seed = 1;
    int threads = 0;
};

std::string absolute(const std::string& path) {
    return path.empty() ? path : fs::absolute(path).lexically_normal().string();
}

Result<nlohmann::json> dataset_spec(const DatasetArguments& a) {
    nlohmann::json source;
    if ((!a.from.empty()) + (!a.upload.empty()) + (!a.train_list.empty()) + (!a.crops.empty()) + (!a.csv.empty()) +
            (!a.source.empty()) !=
        1)
        return fail(ErrorCode::kInvalidArgument,
                    "give one of --from (a folder of classes), --upload (a folder or an archive to send), --train-list "
                    "(a file of paths and labels), --crops (a file of rectangles), --csv (a file of paths and numbers) "
                    "and --source (JSON)");
    if (!a.source.empty()) {
        source = nlohmann::json::parse(a.source, nullptr, false);
        if (source.is_discarded())
            return fail(make_error(ErrorCode::kInvalidArgument, "this is not JSON: {}", a.source).at("--source"));
    } else if (!a.csv.empty()) {
        source = {{"type", "csv"},
                  {"csv", absolute(a.csv)},
                  {"root", absolute(a.root)},
                  {"percent_val", a.percent_val},
                  {"percent_test", a.percent_test}};
    } else if (!a.crops.empty()) {
        source = {{"type", "crops"},
                  {"crops", absolute(a.crops)},
                  {"root", absolute(a.root)},
                  {"percent_val", a.percent_val},
                  {"percent_test", a.percent_test},
                  {"min_per_class", a.min_per_class},
                  {"max_per_class", a.max_per_class}};
    } else if (a.train_list.empty()) {
        // What is sent gets its place on the server later.
        source = {{"type", "folder"},
                  {"path", absolute(a.from)},
                  {"val_path", absolute(a.val_dir)},
                  {"test_path", absolute(a.test_dir)},
                  {"percent_val", a.percent_val},
                  {"percent_test", a.percent_test},
                  {"min_per_class", a.min_per_class},
                  {"max_per_class", a.max_per_class}};
    } else {
        source = {{"type", "lists"},
                  {"train", absolute(a.train_list)},
                  {"val", absolute(a.val_list)},
                  {"test", absolute(a.test_list)},
                  {"labels", absolute(a.labels)},
                  {"root", absolute(a.root)}};
    }
    return nlohmann::json{
        {"source", source},
        {"image", {{"width", a.width}, {"height", a.height}, {"channels", a.channels}, {"resize", a.resize}}},
        {"storage", {{"backend", a.backend}, {"encoding", a.encoding}}},
        {"mean", !a.no_mean},
        {"shuffle", !a.no_shuffle},
        {"seed", a.seed},
        {"threads", a.threads}};
}

void print_report(const nlohmann::json& report) {
    const auto number = [](const nlohmann::json& value) { return count_text(value.get<double>()); };
    std::cout << fmt::format("checked: {} images{}\n", number(report["checked"]),
                             report["all"].get<bool>() ? "" : " (a sample)");
    for (const auto& one : report["unreadable"]["pictures"])
        std::cout << fmt::format("unreadable: {}: {}\n", one["path"].get<std::string>(),
                                 one["reason"].get<std::string>());
    if (const auto& ratio = report["imbalance"]["ratio"]; !ratio.is_null())
        std::cout << fmt::format("balance: the largest class has {:.1f} times the images of the smallest\n",
                                 ratio.get<double>());
    const auto& equal = report["duplicates"];
    if (equal["groups"].get<int>() > 0)
        std::cout << fmt::format("equal images: {} groups, {} across train, val and test, {} with two labels\n",
                                 number(equal["groups"]), number(equal["across_splits"]),
                                 number(equal["contradicting"]));
    if (!report["bytes"].is_null() && !report["seconds"].is_null())
        std::cout << fmt::format("about {} on disk, {} to make\n", bytes_text(report["bytes"]),
                                 duration_text(report["seconds"]));
}

Status scan(const nlohmann::json& spec, Session& session, const CommonOptions& options) {
    DIGITS_ASSIGN(auto found, session.client().post("/datasets/scan", {{"spec", spec}}));
    DIGITS_ASSIGN(const auto report, session.client().post("/datasets/report", {{"spec", spec}}));
    if (options.json) {
        found["report"] = report;
        std::cout << found.dump(2) << '\n';
        return {};
    }
    std::vector<std::vector<std::string>> rows{{"class"}};
    for (const auto& [split, facts] : found["splits"].items()) rows[0].push_back(split);
    for (std::size_t i = 0; i < found["labels"].size(); ++i) {
        rows.push_back({found["labels"][i].get<std::string>()});
        for (const auto& [split, facts] : found["splits"].items())
            rows.back().push_back(i < facts["per_class"].size() ? count_text(facts["per_class"][i].get<double>())
                                                                : "0");
    }
    if (found["labels"].empty()) {
        rows = {{"split", "images"}};
        for (const auto& [split, facts] : found["splits"].items())
            rows.push_back({split, count_text(facts["count"].get<double>())});
    }
    std::cout << table_text(rows);
    for (const auto& warning : found["warnings"]) std::cout << "warning: " << warning.get<std::string>() << '\n';
    print_report(report);
    return {};
}

Status create(const DatasetArguments& arguments, const CommonOptions& options) {
    DIGITS_ASSIGN(auto spec, dataset_spec(arguments));
    DIGITS_ASSIGN(auto session, Session::open(options));
    if (!arguments.upload.empty()) {
        ProgressDisplay display(options.quiet);
        DIGITS_ASSIGN(spec["source"]["path"], send_pictures(arguments.upload, session.client(), display));
    }
    return arguments.dry_run ? scan(spec, session, options)
                             : create_job("/datasets", spec, arguments.create, session, options);
}

}  // namespace

void add_dataset(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<DatasetArguments>();
    auto* dataset = app.add_subcommand("dataset", "Make datasets");
    dataset->require_subcommand(1);
    dataset->fallthrough();
    auto* command = dataset->add_subcommand(
        "create", "Make a dataset from a folder with one sub-folder a class, from lists or from a CSV file");
    command->add_option("--name", a->create.name, "Name of the dataset")->required();
    command->add_option("--group", a->create.group, "Group to show it in");
    command->add_option("--from", a->from, "Folder with one sub-folder a class")->check(CLI::ExistingDirectory);
    command
        ->add_option("--upload", a->upload,
                     "Folder with one sub-folder a class, or an archive of one, to send to the server")
        ->check(CLI::ExistingPath);
    command->add_option("--val-dir", a->val_dir, "Folder of its own for validation")->check(CLI::ExistingDirectory);
    command->add_option("--test-dir", a->test_dir, "Folder of its own for tests")->check(CLI::ExistingDirectory);
    command->add_option("--percent-val", a->percent_val, "Share of each class for validation")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    command->add_option("--percent-test", a->percent_test, "Share of each class for tests")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    command->add_option("--min-per-class", a->min_per_class, "Smaller classes are left out")->capture_default_str();
    command->add_option("--max-per-class", a->max_per_class, "No more images of a class; 0: all")
        ->capture_default_str();
    command->add_option("--train-list", a->train_list, "File of lines: path, space, label number")
        ->check(CLI::ExistingFile);
    command->add_option("--val-list", a->val_list, "The same for validation")->check(CLI::ExistingFile);
    command->add_option("--test-list", a->test_list, "The same for tests")->check(CLI::ExistingFile);
    command->add_option("--labels", a->labels, "File with the name of each label, one a line")
        ->check(CLI::ExistingFile);
    command->add_option("--crops", a->crops, "File of rectangles: path,x,y,width,height,label a line")
        ->check(CLI::ExistingFile);
    command->add_option("--csv", a->csv, "File of an image's path and one or more numbers a line, for regression")
        ->check(CLI::ExistingFile);
    command->add_option("--source", a->source, "Any other source, as JSON (docs/formats/specs.md)");
    command->add_option("--list-root", a->root, "Folder before relative paths in lists")->check(CLI::ExistingDirectory);
    command->add_option("--width", a->width, "Pixels")->check(CLI::Range(1, 10000))->capture_default_str();
    command->add_option("--height", a->height, "Pixels")->check(CLI::Range(1, 10000))->capture_default_str();
    command->add_option("--channels", a->channels, "1: grayscale, 3: color")
        ->check(CLI::IsMember({1, 3}))
        ->capture_default_str();
    command->add_option("--resize", a->resize, "How an image of another shape is fitted")
        ->check(CLI::IsMember({"squash", "crop", "fill", "half_crop"}))
        ->capture_default_str();
    command->add_option("--encoding", a->encoding, "Of records in LMDB")
        ->check(CLI::IsMember({"none", "png", "jpeg"}))
        ->capture_default_str();
    command->add_option("--backend", a->backend, "Kind of database")
        ->check(CLI::IsMember({"lmdb", "hdf5"}))
        ->capture_default_str();
    command->add_flag("--no-mean", a->no_mean, "Compute no mean image");
    command->add_flag("--no-shuffle", a->no_shuffle, "Keep the order of the images");
    command->add_option("--seed", a->seed, "Of the split and the order")->capture_default_str();
    command->add_option("--threads", a->threads, "0: all cores")->capture_default_str();
    command->add_flag("--dry-run", a->dry_run, "Only show what would be in it");
    command->add_flag("--detach", a->create.detach, "Do not wait for it");
    command->add_flag("--print-id", a->create.print_id, "Print only the id");
    command->callback([a, &invocation] { invocation.status = create(*a, invocation.options); });
}

}  // namespace digits::cli
