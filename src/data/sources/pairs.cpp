#include "data/sources/pairs.hpp"

#include "data/sources/class_split.hpp"
#include "data/sources/file_pairs.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "data/sources/split_folders.hpp"
#include "data/sources/walk.hpp"

namespace digits {

template <>
struct JsonBinding<PairOptions> {
    static constexpr const char* kSchema = "PairSource";
    static Fields fields() {
        using O = PairOptions;
        return {json_field("labels", &O::labels)
                    .label("Label images")
                    .help("Folder with what the network shall make of the image of the same name")
                    .key("field.pair_labels")
                    .cli("pairs")
                    .digits("label_folder")
                    .path(PlaceKind::kFolder)
                    .required(),
                images_field<O>(true).digits("feature_folder"),
                json_field("val_labels", &O::val_labels)
                    .label("Label images for validation")
                    .help("Separate folder, instead of a share of the training images")
                    .key("field.pair_val_labels")
                    .digits("validation_label_folder")
                    .path(PlaceKind::kFolder),
                json_field("val_images", &O::val_images)
                    .label("Images for validation")
                    .help("The images of these labels")
                    .key("field.pair_val_images")
                    .digits("validation_feature_folder")
                    .path(PlaceKind::kFolder),
                json_field("test_labels", &O::test_labels)
                    .label("Label images for tests")
                    .help("Separate folder, instead of a share of the training images")
                    .key("field.pair_test_labels")
                    .path(PlaceKind::kFolder)
                    .advanced(),
                json_field("test_images", &O::test_images)
                    .label("Images for tests")
                    .help("The images of these labels")
                    .key("field.pair_test_images")
                    .path(PlaceKind::kFolder)
                    .advanced(),
                percent_val_field<O>(),
                percent_test_field<O>()};
    }
};

namespace {

std::vector<FolderPair> folder_pairs(const PairOptions& o) {
    return {{"val_labels", "val_images", o.val_labels, o.val_images, Split::kVal},
            {"test_labels", "test_images", o.test_labels, o.test_images, Split::kTest}};
}

}  // namespace

Status PairOptions::validate(const std::string& where) const {
    DIGITS_TRY(check_folder_pairs(folder_pairs(*this), "labels", where));
    return check_percentages(percent_val, percent_test, where);
}
std::vector<SourcePlace> PairOptions::places() const {
    std::vector<SourcePlace> places{{"labels", labels, true, true}, {"images", images, true, true}};
    add_places(folder_pairs(*this), places);
    return places;
}
std::vector<Split> PairOptions::splits() const {
    return splits_of(percent_val > 0 || !val_labels.empty(), percent_test > 0 || !test_labels.empty());
}

namespace {

class Pairs final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const PairOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        std::unique_ptr<Pairs> source(new Pairs(context));
        auto& facts = source->facts_;
        facts.target = TargetKind::kImage;
        const ReadableRoots roots(context.roots);
        DIGITS_TRY(check_folder(options.labels, "/source/labels"));
        DIGITS_TRY(check_folder(options.images, "/source/images"));
        const bool has_val = !options.val_labels.empty();
        DIGITS_ASSIGN(auto pairs,
                      match_files(options.images, options.labels, has_val ? std::optional(Split::kTrain) : std::nullopt,
                                  roots, guard, facts));
        DIGITS_ASSIGN(auto more, match_split_folders(folder_pairs(options), roots, guard, facts));
        pairs.insert(pairs.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        source->splits_ = deal_pairs(std::move(pairs), options.percent_val, options.percent_test, context.seed,
                                     options.images, false, facts.findings);
        // As DIGITS: each image has its label, and each label its image.
        for (const auto kind : {FindingKind::kMissingLabel, FindingKind::kOrphanLabel}) {
            if (facts.findings.count(kind) == 0) continue;
            const auto& first = facts.findings.kept(kind).front().file;
            auto error = kind == FindingKind::kMissingLabel
                             ? make_error(ErrorCode::kInvalidArgument, "{} has no label image of the same name", first)
                             : make_error(ErrorCode::kInvalidArgument, "{} has no image of the same name", first);
            facts.errors.push_back(std::move(error.message));
        }
        for (auto& sentence : facts.findings.sentences(FindingWeight::kWarning))
            facts.warnings.push_back(std::move(sentence));
        if (source->splits_[0].empty() && source->splits_[1].empty())
            return fail(with_causes(
                make_error(ErrorCode::kNotFound, "no image has a label image of the same name").at(options.images),
                facts, context));
        if (!facts.errors.empty() && !context.dry_run)
            return fail(
                with_causes(make_error(ErrorCode::kInvalidArgument, "{}", facts.errors.front()).at(options.images),
                            facts, context));
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return pairs(split).size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        const auto& pair = pairs(split)[index];
        DIGITS_ASSIGN(auto sample, images_.read({pair.image}));
        DIGITS_ASSIGN(auto label, images_.read({pair.labels.front()}));
        sample.target = std::move(label.images.front());
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override { return {pairs(split)[index].image}; }
    Target target(Split, std::size_t) const override { return {}; }

  private:
    explicit Pairs(const SourceContext& context) : images_(context) {}
    const std::vector<FilePair>& pairs(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    SourceFacts facts_;
    std::array<std::vector<FilePair>, 3> splits_;
    ImageReader images_;
};

}  // namespace

const SourceKind kPairs = source_kind<PairOptions, Pairs>(
    "pairs", "Pairs of images", "Two folders of images: what a network gets, and what it shall make of it",
    {"processing"});

}  // namespace digits
