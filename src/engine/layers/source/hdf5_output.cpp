#include <ATen/ATen.h>

#include "data/records/databases/hdf5_arrays.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"

namespace digits {
namespace {

/// Writes both bottoms as the datasets `data` and `label` of a file; one forward pass a file, as in Caffe.
class HDF5OutputLayer final : public Layer {
  public:
    using Layer::Layer;
    bool has_gradient(int) const override { return false; }

    void set_up(const Blobs& bottom, const Blobs& top) override {
        if (parameter_.hdf5_output_param().file_name().empty()) throw_invalid("hdf5_output_param.file_name is missing");
        reshape(bottom, top);
    }

    void reshape(const Blobs& bottom, const Blobs&) override {
        if (bottom[0]->legacy_dim(0) != bottom[1]->legacy_dim(0))
            throw_invalid("both bottoms need as many items; got {} and {}", shape_text(bottom[0]->shape()),
                          shape_text(bottom[1]->shape()));
    }

    void forward(const Blobs& bottom, const Blobs&) override {
        const auto path = context_.base_dir / parameter_.hdf5_output_param().file_name();
        if (written_) throw_invalid("{} is written already: one forward pass fills one file", path.string());
        const at::Tensor data = bottom[0]->data().to(at::kCPU).contiguous(),
                         label = bottom[1]->data().to(at::kCPU).contiguous();
        if (auto done = write_hdf5_arrays(path, {{"data", bottom[0]->shape(), data.data_ptr<float>()},
                                                 {"label", bottom[1]->shape(), label.data_ptr<float>()}});
            !done)
            throw EngineError{std::move(done.error())};
        written_ = true;
    }

    void backward(const Blobs&, const std::vector<bool>&, const Blobs&) override {}

  private:
    bool written_ = false;
};

}  // namespace

const LayerType kHDF5OutputLayer{"HDF5Output", create_layer<HDF5OutputLayer>, 2, 2, 0, 0};

}  // namespace digits
