#include "kernels/elementwise/lrn.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "engine/device/libtorch_threads.hpp"
#include "engine/layers/layout.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Local response normalization. Across channels alpha is divided by the window's size; within a channel by its square,
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

    std::int64_t workspace_size(const Blob& bottom, Pass) const override {
        if (within_ || !on_cpu()) return 0;
        return libtorch_threads.count() * lrn_workspace(settings(bottom.dim(1)));
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
        // As in Caffe, only the gradient across channels is computed from the top, which an in-place layer may have
        // changed.
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

    LrnSettings settings(std::int64_t channels) const { return {channels, static_cast<int>(size_), alpha_, beta_, k_}; }

    /// Calls use(begin, end, workspace) for the items in parts, with the workspace of a thread.
    template <class Use>
    void for_pixels(const Use& use) const {
        const std::int64_t size = lrn_workspace(settings(x_.size(1))), pixels = x_.size(2) * x_.size(3);
        const at::Tensor workspace = make_workspace(libtorch_threads.count() * size);
        parallel_parts(libtorch_threads, x_.size(0), [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
            use(begin * pixels, end * pixels, workspace.data_ptr<float>() + part * size);
        });
    }

    at::Tensor across() {
        x_ = channels_last(x_);
        const at::Tensor y = at::empty_like(x_);
        if (!scale_.defined() || scale_.sizes() != x_.sizes() || scale_.strides() != x_.strides())
            scale_ = at::empty_like(x_);
        for_pixels([&](std::int64_t begin, std::int64_t end, float* workspace) {
            lrn_forward(x_.data_ptr<float>(), y.data_ptr<float>(), scale_.data_ptr<float>(), settings(x_.size(1)),
                        begin, end, workspace);
        });
        return y;
    }

    at::Tensor across_backward(const at::Tensor& top, const at::Tensor& top_diff) {
        const at::Tensor y = channels_last(top), dy = channels_last(top_diff), dx = at::empty_like(x_);
        for_pixels([&](std::int64_t begin, std::int64_t end, float* workspace) {
            lrn_backward(x_.data_ptr<float>(), y.data_ptr<float>(), scale_.data_ptr<float>(), dy.data_ptr<float>(),
                         dx.data_ptr<float>(), settings(x_.size(1)), begin, end, workspace);
        });
        return dx;
    }

    std::int64_t size_ = 5;
    float alpha_ = 1, beta_ = 0.75F, k_ = 1;
    bool within_ = false;
    at::Tensor x_, scale_;
};

}  // namespace

const LayerType kLRNLayer{"LRN", create_layer<LRNLayer>};

}  // namespace digits
