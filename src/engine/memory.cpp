#include "engine/memory.hpp"

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <set>
#include <string>

#include "engine/block_cache.hpp"
#include "engine/net.hpp"

namespace digits {
namespace {

/// Values that a layer keeps beside its tops until its backward pass.
std::int64_t kept_values(const Layer& layer, const Blob& bottom, const Blob& top, bool in_place, bool training) {
    const std::string& type = layer.parameter().type();
    if (type == "LRN" || type == "SoftmaxWithLoss" || type == "InfogainLoss") return bottom.count();
    if (type == "Dropout") return training ? bottom.count() : 0;
    if (type == "Pooling")
        return layer.parameter().pooling_param().pool() == caffe::PoolingParameter::MAX ? top.count() : 0;
    // A product reads its bottom as rows; behind a convolution that is a copy.
    if (type == "InnerProduct") return bottom.axis_count() == 4 && bottom.count(2) > 1 ? bottom.count() : 0;
    // In place, these keep the values that they replace.
    if (type == "BatchNorm" || type == "Scale" || type == "PReLU") return in_place ? bottom.count() : 0;
    return 0;
}

std::int64_t status_bytes(const std::string& field) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == field) {
            std::int64_t kilobytes = 0;
            status >> kilobytes;
            return kilobytes * 1024;
        }
    return 0;
}

}  // namespace

void keep_freed_memory() {
    use_block_cache();
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 64 << 20);
}

std::int64_t estimate_memory(const Net& net) {
    const bool training = net.phase() == caffe::TRAIN;
    std::int64_t values = 0, largest_blob = 0, largest_weight = 0;
    std::set<std::string> with_gradient;
    for (const auto& layer : net.layers()) {
        const auto& parameter = layer->parameter();
        const bool views = parameter.type() == "Flatten" || parameter.type() == "Reshape";
        const bool shares = views || parameter.type() == "Split";
        bool gradient = training && !layer->blobs().empty();
        for (const auto& bottom : parameter.bottom()) gradient = gradient || with_gradient.contains(bottom);
        for (int i = 0; i < parameter.top_size(); ++i) {
            const Blob& top = *net.find_blob(parameter.top(i));
            const bool in_place = i < parameter.bottom_size() && parameter.bottom(i) == parameter.top(i);
            largest_blob = std::max(largest_blob, top.count());
            if (parameter.bottom_size() > 0)
                values += kept_values(*layer, *net.find_blob(parameter.bottom(0)), top, in_place, training);
            if (in_place) continue;
            if (!shares) values += top.count();
            if (!gradient) continue;
            with_gradient.insert(parameter.top(i));
            if (!views) values += top.count();
        }
        if (parameter.type() == "Convolution" || parameter.type() == "Deconvolution")
            largest_weight = std::max(largest_weight, layer->blobs()[0]->count());
    }
    for (const auto& parameter : net.learnable_parameters()) values += (training ? 3 : 1) * parameter.blob->count();
    // A blob is made anew while the old one is still there; a convolution's weights are laid out anew.
    values += largest_blob + 2 * largest_weight;
    return values * static_cast<std::int64_t>(sizeof(float));
}

std::int64_t resident_bytes() { return status_bytes("VmRSS:"); }
std::int64_t peak_resident_bytes() { return status_bytes("VmHWM:"); }

}  // namespace digits
