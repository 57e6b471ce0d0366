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

}  // namespace

const LayerType kConvolutionLayer{"Convolution", create_layer<ConvolutionLayer>, 1, kAnyCount, 1, kAnyCount, false,
                                  true};

}  // namespace digits
