#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string_view>

namespace digits {

/// What a network is for, and so which datasets it learns from.
enum class NetworkTask { kClassification, kDetection };

/// A network of `networks/`, inside the program.
struct StandardNetwork {
    std::string_view name;
    std::string_view title;
    std::string_view text;  ///< what it is for
    int width;              ///< of the pictures it was made for
    int height;
    int channels;
    int crop_size;  ///< 0: none
    double epochs;
    double base_lr;
    std::string_view prototxt;
};

std::span<const StandardNetwork> standard_networks(NetworkTask task = NetworkTask::kClassification);
const StandardNetwork* find_standard_network(std::string_view name, NetworkTask task = NetworkTask::kClassification);

/// `{"name", "title", "text", "image", "prototxt", "defaults"}`; `defaults` are members of a model spec.
nlohmann::json to_json(const StandardNetwork& network);

}  // namespace digits
