#pragma once

// The fields of ImageSpec and StorageSpec, which specs and facts of datasets share. For .cpp files only.

#include "base/json_binding.hpp"
#include "data/dataset_spec.hpp"

namespace digits {

template <>
struct JsonBinding<ImageSpec> {
    static auto fields() {
        return std::tuple{
            json_field("width", &ImageSpec::width).help("pixels").range(1, 10000),
            json_field("height", &ImageSpec::height).help("pixels").range(1, 10000),
            json_field("channels", &ImageSpec::channels).help("1: grayscale, 3: color").range(1, 3),
            json_field("resize", &ImageSpec::resize).help("how an image of another shape is fitted"),
        };
    }
};
template <>
struct JsonBinding<StorageSpec> {
    static auto fields() {
        return std::tuple{
            json_field("backend", &StorageSpec::backend).help("kind of database"),
            json_field("encoding", &StorageSpec::encoding).help("of an image in LMDB; jpeg is lossy"),
            json_field("compression", &StorageSpec::compression).help("of HDF5 files"),
        };
    }
};

}  // namespace digits
