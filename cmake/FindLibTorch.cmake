# Finds libtorch as the `torch` wheel installs it, or in a folder given by -DLIBTORCH_ROOT, and defines the target LibTorch::LibTorch.
#
# The package configuration that the wheel brings is not used: it asks for a CUDA toolkit when the wheel was built with one. The headers
# come last (-idirafter), since the wheel carries its own copies of protobuf's and fmt's.
#
#   LIBTORCH_ROOT          folder with include/ and lib/ (default: the torch of the project's Python environment)
#   LibTorch_FOUND, LibTorch_CUDA, LibTorch_VERSION
if(NOT LIBTORCH_ROOT)
    file(GLOB _candidates ${DIGITS_DEPS}/venv/lib/python3*/site-packages/torch)
    find_path(LIBTORCH_ROOT NAMES include/ATen/ATen.h HINTS ${_candidates} NO_DEFAULT_PATH)
endif()

include(FindPackageHandleStandardArgs)
find_library(LibTorch_CPU_LIBRARY torch_cpu HINTS ${LIBTORCH_ROOT}/lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 HINTS ${LIBTORCH_ROOT}/lib NO_DEFAULT_PATH)
find_library(LibTorch_CUDA_LIBRARY torch_cuda HINTS ${LIBTORCH_ROOT}/lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_CUDA_LIBRARY c10_cuda HINTS ${LIBTORCH_ROOT}/lib NO_DEFAULT_PATH)
if(LIBTORCH_ROOT AND EXISTS ${LIBTORCH_ROOT}/version.py)
    file(STRINGS ${LIBTORCH_ROOT}/version.py _version REGEX "^__version__")
    string(REGEX REPLACE ".*'(.*)'.*" "\\1" LibTorch_VERSION "${_version}")
endif()
find_package_handle_standard_args(LibTorch
    REQUIRED_VARS LIBTORCH_ROOT LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY
    VERSION_VAR LibTorch_VERSION
    FAIL_MESSAGE "libtorch was not found: run scripts/setup, or give -DLIBTORCH_ROOT=<folder with include/ and lib/>")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
    add_library(LibTorch::LibTorch INTERFACE IMPORTED)
    target_compile_options(LibTorch::LibTorch INTERFACE
        "SHELL:-idirafter ${LIBTORCH_ROOT}/include" "SHELL:-idirafter ${LIBTORCH_ROOT}/include/torch/csrc/api/include")
    # Without OpenMP at::parallel_for is a plain loop in whatever includes it. The library brings its own libgomp.so.1.
    target_compile_options(LibTorch::LibTorch INTERFACE -fopenmp)
    target_link_options(LibTorch::LibTorch INTERFACE -fopenmp)
    set(LibTorch_CUDA FALSE)
    target_link_options(LibTorch::LibTorch INTERFACE "-Wl,-rpath,${LIBTORCH_ROOT}/lib")
    target_link_libraries(LibTorch::LibTorch INTERFACE ${LibTorch_CPU_LIBRARY} ${LibTorch_C10_LIBRARY})
    if(LibTorch_CUDA_LIBRARY AND LibTorch_C10_CUDA_LIBRARY)
        set(LibTorch_CUDA TRUE)
        # CUDA's own libraries lie beside the wheel, where the loader finds them and the linker does not look.
        target_link_options(LibTorch::LibTorch INTERFACE -Wl,--allow-shlib-undefined)
        # Nothing refers to these two by name, and without them no CUDA kernel is ever registered.
        target_link_libraries(LibTorch::LibTorch INTERFACE
            -Wl,--no-as-needed ${LibTorch_CUDA_LIBRARY} ${LibTorch_C10_CUDA_LIBRARY} -Wl,--as-needed)
    endif()
endif()
