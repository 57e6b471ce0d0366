#include "engine/device/random.hpp"
#include "engine/layers/source/batch_tops.hpp"
#include "engine/layers/types.hpp"
#include "feed/augmenter.hpp"
#include "feed/feed.hpp"

namespace digits {
namespace {

/// Batches of images and labels out of a database, read and transformed by other threads while the net computes.
class DataLayer final : public Layer {
  public:
    using Layer::Layer;

    void set_up(const Blobs&, const Blobs& top) override {
        const auto& data = parameter_.data_param();
        if (data.source().empty()) throw_invalid("data_param.source is missing: the path of a database");
        if (data.batch_size() == 0) throw_invalid("data_param.batch_size must be positive");
        FeedOptions options;
        options.source = context_.base_dir / data.source();
        options.batch_size = static_cast<int>(data.batch_size());
        options.transform = parameter_.transform_param();
        if (options.transform.has_mean_file())
            options.transform.set_mean_file((context_.base_dir / options.transform.mean_file()).string());
        options.phase = context_.phase;
        // Targets go where their images go: what happens to these follows from the seed of their layer.
        const bool follows = data.has_follows();
        options.seed = hash(context_.seed, follows ? data.follows() : name(), 0);
        if (data.target() == caffe::DataParameter::MASK) options.records = FeedRecords::kMask;
        if (data.target() == caffe::DataParameter::BOXES) {
            if (!data.has_follows_source())
                throw_invalid("boxes need data_param.follows_source, the path of the database of their images");
            options.records = FeedRecords::kBoxes;
            options.images = context_.base_dir / data.follows_source();
        }
        options.threads = context_.feed_threads;
        options.prefetch = std::max(2, static_cast<int>(data.prefetch()));
        options.first_batch = static_cast<std::uint64_t>(context_.first_pass);
        options.round_end = context_.round_end;
        // A net that belongs to no folder, as in tests, varies nothing. Nor are numbers varied, which a layer of their
        // own reads (generic_rules.cpp).
        const bool only_targets = parameter_.top_size() == 1 && parameter_.top(0).find("label") != std::string::npos;
        const bool numbers = data.target() == caffe::DataParameter::NUMBERS;
        if (context_.phase == caffe::TRAIN && !context_.base_dir.empty() && !(only_targets && numbers)) {
            auto augmentation = read_augmentation(context_.base_dir);
            if (!augmentation) throw EngineError{std::move(augmentation.error())};
            options.augmentation = numbers ? *augmentation : only_geometry(*augmentation);
        }
        auto feed = Feed::open(options);
        if (!feed) throw EngineError{std::move(feed.error())};
        feed_ = std::move(*feed);
        batches_ = std::make_unique<BatchTops>([this] { return feed_->next(); }, context_.device);
        const auto shape = feed_->shape();
        top[0]->reshape(Shape(shape.begin(), shape.end()));
        if (top.size() > 1) top[1]->reshape({shape[0]});
    }

    void reshape(const Blobs&, const Blobs&) override {}

    void forward(const Blobs&, const Blobs& top) override { batches_->fill(top); }

    void backward(const Blobs&, const std::vector<bool>&, const Blobs&) override {}

    std::optional<Rounds> rounds() const override { return feed_->rounds(); }
    double wait_seconds() const override { return batches_ ? batches_->wait_seconds() : 0; }

  private:
    std::unique_ptr<Feed> feed_;
    std::unique_ptr<BatchTops> batches_;  // takes from feed_
};

}  // namespace

const LayerType kDataLayer{"Data", create_layer<DataLayer>, 0, 0, 1, 2};

}  // namespace digits
