#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/requests/messages.hpp"
#include "api/requests/upload_store.hpp"
#include "api/requests/warm_questions.hpp"
#include "api/resources.hpp"

namespace digits::api {
namespace {

using http::Async;
using http::Request;
using http::Response;
using nlohmann::json;

constexpr auto kUnusedTime = std::chrono::hours(24);
/// What a client sends at once; it cuts larger files into pieces.
constexpr std::uint64_t kMostPiece_bytes = std::uint64_t{32} << 20;

json upload_view(const Upload& upload, const UploadStore& uploads) {
    return {{"id", upload.id},
            {"kind", upload.kind == UploadKind::kFolder ? "folder" : "archive"},
            {"name", upload.name},
            {"files", upload.files},
            {"bytes", upload.bytes},
            {"finished", upload.finished},
            {"path", upload.finished ? json(uploads.images(upload.id).string()) : json()}};
}

/// A dataset that was made from it may be made again.
bool is_used(const std::string& id, const Context& context) {
    JobQuery query;
    query.kind = "dataset";
    query.mentions = "/uploads/" + id + "/";
    query.brief = true;
    query.limit = 1;
    const auto page = context.jobs.list(query);
    return !page || page->total > 0;
}

Result<Response> create(const Request& request, UploadStore& uploads, Context& context) {
    DIGITS_ASSIGN(const auto body, read_object(request, {"kind", "name"}));
    DIGITS_ASSIGN(const auto name, text_member(body, "name", true));
    DIGITS_ASSIGN(const auto kind, text_member(body, "kind", true));
    if (kind != "folder" && kind != "archive")
        return fail(
            make_error(ErrorCode::kInvalidArgument, "kind must be folder or archive; got \"{}\"", kind).at("/kind"));
    uploads.expire(std::filesystem::file_time_type::clock::now() - kUnusedTime,
                   [&](const std::string& id) { return is_used(id, context); });
    DIGITS_ASSIGN(const auto upload,
                  uploads.create(kind == "folder" ? UploadKind::kFolder : UploadKind::kArchive, name));
    return json_response(201, upload_view(upload, uploads));
}

Result<Response> show(const Request& request, UploadStore& uploads) {
    DIGITS_ASSIGN(const auto upload, uploads.get(request.param("id")));
    return json_response(200, upload_view(upload, uploads));
}

Result<Response> show_file(const Request& request, UploadStore& uploads) {
    DIGITS_ASSIGN(const auto size, uploads.size_of(request.param("id"), request.param("path")));
    return json_response(200, {{"bytes", size}});
}

Result<Response> put(const Request& request, UploadStore& uploads) {
    if (request.content_type() != "application/octet-stream")
        return fail(ErrorCode::kUnsupported, "the body must be application/octet-stream; got {}",
                    request.content_type());
    DIGITS_ASSIGN(const auto offset, query_number(request, "offset", 0, 0, std::int64_t{1} << 50));
    DIGITS_ASSIGN(const auto size, uploads.append(request.param("id"), request.param("path"),
                                                  static_cast<std::uint64_t>(offset), request.body));
    return json_response(200, {{"bytes", size}});
}

/// An archive is unpacked by a worker; when that fails, the upload is as it was.
Async<Result<Response>> finish(const Request& request, UploadStore& uploads, Context& context) {
    DIGITS_CO_ASSIGN(auto upload, uploads.get(request.param("id")));
    json skipped, warnings;
    if (upload.kind == UploadKind::kArchive && !upload.finished && upload.files > 0) {
        json question{{"type", "unpack"},
                      {"archive", uploads.archive(upload.id).string()},
                      {"folder", uploads.files(upload.id).string()}};
        DIGITS_CO_ASSIGN(const auto unpacked, co_await assist(std::move(question), context));
        skipped = unpacked->value("unsupported", json());
        warnings = unpacked->value("warnings", json());
        std::error_code ignored;
        std::filesystem::remove(uploads.archive(upload.id), ignored);
    }
    DIGITS_CO_ASSIGN(upload, uploads.finish(upload.id));
    auto view = upload_view(upload, uploads);
    if (skipped.is_object()) view["unsupported"] = std::move(skipped);
    if (warnings.is_array()) view["warnings"] = std::move(warnings);
    co_return json_response(200, view);
}

Result<Response> remove(const Request& request, UploadStore& uploads, Context& context) {
    DIGITS_TRY(uploads.get(request.param("id")));
    if (is_used(request.param("id"), context))
        return fail(
            make_error(ErrorCode::kFailedPrecondition, "a dataset was made from the upload {}", request.param("id"))
                .advise("Delete the dataset first"));
    DIGITS_TRY(uploads.remove(request.param("id")));
    return Response::empty(204);
}

}  // namespace

void register_uploads(http::Router& router, Context& context) {
    const auto uploads = std::make_shared<UploadStore>(context.options.data_dir / "uploads");
    router.add("POST", "/api/v1/uploads",
               [&context, uploads](const Request& request) { return create(request, *uploads, context); });
    router.add("GET", "/api/v1/uploads/{id}", [uploads](const Request& request) { return show(request, *uploads); });
    router.add("DELETE", "/api/v1/uploads/{id}",
               [&context, uploads](const Request& request) { return remove(request, *uploads, context); });
    router.add("POST", "/api/v1/uploads/{id}/finish",
               [&context, uploads](const Request& request) { return finish(request, *uploads, context); });
    router.add("GET", "/api/v1/uploads/{id}/files/{path...}",
               [uploads](const Request& request) { return show_file(request, *uploads); });
    router.add("PUT", "/api/v1/uploads/{id}/files/{path...}",
               [uploads](const Request& request) { return put(request, *uploads); }, {kMostPiece_bytes});
}

}  // namespace digits::api
