#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "data/split.hpp"

namespace digits {

/// What a name says of a pair: "cat_A" is the image to "cat_B", and "cat-input" that to "cat-target".
struct PairName {
    std::string base;       ///< "cat", in lower case
    int kind = 0;           ///< names of one kind belong together: A and B, input and output …
    bool is_label = false;  ///< what becomes of the image

    bool operator==(const PairName&) const = default;
};

/// A and B say less than words do: folders of classes may have such names, too.
inline constexpr int kLetters = 0;

/// Of a file, by the last part of its path without the ending; none without such a word at its end.
std::optional<PairName> pair_name(std::string_view stem);

/// "A", "trainB", "val_input": of a folder. The base is empty.
struct PairFolderName {
    std::optional<Split> split;
    PairName name;
};
std::optional<PairFolderName> pair_folder_name(std::string_view name);

}  // namespace digits
