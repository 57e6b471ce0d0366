#include "data/sources/remote/remote_images.hpp"

#include <algorithm>

#include "data/guard.hpp"
#include "data/sources/left_out.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostImage_bytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kMostEntries = 20'000'000;
constexpr int kMostDepth = 16;
constexpr auto kMostTime = std::chrono::minutes(10);
constexpr std::uint64_t kLeastRate = 100;  ///< bytes per second

struct RemoteImage {
    std::string name;
    int label = 0;
};

Result<Sample> make_sample(const ImageSite& site, const std::string& name, Target target, ImageDecoder decode,
                           const DecodeOptions& options) {
    const auto read = [&]() -> Result<DecodedImage> {
        DIGITS_ASSIGN(const auto bytes, site.bring(name));
        return decode(bytes, options);
    };
    auto decoded = guarded("read it", read);
    if (!decoded) return fail(std::move(decoded).error().at(site.address(name)));
    Sample sample{{}, std::move(target), site.address(name)};
    sample.images.push_back(std::move(decoded->image));
    sample.facts.push_back(decoded->facts);
    return sample;
}

class RemoteImages final : public SampleSource {
  public:
    using Splits = std::array<std::vector<RemoteImage>, 3>;

    RemoteImages(std::unique_ptr<const ImageSite> site, SourceFacts facts, Splits splits, const SourceContext& context)
        : site_(std::move(site)),
          facts_(std::move(facts)),
          splits_(std::move(splits)),
          decode_(context.decode),
          decoding_(context.decoding) {}

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return images(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        return make_sample(*site_, images(split)[index].name, target(split, index), decode_, decoding_);
    }
    SampleName name(Split split, std::size_t index) const override {
        return {site_->address(images(split)[index].name), {}};
    }
    Target target(Split split, std::size_t index) const override { return ClassLabel{images(split)[index].label}; }
    bool waits_for_others() const override { return true; }

  private:
    const std::vector<RemoteImage>& images(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    std::unique_ptr<const ImageSite> site_;
    SourceFacts facts_;
    Splits splits_;  ///< by Split
    ImageDecoder decode_;
    DecodeOptions decoding_;
};

}  // namespace

remote::TransferLimits image_transfer_limits(const SourceContext& context) {
    remote::TransferLimits limits;
    limits.max_bytes = kMostImage_bytes;
    limits.timeout = kMostTime;
    if (const auto& time = context.limits.time) limits.timeout = std::min(limits.timeout, *time);
    limits.least_bytes_per_s = kLeastRate;
    if (context.limits.cancelled)
        limits.cancelled = [cancelled = context.limits.cancelled, turn = std::make_shared<std::mutex>()] {
            const std::lock_guard lock(*turn);
            return cancelled();
        };
    return limits;
}

ScanLimits remote_scan_limits(const SourceContext& context) {
    auto limits = context.limits;
    limits.entries = std::min(limits.entries, kMostEntries);
    limits.depth = std::min(limits.depth, kMostDepth);
    return limits;
}

Result<std::unique_ptr<SampleSource>> deal_remote_images(std::unique_ptr<const ImageSite> site, RemoteClasses classes,
                                                         SourceFacts facts, const std::string& place,
                                                         const RemoteClassOptions& options,
                                                         const SourceContext& context, std::vector<RemoteSplit> whole) {
    const auto dealt = [&](Split split, int percent) {
        return std::ranges::find(whole, split, &RemoteSplit::split) == whole.end() ? percent : 0;
    };
    const int val = dealt(Split::kVal, options.percent_val), test = dealt(Split::kTest, options.percent_test);
    facts.labels_are_found = true;
    RemoteImages::Splits splits;
    const auto add = [&](Split split, std::string name, int label) {
        splits[static_cast<std::size_t>(split)].push_back({std::move(name), label});
    };
    const ClassLimits limits{options.min_per_class, options.max_per_class};
    ClassDealer(context.seed, facts).deal(classes, limits, val, test, add);
    if (facts.labels.size() < 2)
        return fail(with_causes(
            make_error(ErrorCode::kInvalidArgument,
                       "{} has {} with {} or more images; at least two classes are needed, each in its own folder",
                       place, facts.labels.empty() ? "no class" : "only one class",
                       ClassDealer::least_of(limits, val, test))
                .at("/source/url"),
            facts, context));
    for (auto& [split, from, others, own] : whole)
        ClassDealer(context.seed, facts).deal_to(split, others, own, from, add);
    return std::make_unique<RemoteImages>(std::move(site), std::move(facts), std::move(splits), context);
}

Result<Sample> fetch_sample(const ImageSite& site, const std::string& name, Target target,
                            const SourceContext& context) {
    return make_sample(site, name, std::move(target), context.decode, context.decoding);
}

}  // namespace digits
