#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace digits {

/// `work(i)` for i = 0 to count-1, `block` of them at a time a thread; 0 threads: all cores. What `work` throws leaves
/// from here after the threads have ended.
template <class Work>
void parallel_for(std::size_t count, int threads, std::size_t block, const Work& work) {
    const std::size_t blocks = (count + block - 1) / block;
    const auto cores =
        threads > 0 ? static_cast<std::size_t>(threads) : std::max<std::size_t>(1, std::thread::hardware_concurrency());
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr thrown;
    const auto run = [&] {
        try {
            for (std::size_t at = next++; at < blocks; at = next++)
                for (std::size_t i = at * block; i < std::min(count, (at + 1) * block); ++i) work(i);
        } catch (...) {
            const std::lock_guard lock(mutex);
            thrown = std::current_exception();
            next = blocks;
        }
    };
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < std::min(cores, blocks); ++i) others.emplace_back(run);
    run();
    for (auto& other : others) other.join();
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace digits
