#include "data/sources/classes/crops.hpp"

#include "data/sources/class_split.hpp"
#include "data/sources/classes/crop_list.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<CropOptions> {
    static constexpr const char* kSchema = "CropSource";
    static Fields fields() {
        using O = CropOptions;
        return {json_field("crops", &O::crops)
                    .label("Bounding-box list (CSV)")
                    .help("File on the server with a line for each box: path,x,y,width,height,label; pixels from the "
                          "upper left corner")
                    .path(PlaceKind::kFile)
                    .required(),
                list_root_field<O>(),
                percent_val_field<O>(),
                percent_test_field<O>(),
                min_per_class_field<O>(),
                max_per_class_field<O>()};
    }
};

std::vector<SourcePlace> CropOptions::places() const {
    return {{"crops", crops, false, true}, {"root", root, true, false}};
}

std::vector<Split> CropOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

struct Crops {
    static Result<std::unique_ptr<SampleSource>> open(const CropOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        if (!options.root.empty()) DIGITS_TRY(check_folder(options.root, "/source/root"));
        DIGITS_ASSIGN(auto list, read_crop_list(options.crops, options.root, context.roots, guard));
        SourceFacts facts;
        facts.labels_are_found = true;
        facts.warnings = std::move(list.warnings);
        std::map<std::string, std::vector<ListEntry>> by_label;
        for (auto& crop : list.entries) by_label[crop.label].push_back({std::move(crop.path), 0, crop.box});
        std::vector<ClassItems<ListEntry>> classes;
        for (auto& [label, entries] : by_label) classes.push_back({label, std::move(entries)});
        std::array<std::vector<ListEntry>, 3> splits;
        const auto add = [&](Split split, ListEntry entry, int label) {
            entry.label = label;
            splits[static_cast<std::size_t>(split)].push_back(std::move(entry));
        };
        const ClassLimits limits{options.min_per_class, options.max_per_class};
        ClassDealer(context.seed, facts).deal(classes, limits, options.percent_val, options.percent_test, add);
        if (facts.labels.size() < 2)
            return fail(
                with_causes(make_error(ErrorCode::kInvalidArgument,
                                       "{} has too few labels: {} with {} or more rectangles; at least two are needed",
                                       options.crops, facts.labels.size(),
                                       ClassDealer::least_of(limits, options.percent_val, options.percent_test))
                                .at("/source/crops"),
                            facts, context));
        return std::make_unique<LabelledFiles>(std::move(facts), std::move(splits), context);
    }

    static Result<Sample> example(const CropOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits);
        DIGITS_ASSIGN(const auto list, read_crop_list(options.crops, options.root, context.roots, guard));
        const auto& first = list.entries.front();
        return ImageReader(context).read({first.path, first.box});
    }
};

}  // namespace

const SourceKind kCrops = source_kind<CropOptions, Crops>(
    "crops", "Crops (bounding boxes)", "A text file of rectangles in images, each with a class", {"classification"});

}  // namespace digits
