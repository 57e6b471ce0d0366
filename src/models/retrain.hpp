#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace digits {

/// Both change the text where they must and leave the rest as its author wrote it: nothing is parsed or formatted, and
/// what is wrong with the text is left to its check.

/// A network's text for a start from its own weights on another dataset: the last InnerProduct layer gets another name
/// (`fc8_retrain`), so that it starts from scratch, as DIGITS does.
std::string renamed_for_retraining(std::string_view prototxt);

struct Retrained {
    std::string prototxt;
    std::vector<std::string> layers;  ///< old names of those that start from scratch
};

/// The same for any number of classes: every layer whose outputs are the classes gets another name, and takes their
/// number from the dataset. These are InnerProduct and Convolution layers without num_output; else InnerProduct layers
/// of `old_classes` outputs; else the last layer of the two types.
Retrained with_new_classifier(std::string_view prototxt, std::int64_t old_classes);

}  // namespace digits
