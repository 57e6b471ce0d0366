#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace digits {

/// Calls `use(part, begin, end)` with `count` in as many even parts as there are threads, side by side.
template <class Use>
void parallel_parts(std::int64_t count, const Use& use) {
    const std::int64_t threads = at::get_num_threads(), part = (count + threads - 1) / threads;
    at::parallel_for(0, threads, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) use(i, std::min(count, i * part), std::min(count, (i + 1) * part));
    });
}

}  // namespace digits
