#pragma once

#include <array>
#include <string_view>

namespace digits::api::compat {

/// DIGITS's data extensions that make datasets here, and those that it knew beside them.
struct DataExtension {
    std::string_view id;
    std::string_view task;  ///< of the datasets that it makes; empty: it is not offered
};
inline constexpr std::array<DataExtension, 8> kDataExtensions{{
    {"image-processing", "processing"},
    {"image-segmentation", "segmentation"},
    {"image-object-detection", "detection"},
    {"image-gradients", "regression"},
    {"image-sunnybrook", ""},
    {"text-classification", ""},
    {"text-babi", ""},
    {"image-gan", ""},
}};

/// Null for one that DIGITS did not have.
inline const DataExtension* find_data_extension(std::string_view id) {
    for (const auto& extension : kDataExtensions)
        if (extension.id == id) return &extension;
    return nullptr;
}

}  // namespace digits::api::compat
