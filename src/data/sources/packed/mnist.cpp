#include "data/sources/packed/mnist.hpp"

#include "data/sources/class_split.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/packed/idx_file.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<MnistOptions> {
    static constexpr const char* kSchema = "MnistSource";
    static Fields fields() {
        using O = MnistOptions;
        return {json_field("path", &O::path)
                    .label("MNIST folder")
                    .help("Folder on the server with the four IDX files; the 10,000 test images validate")
                    .key("field.mnist_folder")
                    .cli("from")
                    .path(PlaceKind::kFolder)
                    .required(),
                percent_test_field<O>(), min_per_class_field<O>(), max_per_class_field<O>()};
    }
};

Status MnistOptions::validate(const std::string& where) const {
    DIGITS_TRY(check_percentages(0, percent_test, where));
    return check_class_limits(min_per_class, max_per_class, "", where);
}

std::vector<SourcePlace> MnistOptions::places() const { return {{"path", path, true, true}}; }

std::vector<Split> MnistOptions::splits() const { return splits_of(true, percent_test > 0); }

namespace {

constexpr int kDigits = 10;

class Mnist final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const MnistOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        DIGITS_TRY(check_folder(options.path, "/source/path"));
        std::unique_ptr<Mnist> source(new Mnist);
        const ReadableRoots roots(context.roots);
        DIGITS_ASSIGN(source->train_, MnistFiles::read(options.path, "train", roots));
        DIGITS_ASSIGN(source->test_, MnistFiles::read(options.path, "t10k", roots));
        DIGITS_ASSIGN(auto train, by_digit(source->train_, guard));
        DIGITS_ASSIGN(auto test, by_digit(source->test_, guard));
        const ClassLimits limits{options.min_per_class, options.max_per_class};
        const auto add = [&](Split split, std::uint32_t item, int label) {
            source->splits_[static_cast<std::size_t>(split)].push_back({item, label});
        };
        ClassDealer dealer(context.seed, source->facts_);
        dealer.deal(train, limits, 0, options.percent_test, add);
        if (source->facts_.labels.size() < 2)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "{} has too few classes: {} with {} or more images; at least two are needed",
                                   options.path, source->facts_.labels.size(),
                                   ClassDealer::least_of(limits, 0, options.percent_test))
                            .at("/source/path"));
        dealer.deal_to(Split::kVal, test, limits, options.path, add);
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return items(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        const auto& [item, label] = items(split)[index];
        Sample sample{{}, ClassLabel{label}, name(split, index).text()};
        sample.images.push_back(files(split).image(item));
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override {
        return {files(split).path(), {}, items(split)[index].item};
    }
    Target target(Split split, std::size_t index) const override { return ClassLabel{items(split)[index].label}; }

  private:
    struct Item {
        std::uint32_t item = 0;
        int label = 0;
    };
    using Classes = std::vector<ClassItems<std::uint32_t>>;

    static Result<Classes> by_digit(const MnistFiles& files, ScanGuard& guard) {
        Classes classes;
        for (int digit = 0; digit < kDigits; ++digit) classes.push_back({std::to_string(digit), {}});
        for (std::uint32_t i = 0; i < files.count(); ++i) {
            DIGITS_TRY(guard.add_entry());
            guard.add_image();
            const int label = files.label(i);
            if (label >= kDigits)
                return fail(make_error(ErrorCode::kInvalidArgument, "image {} has label {}; labels must be 0 to {}", i,
                                       label, kDigits - 1)
                                .at(files.path()));
            classes[static_cast<std::size_t>(label)].items.push_back(i);
        }
        return classes;
    }

    const std::vector<Item>& items(Split split) const { return splits_[static_cast<std::size_t>(split)]; }
    const MnistFiles& files(Split split) const { return split == Split::kVal ? test_ : train_; }

    SourceFacts facts_;
    MnistFiles train_, test_;
    std::array<std::vector<Item>, 3> splits_;
};

}  // namespace

const SourceKind kMnist =
    source_kind<MnistOptions, Mnist>("mnist", "MNIST", "MNIST's four IDX files", {"classification"});

}  // namespace digits
