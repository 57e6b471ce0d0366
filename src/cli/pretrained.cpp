#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/job_output.hpp"
#include "cli/terminal.hpp"

namespace digits::cli {
namespace {

namespace fs = std::filesystem;

struct PretrainedArguments {
    CreateOptions create;
    std::vector<fs::path> files;
    std::string size, resize, mean, preprocessing, pixel_mean, pixel_std, channel_order;
    int channels = 3;
    std::string model, snapshot = "best";
    fs::path output;
};

bool ends_with(const fs::path& file, std::initializer_list<const char*> endings) {
    const auto name = file.filename().string();
    for (const std::string ending : endings)
        if (name.ends_with(ending)) return true;
    return false;
}

/// What a file is for, by its name.
const char* part_of(const fs::path& file) {
    if (ends_with(file, {".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"})) return "archive";
    if (ends_with(file, {".onnx"})) return "onnx";
    if (ends_with(file, {".caffemodel", ".h5", ".hdf5"})) return "weights";
    if (ends_with(file, {".prototxt"})) return "network";
    if (ends_with(file, {".binaryproto"})) return "mean";
    if (ends_with(file, {".txt"})) return "labels";
    return nullptr;
}

Result<std::vector<remote::FormPart>> form_of(const PretrainedArguments& a) {
    std::vector<remote::FormPart> parts;
    bool single = false, onnx = false;
    for (const auto& file : a.files) {
        const char* part = part_of(file);
        if (!part)
            return fail(make_error(ErrorCode::kInvalidArgument, "{} is not a file of a model", file.string())
                            .advise("Give an archive (.tar, .tar.gz, .tgz, .tar.bz2, .tar.xz, .zip), or .onnx, or "
                                    ".caffemodel and .prototxt, with .txt (class names) and .binaryproto (mean)"));
        single = single || std::string_view(part) != "archive";
        onnx = onnx || std::string_view(part) == "onnx";
        parts.push_back({part, file, {}});
    }
    if (!a.create.name.empty()) parts.push_back({"name", {}, a.create.name});
    if (!a.create.group.empty()) parts.push_back({"group", {}, a.create.group});
    for (const auto& [name, value] : {std::pair{"preprocessing", &a.preprocessing},
                                      {"pixel_mean", &a.pixel_mean},
                                      {"pixel_std", &a.pixel_std},
                                      {"channel_order", &a.channel_order}})
        if (!value->empty()) parts.push_back({name, {}, *value});
    if (!single) return parts;
    const auto cross = a.size.find('x');
    if (onnx && a.size.empty()) {
        if (!a.resize.empty()) parts.push_back({"resize", {}, a.resize});
        return parts;
    }
    if (cross == std::string::npos)
        return fail(make_error(ErrorCode::kInvalidArgument, "--size is missing: WIDTHxHEIGHT of the images")
                        .advise("For instance --size 227x227 --channels 3"));
    parts.push_back({"width", {}, a.size.substr(0, cross)});
    parts.push_back({"height", {}, a.size.substr(cross + 1)});
    if (!onnx) parts.push_back({"channels", {}, std::to_string(a.channels)});
    if (!a.resize.empty()) parts.push_back({"resize", {}, a.resize});
    if (!a.mean.empty()) parts.push_back({"mean_subtraction", {}, a.mean});
    return parts;
}

Status finish(nlohmann::json job, const CreateOptions& create, Session& session, const CommonOptions& options) {
    if (create.print_id) std::cout << job["id"].get<std::string>() << std::endl;
    if (!create.detach) {
        DIGITS_ASSIGN(job, follow_job(session, job["id"].get<std::string>(), options));
    }
    if (!create.print_id) std::cout << (options.json ? job.dump(2) + "\n" : job_text(job));
    return {};
}

Status add(const PretrainedArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto parts, form_of(a));
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(auto job, session.client().upload("/pretrained", std::move(parts)));
    return finish(std::move(job), a.create, session, options);
}

Status from_model(const PretrainedArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    nlohmann::json body{{"from_model", model["id"]}, {"snapshot", a.snapshot}};
    if (!a.create.name.empty()) body["name"] = a.create.name;
    if (!a.create.group.empty()) body["group"] = a.create.group;
    DIGITS_ASSIGN(auto job, session.client().post("/pretrained", body));
    return finish(std::move(job), a.create, session, options);
}

Status list(const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto page, session.client().get("/pretrained?limit=500"));
    if (options.json) {
        std::cout << page.dump(2) << '\n';
        return {};
    }
    std::vector<std::vector<std::string>> rows{{"ID", "STATE", "NETWORK", "PARAMETERS", "CLASSES", "NAME"}};
    for (const auto& job : page["items"]) {
        const auto id = job.value("id", "");
        DIGITS_ASSIGN(const auto view, session.client().get("/pretrained/" + id));
        const auto& facts = view["pretrained"];
        const bool known = facts.is_object();
        rows.push_back({id, job.value("state", ""), known ? facts.value("network", "") : "",
                        known ? count_text(facts.value("parameters", 0.0)) : "",
                        known ? count_text(facts.value("classes", 0.0)) : "", job.value("name", "")});
    }
    std::cout << table_text(rows);
    return {};
}

}  // namespace

void add_pretrained(CLI::App& app, Invocation& invocation) {
    auto a = std::make_shared<PretrainedArguments>();
    auto* pretrained = app.add_subcommand("pretrained", "Networks with weights, to start models from");
    pretrained->require_subcommand(1);
    pretrained->fallthrough();
    const auto add_create_options = [&](CLI::App& command) {
        command.add_option("--name", a->create.name, "Its name; default: that of the file or model");
        command.add_option("--group", a->create.group, "Group to show it in");
        command.add_flag("--detach", a->create.detach, "Do not wait for it");
        command.add_flag("--print-id", a->create.print_id, "Print only the id");
    };
    auto* upload = pretrained->add_subcommand("add", "Upload an archive of a model, an ONNX file, or its files");
    upload
        ->add_option("files", a->files,
                     "An archive; or .onnx, with .txt; or .caffemodel and .prototxt, with .txt and .binaryproto")
        ->required()
        ->check(CLI::ExistingFile);
    upload->add_option("--size", a->size,
                       "WIDTHxHEIGHT of the images; only with single files, or an ONNX file that leaves it open");
    upload->add_option("--channels", a->channels, "3: colour, 1: grey; only with single files")
        ->check(CLI::IsMember({1, 3}))
        ->capture_default_str();
    upload->add_option("--resize", a->resize, "How images were fitted")
        ->check(CLI::IsMember({"squash", "crop", "fill", "half_crop"}));
    upload->add_option("--mean", a->mean, "What was subtracted")->check(CLI::IsMember({"image", "pixel", "none"}));
    upload
        ->add_option("--preprocessing", a->preprocessing,
                     "What an ONNX network takes of images, which ONNX files of Digits say themselves")
        ->check(CLI::IsMember({"file", "imagenet", "zero_to_one", "minus_one_to_one", "zero_to_255", "custom"}));
    upload->add_option("--pixel-mean", a->pixel_mean, "With --preprocessing custom: R,G,B subtracted from 0 to 255");
    upload->add_option("--pixel-std", a->pixel_std, "With --preprocessing custom: R,G,B that divide it then");
    upload->add_option("--channel-order", a->channel_order, "Of an ONNX network's input; default: RGB")
        ->check(CLI::IsMember({"RGB", "BGR"}));
    add_create_options(*upload);
    upload->callback([a, &invocation] { invocation.status = add(*a, invocation.options); });

    auto* snapshot = pretrained->add_subcommand("from-model", "Keep a snapshot of a trained model");
    snapshot->add_option("model", a->model, "Id or name of the model")->required();
    snapshot->add_option("--snapshot", a->snapshot, "Iteration, best or last")->capture_default_str();
    add_create_options(*snapshot);
    snapshot->callback([a, &invocation] { invocation.status = from_model(*a, invocation.options); });

    pretrained->add_subcommand("list", "All pretrained models")->callback([&invocation] {
        invocation.status = list(invocation.options);
    });
}

}  // namespace digits::cli
