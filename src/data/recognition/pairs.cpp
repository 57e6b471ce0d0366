// Pairs of images: folders and files whose names say so, and pairs side by side.
#include <array>
#include <set>

#include "base/regular_file.hpp"
#include "data/recognition/recognizer.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/pairs/pair_names.hpp"
#include "image/header.hpp"

namespace digits::recognition {

namespace {

/// The two folders of a split.
struct Sides {
    std::string images, labels;
};
using SidesOfSplits = std::map<std::optional<Split>, Sides>;

std::string member_of(Split split, const char* what) {
    return split == Split::kTrain ? what : fmt::format("{}_{}", enum_name(split), what);
}

void set_sides(json& source, Split split, const Sides& sides) {
    source[member_of(split, "images")] = sides.images;
    source[member_of(split, "labels")] = sides.labels;
}

}  // namespace

void Recognizer::find_pairs() {
    find_pair_folders();
    find_pairs_in_one_folder();
}

std::map<std::string, std::string> Recognizer::image_tops() const {
    std::map<std::string, std::string> tops;
    for (const auto& [folder, count] : image_folders_)
        for (auto up = folder; up.size() > folder_.size(); up = folder_of(up)) tops.emplace(up, lower(last_part(up)));
    return tops;
}

bool Recognizer::share_names(const std::string& images, const std::string& labels) const {
    std::set<std::string> partners;
    const auto key_of = [](const std::string& stem) {
        const auto name = pair_name(last_part(stem));
        return name ? stem.substr(0, stem.rfind('/') + 1) + name->base : lower(stem);
    };
    const auto stem_in = [](const std::string& folder, const std::string& image) {
        return std::string(without_ending(below(folder, image)));
    };
    for (const auto& image : images_)
        if (image.starts_with(labels + '/')) partners.insert(key_of(stem_in(labels, image)));
    std::size_t all = 0, shared = 0;
    for (const auto& image : images_) {
        if (!image.starts_with(images + '/')) continue;
        ++all;
        shared += partners.contains(key_of(stem_in(images, image)));
    }
    return shared > 0 && 2 * shared >= all;
}

/// A and B, input and output, trainA and trainB: beside each other, or in a folder for each split.
void Recognizer::find_pair_folders() {
    const auto tops = image_tops();
    std::map<std::string, std::map<int, SidesOfSplits>> by_root;
    std::map<std::string, bool> only_pairs;  // whether all folders beside each other are of one kind
    for (const auto& [folder, lower_name] : tops) {
        const auto root = folder_of(folder);
        const auto name = pair_folder_name(last_part(folder));
        if (!name) {
            only_pairs[root] = false;
            continue;
        }
        only_pairs.emplace(root, true);
        auto& sides = by_root[root][name->name.kind][name->split];
        (name->name.is_label ? sides.labels : sides.images) = folder;
    }
    const auto is_whole = [](const Sides& sides) { return !sides.images.empty() && !sides.labels.empty(); };
    for (const auto& [root, kinds] : by_root)
        for (const auto& [kind, splits] : kinds) {
            if (kind == kLetters && (!only_pairs[root] || kinds.size() > 1)) continue;
            const bool is_told = std::ranges::any_of(
                found_, [&](const Found& one) { return one.folder == root || one.folder == folder_of(root); });
            const auto plain = splits.contains(std::nullopt) ? std::optional<Split>() : Split::kTrain;
            const auto train = splits.find(plain);
            if (is_told || train == splits.end() || !is_whole(train->second) ||
                !share_names(train->second.images, train->second.labels))
                continue;
            Found found{"pairs", "Pairs of images", "processing", root, {{"type", "pairs"}}, {}, 3};
            found.is_open = kind == kLetters;
            const auto& [images, labels] = train->second;
            set_sides(found.source, Split::kTrain, train->second);
            for (const Split split : {Split::kVal, Split::kTest})
                if (const auto other = splits.find(split); other != splits.end() && is_whole(other->second))
                    set_sides(found.source, split, other->second);
            // A/train and B/train.
            for (const auto& [folder, name] : tops) {
                const auto split = split_named(name);
                const auto partner = labels + "/" + std::string(last_part(folder));
                if (split && folder_of(folder) == images && tops.contains(partner) && tops.contains(images + "/train"))
                    set_sides(found.source, *split, {folder, partner});
            }
            // train/A and val/A.
            const auto own = root.size() > folder_.size() ? split_named(last_part(root)) : std::nullopt;
            if (own && own != Split::kTrain && by_root.contains(folder_of(root) + "/train"))
                continue;  // the folder for training tells of it
            if (own) found.folder = folder_of(root);
            for (const auto& [other, others] : by_root) {
                const auto split = split_named(last_part(other));
                if (!own || other == root || folder_of(other) != found.folder || !split || !others.contains(kind))
                    continue;
                const auto sides = others.at(kind).find(std::nullopt);
                if (sides != others.at(kind).end() && is_whole(sides->second))
                    set_sides(found.source, *split, sides->second);
            }
            found.notes.push_back(
                fmt::format("{} is the input and {} the target", last_part(images), last_part(labels)));
            add(std::move(found));
        }
}

/// cat_A.png and cat_B.png, dog-input.png and dog-target.png.
void Recognizer::find_pairs_in_one_folder() {
    std::map<std::string, std::map<std::pair<int, std::string>, std::array<std::string, 2>>> folders;
    for (const auto& image : images_)
        if (const auto name = pair_name(without_ending(last_part(image))))
            folders[folder_of(image)][{name->kind, name->base}][name->is_label] = image;
    std::map<std::string, std::array<std::string, 2>> paired;  // by folder: names of a first pair
    for (const auto& [folder, pairs] : folders) {
        std::size_t whole = 0;
        for (const auto& [key, sides] : pairs)
            if (!sides[0].empty() && !sides[1].empty() && ++whole == 1) paired[folder] = sides;
        if (4 * whole < image_folders_.at(folder)) paired.erase(folder);
    }
    for (const auto& [folder, sides] : paired) {
        const auto above = folder_of(folder);
        const auto split = split_named(last_part(folder));
        const bool is_told = std::ranges::any_of(
            found_, [&](const Found& one) { return one.folder == folder || (split && one.folder == above); });
        const bool has_train = paired.contains(above + "/train");
        if (is_told || (split && split != Split::kTrain && has_train)) continue;
        Found found{"pairs", "Pairs of images", "processing", folder, {{"type", "pairs"}}, {}, 3};
        set_sides(found.source, Split::kTrain, {folder, folder});
        if (split == Split::kTrain)
            for (const auto& [other, other_sides] : paired)
                if (const auto its = split_named(last_part(other));
                    its && other != folder && folder_of(other) == above) {
                    set_sides(found.source, *its, {other, other});
                    found.folder = above;
                }
        found.notes.push_back(
            fmt::format("{} is the input and {} the target", last_part(sides[0]), last_part(sides[1])));
        add(std::move(found));
    }
}

/// Images that are all twice as wide as high may hold a pair each, as those of pix2pix: that is asked, not taken for
/// granted.
void Recognizer::find_side_by_side() {
    std::map<std::string, std::vector<std::string>> folders;
    for (const auto& image : images_) folders[folder_of(image)].push_back(image);
    std::map<Split, std::string> splits;
    for (const auto& [folder, images] : folders) {
        for (std::size_t i = 0; i < std::min(images.size(), kMostPeeked); ++i) {
            const auto header = read_image_header(peek(images[i]));
            if (!header || header->upright_width() != 2 * header->upright_height()) return;
        }
        // Either all are in one folder, or in one for each split.
        const auto split = split_named(last_part(folder)).value_or(Split::kTrain);
        if (!splits.emplace(split, folder).second) return;
    }
    if (!splits.contains(Split::kTrain)) return;
    Found found{"side_by_side", "Pairs side by side", "processing", folder_, {{"type", "pairs"}}, {}, 6};
    for (const auto& [split, folder] : splits) set_sides(found.source, split, {folder, folder});
    found.source["side_by_side"] = "input_left";
    found.notes.push_back("The left half of each image is the input, the right half the target");
    for (auto& one : found_)
        if (one.format == "image_dir")
            one.notes.push_back("All images are twice as wide as high: they may hold pairs side by side");
    add(std::move(found));
}

}  // namespace digits::recognition
