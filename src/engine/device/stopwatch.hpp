#pragma once

#include <chrono>

#include "engine/device/device.hpp"

namespace digits {

/// Adds its lifetime to a sum, if there is one; waits for the GPU work started in it.
class Stopwatch {
  public:
    explicit Stopwatch(double* sum, const Device& device = {})
        : sum_(sum), device_(device), start_(std::chrono::steady_clock::now()) {}
    ~Stopwatch() {
        if (!sum_) return;
        wait_for(device_);
        *sum_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

  private:
    double* sum_;
    const Device device_;
    std::chrono::steady_clock::time_point start_;
};

}  // namespace digits
