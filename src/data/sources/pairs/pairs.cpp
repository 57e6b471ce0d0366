#include "data/sources/pairs/pairs.hpp"

#include <tuple>

#include "data/sources/class_split.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/pairs/file_pairs.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "data/sources/split_folders.hpp"

namespace digits {

template <>
struct JsonBinding<PairOptions> {
    static constexpr const char* kSchema = "PairSource";
    static Fields fields() {
        using O = PairOptions;
        return {
            json_field("labels", &O::labels)
                .label("Label images")
                .help("Folder with the output wanted for the image of the same name")
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
            json_field("side_by_side", &O::side_by_side)
                .label("Side by side")
                .help("Each file holds a pair, as those of pix2pix: the half that the network gets. Images and label "
                      "images are then the same folder")
                .cli("side-by-side")
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
    if (side_by_side != SideBySide::kNo)
        for (const auto& [member, image_folder, label_folder] : {std::tuple("images", images, labels),
                                                                 {"val_images", val_images, val_labels},
                                                                 {"test_images", test_images, test_labels}})
            if (image_folder != label_folder)
                return wrong_source(
                    where, member,
                    "Pairs side by side are in one file: give the same folder for images and label images");
    return check_shares(*this, where);
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
        std::unique_ptr<Pairs> source(new Pairs(context, options.side_by_side));
        auto& facts = source->facts_;
        facts.target = TargetKind::kImage;
        const ReadableRoots roots(context.roots);
        DIGITS_TRY(check_folder(options.labels, "/source/labels"));
        DIGITS_TRY(check_folder(options.images, "/source/images"));
        const bool has_val = !options.val_labels.empty();
        const auto train = has_val ? std::optional(Split::kTrain) : std::nullopt;
        std::vector<FilePair> pairs;
        if (options.side_by_side != SideBySide::kNo) {
            DIGITS_TRY(add_whole(options.images, train, roots, guard, facts, pairs));
            for (const auto& one : folder_pairs(options))
                if (!one.images.empty()) DIGITS_TRY(add_whole(one.images, one.split, roots, guard, facts, pairs));
        } else {
            DIGITS_ASSIGN(pairs, match_files(options.images, options.labels, train, roots, guard, facts));
            DIGITS_ASSIGN(auto more, match_split_folders(folder_pairs(options), roots, guard, facts));
            pairs.insert(pairs.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
        }
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
        if (side_by_side_ != SideBySide::kNo) {
            DIGITS_TRY(part(sample));
            return sample;
        }
        DIGITS_ASSIGN(auto label, images_.read({pair.labels.front()}));
        sample.target = std::move(label.images.front());
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override { return {pairs(split)[index].image}; }
    Target target(Split, std::size_t) const override { return {}; }

  private:
    Pairs(const SourceContext& context, SideBySide side_by_side) : side_by_side_(side_by_side), images_(context) {}
    /// Files that hold a pair each.
    static Status add_whole(const std::string& folder, std::optional<Split> split, const ReadableRoots& roots,
                            ScanGuard& guard, SourceFacts& facts, std::vector<FilePair>& pairs) {
        DIGITS_TRY(check_folder(folder, "/source/images"));
        DIGITS_ASSIGN(auto files, find_images(folder, roots, guard, facts.warnings));
        for (auto& file : files) {
            pairs.push_back({file, {file}, split});
            guard.add_image();
        }
        return {};
    }
    /// The halves of a sample's image become its image and its target.
    Status part(Sample& sample) const {
        auto& image = sample.images.front();
        if (image.width % 2 != 0)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "the image is {} pixels wide; two halves of the same width need an even number",
                                   image.width)
                            .at(sample.name));
        const int half = image.width / 2;
        DIGITS_ASSIGN(auto left, cut_out(image, {0, 0, half, image.height}));
        DIGITS_ASSIGN(auto right, cut_out(image, {half, 0, half, image.height}));
        if (side_by_side_ == SideBySide::kInputRight) std::swap(left, right);
        image = std::move(left);
        sample.target = std::move(right);
        return {};
    }
    const std::vector<FilePair>& pairs(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    const SideBySide side_by_side_;
    SourceFacts facts_;
    std::array<std::vector<FilePair>, 3> splits_;
    ImageReader images_;
};

}  // namespace

const SourceKind kPairs = source_kind<PairOptions, Pairs>(
    "pairs", "Pairs of images", "Images, and the output wanted for each: two folders, or one with names of pairs",
    {"processing"});

}  // namespace digits
