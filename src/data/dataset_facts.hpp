#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "data/dataset_spec.hpp"
#include "data/image_findings.hpp"
#include "data/sample.hpp"

namespace digits {

struct SplitFacts {
    std::uint64_t count = 0;               ///< of records
    std::string db;                        ///< the database's folder, beside dataset.json
    std::optional<std::string> label_db;   ///< that of the targets, when they are not in `db`
    std::string list;                      ///< the names of the samples, in the order of the records
    std::vector<std::uint64_t> per_class;  ///< samples of each class; empty without classes
    /// Of boxes: rows of the label array beside its first, at least the objects of every record.
    std::optional<int> max_boxes;
    std::vector<std::uint64_t> boxes_per_class;  ///< of boxes: objects
    /// Of boxes that count: by the whole pixels of their shorter sides in the records, the last: and all larger.
    std::vector<std::uint64_t> box_sides;
    std::vector<std::uint64_t> pixels_per_class;  ///< of masks; the last: those of `ignore_label` or of no class
};

struct UnreadableFacts {
    std::uint64_t count = 0;
    std::string file;
};

/// Files that are not images by their names.
struct UnsupportedFacts {
    std::uint64_t count = 0;
    FileTypes types;
};

/// What `dataset.json` says of a finished dataset (docs/formats/specs.md). The builder writes it; everybody else reads
/// it here.
struct DatasetFacts {
    static constexpr int kFormat = 1;

    int format = kFormat;
    std::string task = "classification";  ///< "type" in JSON
    ImageSpec image;
    StorageSpec storage;
    TargetKind target = TargetKind::kClass;
    std::vector<int> target_shape;             ///< of tensors
    std::vector<std::string> target_names;     ///< of a tensor's values, where they have names
    std::vector<std::string> labels;           ///< of classes, by their number
    std::optional<int> ignore_label;           ///< the class of boxes or pixels that do not count: KITTI's 0, 255
    std::vector<std::string> palette;          ///< of masks, where they have one: "#rrggbb" of each class
    std::map<std::string, SplitFacts> splits;  ///< by name; one without samples is absent
    std::optional<std::string> mean_file;
    std::optional<std::vector<double>> mean_pixel;  ///< one a channel, in blob order (B, G, R)
    UnreadableFacts unreadable;
    UnsupportedFacts unsupported;
    std::uint64_t turned = 0;            ///< images that their EXIF orientation turned
    std::optional<DepthFindings> depth;  ///< none without images of more than 8 bits
    std::vector<double> values;          ///< of deep images: the lowest and the highest that is stored; else empty
    std::vector<std::string> warnings;   ///< whole sentences: what was left out and the like
    std::uint64_t bytes = 0;             ///< of the databases
    double seconds = 0;
    double images_per_s = 0;

    /// Null for a split without samples.
    const SplitFacts* find_split(std::string_view name) const;
    /// 2 of pairs for siamese networks, whose class is whether they are similar, while numbers are learned; else 1.
    int images_per_record() const { return task == "regression" && target == TargetKind::kClass ? 2 : 1; }
};

/// The name of the file in a dataset's folder.
inline constexpr std::string_view kDatasetFacts = "dataset.json";

/// Members of later versions are passed over. Errors: kDataLoss, with the JSON path.
Result<DatasetFacts> parse_dataset_facts(const nlohmann::json& json);
nlohmann::json to_json(const DatasetFacts& facts);

/// Of a dataset's folder. Errors, at the file: kFailedPrecondition when there is none (yet), kDataLoss when it cannot
/// be understood.
Result<DatasetFacts> read_dataset_facts(const std::filesystem::path& folder);
Status write_dataset_facts(const std::filesystem::path& folder, const DatasetFacts& facts);

}  // namespace digits
