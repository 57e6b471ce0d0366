#include "base/heap.hpp"

#include <limits>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace digits {

void keep_freed_pages() {
#ifdef __GLIBC__
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace digits
