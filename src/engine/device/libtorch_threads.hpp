#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "kernels/threads.hpp"

namespace digits {

/// The threads of libtorch, for kernels.
class LibtorchThreads final : public Threads {
  public:
    std::int64_t count() const override { return at::get_num_threads(); }
    void parallel_for(std::int64_t size, std::int64_t grain,
                      const std::function<void(std::int64_t, std::int64_t)>& body) const override {
        at::parallel_for(0, size, grain, body);
    }
};
inline const LibtorchThreads libtorch_threads;

/// A kernel's workspace, of as many floats as its workspace function says.
inline at::Tensor make_workspace(std::int64_t floats) { return at::empty({floats}, at::kFloat); }

}  // namespace digits
