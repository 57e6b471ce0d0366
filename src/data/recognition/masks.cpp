// Masks, and pairs of images.
#include <set>

#include "base/regular_file.hpp"
#include "data/recognition/recognizer.hpp"
#include "data/sources/files/folder_words.hpp"
#include "data/sources/objects/object_images.hpp"
#include "image/label_image.hpp"

namespace digits::recognition {

void Recognizer::find_masks() {
    static const std::set<std::string> mask_names{
        "masks",       "mask", "labels",  "label",  "segmentationclass", "gtfine",  "annotations", "labelcol",
        "groundtruth", "gt",   "targets", "target", "instance",          "semantic"};
    static const std::set<std::string> image_names{"images",      "image", "imgs",   "img",     "jpegimages",
                                                   "leftimg8bit", "data",  "input",  "feature", "features",
                                                   "image_2",     "photo", "photos", "inputs"};
    const auto tops = image_tops();
    std::set<std::string> told;
    for (const auto& [folder, name] : tops) {
        const auto root = folder_of(folder);
        // CamVid: train and trainannot, val and valannot.
        if (name.ends_with("annot") && name.size() > 5 && told.insert(root).second) {
            Found found{"camvid", "CamVid", "segmentation", root, {{"type", "masks"}}, {}, 1};
            for (const auto& [other, other_name] : tops) {
                if (folder_of(other) != root || !other_name.ends_with("annot")) continue;
                const auto images = other.substr(0, other.size() - 5);
                const auto split = split_named(other_name.substr(0, other_name.size() - 5));
                if (!tops.contains(images) || split == Split::kTest) continue;
                found.source[split == Split::kVal ? "val_masks" : "masks"] = other;
                found.source[split == Split::kVal ? "val_images" : "images"] = images;
            }
            if (!found.source.contains("masks")) {
                found.source["masks"] = folder;
                found.source["images"] = folder.substr(0, folder.size() - 5);
            }
            add(std::move(found));
        }
        if (!mask_names.contains(name)) continue;
        for (const auto& [images, image_name] : tops) {
            if (folder_of(images) != root || !image_names.contains(image_name)) continue;
            // Each image in a folder of its own, with a mask for each object.
            const bool instances = root != folder_ && !split_named(last_part(root)) && name == "masks" &&
                                   image_folders_.contains(images) && image_folders_.at(images) == 1;
            if (instances) {
                const auto all = folder_of(root);
                if (told.insert(all).second)
                    add({"instance_masks",
                         "Masks of instances",
                         "segmentation",
                         all,
                         {{"type", "masks"}, {"masks", all}, {"images", all}, {"instances", true}},
                         {},
                         1});
                break;
            }
            if (!told.insert(folder).second) break;
            const bool voc = name == "segmentationclass";
            const bool cityscapes = name == "gtfine";
            const bool meta =
                std::ranges::find(files_.at(".json"), root + "/dataset_meta.json") != files_.at(".json").end();
            Found found{voc          ? "voc_masks"
                        : cityscapes ? "cityscapes"
                        : meta       ? "common_semantic_segmentation"
                                     : "masks",
                        voc          ? "Pascal VOC masks"
                        : cityscapes ? "Cityscapes"
                                     : "Images and masks",
                        "segmentation",
                        root,
                        {{"type", "masks"}, {"masks", folder}, {"images", images}},
                        {},
                        voc ? 2 : 3};
            if (meta || cityscapes) found.rank = 1;
            if (voc && is_folder(root + "/ImageSets/Segmentation")) {
                found.source["sets"] = root + "/ImageSets/Segmentation";
                found.notes.push_back("ImageSets found");
            }
            if (cityscapes && is_folder(folder + "/val") && is_folder(folder + "/train")) {
                found.source["masks"] = folder + "/train";
                found.source["images"] = images + "/train";
                found.source["val_masks"] = folder + "/val";
                found.source["val_images"] = images + "/val";
            }
            // The same two folders for validation.
            if (split_named(last_part(root)) == Split::kTrain)
                for (const auto& [other, other_name] : tops) {
                    const auto other_root = folder_of(other);
                    if (other_name != name || folder_of(other_root) != folder_of(root) ||
                        split_named(last_part(other_root)).value_or(Split::kTrain) == Split::kTrain)
                        continue;
                    const auto split = enum_name(*split_named(last_part(other_root)));
                    found.folder = folder_of(root);
                    found.source[fmt::format("{}_masks", split)] = other;
                    found.source[fmt::format("{}_images", split)] = other_root + "/" + std::string(last_part(images));
                }
            else if (split_named(last_part(root)) &&
                     tops.contains(folder_of(root) + "/train/" + std::string(last_part(folder))))
                break;  // the folder for training tells of it
            if (const auto labels = labels_file(root); !labels.empty()) found.source["class_labels"] = labels;
            settle_masks(found, folder, name.starts_with("target") && image_name.starts_with("input"),
                         name == "label" && image_name == "feature");
            add(std::move(found));
            break;
        }
    }
    find_masks_by_words();
    find_masks_beside_images();
}

void Recognizer::settle_masks(Found& found, const std::string& folder, bool are_inputs, bool are_features) const {
    // JPEG changes the values of pixels: they are not class numbers.
    const auto jpegs = jpeg_folders_.find(folder);
    const bool all_jpeg = jpegs != jpeg_folders_.end() && jpegs->second == image_folders_.at(folder);
    const bool not_masks = !all_jpeg && are_images(folder, are_inputs);
    if (!all_jpeg && !not_masks && !are_features) return;
    if (all_jpeg)
        found.notes.push_back(
            "JPEG files do not keep the values of pixels, so those of the second folder are not masks");
    if (not_masks) found.notes.push_back("The images of the second folder have too many values for masks");
    found.format = "pairs";
    found.title = "Pairs of images";
    found.task = "processing";
    found.source.erase("class_labels");
    for (const char* member : {"masks", "val_masks", "test_masks"}) {
        if (!found.source.contains(member)) continue;
        std::string renamed = member;
        found.source[renamed.replace(renamed.size() - 5, 5, "labels")] = found.source[member];
        found.source.erase(member);
    }
    found.source["type"] = "pairs";
}

void Recognizer::find_masks_by_words() {
    struct Sides {
        std::string images, masks;
    };
    // By the folder that holds them and the words that say nothing.
    std::map<std::pair<std::string, std::string>, std::map<std::optional<Split>, Sides>> sets;
    const auto tops = image_tops();
    const auto is_plain = [](const FolderWords& words) { return words.others.empty() && !words.split; };
    for (const auto& [masks, name] : tops) {
        const auto words = folder_words(name);
        if (!words.has_masks || words.has_images || is_plain(words)) continue;
        for (const auto& [images, image_name] : tops) {
            if (images == masks || folder_of(images) != folder_of(masks)) continue;
            const auto other = folder_words(image_name);
            // "train" may stand for the images of train_masks, but "face" does not stand for those of face_mask.
            if (other.has_masks || other.split != words.split || other.others != words.others ||
                !(other.has_images || words.others.empty()) || !share_names(images, masks))
                continue;
            sets[{folder_of(masks), words.others}][words.split] = {images, masks};
        }
    }
    for (const auto& [place, splits] : sets) {
        const auto& root = place.first;
        if (std::ranges::any_of(found_, [&](const Found& one) { return one.folder == root && one.format == "camvid"; }))
            continue;
        const auto plain = splits.find(std::nullopt), own = splits.find(Split::kTrain);
        const auto& train = plain != splits.end() ? plain : own != splits.end() ? own : splits.begin();
        Found found{"masks", "Images and masks", "segmentation", root, {{"type", "masks"}}, {}, 3};
        found.source["masks"] = train->second.masks;
        found.source["images"] = train->second.images;
        for (const Split split : {Split::kVal, Split::kTest}) {
            const auto other = splits.find(split);
            if (other == splits.end() || other == train) continue;
            found.source[fmt::format("{}_masks", enum_name(split))] = other->second.masks;
            found.source[fmt::format("{}_images", enum_name(split))] = other->second.images;
        }
        if (const auto labels = labels_file(root); !labels.empty()) found.source["class_labels"] = labels;
        settle_masks(found, train->second.masks, false, false);
        add(std::move(found));
    }
}

bool Recognizer::are_images(const std::string& folder, bool greys) const {
    constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;
    constexpr std::size_t kMostColors = 256, kMostGreys = 64;
    constexpr int kLooked = 3;
    int looked = 0;
    for (const auto& image : images_) {
        if (!image.starts_with(folder + '/')) continue;
        if (looked++ == kLooked) break;
        const auto file = RegularFile::open(image, roots_);
        if (!file) continue;
        const auto bytes = file->read(image, kMostBytes);
        if (!bytes) continue;
        const auto label = decode_label_image(*bytes, {.limits = {.max_pixels = 1u << 23}});
        if (!label || !label->palette.empty()) continue;
        const std::set<std::uint32_t> values(label->values.begin(), label->values.end());
        const bool is_deep = *values.rbegin() > 255;
        if (label->has_colors ? values.size() > kMostColors : greys && !is_deep && values.size() > kMostGreys)
            return true;
    }
    return false;
}

/// a.jpg and a_mask.png in one folder.
void Recognizer::find_masks_beside_images() {
    std::map<std::string, int> pairs;  // by folder
    for (const auto& image : images_) {
        const auto stem = std::string(without_ending(last_part(image)));
        for (const char* suffix : {"_mask", "-mask", "_label", "_seg", "_gt", "_segmentation"})
            if (stem.ends_with(suffix)) {
                const auto base = by_stem_.find(stem.substr(0, stem.size() - std::string_view(suffix).size()));
                if (base == by_stem_.end()) continue;
                const auto folder = folder_of(image);
                pairs[folder] += std::ranges::any_of(
                    base->second, [&](const std::string& other) { return folder_of(other) == folder; });
            }
    }
    for (const auto& [folder, count] : pairs)
        if (static_cast<std::size_t>(count) * 2 >= image_folders_.at(folder) && count > 0)
            add({"masks",
                 "Images and masks",
                 "segmentation",
                 folder,
                 {{"type", "masks"}, {"masks", folder}, {"images", folder}},
                 {},
                 3});
}

}  // namespace digits::recognition
