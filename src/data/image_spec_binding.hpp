#pragma once

// The fields of ImageSpec and StorageSpec, which specs and facts of datasets share. For .cpp files only.

#include "base/json_binding.hpp"
#include "data/dataset_spec.hpp"

namespace digits {

template <>
struct JsonBinding<ImageSpec> {
    static constexpr const char* kSchema = "Image";
    static Fields fields() {
        using S = ImageSpec;
        return {
            json_field("width", &S::width).help("Image width").unit("px").digits("resize_width").range(1, 10000),
            json_field("height", &S::height).help("Image height").unit("px").digits("resize_height").range(1, 10000),
            json_field("channels", &S::channels)
                .label("Image type")
                .help("1: grayscale, 3: color")
                .digits("resize_channels")
                .one_of({3, 1}),
            json_field("resize", &S::resize)
                .label("Resize transformation")
                .help("How an image of another aspect ratio is fitted")
                .digits("resize_mode"),
            json_field("value_range", &S::value_range)
                .help(
                    "Of images with more than 8 bits: the lowest and the highest value, such as 0, 4095, which become "
                    "black and white; empty: by the depth of the file")
                .advanced(),
            json_field("depth", &S::depth)
                .label("Depth")
                .help("8: every sample becomes one of 8 bits; float: images of 16 bits, floats and arrays keep their "
                      "values")
                .advanced(),
            json_field("bands", &S::bands)
                .label("Bands")
                .help("With the depth float: number of channels that are not colors, as in multispectral images; 0: "
                      "grayscale or color")
                .range(0, 64)
                .advanced()};
    }
};
template <>
struct JsonBinding<StorageSpec> {
    static constexpr const char* kSchema = "Storage";
    static Fields fields() {
        using S = StorageSpec;
        return {json_field("backend", &S::backend)
                    .label("DB backend")
                    .help("LMDB is the fastest; HDF5 suits other tools")
                    .digits("backend"),
                json_field("encoding", &S::encoding)
                    .label("Image encoding")
                    .help("Of LMDB records: png is lossless, jpeg is smaller, none needs no decoding")
                    .digits("encoding")
                    .when("/storage/backend", "lmdb"),
                json_field("label_encoding", &S::label_encoding)
                    .label("Label encoding")
                    .help("Of LMDB records whose target is an image or a mask; jpeg changes the values of pixels")
                    .digits("dsopts_label_encoding")
                    .when("/storage/backend", "lmdb")
                    .advanced(),
                json_field("compression", &S::compression)
                    .label("DB compression")
                    .help("Of HDF5 files: gzip needs less space, none is faster")
                    .digits("compression")
                    .when("/storage/backend", "hdf5")};
    }
};

}  // namespace digits
