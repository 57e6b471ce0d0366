#include "engine/net/input_net.hpp"

#include <algorithm>
#include <string_view>

namespace digits {
namespace {

constexpr std::string_view kReaders[]{"Data", "HDF5Data", "ImageData", "WindowData", "MemoryData"};

/// Of DIGITS's arrays of boxes; how many an image has at most is only known from the records.
constexpr std::int64_t kUsualBoxRows = 51, kLabelColumns = 16;

std::int64_t own_batch_size(const caffe::LayerParameter& layer) {
    const std::int64_t sizes[]{layer.data_param().batch_size(), layer.hdf5_data_param().batch_size(),
                               layer.image_data_param().batch_size(), layer.window_data_param().batch_size(),
                               layer.memory_data_param().batch_size()};
    return *std::ranges::max_element(sizes);
}

std::int64_t crop_size(const caffe::LayerParameter& layer) {
    return std::max<std::int64_t>(layer.transform_param().crop_size(), layer.window_data_param().crop_size());
}

void add_inputs(caffe::NetParameter& net, const caffe::LayerParameter& reader, const ImageInputs& inputs) {
    const auto batch = inputs.batch_size.value_or(std::max<std::int64_t>(1, own_batch_size(reader)));
    const auto crop = crop_size(reader);
    for (int i = 0; i < reader.top_size(); ++i) {
        auto& input = *net.add_layer();
        input.set_name(i == 0 ? reader.name() : reader.name() + "_" + reader.top(i));
        input.set_type("Input");
        input.add_top(reader.top(i));
        auto& shape = *input.mutable_input_param()->add_shape();
        shape.add_dim(batch);
        const auto image_axis = [&](std::size_t axis) { return crop > 0 && axis > 0 ? crop : inputs.image[axis]; };
        switch (i == 0 ? reader.data_param().target() : caffe::DataParameter::NUMBERS) {
            case caffe::DataParameter::BOXES:
                for (const std::int64_t dim : {std::int64_t{1}, kUsualBoxRows, kLabelColumns}) shape.add_dim(dim);
                continue;
            case caffe::DataParameter::MASK:
            case caffe::DataParameter::IMAGE: {
                const bool mask = reader.data_param().target() == caffe::DataParameter::MASK;
                shape.add_dim(mask ? 1 : image_axis(0));
                shape.add_dim(image_axis(1));
                shape.add_dim(image_axis(2));
                continue;
            }
            case caffe::DataParameter::NUMBERS: break;
        }
        const bool is_target = i > 0 || (inputs.target_size > 0 && reads_targets(reader));
        if (is_target) {
            if (inputs.target_size > 0) shape.add_dim(inputs.target_size);
            continue;
        }
        for (const std::size_t axis : {0U, 1U, 2U}) shape.add_dim(image_axis(axis));
    }
}

}  // namespace

bool reads_targets(const caffe::LayerParameter& layer) {
    return layer.type() == "Data" && layer.top_size() > 0 && layer.top(0).find("label") != std::string::npos;
}

caffe::NetParameter with_input_layers(const caffe::NetParameter& net, const ImageInputs& inputs) {
    caffe::NetParameter replaced = net;
    replaced.clear_layer();
    for (const auto& layer : net.layer()) {
        if (std::ranges::find(kReaders, layer.type()) != std::end(kReaders)) {
            add_inputs(replaced, layer, inputs);
            continue;
        }
        auto& kept = *replaced.add_layer();
        kept = layer;
        if (layer.type() != "Input" || !inputs.batch_size) continue;
        for (auto& shape : *kept.mutable_input_param()->mutable_shape())
            if (shape.dim_size() > 0) shape.set_dim(0, *inputs.batch_size);
    }
    return replaced;
}

}  // namespace digits
