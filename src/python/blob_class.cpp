#include "python/blob_class.hpp"

namespace digits {
namespace {

namespace py = pybind11;

std::vector<std::int64_t> dims_of(const py::args& args) {
    std::vector<std::int64_t> dims;
    for (const auto& arg : args) {
        // Also numpy's integers, and Python's own words for what is none.
        const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(arg.ptr()));
        if (!index) throw py::error_already_set();
        dims.push_back(index.cast<std::int64_t>());
        if (dims.back() < 0) throw py::value_error(fmt::format("a dim must not be negative; got {}", dims.back()));
    }
    return dims;
}

void raise_if_failed(const Status& status) {
    if (!status) throw py::value_error(status.error().message);
}

py::tuple shape_tuple(const PythonBlob& blob) {
    const auto shape = blob.shape();
    py::tuple tuple(shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i) tuple[i] = shape[i];
    return tuple;
}

std::int64_t count(const PythonBlob& blob) {
    std::int64_t product = 1;
    for (const auto dim : blob.shape()) product *= dim;
    return product;
}

/// Caffe's num, channels, height and width: the first four axes, of which missing ones are 1.
auto legacy_dim(std::size_t axis) {
    return [axis](const PythonBlob& blob) {
        const auto shape = blob.shape();
        return axis < shape.size() ? shape[axis] : 1;
    };
}

py::buffer_info buffer_of(const PythonArray& array) {
    const py::ssize_t size = array.is_double ? sizeof(double) : sizeof(float);
    const std::vector<py::ssize_t> shape(array.shape.begin(), array.shape.end());
    std::vector<py::ssize_t> strides(shape.size());
    py::ssize_t stride = size;
    for (std::size_t axis = shape.size(); axis-- > 0; stride *= shape[axis]) strides[axis] = stride;
    return py::buffer_info(array.data, size, array.is_double ? "d" : "f", static_cast<py::ssize_t>(shape.size()), shape,
                           strides);
}

/// A numpy array over the memory; it keeps the memory alive.
py::object numpy_array(PythonArray array) {
    return py::module_::import("numpy").attr("asarray")(py::cast(std::move(array)));
}

/// `self.blobs`: looks at the layer again each time, since test nets take over the blobs of the training net.
struct BlobList {
    PythonParameters* parameters;

    std::shared_ptr<PythonBlob> at(std::int64_t index) const {
        const auto size = static_cast<std::int64_t>(parameters->parameter_count());
        const auto place = index < 0 ? index + size : index;
        if (place < 0 || place >= size)
            throw py::index_error(
                fmt::format("there is no blob {}: the layer has {} (self.blobs.add_blob(...) in setup)", index, size));
        return parameters->get_parameter(static_cast<std::size_t>(place));
    }
};

}  // namespace

void add_blob_classes(py::module_& module) {
    py::class_<PythonArray>(module, "Memory", py::buffer_protocol()).def_buffer(&buffer_of);
    py::class_<PythonBlob, std::shared_ptr<PythonBlob>>(module, "Blob")
        .def_property_readonly("data", [](PythonBlob& blob) { return numpy_array(blob.data()); })
        .def_property_readonly("diff", [](PythonBlob& blob) { return numpy_array(blob.diff()); })
        .def_property_readonly("shape", &shape_tuple)
        .def_property_readonly("count", &count)
        .def_property_readonly("num", legacy_dim(0))
        .def_property_readonly("channels", legacy_dim(1))
        .def_property_readonly("height", legacy_dim(2))
        .def_property_readonly("width", legacy_dim(3))
        .def("reshape", [](PythonBlob& blob, const py::args& dims) { raise_if_failed(blob.reshape(dims_of(dims))); });
    py::class_<BlobList>(module, "BlobVec")
        .def("__len__", [](const BlobList& list) { return list.parameters->parameter_count(); })
        .def("__getitem__", &BlobList::at)
        .def("add_blob", [](const BlobList& list, const py::args& dims) {
            raise_if_failed(list.parameters->add_parameter(dims_of(dims)));
        });
}

py::object blobs_object(PythonParameters& parameters) { return py::cast(BlobList{&parameters}); }

}  // namespace digits
