#pragma once

#include <array>
#include <filesystem>
#include <ostream>

#include "base/result.hpp"

namespace digits {

struct BenchOptions {
    std::filesystem::path net;  ///< a network with Data or Input layers; they are replaced by random pictures
    std::int64_t batch = 64;
    std::array<std::int64_t, 3> shape{};  ///< channels, height, width
    std::int64_t classes = 10;
    int threads = 0;
    double seconds = 5;
    bool generic_kernels = false;
    bool profile = false;  ///< also the time of each layer
};

/// Trains on random pictures for a while; prints images/s and, last, one line of JSON.
Status bench(const BenchOptions& options, std::ostream& out);

}  // namespace digits
