#include <nlohmann/json.hpp>

#include "api/job_view.hpp"
#include "api/messages.hpp"
#include "api/resources.hpp"
#include "api/snapshot_choice.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "models/archive.hpp"

namespace digits::api {
namespace {

using http::Request;
using http::Response;
using nlohmann::json;

Result<Response> list(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto snapshots, model_snapshots(job, context));
    return json_response(200, {{"items", snapshots_view(snapshots)}});
}

Result<Response> archive(const Request& request, Context& context) {
    DIGITS_ASSIGN(const auto job, route_job(request, context.jobs, "model"));
    DIGITS_ASSIGN(const auto snapshot, choose_snapshot(request, job, context));
    ArchiveRequest wanted;
    wanted.model_dir = context.jobs.job_dir(job.id);
    if (!job.parents.empty()) {
        wanted.dataset_id = job.parents.front();
        wanted.dataset_dir = context.jobs.job_dir(job.parents.front());
    }
    wanted.snapshot = snapshot.weights;
    wanted.job_id = job.id;
    wanted.name = job.name;
    wanted.status = digits_status(job.state);
    wanted.created = digits_time(job.created);
    wanted.username = job.owner;
    DIGITS_ASSIGN(const auto archive, ModelArchive::create(wanted));
    const auto path = context.temporary / ("archive-" + random_hex(8) + ".tar.gz");
    auto file = std::make_shared<http::TemporaryFile>(path);
    DIGITS_ASSIGN(auto writer, AtomicFile::create(path));
    DIGITS_TRY(archive.write([&](std::string_view bytes) { return writer.write(bytes); }));
    DIGITS_TRY(writer.commit());
    auto response = Response::file(path, "application/gzip", std::move(file));
    response.set_header("Content-Disposition", "attachment; filename=\"" + archive.file_name() + "\"");
    return response;
}

}  // namespace

void register_snapshots(http::Router& router, Context& context) {
    router.add("GET", "/api/v1/models/{id}/snapshots", [&](const Request& request) { return list(request, context); });
    router.add("GET", "/api/v1/models/{id}/archive", [&](const Request& request) { return archive(request, context); });
}

}  // namespace digits::api
