#include "kernels/elementwise/lrn.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "engine/layers/layout.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Local response normalisation. Across channels alpha is divided by the window's size; within a channel by its square,
/// and k is always 1, as in Caffe.
class LRNLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& lrn = parameter_.lrn_param();
        size_ = static_cast<std::int64_t>(lrn.local_size());
        if (size_ % 2 == 0) throw_invalid("local_size must be odd; got {}", size_);
        alpha_ = lrn.alpha();
        beta_ = lrn.beta();
        k_ = lrn.k();
        within_ = lrn.norm_region() == caffe::LRNParameter::WITHIN_CHANNEL;
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4)
            throw_invalid("the bottom needs 4 axes (batch, channels, height, width); got {}", bottom[0]->axis_count());
        top[0]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        x_ = bottom[0]->data();
        if (!within_ && on_cpu()) {
            top[0]->set_data(across());
            return;
        }
        scale_ = (within_ ? 1.0F : k_) + factor() * window_sum(x_ * x_);
        top[0]->set_data(x_ * at::pow(scale_, -beta_));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff();
        if (!within_ && on_cpu()) {
            bottom[0]->set_diff(across_backward(top[0]->data(), dy));
            return;
        }
        const at::Tensor power = at::pow(scale_, -beta_);
        // As in Caffe, only across channels the gradient is made of the top, which a layer in place may have changed.
        const at::Tensor y = within_ ? x_ * power : top[0]->data();
        bottom[0]->set_diff(dy * power - 2 * factor() * beta_ * x_ * window_sum(dy * y / scale_));
    }

  private:
    float factor() const { return alpha_ / static_cast<float>(within_ ? size_ * size_ : size_); }

    /// The sum over each element's window; zeros outside.
    at::Tensor window_sum(const at::Tensor& x) const {
        const std::int64_t half = (size_ - 1) / 2;
        if (within_) return at::avg_pool2d(x, {size_, size_}, {1, 1}, {half, half}, false, true, 1);
        const at::Tensor padded = at::constant_pad_nd(x, {0, 0, 0, 0, half, half}, 0);
        at::Tensor sum = padded.narrow(1, 0, x.size(1)).clone();
        for (std::int64_t d = 1; d < size_; ++d) sum.add_(padded.narrow(1, d, x.size(1)));
        return sum;
    }

    LrnSettings settings() const {
        return {x_.size(1), x_.size(2) * x_.size(3), static_cast<int>(size_), alpha_, beta_, k_, channels_last_};
    }

    at::Tensor across() {
        channels_last_ = is_channels_last(x_);
        x_ = dense(x_, channels_last_);
        const at::Tensor y = at::empty_like(x_);
        if (!scale_.defined() || scale_.sizes() != x_.sizes() || scale_.strides() != x_.strides())
            scale_ = at::empty_like(x_);
        const float* x = x_.data_ptr<float>();
        at::parallel_for(0, x_.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
            lrn_forward(x, y.data_ptr<float>(), scale_.data_ptr<float>(), settings(), begin, end);
        });
        return y;
    }

    at::Tensor across_backward(const at::Tensor& top, const at::Tensor& top_diff) {
        const at::Tensor y = dense(top, channels_last_), dy = dense(top_diff, channels_last_), dx = at::empty_like(x_);
        at::parallel_for(0, x_.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
            lrn_backward(x_.data_ptr<float>(), y.data_ptr<float>(), scale_.data_ptr<float>(), dy.data_ptr<float>(),
                         dx.data_ptr<float>(), settings(), begin, end);
        });
        return dx;
    }

    std::int64_t size_ = 5;
    float alpha_ = 1, beta_ = 0.75F, k_ = 1;
    bool within_ = false, channels_last_ = false;
    at::Tensor x_, scale_;
};

}  // namespace

const LayerType kLRNLayer{"LRN", create_layer<LRNLayer>};

}  // namespace digits
