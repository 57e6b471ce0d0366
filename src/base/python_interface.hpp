#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

// What the engine and libdigits-python.so share: the engine loads the library when a network has a Python layer, and
// neither side sees the other's headers (docs/adr/0007-python-in-a-library.md). Both are built together.
namespace digits {

/// What is said where a network has Python layers and may not.
inline Error python_layers_not_allowed() {
    return make_error(ErrorCode::kPermissionDenied, "Python layers are not allowed here: they may do anything")
        .advise(
            "Start digits serve (or digits-worker) with --allow-python-layers if you trust everybody who may make "
            "models");
}

/// Numbers in C order that stay where they are for as long as `owner` lives.
struct PythonArray {
    void* data = nullptr;
    bool is_double = false;  ///< else float
    std::vector<std::int64_t> shape;
    std::shared_ptr<void> owner;
};

/// A blob as user code sees it.
class PythonBlob {
  public:
    virtual ~PythonBlob() = default;
    virtual std::vector<std::int64_t> shape() const = 0;
    /// Errors: kInvalidArgument when this blob's shape is not the layer's to choose.
    virtual Status reshape(const std::vector<std::int64_t>& shape) = 0;
    virtual PythonArray data() = 0;
    virtual PythonArray diff() = 0;
};
using PythonBlobs = std::vector<std::shared_ptr<PythonBlob>>;

/// The learnable blobs of a layer.
class PythonParameters {
  public:
    virtual ~PythonParameters() = default;
    virtual std::size_t parameter_count() = 0;
    virtual std::shared_ptr<PythonBlob> get_parameter(std::size_t index) = 0;
    /// Adds one, filled with zeros. Errors: kInvalidArgument after set_up.
    virtual Status add_parameter(const std::vector<std::int64_t>& shape) = 0;
};

/// An object of the user's class. Errors of user code name class, method, exception, file and line.
class PythonLayer {
  public:
    virtual ~PythonLayer() = default;
    /// `seed` is what random numbers of `random` and `numpy.random` start from; as in forward.
    virtual Status set_up(std::uint64_t seed, const PythonBlobs& bottom, const PythonBlobs& top) = 0;
    virtual Status reshape(const PythonBlobs& bottom, const PythonBlobs& top) = 0;
    virtual Status forward(std::uint64_t seed, const PythonBlobs& bottom, const PythonBlobs& top) = 0;
    virtual Status backward(const PythonBlobs& top, const std::vector<bool>& propagate_down,
                            const PythonBlobs& bottom) = 0;
};

struct PythonLayerSpec {
    std::string module;
    std::string layer;  ///< the class
    std::string param_str;
    int phase = 0;       ///< 0: TRAIN, 1: TEST
    std::string folder;  ///< is searched for the module first; empty: none
};

/// The interpreter of this process. Any thread may call; one at a time runs user code.
class PythonRuntime {
  public:
    virtual ~PythonRuntime() = default;
    /// Starts Python at the first call; later ones return the same. Errors: kFailedPrecondition without a usable Python
    /// or without numpy.
    virtual Status start() = 0;
    /// `parameters` must outlive the layer. Errors: kNotFound for a module or class, kInvalidArgument when loading the
    /// module fails.
    virtual Result<std::unique_ptr<PythonLayer>> create(const PythonLayerSpec& spec, PythonParameters& parameters) = 0;
};

/// The one function that the library exports, under this name.
inline constexpr const char* kPythonRuntimeFunction = "digits_python_runtime";
using PythonRuntimeFunction = PythonRuntime* (*)();

}  // namespace digits
