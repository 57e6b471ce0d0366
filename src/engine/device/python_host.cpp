#include "engine/device/python_host.hpp"

#include <dlfcn.h>

#include <atomic>
#include <filesystem>

namespace digits {
namespace {

constexpr const char* kLibrary = "libdigits-python.so";

std::atomic<bool> g_allowed{false};

Result<PythonRuntime*> load() {
    std::error_code ignored;
    const auto beside = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / kLibrary;
    const auto path = std::filesystem::exists(beside, ignored) ? beside.string() : std::string(kLibrary);
    // Modules such as numpy's resolve Python's functions globally, so its symbols must be global.
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    void* function = library ? dlsym(library, kPythonRuntimeFunction) : nullptr;
    if (!function)
        return fail(make_error(ErrorCode::kFailedPrecondition, "Python layers need {}, which cannot be loaded: {}",
                               kLibrary, dlerror())
                        .advise("It belongs beside digits-worker, and needs Python's library (Debian: libpython3.11)"));
    return reinterpret_cast<PythonRuntimeFunction>(function)();
}

}  // namespace

void allow_python_layers() { g_allowed = true; }

Result<PythonRuntime*> python_runtime() {
    if (!g_allowed) return fail(python_layers_not_allowed());
    static const Result<PythonRuntime*> loaded = load();
    if (!loaded) return fail(loaded.error());
    DIGITS_TRY((*loaded)->start());
    return *loaded;
}

}  // namespace digits
