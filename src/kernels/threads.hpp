#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>

namespace digits {

/// The threads that a kernel may use. The engine passes those of libtorch, tests a loop.
class Threads {
  public:
    virtual ~Threads() = default;
    virtual std::int64_t count() const = 0;
    /// Calls body(begin, end) with ranges that partition [0, size), each of `grain` or more (the last may be smaller),
    /// in up to count() threads at a time.
    virtual void parallel_for(std::int64_t size, std::int64_t grain,
                              const std::function<void(std::int64_t, std::int64_t)>& body) const = 0;
};

/// Calls use(part, begin, end) with [0, size) in threads.count() even parts, empty ones included. Parts that run at the
/// same time differ in their number, so `part` selects a workspace.
template <class Use>
void parallel_parts(const Threads& threads, std::int64_t size, const Use& use) {
    const std::int64_t parts = threads.count(), part = (size + parts - 1) / parts;
    threads.parallel_for(parts, 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) use(i, std::min(size, i * part), std::min(size, (i + 1) * part));
    });
}

/// Workspaces are in floats and made of parts that are multiples of this, so that all begin at a cache line.
inline constexpr std::int64_t kWorkspaceUnit = 16;
constexpr std::int64_t workspace_part(std::int64_t floats) {
    return (floats + kWorkspaceUnit - 1) / kWorkspaceUnit * kWorkspaceUnit;
}

/// sums[i] += the sums of all other parts, which are `stride` floats apart.
inline void reduce_parts(const Threads& threads, float* sums, std::int64_t size, std::int64_t parts,
                         std::int64_t stride) {
    threads.parallel_for(parts > 1 ? size : 0, std::int64_t{1} << 14, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t part = 1; part < parts; ++part)
            for (std::int64_t i = begin; i < end; ++i) sums[i] += sums[part * stride + i];
    });
}

}  // namespace digits
