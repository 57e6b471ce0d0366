#include "jobs/job_kind.hpp"

#include "jobs/store.hpp"

namespace digits {

Result<Job> JobReader::get(std::string_view id) const {
    DIGITS_ASSIGN(auto stored, store_.find(id));
    if (!stored) return fail(ErrorCode::kNotFound, "there is no job {}", id);
    return std::move(stored->job);
}

Result<std::vector<MetricSeries>> JobReader::metrics(std::string_view id, const MetricsQuery& query) const {
    return store_.metrics(id, query);
}

}  // namespace digits
