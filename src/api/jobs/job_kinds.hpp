#pragma once

#include <string>
#include <vector>

#include "api/server.hpp"
#include "base/grant.hpp"
#include "jobs/job_kind.hpp"
#include "jobs/manager.hpp"

namespace digits::api {

/// The kinds of job that the server runs; docs/jobs.md says how to add one.
std::vector<JobKind> job_kinds(const ApiServerOptions& options);

/// What every worker may do and read.
Grant common_grant(const ApiServerOptions& options);

/// The inference servers that a publication may be sent to: the one that the server was started with (`named`),
/// wherever it is; any other by the rules for fetching.
FetchGrant inference_server_grant(const std::string& server, const std::string& named, const FetchGrant& common);

/// What may run at the same time, by the pools of the kinds.
JobResources job_resources(const ApiServerOptions& options);

/// The command by which a training is asked for a snapshot.
inline constexpr const char* kSnapshotCommand = "snapshot";
/// The event of a job that a training's snapshot is: `iteration`, `epoch`, and the files `weights` and `state`.
inline constexpr const char* kSnapshotEvent = "snapshot";

}  // namespace digits::api
