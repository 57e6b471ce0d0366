#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "caffe.pb.h"
#include "engine/net/blob.hpp"
#include "engine/net/input_net.hpp"
#include "engine/precision/product_mode.hpp"

namespace digits {

struct LayerDescription {
    std::string name;
    std::string type;
    std::vector<std::string> bottoms;
    std::vector<std::string> tops;
    std::map<std::string, Shape> shapes;  ///< of bottoms and tops, by name
    std::int64_t parameters = 0;
    std::vector<Shape> parameter_shapes;
    double flops = 0;               ///< of a forward pass of one image
    std::int64_t memory_bytes = 0;  ///< tops that are not in place, parameters, and in training their gradients
};

struct NetDescription {
    std::vector<LayerDescription> layers;  ///< in the order of the text
    std::int64_t batch_size = 0;
    std::int64_t parameters = 0;        ///< shared ones once
    std::int64_t learning = 0;          ///< those of them whose learning rate is not 0
    std::vector<std::string> series;    ///< what a training records of it: "accuracy", "accuracy[1]"
    std::vector<std::string> measures;  ///< what it can measure of a whole set: "f1" (find_measures)
    double forward_flops = 0;           ///< of one image
    double backward_flops = 0;
    std::int64_t memory_bytes = 0;  ///< estimate_memory() of the whole net
};

/// Bytes of a training from those of its nets; `val` may be empty. The nets share their weights.
std::int64_t training_bytes(const NetDescription& train, const NetDescription* val);

/// Whether a net can take the weights that are trained: `use` says what it is for ("validation"). Errors:
/// kInvalidArgument with the layer whose parameters have other shapes.
Status check_takes_weights(const NetDescription& train, const NetDescription& other, std::string_view use);

/// Describes a net without data and without running it: `net` is upgraded, the layers of `state` count. Python
/// layers are looked for in `base_dir` first; `products` decide how wide the values between layers are. Errors: all
/// that the set-up of the net in a training would find, without the files that it reads: kInvalidArgument with the
/// layer's name, "[conv1] …".
Result<NetDescription> describe_net(const caffe::NetParameter& net, const caffe::NetState& state,
                                    const ImageInputs& inputs, const std::filesystem::path& base_dir = {},
                                    const ProductMode& products = {});

}  // namespace digits
