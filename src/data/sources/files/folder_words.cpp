#include "data/sources/files/folder_words.hpp"

#include <set>
#include <utility>
#include <vector>

namespace digits {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// In lower case, without numbers: "panoptic", "train" of panoptic_train2017.
std::vector<std::string> words_of(std::string_view name) {
    std::vector<std::string> words(1);
    for (char c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
        if (is_digit(c) || std::string_view("_-. ").find(c) != std::string_view::npos)
            words.emplace_back();
        else
            words.back() += c;
    }
    std::erase(words, "");
    return words;
}

bool is_mask_word(const std::string& word) {
    static const std::set<std::string, std::less<>> words{
        "mask",        "masks", "label",    "labels",     "annotation", "annotations", "gtfine",   "labelcol",
        "groundtruth", "gt",    "target",   "targets",    "instance",   "instances",   "semantic", "panoptic",
        "annot",       "seg",   "labelids", "trainannot", "valannot",   "testannot"};
    return words.contains(word) || word.starts_with("segmentation");
}

bool is_image_word(const std::string& word) {
    static const std::set<std::string, std::less<>> words{"image", "images",   "img",     "imgs",   "jpegimages",
                                                          "data",  "input",    "inputs",  "photo",  "photos",
                                                          "rgb",   "features", "leftimg", "feature"};
    return words.contains(word);
}

std::optional<Split> split_word(const std::string& word) {
    if (word == "train" || word == "training") return Split::kTrain;
    if (word == "val" || word == "valid" || word == "validation") return Split::kVal;
    if (word == "test" || word == "testing") return Split::kTest;
    return std::nullopt;
}

}  // namespace

FolderWords folder_words(std::string_view name) {
    FolderWords found;
    for (const auto& word : words_of(name)) {
        const auto split = split_word(word);
        if (is_mask_word(word))
            found.has_masks = true;
        else if (is_image_word(word))
            found.has_images = true;
        else if (split && !found.split)
            found.split = split;
        else
            found.others += (found.others.empty() ? "" : "_") + word;
    }
    return found;
}

bool is_mask_folder(std::string_view path) {
    while (!path.empty()) {
        const auto slash = path.rfind('/');
        const auto words = folder_words(slash == std::string_view::npos ? path : path.substr(slash + 1));
        if (words.has_images || words.has_masks) return words.has_masks;
        if (!words.others.empty() || slash == std::string_view::npos) return false;
        path = path.substr(0, slash);
    }
    return false;
}

}  // namespace digits
