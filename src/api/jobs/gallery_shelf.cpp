#include "api/jobs/gallery_shelf.hpp"

#include "api/jobs/dataset_result.hpp"

namespace digits::api {

Result<Gallery> GalleryShelf::open(const Job& job, const std::string& split, const JobManager& jobs) {
    const auto facts = find_dataset_facts(job);
    if (!facts)
        return fail(ErrorCode::kFailedPrecondition, "{} is in state {}; its images are there when it is done", job.id,
                    enum_name(job.state));
    const auto* found = facts->find_split(split);
    if (!found) return fail(make_error(ErrorCode::kNotFound, "{} has no split \"{}\"", job.id, split).at("?split"));
    if (facts->storage.backend != DatasetBackend::kLmdb)
        return fail(make_error(ErrorCode::kUnsupported, "only images in LMDB can be shown, not those in HDF5")
                        .advise("Make the dataset again with LMDB"));
    return Gallery::open(jobs.job_dir(job.id), split, found->db, found->list);
}

}  // namespace digits::api
