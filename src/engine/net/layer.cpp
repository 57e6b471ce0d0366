#include "engine/net/layer.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "caffe/weights.hpp"
#include "engine/device/random.hpp"
#include "engine/net/filler.hpp"
#include "engine/net/place.hpp"

namespace digits {

Layer::Layer(const caffe::LayerParameter& parameter, const LayerContext& context)
    : parameter_(parameter), context_(context) {}

void Layer::set_up(const Blobs& bottom, const Blobs& top) { reshape(bottom, top); }

void Layer::backward(const Blobs&, const std::vector<bool>& propagate_down, const Blobs&) {
    if (std::find(propagate_down.begin(), propagate_down.end(), true) != propagate_down.end())
        throw_invalid("a {} layer has no gradient, but a gradient through it was asked for", parameter_.type());
}

bool Layer::has_gradient(int) const { return true; }

void Layer::add_blob(const Shape& shape, const caffe::FillerParameter& filler) {
    const int index = static_cast<int>(blobs_.size());
    auto blob = std::make_shared<Blob>(context_.device, shape);
    at::Tensor values;
    if (index < parameter_.blobs_size()) {
        auto stored = blob_values(parameter_.blobs(index));
        if (!stored) throw EngineError{stored.error()};
        if (static_cast<std::int64_t>(stored->size()) != blob->count())
            throw_invalid("blob {} of the definition has {} values, the layer needs {}", index, stored->size(),
                          shape_text(shape));
        values = at::from_blob(stored->data(), shape, at::kFloat).clone();
    } else {
        values = fill(shape, filler, hash(context_.seed, name(), static_cast<std::uint64_t>(index)));
    }
    blob->set_data(values.to(place(context_.device)));
    blobs_.push_back(std::move(blob));
}

int Layer::canonical_axis(int axis, int axis_count, std::string_view field) const {
    if (axis < -axis_count || axis >= axis_count)
        throw_invalid("{} must be {} to {} for a bottom with {} axes; got {}", field, -axis_count, axis_count - 1,
                      axis_count, axis);
    return axis < 0 ? axis + axis_count : axis;
}

std::uint64_t Layer::pass_seed() const {
    return hash(context_.seed, name(), static_cast<std::uint64_t>(context_.pass ? *context_.pass : 0) + (1ULL << 40));
}

const LayerType* find_layer_type(std::string_view name) {
    const auto& types = layer_types();
    const auto found =
        std::find_if(types.begin(), types.end(), [&](const LayerType& type) { return type.name == name; });
    return found == types.end() ? nullptr : &*found;
}

}  // namespace digits
