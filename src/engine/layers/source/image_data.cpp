#include "engine/device/random.hpp"
#include "engine/layers/source/batch_tops.hpp"
#include "engine/layers/types.hpp"
#include "feed/image_list_feed.hpp"

namespace digits {
namespace {

/// Batches of image files and labels out of a text file.
class ImageDataLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs&, const Blobs& top) override {
        const auto& data = parameter_.image_data_param();
        if (data.source().empty()) throw_invalid("image_data_param.source is missing: a text file of paths and labels");
        ImageListOptions options;
        options.source = context_.base_dir / data.source();
        options.base_dir = context_.base_dir;
        options.root_folder = data.root_folder();
        options.batch_size = static_cast<int>(data.batch_size());
        options.new_height = static_cast<int>(data.new_height());
        options.new_width = static_cast<int>(data.new_width());
        options.short_side = static_cast<int>(data.short_side());
        options.is_color = data.is_color();
        options.shuffle = data.shuffle();
        options.rand_skip = data.rand_skip();
        options.transform = parameter_.transform_param();
        if (options.transform.has_mean_file())
            options.transform.set_mean_file((context_.base_dir / options.transform.mean_file()).string());
        options.phase = context_.phase;
        options.seed = hash(context_.seed, name(), 0);
        options.threads = context_.feed_threads;
        options.first_batch = static_cast<std::uint64_t>(context_.first_pass);
        auto feed = ImageListFeed::open(options);
        if (!feed) throw EngineError{std::move(feed.error())};
        feed_ = std::move(*feed);
        batches_ = std::make_unique<BatchTops>([this] { return feed_->next(); }, context_.device);
        const auto shape = feed_->shape();
        top[0]->reshape(Shape(shape.begin(), shape.end()));
        top[1]->reshape({shape[0]});
    }

    void reshape(const Blobs&, const Blobs&) override {}

    void forward(const Blobs&, const Blobs& top) override { batches_->fill(top); }

    void backward(const Blobs&, const std::vector<bool>&, const Blobs&) override {}
    double wait_seconds() const override { return batches_ ? batches_->wait_seconds() : 0; }

  private:
    std::unique_ptr<ImageListFeed> feed_;
    std::unique_ptr<BatchTops> batches_;  // takes from feed_
};

}  // namespace

const LayerType kImageDataLayer{"ImageData", create_layer<ImageDataLayer>, 0, 0, 2, 2};

}  // namespace digits
