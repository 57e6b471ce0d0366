#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "caffe/weights.hpp"
#include "engine/guard.hpp"
#include "engine/layers/normalization/batch_norm_nvidia.hpp"
#include "engine/net/net.hpp"

namespace digits {
namespace {

bool has_legacy_shape(const caffe::BlobProto& blob) {
    return blob.has_num() || blob.has_channels() || blob.has_height() || blob.has_width();
}

/// Old files have four dims, which are compared with the target's last ones.
bool shapes_agree(const caffe::BlobProto& source, const Shape& target) {
    if (!has_legacy_shape(source)) return blob_shape(source) == target;
    if (target.size() > 4) return false;
    Shape padded(4 - target.size(), 1);
    padded.insert(padded.end(), target.begin(), target.end());
    return padded == Shape{source.num(), source.channels(), source.height(), source.width()};
}

void check_shape(const caffe::BlobProto& source, int index, const Blob& target) {
    if (shapes_agree(source, target.shape())) return;
    throw EngineError{make_error(ErrorCode::kInvalidArgument,
                                 "parameter {} has shape {} in the file, the network needs {}", index,
                                 shape_text(blob_shape(source)), shape_text(target.shape()))
                          .advise("To learn this layer from scratch instead, give it another name")};
}

void copy_blob(const caffe::BlobProto& source, Blob& target) {
    auto values = blob_values(source);
    if (!values) throw EngineError{values.error()};
    target.data().copy_(at::from_blob(values->data(), target.shape(), at::kFloat));
}

/// Which parameters another one owns. Caffe leaves them out of HDF5 files, where the owner's layer has them.
using Borrowed = std::vector<bool>;

/// All of them, or none where one does not fit.
void copy_blobs(const caffe::LayerParameter& stored, const Borrowed& borrowed, Layer& layer) {
    const auto for_each = [&](const auto& use) {
        for (int i = 0; i < stored.blobs_size(); ++i) {
            const auto index = static_cast<std::size_t>(i);
            const bool left_out = stored.blobs(i).ByteSizeLong() == 0;
            if (!left_out || !borrowed[index]) use(i, *layer.blobs()[index]);
        }
    };
    for_each([&](int i, const Blob& target) { check_shape(stored.blobs(i), i, target); });
    for_each([&](int i, Blob& target) { copy_blob(stored.blobs(i), target); });
}

void check_blob_count(const caffe::LayerParameter& stored, const Borrowed& borrowed, Layer& layer) {
    const auto count = static_cast<std::size_t>(stored.blobs_size());
    if (count == layer.blobs().size()) return;
    if (count < borrowed.size() &&
        std::ranges::all_of(borrowed.begin() + static_cast<std::ptrdiff_t>(count), borrowed.end(), std::identity()))
        return;
    const bool nvidia = layer.parameter().type() == "BatchNorm" && count == 5;
    throw EngineError{
        make_error(ErrorCode::kInvalidArgument, "the file has {} parameters, the network {}", count,
                   layer.blobs().size())
            .advise(nvidia ? "The file has scale and shift inside the layer: set scale_bias: true in batch_norm_param"
                           : "To learn this layer from scratch instead, give it another name")};
}

void append_values(const at::Tensor& tensor, google::protobuf::RepeatedField<float>& field) {
    const at::Tensor values = tensor.to(at::kCPU).contiguous();
    const float* data = values.data_ptr<float>();
    field.Add(data, data + values.numel());
}

}  // namespace

Result<std::vector<std::string>> Net::copy_weights(const caffe::NetParameter& source) {
    std::vector<std::string> unknown;
    DIGITS_TRY(guarded([&] {
        for (const auto& stored : source.layer()) {
            const auto found =
                std::ranges::find(layers_, stored.name(), [](const auto& layer) { return layer->name(); });
            if (found == layers_.end()) {
                unknown.push_back(stored.name());
                continue;
            }
            Layer* layer = found->get();
            const auto borrowed = borrowed_parameters(static_cast<std::size_t>(found - layers_.begin()));
            in_layer(stored.name(), [&] {
                check_blob_count(stored, borrowed, *layer);
                if (layer->parameter().type() == "BatchNorm" && stored.blobs_size() == 5) {
                    caffe::LayerParameter sorted = stored;
                    sort_nvidia_batch_norm(sorted, layer->blobs()[0]->count());
                    copy_blobs(sorted, borrowed, *layer);
                } else {
                    copy_blobs(stored, borrowed, *layer);
                }
            });
        }
    }));
    return unknown;
}

std::vector<bool> Net::borrowed_parameters(std::size_t layer) const {
    std::vector<bool> borrowed;
    for (std::size_t i = 0; i < layers_[layer]->blobs().size(); ++i) {
        const std::pair place(layer, i);
        const auto learnable = parameter_index_.at(place);
        // Layers are in file order, so the owner is the first one.
        const auto owner =
            std::ranges::find_if(parameter_index_, [&](const auto& entry) { return entry.second == learnable; });
        borrowed.push_back(owner->first != place);
    }
    return borrowed;
}

Status Net::share_weights(const Net& other) {
    return guarded([&] {
        for (const auto& layer : layers_) {
            Layer* source = other.find_layer(layer->name());
            if (!source) continue;
            in_layer(layer->name(), [&] {
                if (source->blobs().size() != layer->blobs().size())
                    throw_invalid("{} parameters here, {} in the other net", layer->blobs().size(),
                                  source->blobs().size());
                for (std::size_t i = 0; i < layer->blobs().size(); ++i) {
                    if (source->blobs()[i]->shape() != layer->blobs()[i]->shape())
                        throw_invalid("parameter {} has shape {} here, {} in the other net", i,
                                      shape_text(layer->blobs()[i]->shape()), shape_text(source->blobs()[i]->shape()));
                    layer->blobs()[i] = source->blobs()[i];
                }
            });
        }
        for (const auto& [place, index] : parameter_index_)
            parameters_[index].blob = layers_[place.first]->blobs()[place.second];
    });
}

caffe::NetParameter Net::to_proto(bool with_diff) const {
    c10::InferenceMode mode;
    caffe::NetParameter net;
    net.set_name(name_);
    for (const auto& layer : layers_) {
        caffe::LayerParameter& stored = *net.add_layer();
        stored = layer->parameter();
        stored.clear_blobs();
        for (const auto& blob : layer->blobs()) {
            caffe::BlobProto& proto = *stored.add_blobs();
            // A blob without axes has no shape message, as Caffe writes it.
            for (const auto dim : blob->shape()) proto.mutable_shape()->add_dim(dim);
            append_values(blob->data(), *proto.mutable_data());
            if (with_diff) append_values(blob->diff(), *proto.mutable_diff());
        }
    }
    return net;
}

}  // namespace digits
