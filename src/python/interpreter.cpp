#include "python/interpreter.hpp"

#include <pybind11/pybind11.h>

#include <cstdlib>
#include <filesystem>

#include "embedded_python.hpp"
#include "python/blob_class.hpp"

namespace digits {
namespace {

namespace py = pybind11;

Result<std::string> choose_executable() {
    const char* environment = std::getenv("VIRTUAL_ENV");
    if (!environment || !*environment) return DIGITS_PYTHON_EXECUTABLE;
    const auto path = std::filesystem::path(environment) / "bin" / "python3";
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored))
        return fail(make_error(ErrorCode::kFailedPrecondition, "VIRTUAL_ENV names {}, where there is no bin/python3",
                               environment)
                        .advise("Set it to an environment of Python " PY_VERSION ", or unset it"));
    return path.string();
}

Status initialize(const std::string& executable) {
    PyPreConfig before;
    PyPreConfig_InitPythonConfig(&before);
    before.utf8_mode = 1;
    before.configure_locale = before.coerce_c_locale = 0;
    PyStatus status = Py_PreInitialize(&before);
    PyConfig config;
    PyConfig_InitPythonConfig(&config);
    // The process hears signals itself: an abort is taken up when user code returns.
    config.install_signal_handlers = 0;
    config.configure_c_stdio = 0;
    config.parse_argv = 0;
    // Byte code is told from its source by the second; two texts may come faster.
    config.write_bytecode = 0;
    if (!PyStatus_Exception(status))
        status = PyConfig_SetBytesString(&config, &config.program_name, executable.c_str());
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (!PyStatus_Exception(status)) return {};
    return fail(make_error(ErrorCode::kFailedPrecondition, "Python " PY_VERSION " does not start: {}",
                           status.err_msg ? status.err_msg : "no reason given")
                    .advise("Install python3 with its standard library"));
}

void run_source(py::module_& module, std::string_view source, const char* file) {
    const auto code =
        py::reinterpret_steal<py::object>(Py_CompileString(std::string(source).c_str(), file, Py_file_input));
    if (!code) throw py::error_already_set();
    const auto names = module.attr("__dict__");
    names["__builtins__"] = py::module_::import("builtins");
    const auto result = py::reinterpret_steal<py::object>(PyEval_EvalCode(code.ptr(), names.ptr(), names.ptr()));
    if (!result) throw py::error_already_set();
}

py::module_ add_module(const char* name) {
    auto module = py::reinterpret_steal<py::module_>(PyModule_New(name));
    py::module_::import("sys").attr("modules")[name] = module;
    return module;
}

void add_modules() {
    auto caffe = add_module("caffe");
    add_blob_classes(caffe);
    run_source(caffe, kCaffeSource, "<digits: caffe>");
    auto loader = add_module("digits_layer_loader");
    run_source(loader, kLayerLoaderSource, "<digits: layer_loader>");
}

Status prepare(const std::string& executable) {
    try {
        // Standard output carries the worker's events.
        const auto sys = py::module_::import("sys");
        sys.attr("stdout") = sys.attr("stderr");
        py::module_::import("numpy");
    } catch (const std::exception& error) {
        return fail(
            make_error(ErrorCode::kFailedPrecondition,
                       "numpy, which Python layers need, cannot be imported by Python " PY_VERSION " ({}): {}",
                       executable, error.what())
                .advise("Install it (Debian: python3-numpy), or set VIRTUAL_ENV to an environment that has it"));
    }
    try {
        add_modules();
        return {};
    } catch (const std::exception& error) {
        return fail(ErrorCode::kInternal, "the Python side of Digits does not start: {}", error.what());
    }
}

}  // namespace

Status start_interpreter() {
    DIGITS_ASSIGN(const auto executable, choose_executable());
    DIGITS_TRY(initialize(executable));
    const Status status = prepare(executable);
    PyEval_SaveThread();
    return status;
}

}  // namespace digits
