#include <ATen/ATen.h>

#include "engine/layer.hpp"
#include "engine/layers/types.hpp"
#include "engine/layers/window.hpp"

namespace digits {
namespace {

/// The windows of a convolution as channels: C · kh · kw of them.
class Im2colLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4)
            throw EngineError{
                make_error(ErrorCode::kUnsupported, "the bottom needs 4 axes; got {}", bottom[0]->axis_count())};
        window_ = ConvolutionWindow::of(parameter_.convolution_param(), 4);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        top[0]->reshape({bottom[0]->dim(0), bottom[0]->dim(1) * element_count(window_.kernel),
                         window_.output_size(0, bottom[0]->dim(2)), window_.output_size(1, bottom[0]->dim(3))});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        top[0]->set_data(
            at::im2col(bottom[0]->data().contiguous(), window_.kernel, window_.dilation, window_.pad, window_.stride)
                .view(top[0]->shape()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff().reshape({top[0]->dim(0), top[0]->dim(1), -1});
        const Shape size{bottom[0]->dim(2), bottom[0]->dim(3)};
        bottom[0]->set_diff(at::col2im(dy, size, window_.kernel, window_.dilation, window_.pad, window_.stride));
    }

  private:
    ConvolutionWindow window_;
};

}  // namespace

const LayerType kIm2colLayer{"Im2col", create_layer<Im2colLayer>};

}  // namespace digits
