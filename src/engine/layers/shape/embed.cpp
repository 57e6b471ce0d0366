#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Row x of a learned table (input_dim, num_output), plus a bias.
class EmbedLayer final : public Layer {
  public:
    using Layer::Layer;

    bool has_gradient(int) const override { return false; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        const auto& embed = parameter_.embed_param();
        if (embed.num_output() == 0 || embed.input_dim() == 0)
            throw_invalid("num_output and input_dim must be positive");
        add_blob({embed.input_dim(), embed.num_output()}, embed.weight_filler());
        if (embed.bias_term()) add_blob({embed.num_output()}, embed.bias_filler());
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs& top) override {
        Shape shape = bottom[0]->shape();
        shape.push_back(blobs()[0]->dim(1));
        top[0]->reshape(shape);
    }

    void forward(const Blobs& bottom, const Blobs& top) override {
        index_ = bottom[0]->data().reshape({-1}).to(at::kLong);
        if (index_.numel() > 0) {
            const auto low = index_.min().item<std::int64_t>(), high = index_.max().item<std::int64_t>();
            if (low < 0 || high >= blobs()[0]->dim(0))
                throw_invalid("input {} lies outside 0 to {} (input_dim)", low < 0 ? low : high,
                              blobs()[0]->dim(0) - 1);
        }
        at::Tensor y = blobs()[0]->data().index_select(0, index_);
        if (blobs().size() > 1) y.add_(blobs()[1]->data());
        top[0]->set_data(y.view(top[0]->shape()));
    }

    void backward(const Blobs& top, const std::vector<bool>&, const Blobs&) override {
        const at::Tensor dy = top[0]->diff().reshape({-1, blobs()[0]->dim(1)});
        if (wants_gradient(0)) blobs()[0]->accumulate_diff(at::zeros_like(blobs()[0]->data()).index_add(0, index_, dy));
        if (blobs().size() > 1 && wants_gradient(1)) blobs()[1]->accumulate_diff(dy.sum(0));
    }

  private:
    at::Tensor index_;
};

}  // namespace

const LayerType kEmbedLayer{"Embed", create_layer<EmbedLayer>};

}  // namespace digits
