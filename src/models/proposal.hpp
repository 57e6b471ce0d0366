#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace digits {

/// What is known of samples before a dataset is made of them.
struct SampleFacts {
    std::string task;
    std::int64_t train_images = 0;
    std::int64_t classes = 0;
    int width = 0, height = 0;  ///< median of the images; 0: not known
    std::string imagenet;       ///< title of a pretrained network for colour photographs; empty: there is none
    int channels = 0;           ///< that keep all of the images: 1 or 3; 0: not known
};

/// A dataset and a training that are a good start, with the reasons in words.
struct TrainingProposal {
    int image_width = 0, image_height = 0, channels = 3;
    std::string resize;
    bool fine_tunes = false;  ///< from the pretrained network; model() then names no network
    std::string network;      ///< a standard one; empty when it fine-tunes
    bool transfers = false;   ///< layers of `network` that the pretrained one has, too, start with its weights
    double epochs = 30;
    std::vector<std::string> reasons;

    nlohmann::json image() const;  ///< `image` of the dataset's spec
    nlohmann::json model() const;  ///< members of a model's spec
};

TrainingProposal propose_training(const SampleFacts& facts);

}  // namespace digits
