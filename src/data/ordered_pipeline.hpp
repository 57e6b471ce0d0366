#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/result.hpp"

namespace digits {

struct PipelineSize {
    int threads = 1;
    std::uint64_t block = 16;  ///< items that a thread takes at once
    std::uint64_t blocks_ahead =
        16;  ///< blocks that may be begun before the first of them is consumed: bounds the memory
};

/// All cores when `threads` is 0.
inline int thread_count(int threads) {
    return threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

/// `make(thread, i)` for i = 0 to count-1 on several threads, `consume(i, product)` for each in order on this one.
/// Stops at the first error of `consume`; what either throws leaves from here, after the threads have ended.
template <class Product, class Make, class Consume>
Status run_ordered(std::uint64_t count, const PipelineSize& size, const Make& make, const Consume& consume) {
    struct Block {
        std::vector<Product> products;
        bool ready = false;
    };
    const std::uint64_t block_count = (count + size.block - 1) / size.block;
    std::vector<Block> ring(std::min(size.blocks_ahead, std::max<std::uint64_t>(block_count, 1)));
    std::mutex mutex;
    std::condition_variable place_free;
    std::condition_variable block_ready;
    std::uint64_t begun = 0;
    std::uint64_t consumed = 0;
    bool stop = false;
    std::exception_ptr thrown;

    const auto make_blocks = [&](int thread) {
        for (;;) {
            std::uint64_t number = 0;
            {
                std::unique_lock lock(mutex);
                place_free.wait(lock, [&] { return stop || begun == block_count || begun < consumed + ring.size(); });
                if (stop || begun == block_count) return;
                number = begun++;
            }
            auto& block = ring[number % ring.size()];
            const std::uint64_t first = number * size.block;
            const std::uint64_t last = std::min(first + size.block, count);
            for (std::uint64_t i = first; i < last; ++i) block.products.push_back(make(thread, i));
            {
                const std::lock_guard lock(mutex);
                block.ready = true;
            }
            block_ready.notify_one();
        }
    };
    const auto end = [&](std::exception_ptr why) {
        {
            const std::lock_guard lock(mutex);
            if (!thrown) thrown = std::move(why);
            stop = true;
        }
        place_free.notify_all();
        block_ready.notify_all();
    };
    const auto work = [&](int thread) {
        try {
            make_blocks(thread);
        } catch (...) {
            end(std::current_exception());
        }
    };
    struct Threads {
        ~Threads() {
            stop();
            for (auto& thread : running) thread.join();
        }
        std::function<void()> stop;
        std::vector<std::thread> running;
    };
    Threads threads{[&] { end({}); }, {}};
    const auto wanted = std::min(static_cast<std::uint64_t>(std::max(size.threads, 1)), block_count);
    for (std::uint64_t i = 0; i < wanted; ++i) threads.running.emplace_back(work, static_cast<int>(i));

    Status status;
    while (status && consumed < block_count) {
        auto& block = ring[consumed % ring.size()];
        {
            std::unique_lock lock(mutex);
            block_ready.wait(lock, [&] { return block.ready || thrown; });
            if (thrown) std::rethrow_exception(thrown);
        }
        for (std::uint64_t i = 0; status && i < block.products.size(); ++i)
            status = consume(consumed * size.block + i, std::move(block.products[i]));
        block.products.clear();
        {
            const std::lock_guard lock(mutex);
            block.ready = false;
            ++consumed;
        }
        place_free.notify_all();
    }
    return status;
}

}  // namespace digits
