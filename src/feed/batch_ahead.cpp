#include "feed/batch_ahead.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace digits {

BatchAhead::BatchAhead(Make make, std::uint64_t first_batch) : make_(std::move(make)), number_(first_batch) { start(); }

void BatchAhead::start() {
    coming_ = std::async(std::launch::async, [this, number = number_++] { return make_(number); });
}

Result<FeedBatch> BatchAhead::next() {
    const auto begin = std::chrono::steady_clock::now();
    auto made = coming_.get();
    waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    start();
    DIGITS_ASSIGN(current_, std::move(made));
    return FeedBatch{current_.data.data(), current_.labels.data(), current_.shape};
}

Status for_each_item(int count, int threads, const std::function<Status(int)>& work) {
    const int wanted = threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    std::vector<Status> results(static_cast<std::size_t>(count));
    std::atomic<int> given = 0;
    const auto run = [&] {
        for (int i = given++; i < count; i = given++) results[static_cast<std::size_t>(i)] = work(i);
    };
    std::vector<std::thread> helpers;
    for (int i = 1; i < std::min(wanted, count); ++i) helpers.emplace_back(run);
    run();
    for (auto& helper : helpers) helper.join();
    for (auto& result : results)
        if (!result) return std::move(result);
    return {};
}

}  // namespace digits
