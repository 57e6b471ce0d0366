#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "base/task_context.hpp"

namespace digits {

/// MNIST's four IDX files (train-images-idx3-ubyte …; also with `.gz`) to `<out>/train` and `<out>/test` as DIGITS's
/// download tool lays them out: `<label>/<index>.png`, dark digits on white. Errors: kNotFound for a missing file,
/// kDataLoss for a damaged one, kCancelled.
Status import_mnist(const std::filesystem::path& idx_dir, const std::filesystem::path& out_dir, TaskContext& context);

}  // namespace digits
