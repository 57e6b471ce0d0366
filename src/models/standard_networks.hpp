#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "caffe/augmentation.hpp"
#include "tasks/task.hpp"

namespace digits {

/// What a training of a network begins with, beside solver and rate. The defaults are those usual for Caffe.
struct TrainingRecipe {
    std::string_view lr_policy = "step";
    double warmup_percent = 0;  ///< policy cosine
    bool mean = true;           ///< whether the dataset's mean image is subtracted
    Augmentation augmentation{};
};

/// A network of `networks/`, inside the program.
struct StandardNetwork {
    std::string_view task;  ///< a name of tasks(): which datasets it learns from
    std::string_view name;
    std::string_view title;
    std::string_view text;  ///< what it is for
    int width;              ///< of the images it was made for
    int height;
    int channels;
    int crop_size;  ///< 0: none
    double epochs;
    std::string_view solver;
    double base_lr;
    std::string_view prototxt;
    /// Images that a training from nothing must show about, each as often as it is seen; 0: not known.
    double shown = 0;
    TrainingRecipe recipe{};
    int images_per_record = 1;  ///< 2: pairs for siamese networks
};

/// Of a task; without a name of all.
std::vector<StandardNetwork> standard_networks(std::string_view task = kDefaultTask);
/// Of any task; null without one of this name.
const StandardNetwork* find_standard_network(std::string_view name);

/// Whether its text has a mean of its own, so that the dataset's must not be subtracted.
bool subtracts_mean(const StandardNetwork& network);

/// Epochs for a training set of so many images: those of the network, or as many more as few images need.
double epochs_for(const StandardNetwork& network, std::uint64_t images);

/// `{"task", "name", "title", "text", "image", "prototxt", "defaults"}`; `defaults` are members of a model spec.
nlohmann::json to_json(const StandardNetwork& network, double epochs);
inline nlohmann::json to_json(const StandardNetwork& network) { return to_json(network, network.epochs); }

}  // namespace digits
