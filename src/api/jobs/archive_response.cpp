#include "api/jobs/archive_response.hpp"

#include "api/jobs/job_view.hpp"
#include "api/jobs/model_framework.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"

namespace digits::api {
namespace {

/// `still_wanted`: why not, when nobody waits for it any more.
using StillWanted = std::function<Status()>;

Result<http::Response> pack(const ModelArchive& archive, const StillWanted& still_wanted, const Context& context) {
    const auto path = context.temporary / ("archive-" + random_hex(8));
    auto file = std::make_shared<http::TemporaryFile>(path);
    DIGITS_ASSIGN(auto writer, AtomicFile::create(path));
    DIGITS_TRY(archive.write([&](std::string_view bytes) -> Status {
        DIGITS_TRY(still_wanted());
        return writer.write(bytes);
    }));
    DIGITS_TRY(writer.commit());
    auto response = http::Response::file(path, archive.content_type(), std::move(file));
    response.set_header("Content-Disposition", "attachment; filename=\"" + archive.file_name() + "\"");
    return response;
}

/// Reads and compresses all files of a model, which takes seconds for a large one.
template <class Wanted>
http::Async<Result<http::Response>> send(Wanted wanted, const Context& context) {
    auto& scope = co_await http::CurrentScope{};
    const StillWanted still_wanted = [&scope]() -> Status {
        if (auto reason = scope.cancelled()) return fail(std::move(*reason));
        return {};
    };
    std::function<Result<http::Response>()> work = [&]() -> Result<http::Response> {
        DIGITS_ASSIGN(const auto archive, ModelArchive::create(wanted));
        return pack(archive, still_wanted, context);
    };
    co_return co_await http::run_slowly(std::move(work));
}

}  // namespace

http::Async<Result<http::Response>> archive_response(const Job& job, const SnapshotEntry& snapshot,
                                                     ArchiveFormat format, const Context& context) {
    ArchiveRequest wanted;
    wanted.model_dir = context.jobs.job_dir(job.id);
    DIGITS_CO_ASSIGN(const auto* framework, framework_of(job));
    wanted.parts = framework->archive_parts(wanted.model_dir);
    DIGITS_CO_ASSIGN(wanted.snapshots, framework->snapshots(wanted.model_dir));
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
    co_return co_await send(std::move(wanted), context);
}

http::Async<Result<http::Response>> pretrained_archive_response(const Job& job, const Context& context) {
    PretrainedArchiveRequest wanted;
    wanted.dir = context.jobs.job_dir(job.id);
    DIGITS_CO_ASSIGN(const auto* framework, get_framework(kDefaultFramework));
    wanted.framework = framework->archive_parts(wanted.dir).info;
    wanted.job_id = job.id;
    wanted.name = job.name;
    wanted.created = digits_time(job.created);
    wanted.username = job.owner;
    co_return co_await send(std::move(wanted), context);
}

}  // namespace digits::api
