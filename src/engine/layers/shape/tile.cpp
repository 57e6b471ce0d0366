#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Repeats the block of axes from `axis` on `tiles` times.
class TileLayer final : public Layer {
  public:
    using Layer::Layer;

    void reshape(const Blobs& bottom, const Blobs& top) override {
        axis_ = canonical_axis(parameter_.tile_param().axis(), bottom[0]->axis_count(), "axis");
        tiles_ = parameter_.tile_param().tiles();
        if (tiles_ <= 0) throw_invalid("tiles must be positive; got {}", tiles_);
        Shape shape = bottom[0]->shape();
        shape[static_cast<std::size_t>(axis_)] *= tiles_;
        top[0]->reshape(shape);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        top[0]->set_data(at::cat(std::vector<at::Tensor>(static_cast<std::size_t>(tiles_), bottom[0]->data()), axis_));
    }

    void backward(const Blobs& top, const std::vector<bool>& propagate_down, const Blobs& bottom) override {
        if (!propagate_down[0]) return;
        const at::Tensor dy =
            top[0]->diff().contiguous().view({bottom[0]->count(0, axis_), tiles_, bottom[0]->count(axis_)});
        bottom[0]->set_diff(dy.sum(1).view(bottom[0]->shape()));
    }

  private:
    int axis_ = 1;
    std::int64_t tiles_ = 1;
};

}  // namespace

const LayerType kTileLayer{"Tile", create_layer<TileLayer>};

}  // namespace digits
