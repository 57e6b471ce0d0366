// The bytes of weights and of a solver's state in HDF5.

#include "caffe/weights_hdf5.hpp"
#include "fuzz.hpp"

// The library of HDF5 itself leaks when a file is damaged, and asks for more memory than there is: it is refused, and
// the library says so. What is read here are files of one worker, which ends.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    static const fuzz::Folder folder;
    const auto file = folder.write("net.caffemodel.h5", fuzz::text_of(data, size));
    fuzz::require_sentence(read_hdf5_weights(file));
    fuzz::require_sentence(read_hdf5_solver_state(file));
    return 0;
}
