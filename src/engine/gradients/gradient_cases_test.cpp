#include "engine/gradients/gradient_cases.hpp"

namespace digits {
namespace {

GradientInput normal(Shape shape) { return {std::move(shape), GradientInput::kNormal, 0, {}, false}; }
GradientInput positive(Shape shape) { return {std::move(shape), GradientInput::kPositive, 0, {}, false}; }
GradientInput labels(Shape shape, int classes) {
    return {std::move(shape), GradientInput::kLabels, classes, {}, false};
}
GradientInput given(Shape shape, std::vector<double> values) {
    return {std::move(shape), GradientInput::kGiven, 0, std::move(values), true};
}
GradientInput constant(GradientInput input) {
    input.constant = true;
    return input;
}

std::vector<GradientCase> elementwise_cases() {
    const std::vector<GradientInput> mixable{normal({3, 2, 2}), labels({3}, 4)};
    const std::vector<GradientInput> x{normal({2, 3, 4})}, above_zero{positive({2, 3, 4})}, image{normal({2, 3, 2, 2})};
    return {
        {"AbsVal", "", "", x},
        {"BNLL", "", "", x},
        {"Clip", "", "clip_param { min: -0.5 max: 0.75 }", x},
        {"Mixup", "train", "mixup_param { alpha: 1 }", mixable, {.tops = 2, .draws = true}},
        {"Mixup", "test", "", mixable, {.tops = 2, .phase = caffe::TEST}},
        {"Dropout", "train", "dropout_param { dropout_ratio: 0.3 }", x, {.draws = true}},
        {"Dropout", "train in place", "", x, {.in_place = true, .draws = true}},
        {"Dropout", "test", "", x, {.phase = caffe::TEST}},
        {"ELU", "", "elu_param { alpha: 0.5 }", x},
        {"ELU", "in place", "", x, {.in_place = true}},
        {"Exp", "e", "", x},
        {"Exp", "base 2", "exp_param { base: 2 scale: 1.5 shift: -0.25 }", x},
        {"Exp", "in place", "exp_param { scale: 0.5 }", x, {.in_place = true}},
        {"Log", "e", "", above_zero},
        {"Log", "base 10", "log_param { base: 10 scale: 0.5 shift: 2 }", above_zero},
        {"PReLU", "a slope a channel", "", image},
        {"PReLU", "one slope", "prelu_param { channel_shared: true }", image},
        {"PReLU", "in place", "", image, {.in_place = true}},
        {"Power", "identity", "", x},
        {"Power", "linear", "power_param { scale: -2 shift: 0.5 }", x},
        {"Power", "square", "power_param { power: 2 scale: 0.5 shift: 1 }", x},
        {"Power", "cube", "power_param { power: 3 }", above_zero},
        {"Power", "root", "power_param { power: 0.5 scale: 1.5 shift: 2 }", above_zero},
        {"Power", "constant", "power_param { power: 0 }", x},
        {"ReLU", "", "", x},
        {"ReLU", "in place", "", x, {.in_place = true}},
        {"ReLU", "slope", "relu_param { negative_slope: 0.1 }", x},
        {"ReLU", "slope in place", "relu_param { negative_slope: 0.1 }", x, {.in_place = true}},
        {"Sigmoid", "", "", x},
        {"Sigmoid", "in place", "", x, {.in_place = true}},
        {"Swish", "", "", x},
        {"Swish", "beta", "swish_param { beta: 1.7 }", x},
        {"Swish", "in place", "swish_param { beta: 1.7 }", x, {.in_place = true}},
        {"TanH", "", "", x},
        {"TanH", "in place", "", x, {.in_place = true}},
    };
}

std::vector<GradientCase> window_cases() {
    const std::vector<GradientInput> image{normal({2, 4, 6, 5})}, small{normal({2, 4, 3, 2})};
    return {
        {"Convolution", "pad and stride", "convolution_param { num_output: 3 kernel_size: 3 pad: 1 stride: 2 }", image},
        {"Convolution", "group", "convolution_param { num_output: 6 kernel_size: 2 group: 2 }", image},
        {"Convolution", "depthwise", "convolution_param { num_output: 4 kernel_size: 3 pad: 1 group: 4 }", image},
        {"Convolution", "dilation", "convolution_param { num_output: 2 kernel_size: 3 pad: 2 dilation: 2 }", image},
        {"Convolution", "no bias", "convolution_param { num_output: 3 kernel_size: 1 bias_term: false }", image},
        {"Convolution", "pointwise with stride", "convolution_param { num_output: 6 kernel_size: 1 stride: 2 }", image},
        {"Convolution", "oblong",
         "convolution_param { num_output: 2 kernel_h: 1 kernel_w: 3 pad_w: 1 stride_h: 2 stride_w: 1 }", image},
        // 6 rows get one zero behind them, 5 columns one on either side.
        {"Convolution", "pad_same with stride",
         "convolution_param { num_output: 3 kernel_size: 3 stride: 2 pad_same: true }", image},
        {"Convolution", "pad_same of an even kernel",
         "convolution_param { num_output: 3 kernel_size: 2 pad_same: true }", image},
        {"Convolution", "pad_same depthwise",
         "convolution_param { num_output: 4 kernel_size: 5 group: 4 stride: 2 pad_same: true }", image},
        {"Convolution",
         "two bottoms",
         "convolution_param { num_output: 2 kernel_size: 2 }",
         {normal({1, 2, 3, 3}), normal({1, 2, 3, 3})},
         {.tops = 2, .seen_tops = 2}},
        {"Convolution",
         "one spatial axis",
         "convolution_param { num_output: 3 kernel_size: 3 pad: 1 }",
         {normal({2, 3, 7})}},
        {"Convolution",
         "three spatial axes",
         "convolution_param { num_output: 2 kernel_size: 2 }",
         {normal({1, 2, 3, 4, 3})}},
        {"Convolution",
         "four spatial axes, group",
         "convolution_param { num_output: 4 kernel_size: 2 pad: 1 stride: 2 dilation: 1 group: 2 }",
         {normal({2, 2, 3, 2, 3, 2})}},
        {"Deconvolution",
         "four spatial axes, group",
         "convolution_param { num_output: 4 kernel_size: 2 stride: 2 pad: 1 group: 2 }",
         {normal({2, 2, 2, 3, 2, 2})}},
        {"DepthwiseConvolution", "", "convolution_param { num_output: 4 kernel_size: 3 pad: 1 }", image},
        {"Deconvolution", "stride", "convolution_param { num_output: 3 kernel_size: 4 stride: 2 pad: 1 }", small},
        {"Deconvolution", "group, no bias",
         "convolution_param { num_output: 4 kernel_size: 2 stride: 2 group: 4 bias_term: false }", small},
        {"Deconvolution", "dilation", "convolution_param { num_output: 2 kernel_size: 2 dilation: 2 }", small},
        {"Im2col", "", "convolution_param { kernel_size: 3 pad: 1 stride: 2 }", {normal({2, 2, 5, 4})}},
        {"Im2col", "dilation", "convolution_param { kernel_size: 2 dilation: 2 }", {normal({2, 2, 5, 4})}},
        {"Im2col", "one spatial axis", "convolution_param { kernel_size: 3 pad: 1 stride: 2 }", {normal({2, 2, 5})}},
        {"Im2col", "three spatial axes", "convolution_param { axis: 2 kernel_size: 2 }", {normal({2, 1, 2, 3, 2, 3})}},
        {"InnerProduct", "", "inner_product_param { num_output: 3 }", {normal({2, 3, 2})}},
        {"InnerProduct",
         "transpose, no bias",
         "inner_product_param { num_output: 3 transpose: true bias_term: false }",
         {normal({2, 3, 2})}},
        {"InnerProduct", "axis 2", "inner_product_param { num_output: 3 axis: 2 }", {normal({2, 3, 4})}},
        {"LRN", "across channels", "lrn_param { local_size: 3 alpha: 0.5 beta: 0.75 k: 2 }", image},
        {"LRN", "wider than the channels", "lrn_param { local_size: 9 alpha: 0.5 beta: 0.6 }", image},
        {"LRN", "within a channel", "lrn_param { local_size: 3 alpha: 0.5 norm_region: WITHIN_CHANNEL }", image},
        {"Pooling", "max", "pooling_param { pool: MAX kernel_size: 2 stride: 2 }", image},
        {"Pooling", "max with pad and overlap", "pooling_param { pool: MAX kernel_size: 3 stride: 2 pad: 1 }", image},
        {"Pooling", "max, global", "pooling_param { pool: MAX global_pooling: true }", image},
        {"Pooling", "max with mask", "pooling_param { pool: MAX kernel_size: 2 }", image, {.tops = 2}},
        {"Pooling", "max, rounded down", "pooling_param { pool: MAX kernel_size: 2 stride: 2 round_mode: FLOOR }",
         image},
        {"Pooling", "average", "pooling_param { pool: AVE kernel_size: 2 stride: 2 }", image},
        {"Pooling", "average with pad", "pooling_param { pool: AVE kernel_size: 3 stride: 2 pad: 1 }", image},
        {"Pooling", "average, oblong", "pooling_param { pool: AVE kernel_h: 3 kernel_w: 2 stride_h: 1 stride_w: 2 }",
         image},
        {"Pooling", "average, global", "pooling_param { pool: AVE global_pooling: true }", image},
        {"SPP", "max", "spp_param { pyramid_height: 2 pool: MAX }", image},
        {"SPP", "average", "spp_param { pyramid_height: 2 pool: AVE }", image},
        {"SPP", "one level", "spp_param { pyramid_height: 1 }", image},
    };
}

std::vector<GradientCase> common_cases() {
    const std::vector<GradientInput> x{normal({3, 2, 4})}, two{normal({2, 3, 2}), normal({2, 3, 2})},
        three{normal({2, 3, 2}), normal({2, 3, 2}), normal({2, 3, 2})}, image{normal({3, 2, 2, 3})};
    const GradientInput index = given({4}, {2, 0, 2, 1}), selector = given({3}, {1, 0, 1});
    return {
        {"Axpy", "", "", {normal({2, 3}), normal({2, 3, 2, 2}), normal({2, 3, 2, 2})}},
        {"BatchNorm",
         "with scale and shift",
         "batch_norm_param { scale_bias: true }",
         image,
         {.constant_parameters = 3}},
        {"BatchNorm",
         "with scale and shift, stored statistics",
         "batch_norm_param { scale_bias: true }",
         image,
         {.phase = caffe::TEST, .positive_parameters = true, .constant_parameters = 3}},
        {"BatchNorm", "batch statistics", "", image, {.constant_parameters = 3}},
        {"BatchNorm", "in place", "", image, {.in_place = true, .constant_parameters = 3}},
        {"BatchNorm",
         "stored statistics",
         "",
         image,
         {.phase = caffe::TEST, .positive_parameters = true, .constant_parameters = 3}},
        {"BatchNorm", "two axes", "batch_norm_param { eps: 0.01 }", {normal({4, 3})}, {.constant_parameters = 3}},
        {"BN", "of the batch", "", image},
        {"BN", "in place", "bn_param { bn_mode: LEARN }", image, {.in_place = true}},
        {"BN", "folded", "bn_param { bn_mode: INFERENCE }", image},
        {"BatchReindex", "", "", {normal({3, 2}), index}},
        {"Bias", "a channel", "", image},
        {"Bias", "two axes", "bias_param { axis: 1 num_axes: 2 }", image},
        {"Bias", "scalar", "bias_param { num_axes: 0 }", image},
        {"Bias", "of a bottom", "bias_param { axis: 0 }", {normal({3, 2, 2}), normal({3, 2})}},
        {"Bias", "in place", "", image, {.in_place = true}},
        {"Concat", "channels", "", {normal({2, 1, 3}), normal({2, 2, 3})}},
        {"Concat", "items", "concat_param { axis: 0 }", {normal({2, 3}), normal({1, 3}), normal({3, 3})}},
        {"Crop", "", "crop_param { axis: 2 offset: 1 offset: 0 }", {normal({1, 2, 4, 4}), normal({1, 5, 2, 3})}},
        {"Crop", "by a bottom of more axes", "crop_param { axis: 1 }", {normal({1, 4}), normal({1, 3, 2})}},
        {"Eltwise", "sum", "", two},
        {"Eltwise", "sum with coeff", "eltwise_param { coeff: 0.5 coeff: -1 coeff: 2 }", three},
        {"Eltwise", "product", "eltwise_param { operation: PROD }", three},
        {"Eltwise", "product by division", "eltwise_param { operation: PROD stable_prod_grad: false }", three},
        {"Eltwise", "maximum", "eltwise_param { operation: MAX }", three},
        {"Eltwise", "maximum with coeff", "eltwise_param { operation: MAX coeff: 2 coeff: 3 coeff: 4 }", three},
        {"Embed", "", "embed_param { num_output: 3 input_dim: 5 }", {labels({4, 2}, 5)}},
        {"Embed", "no bias", "embed_param { num_output: 3 input_dim: 5 bias_term: false }", {labels({4}, 5)}},
        {"Filter", "", "", {normal({3, 2}), normal({3, 2, 2}), selector}, {.tops = 2, .seen_tops = 2}},
        {"Flatten", "", "flatten_param { axis: 1 end_axis: 2 }", image},
        {"Interp", "zoom", "interp_param { zoom_factor: 2 }", image},
        {"Interp",
         "shrink and cut",
         "interp_param { shrink_factor: 2 pad_beg: -1 pad_end: -1 }",
         {normal({1, 2, 7, 6})}},
        {"Interp", "size", "interp_param { height: 5 width: 4 }", image},
        {"Interp", "size of a bottom", "", {normal({1, 2, 3, 3}), constant(normal({1, 1, 5, 4}))}},
        {"MVN", "a channel", "", image},
        {"MVN", "an item", "mvn_param { across_channels: true }", image},
        {"MVN", "mean only", "mvn_param { normalize_variance: false }", image},
        {"Normalize", "an item", "", image},
        {"Normalize", "a pixel", "norm_param { across_spatial: false channel_shared: false }", image},
        {"Parameter", "", "parameter_param { shape { dim: 2 dim: 3 } }", {}},
        {"Permute", "", "permute_param { order: 0 order: 2 }", image},
        {"Reduction", "sum", "reduction_param { operation: SUM coeff: 0.5 }", x},
        {"Reduction", "sum of absolute values", "reduction_param { operation: ASUM axis: 1 }", x},
        {"Reduction", "sum of squares", "reduction_param { operation: SUMSQ axis: -1 coeff: 2 }", x},
        {"Reduction", "mean", "reduction_param { operation: MEAN axis: 1 }", x},
        {"Unpooling",
         "by a mask",
         "unpooling_param { kernel_size: 2 stride: 2 }",
         {normal({1, 2, 2, 1}), given({1, 2, 2, 1}, {1, 6, 0, 7})}},
        {"Unpooling",
         "average",
         "unpooling_param { unpool: AVE kernel_size: 3 stride: 2 pad: 1 unpool_size: 4 }",
         {normal({1, 2, 2, 2})}},
        {"Upsample",
         "by a mask",
         "upsample_param { scale: 2 pad_out_w: true }",
         {normal({1, 2, 2, 2}), given({1, 2, 2, 2}, {1, 2, 6, 11, 0, 5, 8, 10})}},
        {"Upsample",
         "by a mask, to a size",
         "upsample_param { upsample_h: 3 upsample_w: 4 }",
         {normal({1, 1, 1, 2}), given({1, 1, 1, 2}, {11, 0})}},
        {"Upsample", "repeated", "upsample_param { scale_h: 2 scale_w: 3 }", image},
        {"Reshape", "", "reshape_param { shape { dim: 0 dim: -1 dim: 2 dim: 2 } }", x},
        {"Scale", "a channel", "", image},
        {"Scale", "with bias", "scale_param { bias_term: true }", image},
        {"Scale", "two axes from the end", "scale_param { axis: -2 num_axes: 2 }", image},
        {"Scale", "scalar", "scale_param { num_axes: 0 }", image},
        {"Scale", "by a bottom", "scale_param { axis: 0 }", {normal({3, 2, 2}), normal({3, 2})}},
        {"Scale", "in place with bias", "scale_param { bias_term: true }", image, {.in_place = true}},
        {"Silence", "", "", x, {.tops = 0, .seen_tops = 0}},
        {"Slice", "equal", "slice_param { axis: 2 }", x, {.tops = 2, .seen_tops = 2}},
        {"Slice", "points", "slice_param { axis: 0 slice_point: 1 }", x, {.tops = 2, .seen_tops = 2}},
        {"Softmax", "", "", {normal({2, 4})}},
        {"Softmax", "axis 2", "softmax_param { axis: 2 }", x},
        {"Split", "", "", x, {.tops = 3, .seen_tops = 3}},
        {"Tile", "", "tile_param { axis: 1 tiles: 3 }", x},
    };
}

std::vector<GradientCase> loss_cases() {
    const std::vector<GradientInput> mixed{normal({4, 3}), labels({4}, 3),
                                           given({4, 2}, {1, 0.25, 0, 0.25, 2, 0.25, 1, 0.25})};
    const std::vector<GradientInput> classes{normal({4, 3}), labels({4}, 3)},
        places{normal({2, 3, 2, 2}), labels({2, 2, 2}, 3)}, pair{normal({3, 4}), normal({3, 4})},
        targets{normal({3, 4}), constant(labels({3, 4}, 2))};
    const GradientInput matrix = given({3, 3}, {1, 0.1, 0.2, 0, 1.5, 0.3, 0.4, 0, 0.7});
    const std::vector<GradientInput> gains{normal({4, 3}), labels({4}, 3), matrix};
    const GradientInput similar = given({3}, {1, 0, 0});
    // Caffe adds 1e-4 to the distance in the gradient alone.
    const double distance = 2e-3;
    return {
        {"ContrastiveLoss",
         "",
         "contrastive_loss_param { margin: 4 }",
         {normal({3, 4}), normal({3, 4}), similar},
         {.tolerance = distance}},
        {"ContrastiveLoss",
         "small margin",
         "contrastive_loss_param { margin: 0.1 }",
         {normal({3, 4}), normal({3, 4}), similar},
         {.tolerance = distance}},
        {"ContrastiveLoss",
         "legacy",
         "contrastive_loss_param { margin: 20 legacy_version: true }",
         {normal({3, 4}), normal({3, 4}), similar}},
        {"DiceLoss", "", "", places},
        {"DiceLoss", "ignore_label and weights",
         "loss_param { ignore_label: 1 class_weight: 0.5 class_weight: 1 class_weight: 3 }", places},
        {"DiceLoss",
         "two classes by one channel",
         "dice_loss_param { smooth: 0.1 }",
         {normal({2, 1, 2, 3}), labels({2, 1, 2, 3}, 2)}},
        {"EuclideanLoss", "", "", pair},
        {"HingeLoss", "L1", "", classes},
        {"HingeLoss", "L2", "hinge_loss_param { norm: L2 }", classes},
        {"InfogainLoss", "", "", gains},
        {"InfogainLoss", "ignore_label", "loss_param { ignore_label: 1 }", gains},
        {"InfogainLoss",
         "places",
         "infogain_loss_param { axis: 1 } loss_param { normalization: FULL }",
         {normal({2, 3, 2, 2}), labels({2, 2, 2}, 3), matrix}},
        {"L1Loss", "", "", pair},
        {"MultinomialLogisticLoss", "", "", {positive({4, 3}), labels({4}, 3)}},
        {"SigmoidCrossEntropyLoss", "", "", targets},
        {"SigmoidCrossEntropyLoss", "ignore_label", "loss_param { ignore_label: 0 normalization: VALID }", targets},
        {"SigmoidCrossEntropyLoss", "full", "loss_param { normalization: FULL }", targets},
        {"SigmoidCrossEntropyLoss", "none", "loss_param { normalization: NONE }", targets},
        {"SmoothL1Loss", "", "", pair},
        {"SmoothL1Loss", "weights", "", {normal({2, 2}), normal({2, 2}), given({2, 2}, {1, 0, 1, 1})}},
        {"SoftmaxWithLoss", "", "", classes},
        {"SoftmaxWithLoss", "ignore_label", "loss_param { ignore_label: 1 }", places},
        {"SoftmaxWithLoss", "full", "loss_param { ignore_label: 1 normalization: FULL }", places},
        {"SoftmaxWithLoss", "batch size", "loss_param { normalization: BATCH_SIZE }", places},
        {"SoftmaxWithLoss", "class weights", "loss_param { class_weight: 0.5 class_weight: 1 class_weight: 3 }",
         places},
        {"SoftmaxWithLoss", "class weights and ignore_label",
         "loss_param { ignore_label: 1 class_weight: 0.5 class_weight: 1 class_weight: 3 normalization: FULL }",
         places},
        {"SoftmaxWithLoss", "none", "loss_param { normalization: NONE }", places},
        {"SoftmaxWithLoss", "normalize false", "loss_param { normalize: false }", places},
        {"SoftmaxWithLoss", "mixed labels", "", mixed},
        {"SoftmaxWithLoss", "mixed labels and class weights",
         "loss_param { class_weight: 0.5 class_weight: 1 class_weight: 3 }", mixed},
        {"SoftmaxWithLoss", "last axis", "softmax_param { axis: -1 }", {normal({2, 3, 4}), labels({2, 3}, 4)}},
    };
}

/// Boxes of two images of 32 x 32, as DIGITS's arrays hold them: left, top, width, height, alpha, class, flags.
GradientInput boxes() {
    std::vector<double> values;
    const auto add = [&](std::vector<double> row) {
        row.resize(16);
        values.insert(values.end(), row.begin(), row.end());
    };
    add({2, 16, 32, 32});
    add({3, 2, 14, 12, 0, 1});
    add({15, 11, 16, 20, 0, 0});
    add({});
    add({2, 16, 32, 32});
    add({1, 4, 25, 26, 0, 1});
    add({0, 0, 16, 16, 0, 0, 2});
    add({});
    return given({2, 1, 4, 16}, values);
}

std::vector<GradientCase> detection_cases() {
    // Two levels, of 4 x 4 and 2 x 2 cells. Both powers 0: targets and assignment do not follow what is predicted.
    const std::vector<GradientInput> levels{normal({2, 2, 4, 4}), normal({2, 4, 4, 4}), normal({2, 2, 2, 2}),
                                            normal({2, 4, 2, 2}), boxes()};
    const GradientInput priors = given({1, 2, 12}, {0.1, 0.05, 0.5, 0.45, 0.4, 0.3, 0.95, 1,   0.6, 0.1, 0.9, 0.3,
                                                    0.1, 0.1,  0.2, 0.2,  0.1, 0.1, 0.2,  0.2, 0.1, 0.1, 0.2, 0.2});
    const GradientInput regions = given({3, 5}, {0, 0, 0, 9, 7, 1, 2, 3, 8, 11, 1, 5, 5, 5, 5});
    const std::vector<GradientInput> ssd{normal({2, 12}), normal({2, 9}), priors, boxes()};
    return {
        {"DetectionLoss", "", "detection_loss_param { score_power: 0 overlap_power: 0 top_k: 3 class_weight: 0.7 }",
         levels},
        {"DetectionLoss", "without focus",
         "detection_loss_param { stride: 8 stride: 16 score_power: 0 overlap_power: 0 focal_power: 0 top_k: 1 }",
         levels},
        {"MultiBoxLoss", "center and size",
         "multibox_loss_param { num_classes: 3 code_type: CENTER_SIZE overlap_threshold: 0.3 }", ssd},
        {"MultiBoxLoss", "corners, all others",
         "multibox_loss_param { num_classes: 3 do_neg_mining: false loc_loss_type: L2 loc_weight: 2 }", ssd},
        {"MultiBoxLoss", "logistic",
         "multibox_loss_param { num_classes: 3 conf_loss_type: LOGISTIC match_type: BIPARTITE code_type: CORNER_SIZE } "
         "loss_param { normalization: BATCH_SIZE }",
         ssd},
        {"PSROIPooling",
         "",
         "psroi_pooling_param { spatial_scale: 0.5 output_dim: 2 group_size: 2 }",
         {normal({2, 8, 5, 6}), regions}},
        {"ROIPooling",
         "",
         "roi_pooling_param { pooled_h: 2 pooled_w: 3 spatial_scale: 0.5 }",
         {normal({2, 2, 5, 6}), regions}},
    };
}

std::vector<GradientCase> recurrent_cases() {
    const GradientInput x = normal({3, 2, 4}), still = normal({2, 3});
    // Both sequences start with the pass; the second one starts again at step 2.
    const GradientInput cont = given({3, 2}, {0, 0, 1, 1, 1, 0});
    const GradientInput state = constant(normal({1, 2, 3}));
    const std::string_view settings = "recurrent_param { num_output: 3 }",
                           exposed = "recurrent_param { num_output: 3 expose_hidden: true }";
    return {
        {"LSTM", "", settings, {x, cont}},
        {"LSTM", "static input", settings, {x, cont, still}},
        {"LSTM", "exposed states", exposed, {x, cont, state, state}, {.tops = 3}},
        {"LSTMUnit",
         "",
         "",
         {normal({1, 2, 3}), normal({1, 2, 12}), given({1, 2}, {1, 0})},
         {.tops = 2, .seen_tops = 2}},
        {"RNN", "", settings, {x, cont}},
        {"RNN", "static input", settings, {x, cont, still}},
        {"RNN", "exposed state", exposed, {x, cont, state}, {.tops = 2}},
    };
}

std::vector<GradientCase> python_cases() {
    const std::string_view dice = R"(python_param { module: "dice_loss" layer: "DiceLoss" })",
                           scale = R"(python_param { module: "channel_scale" layer: "ChannelScale" })";
    const GradientInput mask = constant(given({2, 1, 2, 3}, {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
    return {
        {"Python", "dice", dice, {positive({2, 1, 2, 3}), mask}},
        {"Python",
         "dice, smoother",
         R"(python_param { module: "dice_loss" layer: "DiceLoss" param_str: "10" })",
         {positive({2, 1, 2, 3}), mask}},
        {"Python", "learned factors", scale, {normal({2, 3, 2, 2})}},
        {"Python", "learned factors, no pixels", scale, {normal({3, 4})}},
    };
}

}  // namespace

const std::vector<GradientCase>& gradient_cases() {
    static const std::vector<GradientCase> cases = [] {
        std::vector<GradientCase> all;
        for (auto&& group : {elementwise_cases(), window_cases(), common_cases(), loss_cases(), detection_cases(),
                             recurrent_cases(), python_cases()})
            all.insert(all.end(), group.begin(), group.end());
        return all;
    }();
    return cases;
}

const std::vector<std::pair<std::string_view, std::string_view>>& types_without_gradient() {
    static const std::vector<std::pair<std::string_view, std::string_view>> types{
        {"Accuracy", "counts"},
        {"ArgMax", "counts"},
        {"Data", "reads"},
        {"DetectNetTransformation", "makes what is learned from"},
        {"DetectionDecode", "chooses"},
        {"DetectionMetrics", "counts"},
        {"DetectionOutput", "chooses"},
        {"DummyData", "fills"},
        {"HDF5Data", "reads"},
        {"HDF5Output", "writes"},
        {"ImageData", "reads"},
        {"ImageMetrics", "counts"},
        {"Input", "is filled from outside"},
        {"MemoryData", "is filled from outside"},
        {"PriorBox", "tells places"},
        {"SegmentationMetrics", "counts"},
        {"Threshold", "is constant almost everywhere"},
        {"WindowData", "reads"},
    };
    return types;
}

}  // namespace digits
