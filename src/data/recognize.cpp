#include "data/recognize.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/csv.hpp"
#include "base/regular_file.hpp"
#include "base/text.hpp"
#include "data/guard.hpp"
#include "data/open_source.hpp"
#include "data/sources/delimited.hpp"
#include "data/sources/object_images.hpp"
#include "data/sources/tar_index.hpp"
#include "data/sources/walk.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kPeek = std::size_t{64} << 10;
constexpr std::size_t kMostPeeked = 20;  ///< files of a folder that are looked into
constexpr std::size_t kMostFound = 20;

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return out;
}
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

struct Found {
    std::string format, title, task, folder;
    json source;
    std::vector<std::string> notes;
    int rank = 0;  ///< the lowest first
};

/// The first folder that holds both.
std::string common_folder(const std::string& a, const std::string& b) {
    std::size_t end = 0;
    for (std::size_t i = 0; i <= std::min(a.size(), b.size()); ++i) {
        const bool at_end_a = i == a.size() || a[i] == '/', at_end_b = i == b.size() || b[i] == '/';
        if (at_end_a && at_end_b) end = i;
        if (i == a.size() || i == b.size() || a[i] != b[i]) break;
    }
    return a.substr(0, end);
}

class Recognizer {
  public:
    Recognizer(const std::string& folder, const std::vector<std::string>& roots, const ScanLimits& limits)
        : folder_(folder), roots_(roots), limits_(limits), guard_(limits_) {
        while (folder_.size() > 1 && folder_.ends_with('/')) folder_.pop_back();
    }

    Result<json> run(const std::vector<std::string>& roots) {
        DIGITS_TRY(check_folder(folder_, "/folder"));
        DIGITS_TRY(list_all());
        find_xml();
        find_json();
        find_yaml();
        find_text_labels();
        find_tables();
        find_masks();
        find_mnist();
        find_lists();
        find_celeba();
        find_shards();
        if (found_.empty()) find_plain_images();
        std::ranges::stable_sort(found_, {}, [](const Found& one) { return std::pair(one.rank, one.folder.size()); });
        auto answer = json::array();
        for (std::size_t i = 0; i < std::min(found_.size(), kMostFound); ++i)
            answer.push_back(describe(found_[i], roots, i < 3));
        return json{{"folder", folder_}, {"found", std::move(answer)}};
    }

  private:
    Status list_all() {
        std::vector<std::string> warnings;
        DIGITS_ASSIGN(files_, find_files(folder_,
                                         {"", ".xml", ".json", ".txt", ".csv", ".yaml", ".yml", ".names", "-ubyte",
                                          "-ubyte.gz", ".tar"},
                                         roots_, guard_, warnings));
        images_ = std::move(files_.at(""));
        for (const auto& image : images_) {
            by_stem_[std::string(without_ending(last_part(image)))].push_back(image);
            ++image_folders_[folder_of(image)];
            const auto name = lower(last_part(image));
            if (name.ends_with(".jpg") || name.ends_with(".jpeg")) ++jpeg_folders_[folder_of(image)];
        }
        return {};
    }

    std::string peek(const std::string& path) const {
        const auto file = RegularFile::open(path, roots_);
        if (!file) return {};
        std::string bytes(kPeek, '\0');
        const auto n = ::pread(file->fd(), bytes.data(), bytes.size(), 0);
        bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return bytes;
    }
    /// Files by their folder.
    std::map<std::string, std::vector<std::string>> folders_of(const char* ending) const {
        std::map<std::string, std::vector<std::string>> folders;
        for (const auto& file : files_.at(ending)) folders[folder_of(file)].push_back(file);
        return folders;
    }
    bool is_folder(const std::string& path) const {
        std::error_code ignored;
        return fs::is_directory(path, ignored);
    }
    /// The folder of the image that belongs to a label file, if one does.
    std::string image_folder_of(const std::string& label) const {
        const auto found = by_stem_.find(std::string(without_ending(last_part(label))));
        if (found == by_stem_.end()) return {};
        // The nearest one, but rather one whose folder is no folder of masks.
        const std::string* best = nullptr;
        std::size_t shared = 0;
        for (const auto& image : found->second) {
            const auto name = lower(last_part(folder_of(image)));
            if (has(name, "mask") || has(name, "segmentation")) continue;
            const auto size = common_folder(folder_of(label), folder_of(image)).size();
            if (!best || size > shared) {
                best = &image;
                shared = size;
            }
        }
        return best ? folder_of(*best) : std::string();
    }
    void add(Found found) { found_.push_back(std::move(found)); }

    void find_xml() {
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
                if (told.insert(top).second) add_voc(top, images);
            }
        }
    }
    void add_voc(const std::string& annotations, std::string images) {
        const auto root = folder_of(annotations);
        Found found{"voc", "Pascal VOC", "detection", root, {{"type", "voc"}, {"annotations", annotations}}, {}, 1};
        const bool has_images = !images.empty() || is_folder(root + "/JPEGImages");
        if (images.empty()) images = root + "/JPEGImages";
        if (has_images)
            found.source["images"] = images;
        else
            found.source = nullptr, found.notes.push_back("The images of the annotations are not there");
        const auto sets = root + "/ImageSets/Main";
        if (has_images && is_folder(sets)) {
            found.source["sets"] = sets;
            found.notes.push_back("ImageSets found");
        }
        add(std::move(found));
    }

    /// "train" of instances_train2017.json and of train/_annotations.coco.json.
    static std::optional<Split> split_of_file(const std::string& path) {
        const auto name = lower(last_part(path)), above = lower(last_part(folder_of(path)));
        for (const auto& text : {name, above}) {
            if (has(text, "train")) return Split::kTrain;
            if (has(text, "val")) return Split::kVal;
            if (has(text, "test")) return Split::kTest;
        }
        return std::nullopt;
    }

    void find_json() {
        std::map<std::string, std::vector<std::string>> coco;  // by the folder of the dataset
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
                         {{"type", labels ? "label_table" : "csv"},
                          {labels ? "table" : "csv", files[i]},
                          {"root", folder}},
                         {},
                         3});
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
                const int keys = has(text, "\"images\"") + has(text, "\"annotations\"") + has(text, "\"categories\"");
                if (keys < 2) continue;
                auto root = folder;
                const auto name = lower(last_part(folder));
                if (name == "annotations" || split_named(name)) root = folder_of(folder);
                coco[root.size() < folder_.size() ? folder : root].push_back(files[i]);
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
    }
    void add_coco(const std::string& root, const std::vector<std::string>& files) {
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
            found.rank = 4;
        }
        add(std::move(found));
    }

    void find_yaml() {
        for (const char* ending : {".yaml", ".yml"})
            for (const auto& file : files_.at(ending))
                if (has(peek(file), "names:") && has_images_below(folder_of(file)))
                    add_yolo(folder_of(file), "data.yaml found");
    }
    bool has_images_below(const std::string& folder) const {
        return std::ranges::any_of(image_folders_, [&](const auto& one) {
            return one.first == folder || one.first.starts_with(folder + '/');
        });
    }
    void add_yolo(const std::string& folder, const char* note) {
        for (const auto& one : found_)
            if (one.format == "yolo" && (folder == one.folder || folder.starts_with(one.folder + '/'))) return;
        add({"yolo", "YOLO", "detection", folder, {{"type", "yolo"}, {"folder", folder}}, {note}, 1});
    }

    /// Text files of boxes: five numbers are YOLO's, fifteen columns KITTI's.
    void find_text_labels() {
        std::map<std::string, std::string> kitti;  // images by labels
        for (const auto& [folder, files] : folders_of(".txt"))
            for (std::size_t i = 0; i < std::min(files.size(), kMostPeeked); ++i) {
                const auto name = lower(last_part(files[i]));
                if (name == "classes.txt" || name == "train.txt" || name == "val.txt" || name == "readme.txt") continue;
                const auto text = peek(files[i]);
                const auto line = text.substr(0, text.find('\n'));
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
                if (words.size() >= 5 && numbers) {
                    auto root = common_folder(folder, images);
                    if (root.size() < folder_.size()) root = folder_;
                    add_yolo(root, "text files of boxes found");
                    break;
                }
            }
        std::set<std::string> used;
        // Below the folder that is looked at: what is above it says nothing.
        const auto local = [&](const std::string& path) {
            return lower(std::string_view(path).substr(folder_.size()));
        };
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

    /// The source that reads a table of images: "csv" for numbers, "label_table" for words, or for columns of 0 and 1
    /// with names; else empty. `header`: its first line, `lines`: what comes behind.
    static std::string table_of_images(const DelimitedLine& header, DelimitedText& lines) {
        constexpr int kMostLooked = 50;
        DelimitedLine line;
        bool numbers = true, zero_or_one = true;
        int count = 0;
        for (; count < kMostLooked && lines.next(line); ++count) {
            if (line.fields.size() < 2 || !has_image_extension(line.fields[0])) break;
            for (std::size_t i = 1; i < line.fields.size(); ++i) {
                const auto number = finite_number(line.fields[i], true);
                numbers = numbers && number;
                zero_or_one = zero_or_one && number && (*number == 0 || *number == 1 || *number == -1);
            }
        }
        // The last line may be cut off, where the text is.
        if (count == 0) return {};
        const bool has_names = !has_image_extension(header.fields[0]);
        if (!numbers) return has_names || header.fields.size() == 2 ? "label_table" : "";
        return zero_or_one && has_names && header.fields.size() > 2 ? "label_table" : "csv";
    }

    /// The names in labels.txt of a folder or of the one above, as KITTI's field has them; empty without the file.
    std::string custom_classes(const std::string& folder) const {
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
    /// labels.txt in a folder, or in the one above that folder where it is called train; empty: there is none.
    std::string labels_file(const std::string& folder) const {
        std::vector<std::string> places{folder};
        if (split_named(last_part(folder)) == Split::kTrain && folder.size() > folder_.size())
            places.push_back(folder_of(folder));
        for (const auto& place : places)
            if (std::ranges::find(files_.at(".txt"), place + "/labels.txt") != files_.at(".txt").end())
                return place + "/labels.txt";
        return {};
    }

    void find_shards() {
        std::set<std::string> told;
        for (const auto& file : files_.at(".tar")) {
            const auto folder = folder_of(file);
            if (!told.insert(folder).second) continue;
            const auto members = index_tar(file, roots_, guard_);
            if (!members) continue;
            // An image, and something else of the same key.
            std::string key;
            bool has_image = false, has_target = false;
            for (const auto& member : *members) {
                const auto stem = member.name.substr(0, member.name.find('.', member.name.rfind('/') + 1));
                if (stem != key) has_image = has_target = false;
                key = stem;
                (has_image_extension(member.name) && !has_image ? has_image : has_target) = true;
                if (!has_image || !has_target) continue;
                const auto ending = lower(member.name.substr(stem.size()));
                const bool mask = ending.starts_with(".mask") || ending.starts_with(".seg");
                const bool image = ending.starts_with(".target") || ending.starts_with(".label");
                std::string task = ending == ".cls" ? "classification"
                                   : mask           ? "segmentation"
                                   : image          ? "processing"
                                                    : "";
                if (ending == ".json") {
                    const auto text =
                        read_part(file, member.offset, std::min<std::uint64_t>(member.size, kPeek), roots_);
                    if (text && has(*text, "\"boxes\"")) task = "detection";
                    if (text && has(*text, "\"values\"")) task = "regression";
                }
                if (task.empty()) continue;
                add({"webdataset", "WebDataset", task, folder, {{"type", "webdataset"}, {"folder", folder}}, {}, 2});
                break;
            }
        }
    }

    void find_tables() {
        std::map<std::string, std::vector<std::string>> open_images;
        std::map<std::pair<std::string, std::string>, std::map<Split, std::vector<std::string>>> number_tables;
        for (const auto& file : files_.at(".csv")) {
            const auto text = peek(file);
            DelimitedText lines(text);
            DelimitedLine header;
            if (!lines.next(header)) continue;
            std::set<std::string> names;
            for (const auto& field : header.fields) names.insert(lower(field));
            const bool boxes = names.contains("xmin") && names.contains("ymax");
            if (names.contains("imageid")) {
                auto& all = open_images[folder_of(file)];
                if (boxes) all.push_back(file);
            } else if (boxes && (names.contains("filename") || names.contains("file") || names.contains("image") ||
                                 names.contains("path"))) {
                add({"box_table",
                     "CSV file of boxes",
                     "detection",
                     folder_of(file),
                     {{"type", "box_table"}, {"table", file}, {"images", folder_of(file)}},
                     {},
                     2});
            } else if (const auto kind = table_of_images(header, lines); !kind.empty()) {
                const auto split = split_of_file(file).value_or(Split::kTrain);
                number_tables[{folder_of(file), kind}][split].push_back(file);
            } else if (images_.empty()) {
                add({"tabular",
                     "Table (CSV)",
                     "",
                     folder_of(file),
                     nullptr,
                     {"A table without images is not read"},
                     5});
            }
        }
        for (const auto& [place, tables] : number_tables) {
            const auto& [folder, kind] = place;
            const auto train = tables.find(Split::kTrain);
            if (train == tables.end()) continue;
            const bool labels = kind == "label_table";
            Found found{kind,
                        labels ? "Table of labels" : "CSV file of numbers",
                        labels ? "multilabel" : "regression",
                        folder,
                        {{"type", kind}, {labels ? "table" : "csv", train->second.front()}, {"root", folder}},
                        {},
                        labels ? 3 : 2};
            for (const auto& [split, files] : tables)
                if (split != Split::kTrain)
                    found.source[fmt::format("{}_{}", enum_name(split), labels ? "table" : "csv")] = files.front();
            add(std::move(found));
        }
        for (const auto& [folder, files] : open_images) {
            auto root = folder;
            if (lower(last_part(folder)) == "annotations" && folder.size() > folder_.size()) root = folder_of(folder);
            Found found{"open_images", "OpenImages", "detection", root, {{"type", "box_table"}}, {}, 1};
            for (const auto& file : files) {
                const auto split = split_of_file(file).value_or(Split::kTrain);
                found.source[split == Split::kVal    ? "val_table"
                             : split == Split::kTest ? "test_table"
                                                     : "table"] = file;
            }
            for (const auto& file : files_.at(".csv"))
                if (folder_of(file) == folder && has(lower(last_part(file)), "class-descriptions"))
                    found.source["class_names"] = file;
            found.source["images"] = is_folder(root + "/images") ? root + "/images" : root;
            if (files.empty()) {
                found.source = nullptr;
                found.notes.push_back("There is no file of boxes");
            } else if (!found.source.contains("table")) {
                const char* member = found.source.contains("val_table") ? "val_table" : "test_table";
                found.source["table"] = found.source[member];
                found.source.erase(member);
            }
            add(std::move(found));
        }
    }

    void find_masks() {
        static const std::set<std::string> mask_names{
            "masks",       "mask", "labels",  "label",  "segmentationclass", "gtfine",  "annotations", "labelcol",
            "groundtruth", "gt",   "targets", "target", "instance",          "semantic"};
        static const std::set<std::string> image_names{"images",      "image", "imgs",   "img",     "jpegimages",
                                                       "leftimg8bit", "data",  "input",  "feature", "features",
                                                       "image_2",     "photo", "photos", "inputs"};
        std::map<std::string, std::string> tops;  // a folder with images somewhere below, by its lower path
        for (const auto& [folder, count] : image_folders_)
            for (auto up = folder; up.size() > folder_.size(); up = folder_of(up))
                tops.emplace(up, lower(last_part(up)));
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
                const bool instances = root != folder_ && name == "masks" && image_folders_.contains(images) &&
                                       image_folders_.at(images) == 1;
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
                        found.source[fmt::format("{}_images", split)] =
                            other_root + "/" + std::string(last_part(images));
                    }
                else if (split_named(last_part(root)) &&
                         tops.contains(folder_of(root) + "/train/" + std::string(last_part(folder))))
                    break;  // the folder for training tells of it
                if (const auto labels = labels_file(root); !labels.empty()) found.source["class_labels"] = labels;
                // JPEG changes the values of pixels: they are no class numbers.
                const auto jpegs = jpeg_folders_.find(folder);
                const bool all_jpeg = jpegs != jpeg_folders_.end() && jpegs->second == image_folders_.at(folder);
                if (all_jpeg || (name == "label" && image_name == "feature")) {
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
                add(std::move(found));
                break;
            }
        }
    }

    void find_mnist() {
        for (const char* ending : {"-ubyte", "-ubyte.gz"})
            for (const auto& file : files_.at(ending))
                if (last_part(file).starts_with("train-images"))
                    add({"mnist",
                         "MNIST",
                         "classification",
                         folder_of(file),
                         {{"type", "mnist"}, {"path", folder_of(file)}},
                         {},
                         1});
    }

    /// train.txt of "path number" with the names beside it.
    void find_lists() {
        for (const auto& file : files_.at(".txt")) {
            if (last_part(file) != "train.txt") continue;
            const auto text = peek(file);
            const auto line = text.substr(0, text.find('\n'));
            const auto space = line.rfind(' ');
            const auto folder = folder_of(file);
            std::string names;
            for (const auto& other : files_.at(".txt"))
                if (folder_of(other) == folder &&
                    (has(last_part(other), "synsets") || last_part(other) == "labels.txt"))
                    names = other;
            const bool numbered = space != std::string::npos && has_image_extension(line.substr(0, space)) &&
                                  finite_number(line.substr(space + 1)).has_value();
            if (!numbered || names.empty()) continue;
            Found found{"imagenet_txt",
                        "Lists of images and classes",
                        "classification",
                        folder,
                        {{"type", "lists"}, {"train", file}, {"labels", names}},
                        {},
                        1};
            found.source["root"] = is_folder(folder + "/images") ? folder + "/images" : folder;
            for (const char* other : {"val", "test"})
                if (const auto path = folder + "/" + other + ".txt";
                    std::ranges::find(files_.at(".txt"), path) != files_.at(".txt").end())
                    found.source[other] = path;
            add(std::move(found));
        }
    }

    void find_celeba() {
        std::set<std::string> told;
        for (const auto& file : files_.at(".txt")) {
            const auto name = lower(last_part(file));
            if (!has(name, "celeba")) continue;
            const auto root = folder_of(folder_of(file));
            if (told.insert(root).second)
                add({"celeba",
                     "CelebA",
                     "",
                     root.size() < folder_.size() ? folder_ : root,
                     nullptr,
                     {"Attributes of CelebA are not read; write them as a CSV file of numbers"},
                     2});
        }
    }

    /// Folders of classes, or images alone.
    void find_plain_images() {
        if (images_.empty()) return;
        std::map<std::string, std::set<std::string>> children;
        for (const auto& [folder, count] : image_folders_)
            if (folder.size() > folder_.size()) children[folder_of(folder)].insert(folder);
        const auto train = std::ranges::find_if(
            children, [](const auto& one) { return split_named(last_part(one.first)) == Split::kTrain; });
        if (train != children.end() && train->second.size() >= 2) {
            Found found{"imagenet",
                        "Folders of classes",
                        "classification",
                        folder_of(train->first),
                        {{"type", "folder"}, {"path", train->first}},
                        {},
                        3};
            for (const auto& [folder, classes] : children)
                if (folder_of(folder) == found.folder && folder != train->first && classes.size() >= 2) {
                    if (split_named(last_part(folder)) == Split::kVal) found.source["val_path"] = folder;
                    if (split_named(last_part(folder)) == Split::kTest) found.source["test_path"] = folder;
                }
            add(std::move(found));
            return;
        }
        for (const auto& [folder, classes] : children)
            if (classes.size() >= 2) {
                add({"imagenet",
                     "Folders of classes",
                     "classification",
                     folder,
                     {{"type", "folder"}, {"path", folder}},
                     {},
                     3});
                return;
            }
        add({"image_dir",
             "Images without labels",
             "processing",
             folder_,
             {{"type", "autoencoder"}, {"images", folder_}},
             {},
             5});
    }

    /// With what the dry run says, for the likeliest.
    json describe(const Found& found, const std::vector<std::string>& roots, bool opens) {
        json one{{"format", found.format},  {"title", found.title}, {"task", found.task}, {"folder", found.folder},
                 {"source", found.source},  {"notes", found.notes}, {"images", nullptr},  {"classes", nullptr},
                 {"labels", json::array()}, {"error", nullptr}};
        std::string text = found.title;
        if (opens && found.source.is_object()) {
            json document{{"source", found.source}, {"type", found.task}};
            auto spec = parse_dataset_spec(document);
            if (spec) {
                spec->roots = roots;
                const auto source = open_source(*spec, limits_, {}, nullptr, true);
                if (source) {
                    std::size_t images = 0;
                    for (const Split split : kSplits) images += (*source)->size(split);
                    one["images"] = images;
                    const auto& labels = (*source)->facts().labels;
                    one["classes"] = labels.size();
                    one["labels"] = labels;
                    text += ", " + count_of(images, "image");
                    if (!labels.empty())
                        text += fmt::format(", {} class{}", labels.size(), labels.size() == 1 ? "" : "es");
                } else {
                    one["error"] = source.error().message;
                }
            } else {
                one["error"] = spec.error().message;
            }
        }
        for (const auto& note : found.notes) text += ", " + note;
        one["text"] = text;
        return one;
    }

    std::string folder_;
    ReadableRoots roots_;
    const ScanLimits limits_;
    ScanGuard guard_;
    std::vector<std::string> images_;
    FilesByEnding files_;
    std::map<std::string, std::vector<std::string>> by_stem_;
    std::map<std::string, std::size_t> image_folders_;  ///< how many images lie in each
    std::map<std::string, std::size_t> jpeg_folders_;   ///< how many of these are JPEG
    std::vector<Found> found_;
};

}  // namespace

Result<json> recognize_folder(const std::string& folder, const std::vector<std::string>& roots,
                              const ScanLimits& limits) {
    return guarded("look at the folder", [&] { return Recognizer(folder, roots, limits).run(roots); });
}

}  // namespace digits
