#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "api/context.hpp"
#include "http/async.hpp"
#include "http/message.hpp"
#include "models/archive.hpp"
#include "models/snapshots.hpp"

namespace digits::api {

/// A trained model as a file to save.
http::Async<Result<http::Response>> archive_response(const Job& job, const SnapshotEntry& snapshot,
                                                     ArchiveFormat format, const Context& context);

/// A trained model as an uncompressed archive, as inference servers of DIGITS take it. `more_info`: further members of
/// its info.json.
http::Async<Result<std::shared_ptr<http::TemporaryFile>>> archive_file(const Job& job, const SnapshotEntry& snapshot,
                                                                       nlohmann::json more_info,
                                                                       const Context& context);

/// A pretrained model as a file to save, which can be uploaded again.
http::Async<Result<http::Response>> pretrained_archive_response(const Job& job, const Context& context);

}  // namespace digits::api
