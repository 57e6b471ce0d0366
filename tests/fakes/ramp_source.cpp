#include "data/sources/class_split.hpp"
#include "data/sources/source_binding.hpp"
#include "fakes.hpp"

namespace digits {

/// Image i is a ramp that begins at i; its target is the vector i, i / 2, -i.
struct RampOptions final : SourceOptions {
    int count = 8;
    int percent_val = 25;

    Status validate(const std::string&) const { return {}; }
    std::vector<SourcePlace> places() const { return {}; }
    std::vector<Split> splits() const { return splits_of(percent_val > 0, false); }
};

template <>
struct JsonBinding<RampOptions> {
    static auto fields() {
        return std::tuple{json_field("count", &RampOptions::count).help("images").range(1, 1e6),
                          json_field("percent_val", &RampOptions::percent_val).range(0, 99)};
    }
};

namespace {

constexpr int kSide = 6;

class RampSource final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const RampOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        for (int i = 0; i < options.count; ++i) DIGITS_TRY(guard.add_entry());
        DIGITS_TRY(guard.check());
        auto source = std::make_unique<RampSource>();
        const auto sizes = split_sizes(static_cast<std::size_t>(options.count), options.percent_val, 0);
        source->train_ = sizes.train;
        source->val_ = sizes.val;
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override {
        return split == Split::kTrain ? train_ : split == Split::kVal ? val_ : 0;
    }
    Result<Sample> get(Split split, std::size_t index) const override {
        Sample sample{{}, target(split, index), name(split, index).text()};
        auto& image = sample.images.emplace_back();
        image.reset(kSide, kSide, 1);
        for (std::size_t i = 0; i < image.pixels.size(); ++i)
            image.pixels[i] = static_cast<std::uint8_t>(i + number(split, index));
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override { return {"ramp", {}, number(split, index)}; }
    Target target(Split split, std::size_t index) const override {
        const auto value = static_cast<float>(number(split, index));
        return Tensor{facts_.target_shape, {value, value / 2, -value}};
    }

  private:
    std::uint64_t number(Split split, std::size_t index) const { return index + (split == Split::kVal ? train_ : 0); }

    SourceFacts facts_{.target = TargetKind::kTensor, .target_shape = {3}};
    std::size_t train_ = 0, val_ = 0;
};

const SourceKind kRamp =
    source_kind<RampOptions, RampSource>("fake_ramp", "Ramps", "Generated ramps with a vector each", {"regression"});

}  // namespace

void fakes::add_ramp_source() { source_kinds().add(kRamp); }

}  // namespace digits
