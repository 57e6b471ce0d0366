#include <ATen/ATen.h>

#include "engine/convolution/convolution_base.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// Cross-correlation, sizes rounded down. Weight (num_output, channels / group, kernel…).
class ConvolutionLayer final : public ConvolutionBase {
  public:
    ConvolutionLayer(const caffe::LayerParameter& parameter, const LayerContext& context)
        : ConvolutionBase(parameter, context, false) {}
};

/// Each channel by itself: a Convolution whose group is the number of channels.
class DepthwiseConvolutionLayer final : public ConvolutionBase {
  public:
    DepthwiseConvolutionLayer(const caffe::LayerParameter& parameter, const LayerContext& context)
        : ConvolutionBase(grouped(parameter), context, false) {}

  private:
    static caffe::LayerParameter grouped(caffe::LayerParameter parameter) {
        auto& how = *parameter.mutable_convolution_param();
        if (!how.has_group()) how.set_group(how.num_output());
        return parameter;
    }
};

}  // namespace

const LayerType kDepthwiseConvolutionLayer{
    "DepthwiseConvolution", create_layer<DepthwiseConvolutionLayer>, 1, kAnyCount, 1, kAnyCount, false, true};
const LayerType kConvolutionLayer{"Convolution", create_layer<ConvolutionLayer>, 1, kAnyCount, 1, kAnyCount, false,
                                  true};

}  // namespace digits
