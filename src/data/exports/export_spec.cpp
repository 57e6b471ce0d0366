#include "data/exports/export_spec.hpp"

#include <algorithm>

#include "base/json_binding.hpp"

namespace digits {

template <>
struct JsonBinding<ExportSpec> {
    static constexpr const char* kSchema = "ExportSpec";
    static Fields fields() {
        using S = ExportSpec;
        return {json_field("dataset_id", &S::dataset_id).label("Dataset").help("Id of the dataset").cli("").required(),
                json_field("format", &S::format)
                    .label("Format")
                    .help("What other programs read; docs/formats/exports.md says what each holds")
                    .key("field.export_format")
                    .required(),
                json_field("folder", &S::folder)
                    .label("Folder")
                    .help("New folder on the server's machine; empty: a tar file to download")
                    .key("field.export_folder")
                    .cli("out")
                    .path(PlaceKind::kFolder)};
    }
};

namespace {

const ExportFormat kFolders{
    "folders", "Class folders", "A folder for each class, and lists of files and class numbers", {TargetKind::kClass}};
const ExportFormat kCocoExport{"coco",
                               "COCO",
                               "A JSON file for each split, with boxes or with masks as run lengths",
                               {TargetKind::kBoxes, TargetKind::kMask}};
const ExportFormat kVocExport{"voc",
                              "Pascal VOC",
                              "An XML file for each image, or SegmentationClass, and ImageSets",
                              {TargetKind::kBoxes, TargetKind::kMask}};
const ExportFormat kYoloExport{
    "yolo", "YOLO", "data.yaml, and a text file of relative boxes for each image", {TargetKind::kBoxes}};
const ExportFormat kKittiExport{"kitti", "KITTI", "A text file of 15 columns for each image", {TargetKind::kBoxes}};
const ExportFormat kCreateMlExport{
    "createml", "Create ML", "A JSON file for each split, beside its images", {TargetKind::kBoxes}};
const ExportFormat kMaskExport{"masks",
                               "Images and masks",
                               "A folder of images and one of masks, PNG files of class numbers",
                               {TargetKind::kMask}};
const ExportFormat kPairExport{
    "pairs", "Pairs of images", "A folder of images and one of what they become", {TargetKind::kImage}};
const ExportFormat kTableExport{
    "csv", "CSV file", "A line for each image, with its path and its numbers", {TargetKind::kTensor}};
const ExportFormat kSiameseExport{"siamese",
                                  "Pairs for siamese networks",
                                  "Two images for each record, and lists of pairs that are similar or not",
                                  {}};
const ExportFormat kShardExport{
    "webdataset",
    "WebDataset",
    "Tar files whose members share a key: the image and its target",
    {TargetKind::kClass, TargetKind::kBoxes, TargetKind::kMask, TargetKind::kTensor, TargetKind::kImage}};

tl::unexpected<Error> wrong(const char* where, std::string message) {
    return fail(Error{ErrorCode::kInvalidArgument, std::move(message), where, {}});
}

std::string formats_for(const DatasetFacts& facts) {
    std::string words;
    for (const auto* format : export_formats().all())
        if (format->can_hold(facts)) words += (words.empty() ? "" : ", ") + std::string(format->name);
    return words;
}

}  // namespace

Registry<ExportFormat>& export_formats() {
    static Registry<ExportFormat> formats{&kFolders,     &kCocoExport,     &kVocExport,  &kYoloExport,
                                          &kKittiExport, &kCreateMlExport, &kMaskExport, &kPairExport,
                                          &kTableExport, &kSiameseExport,  &kShardExport};
    return formats;
}

bool ExportFormat::can_hold(const DatasetFacts& facts) const {
    const bool has_pairs = facts.images_per_record() == 2;
    if (has_pairs || this == &kSiameseExport) return has_pairs && this == &kSiameseExport;
    return std::ranges::find(targets, facts.target) != targets.end();
}

Result<ExportSpec> parse_export_spec(const nlohmann::json& json) {
    DIGITS_ASSIGN(auto spec, parse_json<ExportSpec>(json));
    spec.kind = export_formats().find(spec.format);
    if (!spec.kind)
        return wrong("/format", fmt::format("Format must be one of {}, got \"{}\"", export_formats().names(),
                                            spec.format.substr(0, 40)));
    if (!spec.folder.empty() && !spec.folder.starts_with('/'))
        return wrong("/folder", fmt::format("Folder must be an absolute path, got \"{}\"", spec.folder));
    while (spec.folder.size() > 1 && spec.folder.ends_with('/')) spec.folder.pop_back();
    return spec;
}

nlohmann::json to_json(const ExportSpec& spec) { return to_json<ExportSpec>(spec); }
const FieldList& export_fields() { return field_list<ExportSpec>(); }

Status check_export(const ExportSpec& spec, const DatasetFacts& facts) {
    if (spec.kind->can_hold(facts)) return {};
    return wrong("/format", fmt::format("{} cannot hold targets of the kind {}; choose one of {}", spec.kind->title,
                                        enum_name(facts.target), formats_for(facts)));
}

}  // namespace digits
