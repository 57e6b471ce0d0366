#include <ATen/ATen.h>

#include "engine/device/random.hpp"
#include "engine/device/stopwatch.hpp"
#include "engine/layers/source/feed_top.hpp"
#include "engine/layers/types.hpp"
#include "engine/net/layer.hpp"
#include "feed/hdf5_rows.hpp"

namespace digits {
namespace {

/// Rows of HDF5 files; each top is the dataset of its name.
class Hdf5DataLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs&, const Blobs& top) override {
        const auto& data = parameter_.hdf5_data_param();
        if (data.source().empty())
            throw_invalid("hdf5_data_param.source is missing: a file with the paths of HDF5 files");
        if (data.batch_size() == 0) throw_invalid("hdf5_data_param.batch_size must be positive");
        if (parameter_.has_transform_param())
            throw_invalid("an HDF5Data layer transforms nothing; leave transform_param out");
        Hdf5RowsOptions options;
        options.source = context_.base_dir / data.source();
        options.base_dir = context_.base_dir;
        options.datasets.assign(parameter_.top().begin(), parameter_.top().end());
        options.batch_size = static_cast<int>(data.batch_size());
        options.shuffle = data.shuffle();
        options.seed = hash(context_.seed, name(), 0);
        options.first_batch = static_cast<std::uint64_t>(context_.first_pass);
        options.round_end = context_.round_end;
        auto rows = Hdf5Rows::open(options);
        if (!rows) throw EngineError{std::move(rows.error())};
        rows_ = std::move(*rows);
        for (std::size_t i = 0; i < top.size(); ++i) top[i]->reshape(rows_->shapes()[i]);
    }

    void reshape(const Blobs&, const Blobs&) override {}

    void forward(const Blobs&, const Blobs& top) override {
        auto batch = [this] {
            const Stopwatch wait(&wait_seconds_);
            return rows_->next();
        }();
        if (!batch) throw EngineError{std::move(batch.error())};
        for (std::size_t i = 0; i < top.size(); ++i) {
            Shape shape = rows_->shapes()[i];
            shape[0] = rows_->rows();
            set_top(*top[i], (*batch)[i], shape);
        }
    }

    void backward(const Blobs&, const std::vector<bool>&, const Blobs&) override {}

    std::optional<Rounds> rounds() const override { return rows_->rounds(); }
    double wait_seconds() const override { return wait_seconds_; }

  private:
    std::unique_ptr<Hdf5Rows> rows_;
    double wait_seconds_ = 0;
};

}  // namespace

const LayerType kHDF5DataLayer{"HDF5Data", create_layer<Hdf5DataLayer>, 0, 0, 1, kAnyCount};

}  // namespace digits
