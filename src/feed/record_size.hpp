#pragma once

#include <cstddef>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "data/records/datum.hpp"
#include "image/image.hpp"

namespace digits {

struct RecordSize {
    int channels = 0;
    int height = 0;
    int width = 0;
    bool operator==(const RecordSize&) const = default;
    std::size_t samples() const {
        return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    }
};

/// The image of an encoded record, in the colors that the transform asks for.
Status decode_record(const DatumView& datum, const caffe::TransformationParameter& transform, Image& image);

/// Of what a record gives to the network's transform.
Result<RecordSize> size_of(const DatumView& datum, const caffe::TransformationParameter& transform);

}  // namespace digits
