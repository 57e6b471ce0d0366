#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/model_name.hpp"
#include "cli/model_report.hpp"
#include "cli/terminal.hpp"
#include "remote/fetch_place.hpp"

namespace digits::cli {
namespace {

constexpr auto kMostPublishTime = std::chrono::hours(1);  ///< for each request

struct PublishArguments {
    std::string model, name, snapshot;
    std::filesystem::path repository;
    int version = 1, batch = 64;
};

struct ExportArguments {
    std::string model, format = "onnx", snapshot;
    std::filesystem::path output;
};

std::string text_of(const nlohmann::json& facts) {
    if (facts["verified"].get<bool>())
        return fmt::format(
            "   compared with {} on {}: the largest difference is {:.1e} of the largest value\n",
            facts["runtime"].get<std::string>(),
            facts["images"] == 0 ? std::string("noise") : fmt::format("{} stored images", facts["images"].get<int>()),
            facts["difference"].get<double>());
    return facts["note"].is_string() ? "   " + facts["note"].get<std::string>() + "\n" : "";
}

Status export_model(const ExportArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    const auto path = "/models/" + model["id"].get<std::string>();
    const auto query = a.snapshot.empty() ? std::string() : "?snapshot=" + url_escape(a.snapshot);
    auto facts = nlohmann::json::object();
    auto from = path + "/archive" + query;
    auto name = model["id"].get<std::string>() + ".tar.gz";
    if (a.format != "caffe") {
        DIGITS_ASSIGN(facts, session.client().post(path + "/exports" + query, {{"format", a.format}}));
        name = facts["name"].get<std::string>();
        from = path + "/exports/" + name;
    }
    const auto output = a.output.empty() ? std::filesystem::path(name) : a.output;
    DIGITS_TRY(session.client().download(from, output, [](std::uint64_t) {}));
    const auto bytes = std::filesystem::file_size(output);
    if (options.json) {
        facts["file"] = output.string();
        facts["bytes"] = bytes;
        std::cout << facts.dump(2) << '\n';
    } else {
        std::cout << fmt::format("   {} ({})\n", output.string(), bytes_text(static_cast<double>(bytes)));
        if (a.format == "onnx") std::cout << text_of(facts);
    }
    return {};
}

/// In double quotes, as protobuf's text format wants it.
std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + "\"";
}

std::string dims_text(const nlohmann::json& shape) {
    return fmt::format("[ {} ]", fmt::join(shape.get<std::vector<std::int64_t>>(), ", "));
}

/// `config.pbtxt`: https://github.com/triton-inference-server/common, model_config.proto.
std::string triton_config(const std::string& name, const PublishArguments& a, const nlohmann::json& facts,
                          bool has_labels) {
    auto text = fmt::format(
        "name: {}\nbackend: \"onnxruntime\"\nmax_batch_size: {}\ninput [\n  {{\n    name: \"image\"\n    data_type: "
        "TYPE_FP32\n    dims: {}\n  }}\n]\n",
        quoted(name), a.batch, dims_text(facts["input"]));
    for (const auto& output : facts["outputs"])
        text += fmt::format("output [\n  {{\n    name: {}\n    data_type: TYPE_FP32\n    dims: {}\n{}  }}\n]\n",
                            quoted(output["name"].get<std::string>()), dims_text(output["shape"]),
                            has_labels ? "    label_filename: \"labels.txt\"\n" : "");
    return text + "dynamic_batching { }\n";
}

/// A model of a Triton repository: https://docs.nvidia.com, "Triton model repository". The version's folder appears
/// when it is whole. What was exported.
Result<nlohmann::json> write_repository(const PublishArguments& a, const nlohmann::json& model, Session& session) {
    namespace fs = std::filesystem;
    const auto path = "/models/" + model["id"].get<std::string>();
    const auto query = a.snapshot.empty() ? std::string() : "?snapshot=" + url_escape(a.snapshot);
    DIGITS_ASSIGN(const auto facts, session.client().post(path + "/exports" + query, {{"format", "onnx"}}));
    const auto folder = a.repository / a.name, fresh = folder / fmt::format(".{}.new", a.version),
               place = folder / std::to_string(a.version);
    std::error_code error;
    if (fs::exists(place, error))
        return fail(make_error(ErrorCode::kFailedPrecondition, "{} is there already", place.string())
                        .advise("Choose another number with --version"));
    fs::remove_all(fresh, error);
    fs::create_directories(fresh, error);
    if (error) return fail(errno_error("cannot make " + fresh.string(), error.value()));
    DIGITS_TRY(session.client().download(path + "/exports/" + facts["name"].get<std::string>(), fresh / "model.onnx",
                                         [](std::uint64_t) {}));
    const auto dataset = session.client().get("/datasets/" + model["parents"].at(0).get<std::string>());
    std::string labels;
    if (dataset && (*dataset)["dataset"].is_object())
        for (const auto& label : (*dataset)["dataset"].value("labels", nlohmann::json::array()))
            labels += label.get<std::string>() + "\n";
    if (!labels.empty()) DIGITS_TRY(write_file_atomic(folder / "labels.txt", labels));
    DIGITS_TRY(write_file_atomic(folder / "config.pbtxt", triton_config(a.name, a, facts, !labels.empty())));
    fs::rename(fresh, place, error);
    if (error) return fail(errno_error("cannot make " + place.string(), error.value()));
    return facts;
}

Status tell_published(const PublishArguments& a, const std::string& folder, const nlohmann::json& facts,
                      const CommonOptions& options) {
    if (options.json)
        std::cout << nlohmann::json{{"folder", folder}, {"version", a.version}, {"export", facts}}.dump(2) << '\n';
    else
        std::cout << fmt::format("   {}/{}\n", folder, a.version) << text_of(facts);
    return {};
}

Status publish_to_folder(const PublishArguments& a, const nlohmann::json& model, Session& session,
                         const CommonOptions& options) {
    DIGITS_ASSIGN(const auto facts, write_repository(a, model, session));
    return tell_published(a, (a.repository / a.name).string(), facts, options);
}

/// The files of a repository's folder, in an order in which Triton, which may look at any time, finds only what is
/// whole: the network, what belongs to it, and last the configuration.
std::vector<std::string> files_in_order(const PublishArguments& a, const std::filesystem::path& folder) {
    std::vector<std::string> files{fmt::format("{}/model.onnx", a.version)};
    if (std::filesystem::exists(folder / "labels.txt")) files.emplace_back("labels.txt");
    files.emplace_back("config.pbtxt");
    return files;
}

/// The same in a bucket, which is asked with the keys of whoever runs this command.
Status publish_to_bucket(PublishArguments a, const nlohmann::json& model, Session& session,
                         const CommonOptions& options) {
    std::string prefix;
    DIGITS_ASSIGN(const auto bucket, remote::open_own_bucket(a.repository.string(), prefix));
    while (prefix.ends_with('/')) prefix.pop_back();
    const auto place = (prefix.empty() ? "" : prefix + "/") + a.name + "/";
    remote::TransferLimits limits;
    limits.timeout = kMostPublishTime;
    const auto version = place + std::to_string(a.version) + "/";
    const auto found = bucket.list(
        version,
        [&](const remote::S3Object&) -> Status {
            return fail(make_error(ErrorCode::kFailedPrecondition, "{} is there already", bucket.address(version))
                            .advise("Choose another number with --version"));
        },
        limits);
    DIGITS_TRY(found);
    const TemporaryFolder folder;
    a.repository = folder.path();
    DIGITS_ASSIGN(const auto facts, write_repository(a, model, session));
    for (const auto& file : files_in_order(a, folder.path() / a.name))
        DIGITS_TRY(bucket.put(place + file, folder.path() / a.name / file, limits));
    return tell_published(a, bucket.address(place.substr(0, place.size() - 1)), facts, options);
}

Status publish(PublishArguments a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    if (a.name.empty()) a.name = model["id"].get<std::string>();
    return a.repository.native().starts_with("s3:") ? publish_to_bucket(a, model, session, options)
                                                    : publish_to_folder(a, model, session, options);
}

}  // namespace

void add_model(CLI::App& app, Invocation& invocation) {
    auto* model = app.add_subcommand("model", "Hand trained models to other programs");
    model->require_subcommand(1);
    model->fallthrough();
    add_model_report(*model, invocation);
    auto a = std::make_shared<ExportArguments>();
    auto* command = model->add_subcommand("export", "Write a model as a file for other programs");
    command->add_option("model", a->model, "Id or name of the model")->required();
    command->add_option("--format", a->format, "onnx, safetensors (weights only), or caffe (the archive of download)")
        ->check(CLI::IsMember({"onnx", "safetensors", "caffe"}))
        ->capture_default_str();
    command->add_option("--snapshot", a->snapshot, "An iteration, best or last; default: the best");
    command->add_option("-o,--output", a->output, "File to write; default: named after the snapshot");
    command->callback([a, &invocation] { invocation.status = export_model(*a, invocation.options); });

    auto p = std::make_shared<PublishArguments>();
    auto* publishing = model->add_subcommand("publish", "Write a model into a model repository of Triton");
    publishing->add_option("model", p->model, "Id or name of the model")->required();
    publishing->add_option("--triton", p->repository, "Folder of the repository, or s3://bucket/folder")->required();
    publishing->add_option("--name", p->name, "Name of the model there; default: its id")->check(check_model_name);
    publishing->add_option("--version", p->version, "Number of the version")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    publishing->add_option("--max-batch-size", p->batch, "Images at a time")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    publishing->add_option("--snapshot", p->snapshot, "An iteration, best or last; default: the best");
    publishing->callback([p, &invocation] { invocation.status = publish(*p, invocation.options); });
}

}  // namespace digits::cli
