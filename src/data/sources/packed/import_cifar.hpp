#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "base/task_context.hpp"

namespace digits {

/// CIFAR-10 or CIFAR-100 from its "binary version" (a `.tar.gz` or an unpacked `.tar`), as DIGITS's download tool lays
/// it out. CIFAR-10: `<out>/{train,test}/<label>/<index>.png`. CIFAR-100: `<out>/fine/…` and, by relative links into
/// it,
/// `<out>/coarse/<phase>/<superclass>/<label>`. Which of the two it is, is seen from the members. Errors: kNotFound,
/// kDataLoss, kCancelled.
Status import_cifar(const std::filesystem::path& archive, const std::filesystem::path& out_dir, TaskContext& context);

}  // namespace digits
