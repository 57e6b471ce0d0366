#include "data/sources/pairs/gradients.hpp"

#include <cmath>

#include "base/random.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/source_binding.hpp"

namespace digits {

template <>
struct JsonBinding<GradientsOptions> {
    static constexpr const char* kSchema = "GradientSource";
    static Fields fields() {
        using O = GradientsOptions;
        return {json_field("train_count", &O::train_count)
                    .label("Training images")
                    .help("How many are made")
                    .key("field.gradient_train")
                    .cli("gradients")
                    .digits("train_image_count")
                    .range(1, 1e7)
                    .required(),
                json_field("val_count", &O::val_count)
                    .label("Validation images")
                    .help("How many are made")
                    .key("field.gradient_val")
                    .digits("val_image_count")
                    .range(0, 1e7),
                json_field("test_count", &O::test_count)
                    .label("Test images")
                    .help("How many are made")
                    .key("field.gradient_test")
                    .digits("test_image_count")
                    .range(0, 1e7),
                json_field("width", &O::width)
                    .label("Width of the gradients")
                    .help("Before they are resized")
                    .key("field.gradient_width")
                    .cli("gradient-width")
                    .unit("px")
                    .digits("image_width")
                    .range(1, 10000),
                json_field("height", &O::height)
                    .label("Height of the gradients")
                    .help("Before they are resized")
                    .key("field.gradient_height")
                    .cli("gradient-height")
                    .unit("px")
                    .digits("image_height")
                    .range(1, 10000)};
    }
};

std::vector<SourcePlace> GradientsOptions::places() const { return {}; }
std::vector<Split> GradientsOptions::splits() const { return splits_of(val_count > 0, test_count > 0); }

namespace {

/// DIGITS's plugin: a grey image that rises evenly, whose target is how much in x and in y, from -0.5 to 0.5.
class Gradients final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const GradientsOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const auto all = static_cast<std::uint64_t>(options.train_count) +
                         static_cast<std::uint64_t>(options.val_count) + static_cast<std::uint64_t>(options.test_count);
        if (all > context.limits.entries)
            return fail(ErrorCode::kTooLarge, "the number of images is {}; at most {} are allowed", all,
                        context.limits.entries);
        return std::unique_ptr<SampleSource>(new Gradients(options, context.seed));
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override {
        return static_cast<std::size_t>(split == Split::kTrain ? options_.train_count
                                        : split == Split::kVal ? options_.val_count
                                                               : options_.test_count);
    }
    Result<Sample> get(Split split, std::size_t index) const override {
        Sample sample{{}, target(split, index), name(split, index).text()};
        const auto& slopes = std::get<Tensor>(sample.target).values;
        Image image;
        image.reset(options_.width, options_.height, 1);
        for (int y = 0; y < image.height; ++y)
            for (int x = 0; x < image.width; ++x)
                image.row(y)[x] =
                    static_cast<std::uint8_t>(255.0 * slopes[0] / image.width * (x - image.width / 2.0) +
                                              255.0 * slopes[1] / image.height * (y - image.height / 2.0) + 127.5);
        sample.images.push_back(std::move(image));
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override {
        return {"gradient-" + std::string(enum_name(split)), std::nullopt, index};
    }
    Target target(Split split, std::size_t index) const override {
        SplitMix64 random(seed_, (static_cast<std::uint64_t>(split) << 40) + index);
        const auto slope = [&] {
            return static_cast<float>(static_cast<double>(random.next() >> 11) / 9007199254740992.0 - 0.5);
        };
        const float x = slope();
        return Tensor{facts_.target_shape, {x, slope()}};
    }

  private:
    Gradients(const GradientsOptions& options, std::uint64_t seed) : options_(options), seed_(seed) {
        facts_.target = TargetKind::kTensor;
        facts_.target_shape = {2};
        facts_.target_names = {"x", "y"};
    }
    const GradientsOptions options_;
    const std::uint64_t seed_;
    SourceFacts facts_;
};

}  // namespace

const SourceKind kGradients = source_kind<GradientsOptions, Gradients>(
    "gradients", "Gradients", "Images made by a formula, to try regression with", {"regression"});

}  // namespace digits
