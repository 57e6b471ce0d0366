#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace digits {

/// Where a task runs and with what.
struct Placement {
    std::string host;                  ///< empty: the server's machine
    std::vector<std::string> devices;  ///< as CUDA_VISIBLE_DEVICES names them; empty: the CPU
    int ranks = 1;                     ///< processes that train together

    bool operator==(const Placement&) const = default;
};

struct TaskLimits {
    int idle_s = 300;   ///< a warm worker ends after this time without a request
    int memory_mb = 0;  ///< most memory for the worker's data; 0: no limit

    bool operator==(const TaskLimits&) const = default;
};

/// Whether and where a task may ask other machines.
struct FetchGrant {
    bool allowed = true;
    std::vector<std::string> private_hosts;  ///< as addresses name them: may be on this machine or in its own networks

    bool operator==(const FetchGrant&) const = default;
};

/// What the server adds to a user's spec when it starts a task. It travels beside the spec in task.json and never
/// enters it: a spec is stored, shown and cloned as the user wrote it. docs/formats/specs.md#grant.
struct Grant {
    std::string dataset_dir;         ///< folder of the dataset's job
    std::string model_dir;           ///< folder of the model's job
    std::string weights;             ///< a file in model_dir, or a path; empty: the newest snapshot
    std::vector<std::string> roots;  ///< folders that may be read; empty: all
    bool allow_python_layers = false;
    FetchGrant fetch;
    Placement placement;
    TaskLimits limits;

    bool operator==(const Grant&) const = default;
};

/// Takes out of a spec what servers before wrote into it: `roots`, `dataset_dir`, `model_dir`, and `weights` if it is a
/// file name (a model's own `weights` are a list).
Grant take_old_grant(nlohmann::json& spec);

/// Errors: kInvalidArgument with the JSON path in `where`.
Result<Grant> parse_grant(const nlohmann::json& json);
nlohmann::json to_json(const Grant& grant);

Result<Placement> parse_placement(const nlohmann::json& json);
nlohmann::json to_json(const Placement& placement);

}  // namespace digits
