#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "caffe/input_transform.hpp"
#include "models/model_spec.hpp"

namespace digits {

/// What happens to an image of the dataset's size before the network gets it, as far as others have to repeat it.
struct ImageTransform {
    MeanMode mean = MeanMode::kNone;
    std::vector<double> mean_values;  ///< of MeanMode::kPixel: one, or one a channel, in blob order (B, G, R)
    std::string mean_file;            ///< of MeanMode::kImage: as the training's network names it
    double scale = 1;                 ///< after the mean
    int crop_size = 0;                ///< side of the square that is cut out of the center; 0: none
    bool is_rgb = false;              ///< planes in the order R G B
};

ImageTransform image_transform(const InputTransform& transform);
/// Of a model's folder, as its train_val.prototxt says. Errors: kNotFound, kInvalidArgument of that file.
Result<ImageTransform> read_image_transform(const std::filesystem::path& model_dir);

/// The members of info.json: "mean subtraction", "mean values", "image scale", "crop size", "channel order".
void add_to_info(const ImageTransform& transform, nlohmann::json& info);
/// Takes those that are there and usable, the others stay as they are.
void take_from_info(const nlohmann::json& info, ImageTransform& transform);

}  // namespace digits
