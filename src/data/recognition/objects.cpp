// Boxes: Pascal VOC, CVAT, COCO and other JSON, YOLO, KITTI.
#include <filesystem>
#include <set>

#include "base/csv.hpp"
#include "base/text.hpp"
#include "data/recognition/recognizer.hpp"
#include "data/sources/boxes/data_yaml.hpp"
#include "data/sources/files/folder_words.hpp"
#include "data/sources/objects/object_images.hpp"

namespace digits::recognition {

void Recognizer::find_xml() {
    std::set<std::string> told;
    for (const auto& [folder, files] : folders_of(".xml")) {
        std::string kind, images;
        for (std::size_t i = 0; i < std::min(files.size(), kMostPeeked); ++i) {
            const auto text = peek(files[i]);
            if (has(text, "<annotations")) {
                add({"cvat",
                     "CVAT",
                     "detection",
                     folder,
                     {{"type", "cvat"}, {"xml", files[i]}, {"images", folder}},
                     {},
                     1});
            } else if (has(text, "<annotation")) {
                const bool polygons = has(text, "<polygon") && !has(text, "<bndbox");
                if (kind.empty() || kind == "voc") kind = polygons ? "labelme" : "voc";
                if (images.empty()) images = image_folder_of(files[i]);
            }
        }
        if (kind == "labelme") {
            add({"labelme",
                 "LabelMe (XML)",
                 "segmentation",
                 folder,
                 nullptr,
                 {"The XML files of the first LabelMe are not read; save them as JSON"},
                 2});
        } else if (kind == "voc") {
            // Sub-folders of annotations belong to one dataset.
            auto top = folder;
            for (auto up = top; up.size() > folder_.size(); up = folder_of(up))
                if (lower(last_part(up)).starts_with("annotation")) top = up;
            // Their images are in sub-folders of the same names.
            const auto inner = folder.substr(top.size());
            if (!inner.empty() && images.ends_with(inner)) images.resize(images.size() - inner.size());
            // An export with a folder a split, each with its files and images.
            if (split_named(last_part(top)) && images == top && top.size() > folder_.size()) {
                const auto above = folder_of(top);
                const bool has_others = std::ranges::any_of(files_.at(".xml"), [&](const std::string& file) {
                    const auto other = folder_of(file);
                    return other != top && folder_of(other) == above && split_named(last_part(other));
                });
                if (has_others) top = images = above;
            }
            if (told.insert(top).second) add_voc(top, images);
        }
    }
}

void Recognizer::add_voc(const std::string& annotations, std::string images) {
    const auto root = images == annotations ? annotations : folder_of(annotations);
    Found found{"voc", "Pascal VOC", "detection", root, {{"type", "voc"}, {"annotations", annotations}}, {}, 1};
    const bool has_images = !images.empty() || is_folder(root + "/JPEGImages");
    if (images.empty()) images = root + "/JPEGImages";
    if (has_images)
        found.source["images"] = images;
    else
        found.source = nullptr, found.notes.push_back("The images of the annotations are not there");
    const auto sets = root + "/ImageSets/Main";
    const bool has_lists =
        std::ranges::any_of(files_.at(".txt"), [&](const std::string& file) { return folder_of(file) == sets; });
    if (has_images && has_lists) {
        found.source["sets"] = sets;
        found.notes.push_back("ImageSets found");
    }
    add(std::move(found));
}

std::optional<Split> Recognizer::split_of_file(const std::string& path) {
    const auto name = lower(last_part(path)), above = lower(last_part(folder_of(path)));
    for (const auto& text : {name, above}) {
        if (has(text, "train")) return Split::kTrain;
        if (has(text, "val")) return Split::kVal;
        if (has(text, "test")) return Split::kTest;
    }
    return std::nullopt;
}

void Recognizer::find_json() {
    std::map<std::string, std::vector<std::string>> coco, createml;  // by the folder of the dataset
    const auto root_of = [&](const std::string& folder) {
        const auto name = lower(last_part(folder));
        const bool is_part = name == "annotations" || split_named(name);
        return is_part && folder.size() > folder_.size() ? folder_of(folder) : folder;
    };
    std::set<std::string> labelme;
    for (const auto& [folder, files] : folders_of(".json")) {
        for (std::size_t i = 0; i < std::min(files.size(), kMostPeeked); ++i) {
            const auto text = peek(files[i]);
            const auto start = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
            const char first = start == std::string::npos ? '\0' : text[start];
            if (first == '[' && has(text, "\"image\"") && (has(text, "\"labels\"") || has(text, "\"values\"")) &&
                !has(text, "\"annotations\"")) {
                const bool labels = has(text, "\"labels\"");
                add({labels ? "label_table" : "csv",
                     labels ? "Table of labels" : "Table of numbers",
                     labels ? "multilabel" : "regression",
                     folder,
                     {{"type", labels ? "label_table" : "csv"}, {labels ? "table" : "csv", files[i]}, {"root", folder}},
                     {},
                     3});
                continue;
            }
            if (first == '[' && is_createml(text)) {
                createml[root_of(folder)].push_back(files[i]);
                continue;
            }
            if (first == '[') {
                if (has(text, "rectanglelabels") || has(text, "polygonlabels") ||
                    (has(text, "\"annotations\"") && has(text, "\"result\"")))
                    add({"label_studio",
                         "Label Studio",
                         "detection",
                         folder,
                         {{"type", "label_studio"}, {"json", files[i]}, {"images", folder}},
                         {},
                         1});
                continue;
            }
            if (has(text, "\"shapes\"")) {
                labelme.insert(folder);
                break;
            }
            // A long list hides what comes behind it.
            const auto end = first == '{' && text.size() >= kPeek ? peek(files[i], true) : std::string();
            const auto says = [&](const char* key) { return has(text, key) || has(end, key); };
            const int keys = says("\"images\"") + says("\"annotations\"") + says("\"categories\"");
            const bool has_boxes = has(text, "\"file_name\"") && (says("\"bbox\"") || says("\"segmentation\""));
            if (keys < 2 && !has_boxes) continue;
            coco[root_of(folder)].push_back(files[i]);
        }
    }
    for (const auto& folder : labelme) {
        Found found{"labelme", "labelme", "detection", folder, {{"type", "labelme"}, {"folder", folder}}, {}, 1};
        const auto& files = files_.at(".json");
        for (const auto& file : files)
            if (folder_of(file) == folder)
                if (const auto images = image_folder_of(file); !images.empty()) {
                    found.source["images"] = images;
                    break;
                }
        add(std::move(found));
    }
    for (const auto& [root, files] : coco) add_coco(root, files);
    for (const auto& [root, files] : createml) add_createml(root, files);
}

bool Recognizer::is_createml(std::string_view text) {
    return has(text, "\"coordinates\"") && has(text, "\"annotation") &&
           (has(text, "\"image\"") || has(text, "\"imagefilename\""));
}

void Recognizer::add_createml(const std::string& root, const std::vector<std::string>& files) {
    Found found{"createml", "Create ML", "detection", root, {{"type", "createml"}}, {}, 1};
    for (const auto& file : files) {
        const auto split = split_of_file(file).value_or(Split::kTrain);
        const char* member = split == Split::kVal ? "val_json" : split == Split::kTest ? "test_json" : "json";
        if (!found.source.contains(member)) found.source[member] = file;
    }
    if (!found.source.contains("json")) {
        const char* member = found.source.contains("val_json") ? "val_json" : "test_json";
        found.source["json"] = found.source[member];
        found.source.erase(member);
    }
    const auto images = root + "/images";
    if (has_images_below(images) && !has_images_below(folder_of(files.front())))
        found.source["images"] = images;
    else if (files.size() == 1 && !has_images_below(folder_of(files.front())))
        found.source["images"] = root;
    add(std::move(found));
}

void Recognizer::add_coco(const std::string& root, const std::vector<std::string>& files) {
    // What has boxes and masks first.
    const auto rank = [](const std::string& file) {
        const auto name = lower(last_part(file));
        if (name.starts_with("instances") || name.starts_with("_annotations")) return 0;
        if (has(name, "panoptic")) return 3;
        if (has(name, "captions") || has(name, "image_info")) return 4;
        return name.starts_with("person_keypoints") ? 1 : 2;
    };
    int best = 5;
    for (const auto& file : files) best = std::min(best, rank(file));
    std::string words;
    Found found{"coco", "COCO", "detection", root, {{"type", "coco"}}, {}, 1};
    std::string first;
    for (const auto& file : files) {
        if (rank(file) != best) continue;
        // "labels_train" and "stuff_train" are two.
        auto kind = lower(last_part(file));
        kind = kind.substr(0, kind.find_first_of("_0123456789."));
        if (words.empty()) words = kind;
        if (kind != words) continue;
        const auto split = split_of_file(file).value_or(Split::kTrain);
        const char* member = split == Split::kVal ? "val_json" : split == Split::kTest ? "test_json" : "json";
        if (!found.source.contains(member)) found.source[member] = file;
        if (first.empty()) first = file;
    }
    if (!found.source.contains("json")) {
        // There is no training file: what there is stands for it.
        const char* member = found.source.contains("val_json") ? "val_json" : "test_json";
        found.source["json"] = found.source[member];
        found.source.erase(member);
    }
    found.source["images"] = is_folder(root + "/images") ? root + "/images" : root;
    if (best == 4) {
        found.notes.push_back("The files have no boxes or masks");
        found.rank = 4;
    }
    if (best == 3) {
        found.title = "COCO panoptic";
        found.task = "segmentation";
        found.rank = 2;  // its masks are colors that the file explains
    }
    add(std::move(found));
}

void Recognizer::find_yaml() {
    for (const char* ending : {".yaml", ".yml"})
        for (const auto& file : files_.at(ending)) {
            if (!has(peek(file), "names:")) continue;
            const auto folder = folder_of(file);
            const auto images = images_of_yaml(file, folder);
            if (images == folder)
                add_yolo(folder, "", "data.yaml found");
            else if (!images.empty() && std::ranges::any_of(files_.at(".txt"), [&](const auto& label) {
                         return label.starts_with(folder + '/');
                     }))
                add_yolo(folder, images, "data.yaml found");
        }
}

std::string Recognizer::images_of_yaml(const std::string& file, const std::string& folder) {
    namespace fs = std::filesystem;
    const auto yaml = parse_data_yaml(peek(file), file);
    std::vector<std::string> places;
    if (yaml)
        for (const auto& split : yaml->splits) places.insert(places.end(), split.begin(), split.end());
    const auto found_in = [&](const std::string& start) {
        std::vector<std::string> found;
        for (const auto& place : places)
            if (const auto path = find_yaml_place(place, {fs::path(start)}, {start}); !path.empty())
                found.push_back(path.string());
        return found;
    };
    if (!found_in(folder).empty()) return has_images_below(folder) ? folder : "";
    // Beside the folder, where several kinds of labels share the images: also of the folder that is looked at.
    const auto above = folder_of(folder);
    std::string images;
    for (const auto& path : found_in(above)) {
        if (!is_folder(path)) continue;
        const auto first = find_first_image(path, roots_, guard_);
        if (!first || first->empty()) continue;
        images = images.empty() ? path : common_folder(images, path);
    }
    if (images.empty()) return has_images_below(folder) ? folder : "";
    // "images" of images/train, so that other splits are found, too.
    return folder_words(last_part(folder_of(images))).has_images && folder_of(images) != above ? folder_of(images)
                                                                                               : images;
}

void Recognizer::add_yolo(const std::string& folder, const std::string& images, const char* note) {
    for (const auto& one : found_)
        if (one.format == "yolo" && (folder == one.folder || (images.empty() && folder.starts_with(one.folder + '/'))))
            return;
    Found found{"yolo", "YOLO", "detection", folder, {{"type", "yolo"}, {"folder", folder}}, {note}, 1};
    if (!images.empty()) found.source["images"] = images;
    add(std::move(found));
}

void Recognizer::add_yolo_of(const std::string& labels, const std::string& images) {
    // What a found dataset holds is told.
    for (const auto& one : found_)
        if (one.format == "yolo")
            if (const auto folder = one.source["folder"].get<std::string>();
                labels == folder || labels.starts_with(folder + '/'))
                return;
    const auto has_names = [&](const std::string& folder) {
        const auto lies_there = [&](const std::string& file) { return folder_of(file) == folder; };
        return folder.size() >= folder_.size() && std::ranges::any_of(files_.at(".names"), lies_there);
    };
    auto root = common_folder(labels, images);
    if (root.size() < folder_.size()) root = folder_;
    // Darknet: obj.names above obj_train_data.
    if (has_names(folder_of(root))) root = folder_of(root);
    // Folders of the same shape beside each other, such as labels/train and images/train, are one dataset.
    const auto depth = [&](const std::string& folder) { return std::ranges::count(folder.substr(root.size()), '/'); };
    const bool is_one = depth(labels) == depth(images) && last_part(labels) == last_part(images);
    if (labels == images || depth(labels) <= 1 || is_one) return add_yolo(root, "", "text files of boxes found");
    // Else there are several kinds of labels: these alone.
    auto folder = labels;
    while (folder_of(folder).size() > root.size() &&
           (has_names(folder_of(folder)) || folder_words(last_part(folder)).split))
        folder = folder_of(folder);
    add_yolo(folder, images, "text files of boxes found");
}

void Recognizer::find_text_labels() {
    std::map<std::string, std::string> kitti;  // images by labels
    for (const auto& [folder, files] : folders_of(".txt"))
        for (std::size_t i = 0; i < std::min(files.size(), kMostPeeked); ++i) {
            const auto name = lower(last_part(files[i]));
            if (name == "classes.txt" || name == "train.txt" || name == "val.txt" || name == "readme.txt") continue;
            const auto text = peek(files[i]);
            const auto start = std::min(text.find_first_not_of(" \t\r\n\xef\xbb\xbf"), text.size());
            const auto line = text.substr(start, text.find('\n', start) - start);
            std::vector<std::string> words;
            bool inside = false;
            for (const char c : line) {
                const bool space = c == ' ' || c == '\t' || c == '\r';
                if (!space && !inside) words.emplace_back();
                if (!space) words.back() += c;
                inside = !space;
            }
            const auto images = image_folder_of(files[i]);
            if (images.empty() || words.empty()) continue;
            if (words.size() >= 15 && !finite_number(words[0])) {
                kitti[folder] = images;
                break;
            }
            const bool numbers =
                std::ranges::all_of(words, [](const auto& word) { return finite_number(word, true).has_value(); });
            // Six columns are answers of a network, with their scores.
            if (words.size() >= 5 && words.size() != 6 && numbers) {
                add_yolo_of(folder, images);
                break;
            }
        }
    std::set<std::string> used;
    // Below the folder that is looked at: what is above it says nothing.
    const auto local = [&](const std::string& path) { return lower(std::string_view(path).substr(folder_.size())); };
    for (const auto& [labels, images] : kitti) {
        if (used.contains(labels)) continue;
        Found found{"kitti",
                    "KITTI",
                    "detection",
                    common_folder(labels, images),
                    {{"type", "kitti"}, {"labels", labels}, {"images", images}},
                    {},
                    1};
        for (const auto& [other, other_images] : kitti)
            for (const auto& [name, member] : {std::pair("/val", "val"), {"/test", "test"}})
                if (other != labels && has(local(other), name) && has(local(labels), "/train")) {
                    found.source[fmt::format("{}_labels", member)] = other;
                    found.source[fmt::format("{}_images", member)] = other_images;
                    found.folder = common_folder(labels, other);
                    used.insert(other);
                }
        const auto name = local(labels);
        if ((has(name, "/val") || has(name, "/test")) && kitti.size() > 1) continue;
        if (const auto classes = custom_classes(found.folder); !classes.empty())
            found.source["custom_classes"] = classes;
        add(std::move(found));
    }
}

std::string Recognizer::custom_classes(const std::string& folder) const {
    const auto file = labels_file(folder);
    if (file.empty()) return {};
    std::string names;
    const auto text = peek(file);
    for (std::string_view rest = without_byte_order_mark(text); !rest.empty();) {
        const auto end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        while (!line.empty() && std::string_view(" \t\r").find(line.back()) != std::string_view::npos)
            line.remove_suffix(1);
        if (!line.empty()) names += (names.empty() ? "" : ",") + csv_field(line);
    }
    return names;
}

}  // namespace digits::recognition
