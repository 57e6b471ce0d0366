#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tasks/task.hpp"

namespace digits {

/// A class number for each pixel of a network's output.
struct ClassMap {
    int width = 0, height = 0;
    std::vector<std::uint16_t> ids;
};

/// The class with the highest score of each pixel, of equal ones the lowest; of outputs channels x height x width (as
/// many channels as there are classes before others, a Softmax before others, a later one before an earlier), or of one
/// channel of numbers (ArgMax). Errors: kFailedPrecondition, naming the outputs; that of check_finite().
Result<ClassMap> find_class_map(std::span<const OutputArray> outputs, std::size_t classes);

/// What the map says of the pixels of an image; -1 where the network saw nothing.
std::vector<int> map_to_image(const ClassMap& map, const AskedImage& image);

/// "#rrggbb" of each class: the dataset's, or those of Pascal VOC.
std::vector<std::string> class_colors(const TargetFacts& facts);

}  // namespace digits
