#pragma once

#include <optional>
#include <string>

#include "caffe.pb.h"

namespace digits {

/// The name of DetectNet's transforming layer that subtracts a mean itself and so expects images of 0 to 255.
std::optional<std::string> find_own_mean(const caffe::NetParameter& net);

/// DetectNet names the size of the images in its transforming layers and in the text of its clustering layers. Writes
/// that of the dataset's images in their place. Returns what was changed, for the user; empty: nothing.
std::string fit_detectnet(caffe::NetParameter& net, int width, int height);

}  // namespace digits
