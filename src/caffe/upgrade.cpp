#include "caffe/upgrade.hpp"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>

#include "caffe/upgrade_v0.hpp"

namespace digits {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// By number of V1LayerParameter.LayerType.
constexpr std::array<const char*, 40> kV1Types{"",
                                               "Accuracy",
                                               "BNLL",
                                               "Concat",
                                               "Convolution",
                                               "Data",
                                               "Dropout",
                                               "EuclideanLoss",
                                               "Flatten",
                                               "HDF5Data",
                                               "HDF5Output",
                                               "Im2col",
                                               "ImageData",
                                               "InfogainLoss",
                                               "InnerProduct",
                                               "LRN",
                                               "MultinomialLogisticLoss",
                                               "Pooling",
                                               "ReLU",
                                               "Sigmoid",
                                               "Softmax",
                                               "SoftmaxWithLoss",
                                               "Split",
                                               "TanH",
                                               "WindowData",
                                               "Eltwise",
                                               "Power",
                                               "SigmoidCrossEntropyLoss",
                                               "HingeLoss",
                                               "MemoryData",
                                               "ArgMax",
                                               "Threshold",
                                               "DummyData",
                                               "Slice",
                                               "MVN",
                                               "AbsVal",
                                               "Silence",
                                               "ContrastiveLoss",
                                               "Exp",
                                               "Deconvolution"};
static_assert(kV1Types.size() == caffe::V1LayerParameter::LayerType_ARRAYSIZE);

/// Moves scale, mean_file, crop_size and mirror out of a data message.
template <class DataMessage>
bool move_transform(DataMessage& data, caffe::TransformationParameter& transform) {
    bool moved = false;
    if (data.has_scale()) transform.set_scale(data.scale()), data.clear_scale(), moved = true;
    if (data.has_mean_file()) transform.set_mean_file(data.mean_file()), data.clear_mean_file(), moved = true;
    if (data.has_crop_size()) transform.set_crop_size(data.crop_size()), data.clear_crop_size(), moved = true;
    if (data.has_mirror()) transform.set_mirror(data.mirror()), data.clear_mirror(), moved = true;
    return moved;
}

void move_transforms(caffe::V1LayerParameter& layer) {
    caffe::TransformationParameter transform = layer.transform_param();
    bool moved = false;
    switch (layer.type()) {
        case caffe::V1LayerParameter::DATA: moved = move_transform(*layer.mutable_data_param(), transform); break;
        case caffe::V1LayerParameter::IMAGE_DATA:
            moved = move_transform(*layer.mutable_image_data_param(), transform);
            break;
        case caffe::V1LayerParameter::WINDOW_DATA:
            moved = move_transform(*layer.mutable_window_data_param(), transform);
            break;
        default: break;
    }
    if (moved) *layer.mutable_transform_param() = std::move(transform);
}

/// Every `…_param` message of V1 has the same name in the present form.
void copy_param_messages(const caffe::V1LayerParameter& old, caffe::LayerParameter& layer) {
    std::vector<const FieldDescriptor*> fields;
    old.GetReflection()->ListFields(old, &fields);
    for (const auto* field : fields) {
        if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
        const auto* target = layer.GetDescriptor()->FindFieldByName(field->name());
        if (!target || target->message_type() != field->message_type()) continue;
        layer.GetReflection()->MutableMessage(&layer, target)->CopyFrom(old.GetReflection()->GetMessage(old, field));
    }
}

void copy_param_specs(const caffe::V1LayerParameter& old, caffe::LayerParameter& layer) {
    const int count =
        std::max({old.param_size(), old.blob_share_mode_size(), old.blobs_lr_size(), old.weight_decay_size()});
    for (int i = 0; i < count; ++i) {
        caffe::ParamSpec& spec = *layer.add_param();
        if (i < old.param_size()) spec.set_name(old.param(i));
        if (i < old.blob_share_mode_size())
            spec.set_share_mode(old.blob_share_mode(i) == caffe::V1LayerParameter::PERMISSIVE
                                    ? caffe::ParamSpec::PERMISSIVE
                                    : caffe::ParamSpec::STRICT);
        if (i < old.blobs_lr_size()) spec.set_lr_mult(old.blobs_lr(i));
        if (i < old.weight_decay_size()) spec.set_decay_mult(old.weight_decay(i));
    }
}

caffe::LayerParameter upgrade_v1_layer(caffe::V1LayerParameter& old) {
    caffe::LayerParameter layer;
    *layer.mutable_bottom() = old.bottom();
    *layer.mutable_top() = old.top();
    if (old.has_name()) layer.set_name(old.name());
    if (old.has_type()) layer.set_type(kV1Types.at(static_cast<std::size_t>(old.type())));
    layer.mutable_blobs()->Swap(old.mutable_blobs());
    *layer.mutable_loss_weight() = old.loss_weight();
    *layer.mutable_include() = old.include();
    *layer.mutable_exclude() = old.exclude();
    copy_param_specs(old, layer);
    copy_param_messages(old, layer);
    return layer;
}

/// `layers` (V0 or V1) to `layer`.
Result<bool> upgrade_layers(caffe::NetParameter& net) {
    if (net.layers_size() == 0) return false;
    if (net.layer_size() > 0)
        return fail(
            make_error(ErrorCode::kInvalidArgument, "the network has both \"layers\" (old form) and \"layer\" entries")
                .advise("Use only \"layer\""));
    if (has_v0_layers(net)) DIGITS_TRY(upgrade_v0_layers(net));
    for (auto& old : *net.mutable_layers()) {
        move_transforms(old);
        *net.add_layer() = upgrade_v1_layer(old);
    }
    net.clear_layers();
    return true;
}

Status add_input_shapes(const caffe::NetParameter& net, caffe::InputParameter& input) {
    const int inputs = net.input_size();
    if (net.input_shape_size() > 0) {
        if (net.input_shape_size() != inputs)
            return fail(ErrorCode::kInvalidArgument,
                        "the number of input_shape entries ({}) must equal the number of inputs ({})",
                        net.input_shape_size(), inputs);
        *input.mutable_shape() = net.input_shape();
        return {};
    }
    if (net.input_dim_size() != 4 * inputs)
        return fail(ErrorCode::kInvalidArgument,
                    "the number of input_dim values ({}) must be four times the number of inputs ({})",
                    net.input_dim_size(), inputs);
    for (int i = 0; i < inputs; ++i) {
        caffe::BlobShape& shape = *input.add_shape();
        for (int k = 0; k < 4; ++k) shape.add_dim(net.input_dim(4 * i + k));
    }
    return {};
}

/// `input` with its shapes to an Input layer in front. Without shapes, as in old weights, it says nothing and goes.
Result<bool> upgrade_inputs(caffe::NetParameter& net) {
    if (net.input_size() == 0) return false;
    if (net.input_shape_size() > 0 || net.input_dim_size() > 0) {
        caffe::LayerParameter layer;
        layer.set_name("input");
        layer.set_type("Input");
        *layer.mutable_top() = net.input();
        DIGITS_TRY(add_input_shapes(net, *layer.mutable_input_param()));
        *net.add_layer() = std::move(layer);
        for (int i = net.layer_size() - 1; i > 0; --i) net.mutable_layer()->SwapElements(i, i - 1);
    }
    net.clear_input();
    net.clear_input_shape();
    net.clear_input_dim();
    return true;
}

/// BatchNorm's three blobs are statistics, which no solver may move.
bool upgrade_batch_norms(caffe::NetParameter& net) {
    bool changed = false;
    for (auto& layer : *net.mutable_layer()) {
        if (layer.type() != "BatchNorm" || layer.param_size() != 3) continue;
        for (auto& spec : *layer.mutable_param()) {
            changed = changed || spec.lr_mult() != 0 || spec.decay_mult() != 0;
            spec.set_lr_mult(0);
            spec.set_decay_mult(0);
        }
    }
    return changed;
}

const char* solver_type_name(caffe::SolverParameter::SolverType type) {
    switch (type) {
        case caffe::SolverParameter::SGD: return "SGD";
        case caffe::SolverParameter::NESTEROV: return "Nesterov";
        case caffe::SolverParameter::ADAGRAD: return "AdaGrad";
        case caffe::SolverParameter::RMSPROP: return "RMSProp";
        case caffe::SolverParameter::ADADELTA: return "AdaDelta";
        case caffe::SolverParameter::ADAM: return "Adam";
        case caffe::SolverParameter::SAG: break;
    }
    return nullptr;
}

}  // namespace

Result<bool> upgrade_net(caffe::NetParameter& net) {
    DIGITS_ASSIGN(const bool layers, upgrade_layers(net));
    DIGITS_ASSIGN(const bool inputs, upgrade_inputs(net));
    const bool norms = upgrade_batch_norms(net);
    return layers || inputs || norms;
}

Result<bool> upgrade_solver(caffe::SolverParameter& solver) {
    bool changed = false;
    if (solver.has_solver_type()) {
        if (solver.has_type())
            return fail(make_error(ErrorCode::kInvalidArgument, "the solver has both solver_type (old form) and type")
                            .advise("Use only type"));
        const char* name = solver_type_name(solver.solver_type());
        if (!name)
            return fail(ErrorCode::kUnsupported,
                        "solver_type {} is not supported; use SGD, NESTEROV, ADAGRAD, RMSPROP, ADADELTA or ADAM",
                        caffe::SolverParameter::SolverType_Name(solver.solver_type()));
        solver.set_type(name);
        solver.clear_solver_type();
        changed = true;
    }
    std::vector<caffe::NetParameter*> nets;
    if (solver.has_net_param()) nets.push_back(solver.mutable_net_param());
    if (solver.has_train_net_param()) nets.push_back(solver.mutable_train_net_param());
    for (auto& net : *solver.mutable_test_net_param()) nets.push_back(&net);
    for (auto* net : nets) {
        DIGITS_ASSIGN(const bool upgraded, upgrade_net(*net));
        changed = changed || upgraded;
    }
    return changed;
}

}  // namespace digits
