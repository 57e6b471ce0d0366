#include "caffe/upgrade_v0.hpp"

#include <google/protobuf/descriptor.h>

#include <map>
#include <string>
#include <string_view>

#include "base/log.hpp"

namespace digits {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using V1 = caffe::V1LayerParameter;

constexpr std::pair<std::string_view, V1::LayerType> kTypes[] = {
    {"accuracy", V1::ACCURACY},
    {"bnll", V1::BNLL},
    {"concat", V1::CONCAT},
    {"conv", V1::CONVOLUTION},
    {"data", V1::DATA},
    {"dropout", V1::DROPOUT},
    {"euclidean_loss", V1::EUCLIDEAN_LOSS},
    {"flatten", V1::FLATTEN},
    {"hdf5_data", V1::HDF5_DATA},
    {"hdf5_output", V1::HDF5_OUTPUT},
    {"im2col", V1::IM2COL},
    {"images", V1::IMAGE_DATA},
    {"infogain_loss", V1::INFOGAIN_LOSS},
    {"innerproduct", V1::INNER_PRODUCT},
    {"lrn", V1::LRN},
    {"multinomial_logistic_loss", V1::MULTINOMIAL_LOGISTIC_LOSS},
    {"pool", V1::POOLING},
    {"relu", V1::RELU},
    {"sigmoid", V1::SIGMOID},
    {"softmax", V1::SOFTMAX},
    {"softmax_loss", V1::SOFTMAX_LOSS},
    {"split", V1::SPLIT},
    {"tanh", V1::TANH},
    {"window_data", V1::WINDOW_DATA},
};

/// Where a flat field of V0 went, by layer type.
struct Move {
    const char* field;
    std::string_view type;
    const char* message;
    const char* target;
};
constexpr Move kMoves[] = {
    {"num_output", "conv", "convolution_param", "num_output"},
    {"num_output", "innerproduct", "inner_product_param", "num_output"},
    {"biasterm", "conv", "convolution_param", "bias_term"},
    {"biasterm", "innerproduct", "inner_product_param", "bias_term"},
    {"weight_filler", "conv", "convolution_param", "weight_filler"},
    {"weight_filler", "innerproduct", "inner_product_param", "weight_filler"},
    {"bias_filler", "conv", "convolution_param", "bias_filler"},
    {"bias_filler", "innerproduct", "inner_product_param", "bias_filler"},
    {"pad", "conv", "convolution_param", "pad"},
    {"pad", "pool", "pooling_param", "pad"},
    {"kernelsize", "conv", "convolution_param", "kernel_size"},
    {"kernelsize", "pool", "pooling_param", "kernel_size"},
    {"stride", "conv", "convolution_param", "stride"},
    {"stride", "pool", "pooling_param", "stride"},
    {"group", "conv", "convolution_param", "group"},
    {"pool", "pool", "pooling_param", "pool"},
    {"dropout_ratio", "dropout", "dropout_param", "dropout_ratio"},
    {"local_size", "lrn", "lrn_param", "local_size"},
    {"alpha", "lrn", "lrn_param", "alpha"},
    {"beta", "lrn", "lrn_param", "beta"},
    {"k", "lrn", "lrn_param", "k"},
    {"source", "data", "data_param", "source"},
    {"source", "hdf5_data", "hdf5_data_param", "source"},
    {"source", "images", "image_data_param", "source"},
    {"source", "window_data", "window_data_param", "source"},
    {"source", "infogain_loss", "infogain_loss_param", "source"},
    {"batchsize", "data", "data_param", "batch_size"},
    {"batchsize", "hdf5_data", "hdf5_data_param", "batch_size"},
    {"batchsize", "images", "image_data_param", "batch_size"},
    {"batchsize", "window_data", "window_data_param", "batch_size"},
    {"scale", "", "transform_param", "scale"},
    {"meanfile", "", "transform_param", "mean_file"},
    {"cropsize", "", "transform_param", "crop_size"},
    {"mirror", "", "transform_param", "mirror"},
    {"rand_skip", "data", "data_param", "rand_skip"},
    {"rand_skip", "images", "image_data_param", "rand_skip"},
    {"shuffle_images", "images", "image_data_param", "shuffle"},
    {"new_height", "images", "image_data_param", "new_height"},
    {"new_width", "images", "image_data_param", "new_width"},
    {"concat_dim", "concat", "concat_param", "concat_dim"},
    {"det_fg_threshold", "window_data", "window_data_param", "fg_threshold"},
    {"det_bg_threshold", "window_data", "window_data_param", "bg_threshold"},
    {"det_fg_fraction", "window_data", "window_data_param", "fg_fraction"},
    {"det_context_pad", "window_data", "window_data_param", "context_pad"},
    {"det_crop_mode", "window_data", "window_data_param", "crop_mode"},
    {"hdf5_output_param", "hdf5_output", "", "hdf5_output_param"},
};

const Move* find_move(std::string_view field, std::string_view type) {
    for (const Move& move : kMoves)
        if (field == move.field && (move.type.empty() || move.type == type)) return &move;
    return nullptr;
}

/// One value from a single field to a single or repeated one of the same kind.
void copy_field(const Message& from, const FieldDescriptor* source, Message& to, const FieldDescriptor* target) {
    const auto* in = from.GetReflection();
    const auto* out = to.GetReflection();
    switch (source->cpp_type()) {
        case FieldDescriptor::CPPTYPE_UINT32:
            if (target->is_repeated())
                out->AddUInt32(&to, target, in->GetUInt32(from, source));
            else
                out->SetUInt32(&to, target, in->GetUInt32(from, source));
            break;
        case FieldDescriptor::CPPTYPE_INT32:  // new_height, new_width: unsigned in the present form
            out->SetUInt32(&to, target, static_cast<std::uint32_t>(std::max(in->GetInt32(from, source), 0)));
            break;
        case FieldDescriptor::CPPTYPE_FLOAT: out->SetFloat(&to, target, in->GetFloat(from, source)); break;
        case FieldDescriptor::CPPTYPE_BOOL: out->SetBool(&to, target, in->GetBool(from, source)); break;
        case FieldDescriptor::CPPTYPE_STRING: out->SetString(&to, target, in->GetString(from, source)); break;
        case FieldDescriptor::CPPTYPE_ENUM: out->SetEnumValue(&to, target, in->GetEnumValue(from, source)); break;
        default: out->MutableMessage(&to, target)->CopyFrom(in->GetMessage(from, source)); break;
    }
}

void move_field(const caffe::V0LayerParameter& old, const FieldDescriptor* field, V1& layer) {
    const Move* move = find_move(field->name(), old.type());
    if (!move) {
        log_warning("[{}] the old field {} does not fit a layer of type {} and is left out", old.name(), field->name(),
                    old.type());
        return;
    }
    Message* holder = &layer;
    if (*move->message)
        holder = layer.GetReflection()->MutableMessage(&layer, layer.GetDescriptor()->FindFieldByName(move->message));
    copy_field(old, field, *holder, holder->GetDescriptor()->FindFieldByName(move->target));
}

Status upgrade_layer(V1& layer) {
    const caffe::V0LayerParameter old = std::move(*layer.mutable_layer());
    layer.clear_layer();
    if (old.has_name()) layer.set_name(old.name());
    if (old.has_type()) {
        const auto* found = std::find_if(std::begin(kTypes), std::end(kTypes),
                                         [&](const auto& entry) { return entry.first == old.type(); });
        if (found == std::end(kTypes))
            return fail(ErrorCode::kInvalidArgument, "[{}] unknown layer type \"{}\" in the old form", old.name(),
                        old.type());
        layer.set_type(found->second);
    }
    *layer.mutable_blobs() = old.blobs();
    *layer.mutable_blobs_lr() = old.blobs_lr();
    *layer.mutable_weight_decay() = old.weight_decay();
    std::vector<const FieldDescriptor*> fields;
    old.GetReflection()->ListFields(old, &fields);
    for (const auto* field : fields)
        if (!field->is_repeated() && field->name() != "name" && field->name() != "type") move_field(old, field, layer);
    return {};
}

bool is_padding(const V1& layer) { return layer.has_layer() && layer.layer().type() == "padding"; }

/// A padding layer's `pad` moves to the convolution or pooling that reads it.
Status fold_padding(caffe::NetParameter& net) {
    google::protobuf::RepeatedPtrField<V1> kept;
    std::map<std::string, V1> paddings;  // by the blob they write
    for (auto& layer : *net.mutable_layers()) {
        for (auto& bottom : *layer.mutable_bottom()) {
            const auto padding = paddings.find(bottom);
            if (padding == paddings.end()) continue;
            const std::string& type = layer.layer().type();
            if ((type != "conv" && type != "pool") || layer.bottom_size() != 1)
                return fail(ErrorCode::kInvalidArgument,
                            "[{}] reads the padding layer \"{}\"; only a conv or pool with one bottom can",
                            layer.layer().name(), padding->second.layer().name());
            layer.mutable_layer()->set_pad(padding->second.layer().pad());
            bottom = padding->second.bottom(0);
        }
        for (const auto& top : layer.top()) paddings.erase(top);
        if (!is_padding(layer)) {
            kept.Add()->Swap(&layer);
            continue;
        }
        if (layer.bottom_size() != 1 || layer.top_size() != 1)
            return fail(ErrorCode::kInvalidArgument, "[{}] a padding layer has one bottom and one top, got {} and {}",
                        layer.layer().name(), layer.bottom_size(), layer.top_size());
        paddings[layer.top(0)] = layer;
    }
    net.mutable_layers()->Swap(&kept);
    return {};
}

}  // namespace

bool has_v0_layers(const caffe::NetParameter& net) {
    return std::any_of(net.layers().begin(), net.layers().end(), [](const V1& layer) { return layer.has_layer(); });
}

Status upgrade_v0_layers(caffe::NetParameter& net) {
    DIGITS_TRY(fold_padding(net));
    for (auto& layer : *net.mutable_layers())
        if (layer.has_layer()) DIGITS_TRY(upgrade_layer(layer));
    return {};
}

}  // namespace digits
