#pragma once

#include <array>
#include <filesystem>
#include <ostream>

#include "base/precision.hpp"
#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/net/blob.hpp"

namespace digits {

struct BenchOptions {
    std::filesystem::path net;  ///< a network with Data or Input layers; they are replaced by random images
    std::int64_t batch = 64;
    std::array<std::int64_t, 3> shape{};  ///< channels, height, width
    std::int64_t classes = 10;
    int threads = 0;
    Device device;
    double seconds = 5;
    Precision precision = Precision::kFp32;
    bool generic_kernels = false;
    bool profile = false;  ///< also the time of each layer
};

/// The training layers of a network, with Input layers in place of those that read data.
Result<caffe::NetParameter> bench_net(const BenchOptions& options);

/// Trains on random images for a while; prints images/s, FLOP/s and the GEMM rate of the machine,
/// memory and, last, one line of JSON.
Status bench(const BenchOptions& options, std::ostream& out);

}  // namespace digits
