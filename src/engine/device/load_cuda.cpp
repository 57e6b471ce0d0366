#include "engine/device/load_cuda.hpp"

#include <dlfcn.h>

namespace digits {

void load_cuda() { (void)dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL); }

}  // namespace digits
