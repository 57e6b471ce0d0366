#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/sources/objects/object_images.hpp"
#include "data/sources/source.hpp"
#include "data/sources/split_folders.hpp"

namespace digits {

/// An image and the image file that belongs to it: a mask, or the output wanted.
struct FilePair {
    std::string image;
    std::vector<std::string> labels;  ///< one, but of instances
    std::optional<Split> split;
};

/// Matches files by their path below the folders without the ending; by the name alone where that is clear on both
/// sides. Suffixes that datasets add (_mask, _label, _L …) are understood, and names of pairs (cat_A and cat_B; see
/// pair_names.hpp), also of both in one folder. What remains becomes findings.
Result<std::vector<FilePair>> match_files(const std::string& images, const std::string& labels,
                                          std::optional<Split> split, const ReadableRoots& roots, ScanGuard& guard,
                                          SourceFacts& facts);

/// The pairs of the folders for validation and tests that are given, at their places below /source.
Result<std::vector<FilePair>> match_split_folders(const std::vector<FolderPair>& folders, const ReadableRoots& roots,
                                                  ScanGuard& guard, SourceFacts& facts);

/// By the lists of `sets` or, without a split of their own, by shares.
std::array<std::vector<FilePair>, 3> deal_pairs(std::vector<FilePair> pairs, int percent_val, int percent_test,
                                                std::uint64_t seed, const std::string& folder, bool has_lists,
                                                Findings& findings);

}  // namespace digits
