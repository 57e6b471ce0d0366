// Tables and lists of images, shards, MNIST, and folders that have images alone.
#include <set>

#include "base/text.hpp"
#include "data/recognition/recognizer.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/packed/tar_index.hpp"
#include "data/sources/pairs/pair_names.hpp"

namespace digits::recognition {

std::string Recognizer::table_of_images(const DelimitedLine& header, DelimitedText& lines) {
    constexpr int kMostLooked = 50;
    DelimitedLine line;
    bool zero_or_one = true;
    int count = 0, without_numbers = 0;
    for (; count < kMostLooked && lines.next(line); ++count) {
        if (line.fields.size() < 2 || !has_image_extension(line.fields[0])) break;
        bool numbers = true;
        for (std::size_t i = 1; i < line.fields.size(); ++i) {
            const auto number = finite_number(line.fields[i], true);
            numbers = numbers && number;
            zero_or_one = zero_or_one && number && (*number == 0 || *number == 1 || *number == -1);
        }
        without_numbers += !numbers;
    }
    // A few lines with "nan" or nothing are named when it is read.
    const bool numbers = without_numbers * 3 <= count;
    // The last line may be cut off, where the text is.
    if (count == 0) return {};
    const bool has_names = !has_image_extension(header.fields[0]);
    if (!numbers) return has_names || header.fields.size() == 2 ? "label_table" : "";
    return zero_or_one && has_names && header.fields.size() > 2 ? "label_table" : "csv";
}

/// "a.png,1,2,20,30,cat": an image, four numbers and a class, without a header.
bool Recognizer::is_box_row(const DelimitedLine& line) {
    const auto& fields = line.fields;
    if (fields.size() != 6 || !has_image_extension(fields[0]) || fields[5].empty() || finite_number(fields[5], true))
        return false;
    return std::ranges::all_of(fields.begin() + 1, fields.begin() + 5,
                               [](const std::string& field) { return finite_number(field, true).has_value(); });
}

void Recognizer::find_shards() {
    std::set<std::string> told;
    for (const auto& file : files_.at(".tar")) {
        const auto folder = folder_of(file);
        if (told.contains(folder)) continue;
        // A damaged one is told of when the others are opened.
        const auto index = index_tar(file, roots_, guard_);
        if (!index) continue;
        told.insert(folder);
        // An image, and something else of the same key.
        std::string key;
        bool has_image = false, has_target = false;
        for (const auto& member : index->members) {
            const auto stem = member.name.substr(0, member.name.find('.', member.name.rfind('/') + 1));
            if (stem != key) has_image = has_target = false;
            key = stem;
            (has_image_extension(member.name) && !has_image ? has_image : has_target) = true;
            if (!has_image || !has_target) continue;
            const auto ending = lower(member.name.substr(stem.size()));
            const bool mask = ending.starts_with(".mask") || ending.starts_with(".seg");
            const bool image = ending.starts_with(".target") || ending.starts_with(".label");
            std::string task = ending == ".cls" ? "classification" : mask ? "segmentation" : image ? "processing" : "";
            if (ending == ".json") {
                const auto text = read_part(file, member.offset, std::min<std::uint64_t>(member.size, kPeek), roots_);
                if (text && has(*text, "\"boxes\"")) task = "detection";
                if (text && has(*text, "\"values\"")) task = "regression";
            }
            if (task.empty()) continue;
            add({"webdataset", "WebDataset", task, folder, {{"type", "webdataset"}, {"folder", folder}}, {}, 2});
            break;
        }
    }
}

void Recognizer::find_tables() {
    std::map<std::string, std::vector<std::string>> open_images;
    std::map<std::string, std::map<Split, std::vector<std::string>>> box_tables;  // by the folder of the dataset
    std::map<std::pair<std::string, std::string>, std::map<Split, std::vector<std::string>>> number_tables;
    for (const auto& file : files_.at(".csv")) {
        const auto text = peek(file);
        DelimitedText lines(text);
        DelimitedLine header;
        if (!lines.next(header)) continue;
        std::set<std::string> names;
        for (const auto& field : header.fields) {
            auto name = lower(field);
            std::erase_if(name, [](char c) { return c == '_' || c == ' ' || c == '-' || c == '.'; });
            names.insert(std::move(name));
        }
        const auto any_of = [&](std::initializer_list<const char*> all) {
            return std::ranges::any_of(all, [&](const char* name) { return names.contains(name); });
        };
        const bool sized = any_of({"x", "bboxx", "xmin", "left"}) && any_of({"width", "w", "bboxwidth"}) &&
                           any_of({"height", "h", "bboxheight"}) && any_of({"class", "label", "classname", "category"});
        const bool boxes = (any_of({"xmin", "x1", "left"}) && any_of({"ymax", "y2", "bottom"})) || sized;
        if (names.contains("imageid")) {
            auto& all = open_images[folder_of(file)];
            if (boxes) all.push_back(file);
        } else if ((boxes &&
                    any_of({"filename", "file", "image", "path", "imagename", "imagepath", "filepath", "frame"})) ||
                   is_box_row(header)) {
            const auto folder = folder_of(file);
            const auto split = split_named(last_part(folder)).value_or(Split::kTrain);
            // A folder a split, each with its table.
            const bool is_part = folder.size() > folder_.size() && split_named(last_part(folder)).has_value();
            box_tables[is_part ? folder_of(folder) : folder][split].push_back(file);
        } else if (const auto kind = table_of_images(header, lines); !kind.empty()) {
            const auto split = split_of_file(file).value_or(Split::kTrain);
            number_tables[{folder_of(file), kind}][split].push_back(file);
        } else if (images_.empty()) {
            add({"tabular", "Table (CSV)", "", folder_of(file), nullptr, {"A table without images is not read"}, 5});
        }
    }
    for (const auto& [folder, tables] : box_tables) {
        Found found{"box_table", "CSV file of boxes", "detection", folder, {{"type", "box_table"}}, {}, 2};
        for (const auto& [split, files] : tables) {
            const auto member = found.source.contains("table") ? fmt::format("{}_table", enum_name(split)) : "table";
            found.source[member] = files.front();
        }
        if (tables.size() == 1) found.source["images"] = folder_of(tables.begin()->second.front());
        add(found);
        // Others beside them are datasets of their own.
        for (const auto& [split, files] : tables)
            for (std::size_t i = 1; i < files.size(); ++i) {
                found.source = {{"type", "box_table"}, {"table", files[i]}, {"images", folder_of(files[i])}};
                add(found);
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
            found.source[split == Split::kVal ? "val_table" : split == Split::kTest ? "test_table" : "table"] = file;
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

void Recognizer::find_mnist() {
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

void Recognizer::find_lists() {
    for (const auto& file : files_.at(".txt")) {
        if (last_part(file) != "train.txt") continue;
        const auto text = peek(file);
        const auto line = text.substr(0, text.find('\n'));
        const auto space = line.rfind(' ');
        const auto folder = folder_of(file);
        std::string names;
        for (const auto& other : files_.at(".txt"))
            if (folder_of(other) == folder && (has(last_part(other), "synsets") || last_part(other) == "labels.txt"))
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

void Recognizer::find_celeba() {
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

void Recognizer::find_plain_images() {
    if (images_.empty()) return;
    std::map<std::string, std::set<std::string>> children;
    for (const auto& [folder, count] : image_folders_)
        if (folder.size() > folder_.size()) children[folder_of(folder)].insert(folder);
    // Splits, and the two sides of pairs that do not fit, are not classes.
    std::erase_if(children, [](const auto& one) {
        return std::ranges::all_of(one.second, [](const std::string& folder) {
            const auto side = pair_folder_name(last_part(folder));
            return split_named(last_part(folder)) || (side && side->split);
        });
    });
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
    find_side_by_side();
}

}  // namespace digits::recognition
