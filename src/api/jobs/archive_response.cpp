#include "api/jobs/archive_response.hpp"

#include <nlohmann/json.hpp>

#include "api/jobs/job_view.hpp"
#include "api/jobs/model_framework.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"

namespace digits::api {
namespace {

/// `still_wanted`: why not, when nobody waits for it any more.
using StillWanted = std::function<Status()>;

Result<std::shared_ptr<http::TemporaryFile>> pack(const ModelArchive& archive, const StillWanted& still_wanted,
                                                  const Context& context) {
    const auto path = context.temporary / ("archive-" + random_hex(8));
    auto file = std::make_shared<http::TemporaryFile>(path);
    DIGITS_ASSIGN(auto writer, AtomicFile::create(path));
    DIGITS_TRY(archive.write([&](std::string_view bytes) -> Status {
        DIGITS_TRY(still_wanted());
        return writer.write(bytes);
    }));
    DIGITS_TRY(writer.commit());
    return file;
}

struct PackedArchive {
    std::shared_ptr<http::TemporaryFile> file;
    std::string name, content_type;
};

/// Reads and compresses all files of a model, which takes seconds for a large one.
template <class Wanted>
http::Async<Result<PackedArchive>> pack_slowly(Wanted wanted, const Context& context) {
    auto& scope = co_await http::CurrentScope{};
    const StillWanted still_wanted = [&scope]() -> Status {
        if (auto reason = scope.cancelled()) return fail(std::move(*reason));
        return {};
    };
    std::function<Result<PackedArchive>()> work = [&]() -> Result<PackedArchive> {
        DIGITS_ASSIGN(const auto archive, ModelArchive::create(wanted));
        DIGITS_ASSIGN(auto file, pack(archive, still_wanted, context));
        return PackedArchive{std::move(file), archive.file_name(), archive.content_type()};
    };
    co_return co_await http::run_slowly(std::move(work));
}

template <class Wanted>
http::Async<Result<http::Response>> send(Wanted wanted, const Context& context) {
    DIGITS_CO_ASSIGN(auto packed, co_await pack_slowly(std::move(wanted), context));
    const auto path = packed.file->path();
    auto response = http::Response::file(path, packed.content_type, std::move(packed.file));
    response.set_header("Content-Disposition", "attachment; filename=\"" + packed.name + "\"");
    co_return response;
}

/// What the archive of a model is made of.
Result<ArchiveRequest> archive_request(const Job& job, const SnapshotEntry& snapshot, ArchiveFormat format,
                                       const Context& context) {
    ArchiveRequest wanted;
    wanted.model_dir = context.jobs.job_dir(job.id);
    DIGITS_ASSIGN(const auto* framework, framework_of(job));
    wanted.parts = framework->archive_parts(wanted.model_dir);
    DIGITS_ASSIGN(wanted.snapshots, framework->snapshots(wanted.model_dir));
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
    wanted.format = format;
    return wanted;
}

}  // namespace

http::Async<Result<http::Response>> archive_response(const Job& job, const SnapshotEntry& snapshot,
                                                     ArchiveFormat format, const Context& context) {
    DIGITS_CO_ASSIGN(auto wanted, archive_request(job, snapshot, format, context));
    co_return co_await send(std::move(wanted), context);
}

http::Async<Result<std::shared_ptr<http::TemporaryFile>>> archive_file(const Job& job, const SnapshotEntry& snapshot,
                                                                       nlohmann::json more_info,
                                                                       const Context& context) {
    DIGITS_CO_ASSIGN(auto wanted, archive_request(job, snapshot, ArchiveFormat::kTar, context));
    wanted.more_info = std::make_shared<const nlohmann::json>(std::move(more_info));
    DIGITS_CO_ASSIGN(auto packed, co_await pack_slowly(std::move(wanted), context));
    co_return std::move(packed.file);
}

http::Async<Result<http::Response>> pretrained_archive_response(const Job& job, const Context& context) {
    PretrainedArchiveRequest wanted;
    wanted.dir = context.jobs.job_dir(job.id);
    DIGITS_CO_ASSIGN(const auto* framework, get_framework(pretrained_framework(job)));
    wanted.framework = framework->archive_parts(wanted.dir).info;
    wanted.job_id = job.id;
    wanted.name = job.name;
    wanted.created = digits_time(job.created);
    wanted.username = job.owner;
    co_return co_await send(std::move(wanted), context);
}

}  // namespace digits::api
