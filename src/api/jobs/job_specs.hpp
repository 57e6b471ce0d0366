#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "api/context.hpp"
#include "api/jobs/starting_point.hpp"
#include "data/dataset_spec.hpp"
#include "http/async.hpp"
#include "models/model_spec.hpp"
#include "models/prepare.hpp"

namespace digits::api {

/// What a worker may read: the roots, and the server's own jobs and uploads; empty: everything.
std::vector<std::string> allowed_roots(const ApiServerOptions& options);

/// A valid spec whose sources are there. Errors: kInvalidArgument or kPermissionDenied with the path below /spec.
http::Async<Result<DatasetSpec>> checked_dataset_spec(const nlohmann::json& spec, const Context& context);

/// A valid spec, with what it takes from other jobs. Errors as above. `start`: may be null.
http::Async<Result<ModelSpec>> checked_model_spec(const nlohmann::json& spec, const Context& context,
                                                  StartingPoint* start = nullptr);

/// The server reads a network's text once, for `check`, and asks a worker once.
struct CheckedModel {
    ModelCheck check;
    JsonPtr networks;  ///< the worker's answer to describe_question(); null: it was not asked or had none
};

/// What is wrong with a model before it is trained, also by what this server allows. A worker builds each of its
/// networks as a training would; where it cannot, a warning says so.
http::Async<Result<CheckedModel>> check_model_here(const ModelSpec& spec, const Context& context);

/// The question to a worker what a model's networks would be. An unfinished dataset is told by its spec.
nlohmann::json describe_question(const ModelSpec& spec, const Context& context);

/// A request, without name, to evaluate what the spec says. A snapshot that is there is settled now; where the training
/// has none yet, the job waits for its end. Errors as above, and kFailedPrecondition.
http::Async<Result<JobRequest>> evaluation_job(const nlohmann::json& spec, const Context& context);

/// Requests for jobs of these specs, without name.
JobRequest dataset_job(const DatasetSpec& spec);
/// A training that cannot work is refused at once: kInvalidArgument, with the place in the network; so is one that this
/// machine has no room for (check_resources).
http::Async<Result<JobRequest>> model_job(const ModelSpec& spec, const Context& context);

}  // namespace digits::api
