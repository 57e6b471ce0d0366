#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "caffe/digits_rules.hpp"

namespace digits {

struct NetworkChange {
    int line = 0;       ///< in the text before, from 1; 0: the whole text, or its end
    std::string layer;  ///< empty: none
    std::string message;
};

struct AdaptedNetwork {
    std::string text;
    std::vector<NetworkChange> changes;  ///< none: the text is as it was
};

/// Makes a network written for Caffe (train_val.prototxt, deploy.prototxt) trainable on a dataset. Of classes:
/// data layers read the dataset in place of files of their own, labels and losses stay out of the deploy network, the
/// last layer has an output for each class, and a loss and a Softmax are there. What is right stays as it is, letter
/// for letter. For a dataset of boxes: an SSD network (adapt_ssd()); kInvalidArgument for one without layers for boxes.
/// Errors: those of parse_net_text() and upgrade_net().
Result<AdaptedNetwork> adapt_network(std::string_view text, const TrainingData& dataset);

}  // namespace digits
