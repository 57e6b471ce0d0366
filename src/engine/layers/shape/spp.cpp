#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Spatial pyramid pooling: level i pools into 2^i x 2^i bins; the levels follow each other on axis 1. With one
/// level the pooling's result stays as it is.
class SPPLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (bottom[0]->axis_count() != 4)
            throw_invalid("the bottom needs 4 axes (batch, channels, height, width); got {}", bottom[0]->axis_count());
        levels_ = static_cast<int>(parameter_.spp_param().pyramid_height());
        if (levels_ < 1 || levels_ > 30) throw_invalid("pyramid_height must be 1 to 30; got {}", levels_);
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        poolings_.clear();
        pooled_.clear();
        std::int64_t bins = 0;
        for (int level = 0; level < levels_; ++level) {
            poolings_.push_back(find_layer_type("Pooling")->create(pooling(*bottom[0], level), context_));
            pooled_.push_back(std::make_unique<Blob>(bottom[0]->device()));
            poolings_.back()->set_up(bottom, {pooled_.back().get()});
            bins += pooled_.back()->count(2);
        }
        top[0]->reshape(levels_ == 1 ? pooled_[0]->shape() : Shape{bottom[0]->dim(0), bottom[0]->dim(1) * bins});
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        std::vector<at::Tensor> parts;
        for (std::size_t i = 0; i < poolings_.size(); ++i) {
            poolings_[i]->forward(bottom, {pooled_[i].get()});
            parts.push_back(levels_ == 1 ? pooled_[i]->data() : pooled_[i]->data().reshape({bottom[0]->dim(0), -1}));
        }
        top[0]->set_data(levels_ == 1 ? parts[0] : at::cat(parts, 1));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        at::Tensor sum;
        std::int64_t offset = 0;
        const at::Tensor dy = top[0]->diff().reshape({bottom[0]->dim(0), -1});
        for (std::size_t i = 0; i < poolings_.size(); ++i) {
            const std::int64_t width = pooled_[i]->count(1);
            pooled_[i]->set_diff(dy.narrow(1, offset, width).reshape(pooled_[i]->shape()));
            poolings_[i]->backward({pooled_[i].get()}, {true}, bottom);
            sum = sum.defined() ? sum + bottom[0]->diff() : bottom[0]->diff();
            offset += width;
        }
        bottom[0]->set_diff(sum);
    }

  private:
    caffe::LayerParameter pooling(const Blob& bottom, int level) const {
        const auto bins = std::int64_t{1} << level;
        caffe::LayerParameter layer;
        layer.set_name(name());
        layer.set_type("Pooling");
        auto& pool = *layer.mutable_pooling_param();
        pool.set_pool(static_cast<caffe::PoolingParameter::PoolMethod>(parameter_.spp_param().pool()));
        const std::int64_t kernel_h = (bottom.dim(2) + bins - 1) / bins, kernel_w = (bottom.dim(3) + bins - 1) / bins;
        pool.set_kernel_h(static_cast<std::uint32_t>(kernel_h));
        pool.set_kernel_w(static_cast<std::uint32_t>(kernel_w));
        pool.set_stride_h(pool.kernel_h());
        pool.set_stride_w(pool.kernel_w());
        pool.set_pad_h(static_cast<std::uint32_t>((kernel_h * bins - bottom.dim(2) + 1) / 2));
        pool.set_pad_w(static_cast<std::uint32_t>((kernel_w * bins - bottom.dim(3) + 1) / 2));
        return layer;
    }

    int levels_ = 1;
    std::vector<std::unique_ptr<Layer>> poolings_;
    std::vector<std::unique_ptr<Blob>> pooled_;
};

}  // namespace

const LayerType kSPPLayer{"SPP", create_layer<SPPLayer>};

}  // namespace digits
