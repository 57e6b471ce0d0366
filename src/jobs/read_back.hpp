#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "jobs/job_kind.hpp"
#include "jobs/store.hpp"

namespace digits {

/// Fills a store that has no jobs from the folders of a data folder: `job.json` and, for curves, the event log
/// of each. Folders that cannot be read are told in our log and left alone.
Status read_back_jobs(const std::filesystem::path& jobs_dir, JobStore& store, const JobKinds& kinds);

}  // namespace digits
