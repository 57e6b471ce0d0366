#include "caffe/augmentation.hpp"

#include "caffe/augmentation_binding.hpp"

namespace digits {

Result<Augmentation> parse_augmentation(const nlohmann::json& json) { return parse_json<Augmentation>(json); }
nlohmann::json to_json(const Augmentation& augmentation) { return to_json<Augmentation>(augmentation); }

}  // namespace digits
