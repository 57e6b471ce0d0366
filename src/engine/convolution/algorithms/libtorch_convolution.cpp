#include "engine/convolution/algorithms/libtorch_convolution.hpp"

#include "engine/convolution/weight_layout.hpp"
#include "engine/layers/layout.hpp"

namespace digits {

at::Tensor LibtorchConvolution::in_format(const at::Tensor& weight) const {
    return options_.channels_last && weight.dim() == 4 ? channels_last(weight) : weight;
}

at::Tensor LibtorchConvolution::forward(const at::Tensor& x, const at::Tensor& weight,
                                        const std::optional<at::Tensor>& bias, bool relu) const {
    at::Tensor y = at::convolution(x, in_format(weight), bias, options_.stride, options_.pad, options_.dilation,
                                   options_.transposed, no_output_padding_, options_.groups);
    return relu ? at::relu_(y) : y;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> LibtorchConvolution::backward(const at::Tensor& dy, const at::Tensor& x,
                                                                             const at::Tensor& weight,
                                                                             bool to_input) const {
    return at::convolution_backward(dy, x, in_format(weight), std::nullopt, options_.stride, options_.pad,
                                    options_.dilation, options_.transposed, no_output_padding_, options_.groups,
                                    {to_input, !to_input, false});
}

at::Tensor LibtorchConvolution::input_gradient(const at::Tensor& dy, const at::Tensor& weight,
                                               const at::Tensor& x) const {
    return std::get<0>(backward(dy, x, weight, true));
}

at::Tensor LibtorchConvolution::weight_gradient(const at::Tensor& x, const at::Tensor& dy,
                                                const at::Tensor& weight) const {
    return floats_of_gradient(std::get<1>(backward(dy, x, weight, false)));
}

}  // namespace digits
