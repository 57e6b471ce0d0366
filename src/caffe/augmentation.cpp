#include "caffe/augmentation.hpp"

#include "caffe/augmentation_binding.hpp"

namespace digits {

Augmentation only_geometry(const Augmentation& augmentation) {
    Augmentation part;
    part.flip = augmentation.flip;
    part.turns = augmentation.turns;
    part.rotation = augmentation.rotation;
    part.scale = augmentation.scale;
    part.mosaic = augmentation.mosaic;
    return part;
}

Result<Augmentation> parse_augmentation(const nlohmann::json& json) { return parse_json<Augmentation>(json); }
nlohmann::json to_json(const Augmentation& augmentation) { return to_json<Augmentation>(augmentation); }

}  // namespace digits
