#pragma once

#include "caffe.pb.h"

namespace digits {

/// The layer of a training that gives images in this phase (or DIGITS's stage for it); nullptr if there is none.
const caffe::LayerParameter* find_image_layer(const caffe::NetParameter& train_val, caffe::Phase phase);

/// What happens to an image of the dataset's size before a network in use gets it.
struct InputTransform {
    /// As in validation, and without a validation as in training; nothing of it is random. Paths as they were written.
    caffe::TransformationParameter parameter;
    bool is_rgb = false;  ///< planes in the order R G B, not B G R: the training reads HDF5 files

    bool crops() const { return parameter.crop_size() > 0; }
};
InputTransform input_transform(const caffe::NetParameter& train_val);

}  // namespace digits
