#include "show_augmentation.hpp"

#include "feed/augment_example.hpp"
#include "models/dataset_facts.hpp"

namespace digits {

Result<nlohmann::json> show_augmentation(const nlohmann::json& request) {
    DIGITS_ASSIGN(const auto dataset, read_dataset_folder(request.value("dataset_dir", "")));
    const auto& facts = dataset.facts;
    if (facts.backend == TrainingBackend::kHdf5)
        return fail(make_error(ErrorCode::kUnsupported, "images in HDF5 cannot be varied")
                        .advise("Make the dataset again with LMDB"));
    AugmentExampleOptions options;
    options.database = facts.train_db;
    const bool boxes = facts.target_form == caffe::DataParameter::BOXES;
    if (boxes || facts.target_form == caffe::DataParameter::MASK) {
        options.targets = facts.train_label_db;
        options.target_records = boxes ? FeedRecords::kBoxes : FeedRecords::kMask;
    }
    DIGITS_ASSIGN(options.augmentation, parse_augmentation(request.value("augmentation", nlohmann::json::object())));
    const auto crop = request.value("crop_size", 0);
    if (crop > 0) options.transform.set_crop_size(static_cast<std::uint32_t>(crop));
    const auto mean = request.value("mean", "none");
    if (mean == "image" && !facts.mean_file.empty()) options.transform.set_mean_file(facts.mean_file);
    if (mean == "pixel")
        for (const float value : facts.mean_pixel) options.transform.add_mean_value(value);
    return augment_example(options);
}

}  // namespace digits
