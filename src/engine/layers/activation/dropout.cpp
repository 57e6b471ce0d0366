#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "engine/device/random.hpp"
#include "engine/layers/own_diff.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// TRAIN: each value is dropped with probability `dropout_ratio`, the others grow by 1 / (1 - ratio). TEST: the
/// identity.
class DropoutLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        ratio_ = parameter_.dropout_param().dropout_ratio();
        if (!(ratio_ >= 0 && ratio_ < 1)) throw_invalid("dropout_ratio must be at least 0 and below 1; got {}", ratio_);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        if (top[0] != bottom[0]) top[0]->reshape(bottom[0]->shape());
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        const at::Tensor x = bottom[0]->data();
        if (!is_training()) {
            if (top[0] != bottom[0]) top[0]->set_data(x.clone());
            return;
        }
        draw_mask(x);
        if (top[0] == bottom[0]) {
            x.mul_(mask_);
        } else {
            top[0]->set_data(x * mask_);
        }
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy = top[0]->diff();
        if (!is_training()) {
            if (top[0] != bottom[0]) bottom[0]->set_diff(dy.clone());
        } else if (top[0] == bottom[0]) {
            own_diff(*top[0]).mul_(mask_);
        } else {
            bottom[0]->set_diff(dy * mask_);
        }
    }

  private:
    /// Each element's number is a function of the pass and of its index alone: the same for any number of threads.
    void draw_mask(const at::Tensor& x) {
        if (!mask_.defined() || mask_.sizes() != x.sizes()) mask_ = at::empty_like(x);
        if (!on_cpu()) {
            auto generator = at::globalContext().defaultGenerator(x.device()).clone();
            generator.set_current_seed(pass_seed());
            mask_.bernoulli_(1.0 - ratio_, generator).div_(1.0F - ratio_);
            return;
        }
        float* mask = mask_.data_ptr<float>();
        const std::uint64_t key = pass_seed();
        const auto threshold = static_cast<std::uint32_t>(ratio_ * 4294967296.0);
        const float kept = 1.0F / (1.0F - ratio_);
        at::parallel_for(0, mask_.numel(), 1 << 14, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                mask[i] = static_cast<std::uint32_t>(mix(key + static_cast<std::uint64_t>(i)) >> 32) >= threshold
                              ? kept
                              : 0.0F;
        });
    }

    float ratio_ = 0.5F;
    at::Tensor mask_;  // 0 or 1 / (1 - ratio)
};

}  // namespace

const LayerType kDropoutLayer{"Dropout", create_layer<DropoutLayer>};

}  // namespace digits
