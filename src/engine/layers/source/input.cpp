#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Blobs that the caller fills.
class InputLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs&, const Blobs& top) override {
        const auto& input = parameter_.input_param();
        const int shapes = input.shape_size();
        if (shapes > 1 && shapes != static_cast<int>(top.size()))
            throw_invalid("give no shape, one shape, or one for each of the {} tops; got {}", top.size(), shapes);
        for (std::size_t i = 0; i < top.size() && shapes > 0; ++i) {
            const auto& shape = input.shape(shapes == 1 ? 0 : static_cast<int>(i));
            for (const auto dim : shape.dim())
                if (dim < 0) throw_invalid("a shape's dims must not be negative; got {}", dim);
            top[i]->reshape(Shape(shape.dim().begin(), shape.dim().end()));
        }
    }
    void reshape(const Blobs&, const Blobs&) override {}
    void forward(const Blobs&, const Blobs&) override {}
    void backward(const Blobs&, const std::vector<bool>&, const Blobs&) override {}
};

}  // namespace

const LayerType kInputLayer{"Input", create_layer<InputLayer>, 0, 0, 1, kAnyCount};

}  // namespace digits
