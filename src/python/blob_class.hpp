#pragma once

#include <pybind11/pybind11.h>

#include "base/python_interface.hpp"

namespace digits {

/// Adds the classes of blobs and lists of learnable blobs to the module.
void add_blob_classes(pybind11::module_& module);

pybind11::object blobs_object(PythonParameters& parameters);

}  // namespace digits
