#pragma once

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/safe_path.hpp"
#include "data/sources/files/delimited.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/scan_limits.hpp"
#include "data/split.hpp"

/// What recognize_folder() (data/recognition/recognize.hpp) is made of.
namespace digits::recognition {

using nlohmann::json;

constexpr std::size_t kPeek = std::size_t{64} << 10;
constexpr std::size_t kMostPeeked = 20;  ///< files of a folder that are looked into
constexpr std::size_t kMostFound = 20;

inline std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return out;
}
inline std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
inline bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

struct Found {
    std::string format, title, task, folder;
    json source;
    std::vector<std::string> notes;
    int rank = 0;          ///< the lowest first
    bool is_open = false;  ///< the folder may as well be something else, which is then told, too
};

/// The first folder that holds both.
inline std::string common_folder(const std::string& a, const std::string& b) {
    std::size_t end = 0;
    for (std::size_t i = 0; i <= std::min(a.size(), b.size()); ++i) {
        const bool at_end_a = i == a.size() || a[i] == '/', at_end_b = i == b.size() || b[i] == '/';
        if (at_end_a && at_end_b) end = i;
        if (i == a.size() || i == b.size() || a[i] != b[i]) break;
    }
    return a.substr(0, end);
}

/// Looks for datasets in one folder: lists its files once, lets each find_…() add what it knows, and describes the
/// likeliest. `roots`: as open_source() takes them.
class Recognizer {
  public:
    Recognizer(const std::string& folder, const std::vector<std::string>& roots, const ScanLimits& limits);
    Result<json> run(const std::vector<std::string>& roots);

  private:
    Status list_all();
    /// The beginning or the end of a file.
    std::string peek(const std::string& path, bool at_end = false) const;
    /// Files by their folder.
    std::map<std::string, std::vector<std::string>> folders_of(const char* ending) const;
    bool is_folder(const std::string& path) const;
    /// The folder of the image that belongs to a label file, if one does.
    std::string image_folder_of(const std::string& label) const;
    /// Where no images lie in the folder of images that `found` names, the nearest ones are meant.
    void add(Found found);
    /// Whether a folder below the one that is looked at holds masks by its name.
    bool is_mask_folder(const std::string& folder) const;
    /// The first folder that holds the images nearest to a folder; empty without any.
    std::string nearest_images(const std::string& folder) const;
    void find_xml();
    void add_voc(const std::string& annotations, std::string images);
    /// "train" of instances_train2017.json and of train/_annotations.coco.json.
    static std::optional<Split> split_of_file(const std::string& path);
    void find_json();
    /// Create ML's lists of images with boxes.
    static bool is_createml(std::string_view text);
    void add_createml(const std::string& root, const std::vector<std::string>& files);
    void add_coco(const std::string& root, const std::vector<std::string>& files);
    void find_yaml();
    /// Where the images of data.yaml lie: `folder` where that is in it, a folder beside it, or empty.
    std::string images_of_yaml(const std::string& file, const std::string& folder);
    /// Without masks.
    bool has_images_below(const std::string& folder) const;
    /// `images`: the folder of the images where it lies elsewhere.
    void add_yolo(const std::string& folder, const std::string& images, const char* note);
    /// Text files of boxes whose images may lie elsewhere.
    void add_yolo_of(const std::string& labels, const std::string& images);
    /// Text files of boxes: five numbers are YOLO's, fifteen columns KITTI's.
    void find_text_labels();
    /// The source that reads a table of images: "csv" for numbers, "label_table" for words, or for columns of 0 and 1
    /// with names; else empty. `header`: its first line, `lines`: what comes behind.
    static std::string table_of_images(const DelimitedLine& header, DelimitedText& lines);
    /// The names in labels.txt of a folder or of the one above, as KITTI's field has them; empty without the file.
    std::string custom_classes(const std::string& folder) const;
    /// labels.txt in a folder, or in the one above that folder where it is called train; empty: there is none.
    std::string labels_file(const std::string& folder) const;
    static bool is_box_row(const DelimitedLine& line);
    void find_shards();
    void find_tables();
    void find_masks();
    /// images_train and masks_train.
    void find_masks_by_words();
    /// Makes pairs of images of what cannot be masks.
    void settle_masks(Found& found, const std::string& folder, bool are_inputs, bool are_features) const;
    void find_masks_beside_images();
    /// Whether files of a folder have more colors than masks, or with `greys` more greys.
    bool are_images(const std::string& folder, bool greys) const;
    void find_pairs();
    void find_pair_folders();
    void find_pairs_in_one_folder();
    void find_side_by_side();
    /// Folders with images somewhere below, with the last part of each in lower case.
    std::map<std::string, std::string> image_tops() const;
    /// Whether most images of one folder have a file of the same name, or of a name of the same pair, in the other.
    bool share_names(const std::string& images, const std::string& labels) const;
    void find_mnist();
    /// train.txt of "path number" with the names beside it.
    void find_lists();
    void find_celeba();
    /// Folders of classes, or images alone.
    void find_plain_images();
    /// Of a found dataset, what decides on its place among the others.
    struct Described {
        json answer;
        int rank = 0;
        bool is_poor = false;      ///< it cannot be opened, or most of its images have no label
        std::size_t images = 0;    ///< 0: it was not opened
        std::size_t labelled = 0;  ///< of these
    };
    /// Of those of one task that are as likely, the ones that label more images come first, on the same places.
    static void prefer_labelled(std::vector<Described>& all);
    /// With what the dry run says where it is opened.
    Described describe(const Found& found, const std::vector<std::string>& roots, bool opens);

    std::string folder_;
    ReadableRoots roots_;
    const ScanLimits limits_;
    ScanGuard guard_;
    std::vector<std::string> images_;
    FilesByEnding files_;
    std::map<std::string, std::vector<std::string>> by_stem_;
    std::map<std::string, std::size_t> image_folders_;  ///< how many images are in each
    std::map<std::string, std::size_t> jpeg_folders_;   ///< how many of these are JPEG
    std::vector<Found> found_;
};

}  // namespace digits::recognition
