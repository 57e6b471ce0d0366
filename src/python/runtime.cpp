#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <mutex>
#include <optional>

#include "python/blob_class.hpp"
#include "python/interpreter.hpp"

namespace digits {
namespace {

namespace py = pybind11;

py::object loader(const char* function) { return py::module_::import("digits_layer_loader").attr(function); }

ErrorCode code_of(const py::error_already_set& error) {
    if (error.matches(loader("LayerFault"))) return ErrorCode::kNotFound;
    return error.matches(PyExc_MemoryError) ? ErrorCode::kResourceExhausted : ErrorCode::kInvalidArgument;
}

/// Runs `work` with Python's lock; what it raises becomes an error in words.
template <class Work>
Status in_python(const std::string& doing, Work&& work) {
    const py::gil_scoped_acquire lock;
    try {
        try {
            work();
            return {};
        } catch (py::error_already_set& error) {
            const auto code = code_of(error);
            if (error.trace()) error.value().attr("with_traceback")(error.trace());
            return fail(Error{code, loader("describe")(error.value(), doing).cast<std::string>(), {}, {}});
        }
    } catch (const std::exception& error) {
        return fail(Error{ErrorCode::kInvalidArgument, doing + ": " + error.what(), {}, {}});
    }
}

class UserLayer final : public PythonLayer {
  public:
    UserLayer(py::object object, std::string name) : object_(std::move(object)), name_(std::move(name)) {}
    ~UserLayer() override {
        const py::gil_scoped_acquire lock;
        // Other holders of the object can no longer reach the layer's blobs through it.
        py::setattr(object_, "blobs", py::tuple());
        object_ = py::object();
    }

    Status set_up(std::uint64_t seed, const PythonBlobs& bottom, const PythonBlobs& top) override {
        return call("setup", [&](const py::object& setup) {
            loader("seed")(seed);
            setup(py::tuple(py::cast(bottom)), py::tuple(py::cast(top)));
        });
    }
    Status reshape(const PythonBlobs& bottom, const PythonBlobs& top) override {
        return call("reshape",
                    [&](const py::object& reshape) { reshape(py::tuple(py::cast(bottom)), py::tuple(py::cast(top))); });
    }
    Status forward(std::uint64_t seed, const PythonBlobs& bottom, const PythonBlobs& top) override {
        return call("forward", [&](const py::object& forward) {
            loader("seed")(seed);
            forward(py::tuple(py::cast(bottom)), py::tuple(py::cast(top)));
        });
    }
    Status backward(const PythonBlobs& top, const std::vector<bool>& propagate_down,
                    const PythonBlobs& bottom) override {
        return call("backward", [&](const py::object& backward) {
            backward(py::tuple(py::cast(top)), py::cast(propagate_down), py::tuple(py::cast(bottom)));
        });
    }

  private:
    template <class Work>
    Status call(const char* method, Work&& work) {
        return in_python(name_ + "." + method, [&] { work(object_.attr(method)); });
    }

    py::object object_;
    std::string name_;
};

class Runtime final : public PythonRuntime {
  public:
    Status start() override {
        const std::lock_guard lock(mutex_);
        if (!started_) started_ = start_interpreter();
        return *started_;
    }

    Result<std::unique_ptr<PythonLayer>> create(const PythonLayerSpec& spec, PythonParameters& parameters) override {
        std::unique_ptr<PythonLayer> layer;
        DIGITS_TRY(in_python("loading " + spec.module, [&] {
            py::object object = loader("create")(spec.module, spec.layer, spec.folder);
            object.attr("phase") = spec.phase;
            object.attr("param_str") = spec.param_str;
            object.attr("blobs") = blobs_object(parameters);
            layer = std::make_unique<UserLayer>(std::move(object), spec.layer);
        }));
        return layer;
    }

  private:
    std::mutex mutex_;
    std::optional<Status> started_;
};

}  // namespace
}  // namespace digits

/// Never destroyed, as the interpreter is never ended.
extern "C" __attribute__((visibility("default"))) digits::PythonRuntime* digits_python_runtime() {
    static auto* runtime = new digits::Runtime;
    return runtime;
}
