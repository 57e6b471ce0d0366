#include <ATen/ATen.h>

#include "engine/layers/types.hpp"
#include "engine/net/filler.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Blobs of filled-in numbers; constant ones are filled once, others again on every forward pass.
class DummyDataLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs&, const Blobs& top) override {
        const auto& dummy = parameter_.dummy_data_param();
        const auto tops = static_cast<int>(top.size());
        const int fillers = dummy.data_filler_size();
        if (fillers > 1 && fillers != tops)
            throw_invalid("give no data_filler, one, or one for each of the {} tops; got {}", tops, fillers);
        const bool old = dummy.num_size() + dummy.channels_size() + dummy.height_size() + dummy.width_size() > 0;
        if (old && dummy.shape_size() > 0) throw_invalid("give shape, or num, channels, height and width, not both");
        const auto check = [&](std::string_view field, int count) {
            if (count != 1 && count != tops)
                throw_invalid("give one {} or one for each of the {} tops; got {}", field, tops, count);
        };
        if (old) {
            check("num", dummy.num_size());
            check("channels", dummy.channels_size());
            check("height", dummy.height_size());
            check("width", dummy.width_size());
        } else {
            check("shape", dummy.shape_size());
        }
        for (int i = 0; i < tops; ++i) {
            const auto one = [i](const auto& values) { return values.Get(values.size() == 1 ? 0 : i); };
            Shape shape;
            if (old) {
                shape = {one(dummy.num()), one(dummy.channels()), one(dummy.height()), one(dummy.width())};
            } else {
                const auto& dims = dummy.shape(dummy.shape_size() == 1 ? 0 : i).dim();
                shape.assign(dims.begin(), dims.end());
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
