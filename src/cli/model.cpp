#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/field_options.hpp"
#include "cli/model_report.hpp"
#include "cli/terminal.hpp"
#include "models/model_export_spec.hpp"
#include "models/publish_spec.hpp"
#include "models/triton_repository.hpp"
#include "remote/fetch_place.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {
namespace {

constexpr auto kMostPublishTime = std::chrono::hours(1);  ///< for each request

struct PublishArguments {
    std::string model, name, snapshot;
    std::filesystem::path repository;
    int version = 1, batch = 64;
    std::string inference_server, description;
    FieldOptions file;             ///< how the network is written
    bool to_named_server = false;  ///< the one that the server of Digits was started with
};

struct ExportArguments {
    std::string model, format = "onnx", snapshot;
    std::filesystem::path output;
    FieldOptions file;  ///< how it is written
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

/// Asks the server for a file; what it says of it.
Result<nlohmann::json> export_of(const std::string& model_path, const std::string& query, const std::string& format,
                                 const FieldOptions& file, Session& session) {
    nlohmann::json wish{{"format", format}};
    DIGITS_TRY(file.write(wish));
    return session.client().post(model_path + "/exports" + query, wish);
}

Status export_model(const ExportArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    const auto path = "/models/" + model["id"].get<std::string>();
    const auto query = a.snapshot.empty() ? std::string() : "?snapshot=" + remote::escape_url(a.snapshot);
    auto facts = nlohmann::json::object();
    auto from = path + "/archive" + query;
    auto name = model["id"].get<std::string>() + ".tar.gz";
    if (a.format == "caffe" && a.file.given("nms"))
        return fail(make_error(ErrorCode::kInvalidArgument, "--nms is of ONNX files, and this is an archive of Caffe")
                        .advise("Leave it out, or export with --format onnx"));
    if (a.format != "caffe") {
        DIGITS_ASSIGN(facts, export_of(path, query, a.format, a.file, session));
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

/// What the server knows of the model, as a repository of Triton has it.
TritonModel triton_model(const PublishArguments& a, const nlohmann::json& model, Session& session) {
    const auto named = plain_model_name(model["name"].get<std::string>(), model["id"].get<std::string>());
    TritonModel triton{a.name.empty() ? named : a.name, a.version, a.batch, {}};
    const auto dataset = session.client().get("/datasets/" + model["parents"].at(0).get<std::string>());
    if (dataset && (*dataset)["dataset"].is_object())
        triton.labels = (*dataset)["dataset"].value("labels", std::vector<std::string>());
    return triton;
}

/// The server of Digits sends the archive, as a job.
Status publish_to_inference_server(const PublishArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    auto server = a.inference_server;
    if (server.empty()) {
        DIGITS_ASSIGN(const auto system, session.client().get("/system"));
        server = system.value("inference_server", "");
    }
    if (server.empty())
        return fail(make_error(ErrorCode::kFailedPrecondition, "No inference server is named.")
                        .advise("Give its address, or start the server with --rie-url or RIE_URL"));
    nlohmann::json spec{{"inference_server", server}};
    if (!a.snapshot.empty()) spec["snapshot"] = a.snapshot;
    if (!a.description.empty()) spec["facts"]["description"] = a.description;
    const auto path = "/models/" + model["id"].get<std::string>() + "/publications";
    DIGITS_ASSIGN(auto job, session.client().create(path, {{"spec", spec}}));
    DIGITS_ASSIGN(job, follow_job(session, job["id"].get<std::string>(), options));
    if (options.json)
        std::cout << job.dump(2) << '\n';
    else
        std::cout << fmt::format("   {}\n", job["result"].value("place", ""));
    return {};
}

/// In a folder of this machine, or in a bucket, which is asked with the keys of the user that runs this command.
Status publish(const PublishArguments& a, const CommonOptions& options) {
    if (a.to_named_server || !a.inference_server.empty()) return publish_to_inference_server(a, options);
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto model, session.find_job("model", a.model));
    const auto triton = triton_model(a, model, session);
    const WriteNetwork write = [&](const std::filesystem::path& file) -> Result<nlohmann::json> {
        const auto path = "/models/" + model["id"].get<std::string>();
        const auto query = a.snapshot.empty() ? std::string() : "?snapshot=" + remote::escape_url(a.snapshot);
        DIGITS_ASSIGN(auto facts, export_of(path, query, "onnx", a.file, session));
        DIGITS_TRY(session.client().download(path + "/exports/" + facts["name"].get<std::string>(), file,
                                             [](std::uint64_t) {}));
        return facts;
    };
    std::string folder;
    nlohmann::json facts;
    if (a.repository.native().starts_with("s3:")) {
        std::string prefix;
        DIGITS_ASSIGN(const auto bucket, remote::open_own_bucket(a.repository.string(), prefix));
        remote::TransferLimits limits;
        limits.timeout = kMostPublishTime;
        const TemporaryFolder scratch;
        DIGITS_ASSIGN(facts, send_triton_model(triton, {bucket, prefix, scratch.path()}, write, limits));
        folder = bucket.address(triton_key(triton, prefix));
    } else {
        DIGITS_ASSIGN(facts, write_triton_model(triton, a.repository, write));
        folder = (a.repository / triton.name).string();
    }
    if (options.json)
        std::cout << nlohmann::json{{"folder", folder}, {"version", a.version}, {"export", facts}}.dump(2) << '\n';
    else
        std::cout << fmt::format("   {}/{}\n", folder, a.version) << text_of(facts);
    return {};
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
    a->file.add(*command, model_export_fields());
    command->callback([a, &invocation] { invocation.status = export_model(*a, invocation.options); });

    auto p = std::make_shared<PublishArguments>();
    auto* publishing = model->add_subcommand(
        "publish", "Write a model into a model repository of Triton, or give it to an inference server");
    publishing->add_option("model", p->model, "Id or name of the model")->required();
    auto* place = publishing->add_option_group("place");
    place->add_option("--triton", p->repository, "Folder of the repository, or s3://bucket/folder");
    auto* server = place
                       ->add_option("--inference-server", p->inference_server,
                                    "Address of an inference server, which gets the archive as DIGITS sends it; "
                                    "default: that of the server's --rie-url")
                       ->expected(0, 1);
    place->require_option(1);
    publishing->add_option("--description", p->description, "Of the model, for an inference server");
    publishing->add_option("--name", p->name, "Name of the model there; default: its own")->check(check_model_name);
    publishing->add_option("--version", p->version, "Number of the version")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    publishing->add_option("--max-batch-size", p->batch, "Images at a time")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    publishing->add_option("--snapshot", p->snapshot, "An iteration, best or last; default: the best");
    p->file.add(*publishing, model_export_fields());
    publishing->callback([p, server, &invocation] {
        p->to_named_server = server->count() > 0;
        invocation.status = publish(*p, invocation.options);
    });
}

}  // namespace digits::cli
