#include <ATen/ATen.h>

#include "engine/convolution/algorithms/unfolded_convolution.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// The windows of a convolution as channels: C · kh · kw of them, or with any other number of spatial axes.
class Im2colLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        window_ = ConvolutionWindow::of(parameter_.convolution_param(), bottom[0]->axis_count());
        if (parameter_.convolution_param().pad_same()) throw_invalid("an Im2col has no pad_same; give pad");
        if (window_.spatial_axes() == 0) throw_invalid("the bottom needs spatial axes behind its channel axis");
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        const int axis = window_.channel_axis;
        if (bottom[0]->axis_count() != axis + 1 + window_.spatial_axes())
            throw_invalid("the bottom must keep {} spatial axes behind axis {}; its shape is {}",
                          window_.spatial_axes(), axis, shape_text(bottom[0]->shape()));
        Shape shape(bottom[0]->shape().begin(), bottom[0]->shape().begin() + axis);
        shape.push_back(bottom[0]->dim(axis) * element_count(window_.kernel));
        for (int i = 0; i < window_.spatial_axes(); ++i)
            shape.push_back(window_.output_size(i, bottom[0]->dim(axis + 1 + i)));
        top[0]->reshape(shape);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        top[0]->set_data(
            unfold_windows(bottom[0]->data().reshape(flat_shape(*bottom[0])), window_).reshape(top[0]->shape()));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        bottom[0]->set_diff(fold_windows(top[0]->diff(), window_, flat_shape(*bottom[0])).reshape(bottom[0]->shape()));
    }

  private:
    /// (batch, channels, spatial…).
    Shape flat_shape(const Blob& bottom) const {
        Shape shape(bottom.shape().begin() + window_.channel_axis, bottom.shape().end());
        shape.insert(shape.begin(), bottom.count(0, window_.channel_axis));
        return shape;
    }

    ConvolutionWindow window_;
};

}  // namespace

const LayerType kIm2colLayer{"Im2col", create_layer<Im2colLayer>};

}  // namespace digits
