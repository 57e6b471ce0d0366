#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/field_options.hpp"
#include "cli/job_output.hpp"
#include "cli/send_images.hpp"
#include "cli/terminal.hpp"
#include "data/dataset_spec.hpp"
#include "data/exports/export_spec.hpp"
#include "data/image_findings.hpp"
#include "data/sources/file_types.hpp"

namespace digits::cli {
namespace {

struct DatasetArguments {
    CreateOptions create;
    FieldOptions fields;
    std::string source, upload;
    std::string folder;  ///< whose dataset is to be recognized
    bool dry_run = false;
};

const FieldFacts& source_field() { return *dataset_fields().find("source"); }

/// The option that a source cannot do without: that of its first required field.
std::string main_option(const ValueFacts::Variant& source) {
    for (const auto& field : source.fields->fields)
        if (field.is_required) return field.cli;
    return "";
}

/// The first source whose main option is given; "" for none.
Result<std::string> source_of_options(const DatasetArguments& a) {
    std::string found, option, options;
    for (const auto& source : source_field().value.variants) {
        const auto main = main_option(source);
        if (main.empty()) continue;  // only --source names it
        if (options.find("--" + main + " ") == std::string::npos)
            options += fmt::format("--{} ({}), ", main, source.label);
        if (!a.fields.given(main) || main == option) continue;
        if (!found.empty())
            return fail(ErrorCode::kInvalidArgument, "--{} and --{} name two sources; give one of them", option, main);
        found = source.word;
        option = main;
    }
    if (found.empty() == a.upload.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "Give one source of images: {}--upload (a folder or an archive to send to the server) or --source",
                    options);
    return found;
}

/// What is sent gets its place on the server later.
Result<nlohmann::json> source_spec(const DatasetArguments& a) {
    if (!a.source.empty() && !a.upload.empty())
        return fail(ErrorCode::kInvalidArgument, "--source and --upload name two sources; give one of them");
    if (!a.source.starts_with('{')) {
        auto kind = a.source;
        if (kind.empty()) {
            DIGITS_ASSIGN(kind, source_of_options(a));
        }
        return a.fields.variant_members(kind.empty() ? "folder" : kind);
    }
    auto source = nlohmann::json::parse(a.source, nullptr, false);
    if (source.is_discarded()) return fail(ErrorCode::kInvalidArgument, "--source is not valid JSON: {}", a.source);
    if (const auto option = a.fields.given_of_variants(); !option.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "{} does not go with a whole source; write it into the JSON of --source", option);
    return source;
}

/// The source that reads a folder, with the options that were given instead of those that were recognized.
Result<nlohmann::json> recognized_spec(const DatasetArguments& a, Session& session) {
    DIGITS_ASSIGN(const auto answer, session.client().post("/datasets/recognize",
                                                           {{"folder", std::filesystem::absolute(a.folder).string()}}));
    for (const auto& found : answer["found"]) {
        if (!found["source"].is_object()) continue;
        const auto type = found["source"]["type"].get<std::string>();
        if (!a.source.empty() && a.source != type) continue;
        auto source = found["source"];
        DIGITS_ASSIGN(const auto given, a.fields.variant_members(type));
        for (const auto& [member, value] : given.items())
            if (member != "type") source[member] = value;
        nlohmann::json spec{{"source", std::move(source)}, {"type", found["task"]}};
        if (const auto channels = found.find("channels"); channels != found.end() && channels->is_number_integer())
            spec["image"]["channels"] = *channels;
        DIGITS_TRY(a.fields.write(spec));
        return spec;
    }
    return fail(make_error(ErrorCode::kInvalidArgument, "{} holds no dataset that is recognized{}", a.folder,
                           a.source.empty() ? "" : " as " + a.source)
                    .advise("see what digits dataset recognize says, and give --source"));
}

Result<nlohmann::json> dataset_spec(const DatasetArguments& a) {
    nlohmann::json spec;
    DIGITS_ASSIGN(spec["source"], source_spec(a));
    DIGITS_TRY(a.fields.write(spec));
    return spec;
}

/// EXIF orientation and images of more than 8 bits.
void print_image_findings(const nlohmann::json& report) {
    ImageFindings found;
    found.turned = report["turned"];
    if (const auto& depth = report["depth"]; !depth.is_null())
        found.depth = {depth["images"], depth["dark"], depth["bits"], depth["lowest"], depth["highest"]};
    if (found.depth.images > 0)
        std::cout << fmt::format("values: {} of {} bits, from {} to {}\n", count_of(found.depth.images, "image"),
                                 found.depth.bits, found.depth.lowest, found.depth.highest);
    for (const auto& sentence : found.sentences()) std::cout << "warning: " << sentence << '\n';
}

void print_report(const nlohmann::json& report) {
    const auto number = [](const nlohmann::json& value) { return count_text(value.get<double>()); };
    std::cout << fmt::format("checked: {} images{}\n", number(report["checked"]),
                             report["all"].get<bool>() ? "" : " (a sample)");
    for (const auto& one : report["unreadable"]["images"])
        std::cout << fmt::format("unreadable: {}: {}\n", one["path"].get<std::string>(),
                                 one["reason"].get<std::string>());
    for (const auto& name : report["unreadable_classes"])
        std::cout << fmt::format("warning: class \"{}\" is left out: none of its training images can be read\n",
                                 name.get<std::string>());
    print_image_findings(report);
    if (const auto& ratio = report["imbalance"]["ratio"]; !ratio.is_null())
        std::cout << fmt::format("class imbalance: the largest class has {:.1f} times the images of the smallest\n",
                                 ratio.get<double>());
    const auto& equal = report["duplicates"];
    if (equal["groups"].get<int>() > 0)
        std::cout << fmt::format(
            "duplicate images: {} groups, {} across train, val and test, {} with conflicting labels\n",
            number(equal["groups"]), number(equal["across_splits"]), number(equal["contradicting"]));
    if (!report["bytes"].is_null() && !report["seconds"].is_null())
        std::cout << fmt::format("about {} on disk, {} to create\n", bytes_text(report["bytes"]),
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
    if (found.contains("boxes"))
        std::cout << fmt::format("boxes: {}, {} of them count\n", count_text(found["boxes"].get<double>()),
                                 count_text(found["usable_boxes"].get<double>()));
    for (const auto& error : found.value("errors", nlohmann::json::array()))
        std::cout << "error: " << error.get<std::string>() << '\n';
    for (const auto& warning : found["warnings"]) std::cout << "warning: " << warning.get<std::string>() << '\n';
    if (const auto types = found["unsupported"]["types"].get<FileTypes>(); !types.empty())
        std::cout << "warning: " << unsupported_text(types) << '\n';
    print_report(report);
    return {};
}

Status create(const DatasetArguments& arguments, const CommonOptions& options) {
    nlohmann::json spec;
    if (arguments.folder.empty()) {
        DIGITS_ASSIGN(spec, dataset_spec(arguments));
    }
    DIGITS_ASSIGN(auto session, Session::open(options));
    if (!arguments.folder.empty()) {
        DIGITS_ASSIGN(spec, recognized_spec(arguments, session));
    }
    if (!arguments.upload.empty()) {
        ProgressDisplay display(options.quiet);
        DIGITS_ASSIGN(spec["source"]["path"], send_images(arguments.upload, session.client(), display));
    }
    return arguments.dry_run ? scan(spec, session, options)
                             : create_job("/datasets", spec, arguments.create, session, options);
}

Status recognize(const std::string& folder, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto answer, session.client().post("/datasets/recognize",
                                                           {{"folder", std::filesystem::absolute(folder).string()}}));
    if (options.json) {
        std::cout << answer.dump(2) << '\n';
        return {};
    }
    if (answer["found"].empty()) std::cout << "No dataset is recognized in " << folder << '\n';
    for (const auto& found : answer["found"]) {
        std::cout << found["text"].get<std::string>() << ": " << found["folder"].get<std::string>() << '\n';
        if (found["error"].is_string())
            std::cout << "  cannot be opened: " << found["error"].get<std::string>() << '\n';
        if (found["source"].is_object()) std::cout << "  --source '" << found["source"].dump() << "'\n";
    }
    return {};
}

struct ExportArguments {
    std::string dataset, format, out, name;
    std::filesystem::path tar;
    bool detach = false;
};

Status export_dataset(const ExportArguments& a, const CommonOptions& options) {
    if (a.out.empty() == a.tar.empty())
        return fail(ErrorCode::kInvalidArgument,
                    "Give one place: --out (a new folder on the server's machine) or --tar (a file to download)");
    if (a.detach && !a.tar.empty())
        return fail(ErrorCode::kInvalidArgument, "--tar waits for the file; give --out to use --detach");
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto dataset, session.find_job("dataset", a.dataset));
    nlohmann::json body{{"format", a.format}, {"folder", a.out.empty() ? "" : absolute_path(a.out)}};
    if (!a.name.empty()) body["name"] = a.name;
    DIGITS_ASSIGN(auto job, session.client().create("/datasets/" + dataset["id"].get<std::string>() + "/export", body));
    const auto id = job["id"].get<std::string>();
    if (a.detach) {
        std::cout << (options.json ? job.dump(2) : id) << '\n';
        return {};
    }
    DIGITS_ASSIGN(job, follow_job(session, id, options));
    if (!a.tar.empty()) {
        DIGITS_TRY(session.client().download("/files/" + id + "/export.tar", a.tar, [](std::uint64_t) {}));
        // It was made for this file alone.
        DIGITS_TRY(session.client().remove("/jobs/" + id + "?purge=true"));
    }
    if (options.json) {
        std::cout << job.dump(2) << '\n';
        return {};
    }
    std::uint64_t count = 0;
    for (const auto& [split, images] : job["result"]["counts"].items()) count += images.get<std::uint64_t>();
    std::cout << fmt::format("   {}: {}, {}\n", a.tar.empty() ? body["folder"].get<std::string>() : a.tar.string(),
                             a.format, count_of(count, "image"));
    return {};
}

void add_export(CLI::App& dataset, Invocation& invocation) {
    auto a = std::make_shared<ExportArguments>();
    auto* command = dataset.add_subcommand("export", "Write a dataset in a format that other programs read");
    command->add_option("dataset", a->dataset, "Id or name of the dataset")->required();
    std::vector<std::string> formats;
    for (const auto* format : export_formats().all()) formats.emplace_back(format->name);
    command->add_option("--format", a->format, "Format to write")->required()->check(CLI::IsMember(formats));
    command->add_option("--out", a->out, "New folder on the server's machine");
    command->add_option("--tar", a->tar, "Tar file to download instead");
    command->add_option("--name", a->name, "Name of the export; default: the dataset's and the format");
    command->add_flag("--detach", a->detach, "Do not wait until it is done");
    command->callback([a, &invocation] { invocation.status = export_dataset(*a, invocation.options); });
}

}  // namespace

void add_dataset(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<DatasetArguments>();
    auto* dataset = app.add_subcommand("dataset", "Create and export datasets");
    dataset->require_subcommand(1);
    dataset->fallthrough();
    auto* command = dataset->add_subcommand("create", "Create a dataset from a source of images");
    command->add_option("folder", a->folder, "Folder whose dataset is recognized, instead of options of a source")
        ->check(CLI::ExistingDirectory);
    auto* name = command->add_option("--name", a->create.name, "Name of the dataset");
    command->add_option("--group", a->create.group, "Group to list it in");
    std::vector<std::string> sources;
    for (const auto& source : source_field().value.variants) sources.push_back(source.word);
    const CLI::Validator known(
        [sources](const std::string& text) {
            if (text.starts_with('{') || std::ranges::find(sources, text) != sources.end()) return std::string();
            return fmt::format("\"{}\" is not a kind of source. Give one of {}, or a whole source as a JSON object.",
                               text, fmt::join(sources, ", "));
        },
        fmt::format("{}", fmt::join(sources, "|")));
    command
        ->add_option(
            "--source", a->source,
            "Kind of source, or the whole source as a JSON object; default: the kind whose main option is given")
        ->check(known);
    command
        ->add_option("--upload", a->upload,
                     "Folder with one subfolder per class, or an archive of one, to send to the server")
        ->check(CLI::ExistingPath);
    a->fields.add_variants(*command, source_field(), "/source");
    a->fields.add(*command, dataset_fields());
    command->add_flag("--dry-run", a->dry_run, "Only show what the dataset would contain");
    command->add_flag("--detach", a->create.detach, "Do not wait until it is done");
    command->add_flag("--print-id", a->create.print_id, "Print only the id");
    command->callback([a, name, &invocation] {
        if (name->empty() && !a->dry_run) throw CLI::RequiredError("--name");
        invocation.status = create(*a, invocation.options);
    });
    auto folder = std::make_shared<std::string>();
    auto* recognizing =
        dataset->add_subcommand("recognize", "Say which dataset a folder is, and the source that reads it");
    recognizing->add_option("folder", *folder, "Folder to look at")->required()->check(CLI::ExistingDirectory);
    recognizing->callback([folder, &invocation] { invocation.status = recognize(*folder, invocation.options); });
    add_export(*dataset, invocation);
}

}  // namespace digits::cli
