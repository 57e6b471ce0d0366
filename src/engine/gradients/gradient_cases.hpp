#pragma once

#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "caffe.pb.h"
#include "engine/net/blob.hpp"

namespace digits {

struct GradientInput {
    enum Kind { kNormal, kPositive, kLabels, kGiven };
    Shape shape;
    Kind kind = kNormal;
    int classes = 0;            ///< kLabels
    std::vector<double> given;  ///< kGiven
    bool constant = false;      ///< the layer gives it no gradient here
};

struct GradientOptions {
    int tops = 1;
    int seen_tops = 1;  ///< the later ones have no gradient (masks, states)
    caffe::Phase phase = caffe::TRAIN;
    bool in_place = false;
    bool positive_parameters = false;
    int constant_parameters = 0;  ///< the first ones are statistics, not learned
    bool draws = false;           ///< random numbers
    double tolerance = 2e-6;
};

/// A layer with its settings and bottoms, for gradient_test.cpp.
struct GradientCase {
    std::string_view type, name;
    std::string_view settings;  ///< fields of the LayerParameter
    std::vector<GradientInput> bottoms;
    GradientOptions how{};
    friend void PrintTo(const GradientCase& self, std::ostream* out) { *out << self.type << " " << self.name; }
};

const std::vector<GradientCase>& gradient_cases();

/// The layer types that need no case, each with the reason.
const std::vector<std::pair<std::string_view, std::string_view>>& types_without_gradient();

}  // namespace digits
