#include <ATen/ATen.h>

#include "engine/filler.hpp"
#include "engine/layer.hpp"
#include "engine/layers/types.hpp"

namespace digits {
namespace {

/// Blobs of filled-in numbers; constant ones are filled once, others anew on every forward pass.
class DummyDataLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs&, const Blobs& top) override {
        const auto& dummy = parameter_.dummy_data_param();
        const auto tops = static_cast<int>(top.size());
        const int fillers = dummy.data_filler_size();
        if (fillers > 1 && fillers != tops)
            throw_invalid("give no data_filler, one, or one for each of the {} tops; got {}", tops, fillers);
        const bool old = dummy.num_size() > 0;
        const int shapes = old ? dummy.num_size() : dummy.shape_size();
        if (shapes != 1 && shapes != tops)
            throw_invalid("give one shape or one for each of the {} tops; got {}", tops, shapes);
        if (old && (dummy.channels_size() != shapes || dummy.height_size() != shapes || dummy.width_size() != shapes))
            throw_invalid("num, channels, height and width need the same number of values");
        for (int i = 0; i < tops; ++i) {
            const int s = shapes == 1 ? 0 : i;
            Shape shape;
            if (old) {
                shape = {dummy.num(s), dummy.channels(s), dummy.height(s), dummy.width(s)};
            } else {
                shape.assign(dummy.shape(s).dim().begin(), dummy.shape(s).dim().end());
            }
            top[static_cast<std::size_t>(i)]->reshape(shape);
            fill_top(top, i);
        }
    }

    void reshape(const Blobs&, const Blobs&) override {}

    void forward(const Blobs&, const Blobs& top) override {
        for (int i = 0; i < static_cast<int>(top.size()); ++i)
            if (filler(i).type() != "constant") fill_top(top, i);
    }

    void backward(const Blobs&, const std::vector<bool>&, const Blobs&) override {}

  private:
    const caffe::FillerParameter& filler(int i) const {
        const auto& fillers = parameter_.dummy_data_param().data_filler();
        return fillers.empty() ? caffe::FillerParameter::default_instance() : fillers[fillers.size() == 1 ? 0 : i];
    }
    void fill_top(const Blobs& top, int i) const {
        Blob& blob = *top[static_cast<std::size_t>(i)];
        blob.set_data(
            fill(blob.shape(), filler(i), pass_seed() + static_cast<std::uint64_t>(i)).to(blob.data().device()));
    }
};

}  // namespace

const LayerType kDummyDataLayer{"DummyData", create_layer<DummyDataLayer>, 0, 0, 1, kAnyCount};

}  // namespace digits
