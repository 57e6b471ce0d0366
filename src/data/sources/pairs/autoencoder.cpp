#include "data/sources/pairs/autoencoder.hpp"

#include "base/random.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<AutoencoderOptions> {
    static constexpr const char* kSchema = "AutoencoderSource";
    static Fields fields() {
        using O = AutoencoderOptions;
        return {json_field("images", &O::images)
                    .label("Images")
                    .help("Folder of images, which are their own labels")
                    .key("field.autoencoder_images")
                    .cli("autoencoder")
                    .path(PlaceKind::kFolder)
                    .required(),
                percent_val_field<O>(), percent_test_field<O>()};
    }
};

std::vector<SourcePlace> AutoencoderOptions::places() const { return {{"images", images, true, true}}; }
std::vector<Split> AutoencoderOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

class Autoencoder final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const AutoencoderOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        DIGITS_TRY(check_folder(options.images, "/source/images"));
        std::unique_ptr<Autoencoder> source(new Autoencoder(context));
        DIGITS_ASSIGN(auto files,
                      find_images(options.images, ReadableRoots(context.roots), guard, source->facts_.warnings));
        if (files.empty())
            return fail(with_causes(make_error(ErrorCode::kNotFound, "no image is there").at(options.images),
                                    source->facts_, context));
        source->facts_.target = TargetKind::kImage;
        SplitMix64 random(context.seed);
        shuffle(std::span(files), random);
        const auto sizes = split_sizes(files.size(), options.percent_val, options.percent_test);
        for (std::size_t i = 0; i < files.size(); ++i)
            source->splits_[i < sizes.train ? 0 : i < sizes.train + sizes.val ? 1 : 2].push_back(std::move(files[i]));
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return files(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        DIGITS_ASSIGN(auto sample, images_.read(name(split, index)));
        sample.target = sample.images.front();
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override { return {files(split)[index]}; }
    Target target(Split, std::size_t) const override { return {}; }

  private:
    explicit Autoencoder(const SourceContext& context) : images_(context) {}
    const std::vector<std::string>& files(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    SourceFacts facts_;
    std::array<std::vector<std::string>, 3> splits_;
    ImageReader images_;
};

}  // namespace

const SourceKind kAutoencoder = source_kind<AutoencoderOptions, Autoencoder>(
    "autoencoder", "Autoencoder", "A folder of images that a network learns to reproduce", {"processing"});

}  // namespace digits
