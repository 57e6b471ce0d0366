#include "engine/device/random.hpp"
#include "engine/layers/source/feed_top.hpp"
#include "engine/layers/types.hpp"
#include "feed/window_feed.hpp"

namespace digits {
namespace {

/// Batches of windows of images and their classes, 0 for background.
class WindowDataLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs&, const Blobs& top) override {
        if (parameter_.window_data_param().source().empty())
            throw_invalid("window_data_param.source is missing: a text file of windows");
        WindowOptions options;
        options.window = parameter_.window_data_param();
        options.source = context_.base_dir / options.window.source();
        options.base_dir = context_.base_dir;
        options.transform = parameter_.transform_param();
        if (options.transform.has_mean_file())
            options.transform.set_mean_file((context_.base_dir / options.transform.mean_file()).string());
        options.seed = hash(context_.seed, name(), 0);
        options.threads = context_.feed_threads;
        options.first_batch = static_cast<std::uint64_t>(context_.first_pass);
        auto feed = WindowFeed::open(options);
        if (!feed) throw EngineError{std::move(feed.error())};
        feed_ = std::move(*feed);
        const auto shape = feed_->shape();
        top[0]->reshape(Shape(shape.begin(), shape.end()));
        top[1]->reshape({shape[0]});
    }

    void reshape(const Blobs&, const Blobs&) override {}

    void forward(const Blobs&, const Blobs& top) override {
        auto batch = feed_->next();
        if (!batch) throw EngineError{std::move(batch.error())};
        set_top(*top[0], batch->data, top[0]->shape());
        set_top(*top[1], batch->labels, top[1]->shape());
    }

    void backward(const Blobs&, const std::vector<bool>&, const Blobs&) override {}
    double wait_seconds() const override { return feed_ ? feed_->wait_seconds() : 0; }

  private:
    std::unique_ptr<WindowFeed> feed_;
};

}  // namespace

const LayerType kWindowDataLayer{"WindowData", create_layer<WindowDataLayer>, 0, 0, 2, 2};

}  // namespace digits
