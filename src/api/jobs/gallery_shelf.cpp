#include "api/jobs/gallery_shelf.hpp"

#include <nlohmann/json.hpp>

namespace digits::api {

using nlohmann::json;

Result<Gallery> GalleryShelf::open(const Job& job, const std::string& split, const JobManager& jobs) {
    if (!job.result)
        return fail(ErrorCode::kFailedPrecondition, "{} is in state {}; its pictures are there when it is done", job.id,
                    enum_name(job.state));
    const auto& splits = job.result->value("splits", json::object());
    if (!splits.contains(split))
        return fail(make_error(ErrorCode::kNotFound, "{} has no split \"{}\"", job.id, split).at("?split"));
    if (job.result->value("/storage/backend"_json_pointer, "lmdb") != "lmdb")
        return fail(make_error(ErrorCode::kUnsupported, "only pictures in LMDB can be shown, not those in HDF5")
                        .advise("Make the dataset again with LMDB"));
    return Gallery::open(jobs.job_dir(job.id), split, splits[split].value("db", split + "_db"),
                         splits[split].value("list", split + ".txt"));
}

}  // namespace digits::api
