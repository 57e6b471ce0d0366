#include "engine/memory.hpp"

#include <malloc.h>

#include <limits>

#include "engine/net.hpp"

namespace digits {

void keep_freed_memory() {
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 64 << 20);
}

std::int64_t estimate_memory(const Net& net) {
    std::int64_t values = 0;
    for (const auto& name : net.blob_names()) values += 2 * net.find_blob(name)->count();
    for (const auto& parameter : net.learnable_parameters()) values += 3 * parameter.blob->count();
    return values * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace digits
