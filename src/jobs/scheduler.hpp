#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/grant.hpp"
#include "base/result.hpp"
#include "jobs/job_kind.hpp"

namespace digits {

/// What there is to run jobs with.
struct JobResources {
    std::map<std::string, int>
        slots;  ///< of each pool, how many jobs may run at the same time; 1 where it is not named
    std::vector<std::string> devices;  ///< as CUDA_VISIBLE_DEVICES names them

    /// Whether a job may ask for it (Scheduler::place). Errors: kInvalidArgument, saying what there is.
    Status check_device(std::string_view wanted) const;
};

/// Slots for jobs of a kind: how many there are, and how many are in use.
struct Slots {
    int total = 0;
    int used = 0;
};

/// Gives slots and devices to jobs, and keeps which job holds which.
///
/// Not thread-safe: the manager calls it with its lock held.
class Scheduler {
  public:
    explicit Scheduler(JobResources resources) : resources_(std::move(resources)) {}

    struct Decision {
        std::optional<Placement> placement;
        std::string wait_reason;  ///< where there is no placement: "waiting for a free GPU"
    };
    /// A slot of the kind's pool and the devices that the kind uses, held until `release`; or what is missing.
    /// `wanted`: "cpu", "cuda:N" (counted from 0 in `devices`), or empty for whatever is free; of kinds that have a
    /// device of their own.
    Decision place(const std::string& job_id, const JobKind& kind, std::string_view wanted = {});
    /// For a job that runs already: it may hold more than there is.
    void hold(const std::string& job_id, const JobKind& kind, const Placement& placement);
    void release(std::string_view job_id);

    Slots slots(const JobKind& kind) const;
    const JobResources& resources() const { return resources_; }

  private:
    struct Holding {
        std::string pool;
        Placement placement;
    };
    bool has_own_device(const JobKind& kind) const {
        return kind.devices == DeviceUse::kOwn && !resources_.devices.empty();
    }

    Decision place_on_cpu(const std::string& job_id, const JobKind& kind);

    const JobResources resources_;
    std::map<std::string, Holding, std::less<>> holdings_;
};

/// Jobs that wait, in the order in which they are to start.
void sort_queue(std::vector<const Job*>& waiting);

}  // namespace digits
