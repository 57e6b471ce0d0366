#pragma once

#include <string>
#include <vector>

#include "caffe.pb.h"

namespace digits {

/// Whether a layer's top may be its bottom, with the gradient still right (or what Caffe makes of it).
bool works_in_place(const caffe::LayerParameter& layer);

/// What to do where layers work in place on a blob that shares its memory with others: tops of Reshape, Flatten, Split,
/// of a Concat with one bottom and of a Slice with one top. One element a layer.
struct ViewPlan {
    /// The layer's bottom (or a blob that shares its memory) is read by others, who would find it overwritten: in the
    /// forward pass, or by their gradients.
    std::vector<bool> copies;
    /// Nobody else reads them, and as in Caffe they show what this layer writes in place.
    std::vector<std::vector<std::string>> shown_in;
};

/// `net` has its Split layers already.
ViewPlan plan_views(const caffe::NetParameter& net);

}  // namespace digits
