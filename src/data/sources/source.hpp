#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/grant.hpp"
#include "base/registry.hpp"
#include "base/result.hpp"
#include "data/sample.hpp"
#include "data/sources/file_types.hpp"
#include "data/sources/findings.hpp"
#include "data/sources/scan_limits.hpp"
#include "data/split.hpp"
#include "image/decode.hpp"
#include "image/label_image.hpp"

namespace digits {

struct FieldList;
struct ReadyDatabases;

/// What a source knows before any sample is decoded.
struct SourceFacts {
    TargetKind target = TargetKind::kClass;
    std::vector<std::string> labels;        ///< of classes, by their number
    bool labels_are_found = false;          ///< a class is there because samples have it, not because a list names it
    std::vector<int> target_shape;          ///< of tensors
    std::optional<int> ignore_label;        ///< the class of boxes or pixels that do not count
    std::vector<std::string> palette;       ///< of masks: "#rrggbb" of each class; may be empty
    std::vector<std::uint32_t> colors{};    ///< of a color map, 0xrrggbb
    std::array<int, 3> max_boxes{};         ///< by Split: objects of the richest label file; 0: of the samples
    std::vector<std::string> target_names;  ///< of a tensor's values, where the source names them
    std::map<std::string, std::uint64_t> classes_found{};  ///< of boxes: objects by the names that the labels have
    std::map<int, std::uint64_t> class_numbers{};          ///< the same by number, of formats that have numbers
    Findings findings{};                                   ///< about labels
    std::vector<std::string> errors{};  ///< whole sentences: why no dataset is made of it; of dry runs only
    std::vector<std::string> warnings;  ///< whole sentences: what was left out, where and why
    FileTypes unsupported;              ///< files among the samples that are not images by their names
};

/// The samples of a dataset, read one by one. The same options on the same files give the same samples in the same
/// order. All members may be called by any number of threads.
class SampleSource {
  public:
    virtual ~SampleSource() = default;
    virtual const SourceFacts& facts() const = 0;
    virtual std::size_t size(Split split) const = 0;
    /// Decodes a sample. Errors, at the file: kNotFound, kDataLoss, kUnsupported, kPermissionDenied …
    virtual Result<Sample> get(Split split, std::size_t index) const = 0;
    /// Without decoding.
    virtual SampleName name(Split split, std::size_t index) const = 0;
    /// Databases that the dataset uses as they are, instead of records that are made; null: none.
    virtual const ReadyDatabases* ready() const { return nullptr; }
    /// Width and height of a sample's image, upright, where they are known without decoding; else 0.
    virtual std::pair<int, int> image_size(Split, std::size_t) const { return {0, 0}; }
    /// Whether a sample comes from another machine: then more threads than cores are worth while.
    virtual bool waits_for_others() const { return false; }
    /// The target without decoding; none where only decoding tells it.
    virtual Target target(Split split, std::size_t index) const = 0;
};

/// How many samples of a split have each class; empty without labels. From the targets that are known without decoding.
std::vector<std::uint64_t> samples_per_class(const SampleSource& source, Split split);

/// What a person chooses for one kind of source. Each kind derives its own.
struct SourceOptions {
    virtual ~SourceOptions() = default;

  protected:
    SourceOptions() = default;
    SourceOptions(const SourceOptions&) = default;
    SourceOptions& operator=(const SourceOptions&) = default;
};

/// A folder or file of the server's machine that options name.
struct SourcePlace {
    std::string_view member;  ///< of the options: "val_path"
    std::string path;         ///< may be empty unless it is required
    bool is_folder = false;
    bool is_required = false;
};

/// Makes an image of an encoded one. The server links sources, but neither decoders nor databases, so the code that
/// opens a source brings them.
using ImageDecoder = Result<DecodedImage> (*)(std::string_view bytes, const DecodeOptions& options);
/// The same of an image whose pixels are classes.
using LabelImageDecoder = Result<LabelImage> (*)(std::string_view bytes, const DecodeOptions& options);

struct DatumView;
/// Makes a target of a record.
using TargetReader = Result<Target> (*)(const DatumView& datum, TargetKind kind);

class RecordReader;
/// Opens the records of a database's folder.
using RecordOpener = Result<RecordReader> (*)(const std::filesystem::path& folder);

/// What opening a source depends on beside its options.
struct SourceContext {
    ImageDecoder decode = nullptr;
    DecodeOptions decoding;
    std::uint64_t seed = 1;          ///< of splits and choices
    std::vector<std::string> roots;  ///< where files may be; empty: everywhere
    ScanLimits limits;
    std::function<void(std::size_t)> found;  ///< called now and then with the number of images so far
    LabelImageDecoder decode_labels = nullptr;
    TargetReader unpack_target = nullptr;
    RecordOpener open_records = nullptr;
    std::string task{};    ///< that the samples are for
    FetchGrant fetch{};    ///< of sources on other machines
    bool dry_run = false;  ///< labels that are wrong become SourceFacts::errors instead of an error
    std::vector<std::string>* left_out = nullptr;  ///< gets the warnings when the source cannot be opened
};

/// One way to say where samples come from. The server parses and checks options; only a worker opens a source.
struct SourceKind {
    std::string_view name;                ///< "folder": the member `type` of a source
    std::string_view title;               ///< what people call it: "Image folder"
    std::string_view help;                ///< one line
    std::vector<std::string_view> tasks;  ///< that can use its samples; the first is the default
    /// Of the source's JSON without its type; `where` is the place of the source in the document. kInvalidArgument.
    Result<std::shared_ptr<const SourceOptions>> (*parse)(const nlohmann::json& json, const std::string& where);
    nlohmann::json (*print)(const SourceOptions& options);
    const FieldList& (*fields)();
    std::vector<SourcePlace> (*places)(const SourceOptions& options);
    /// The splits that it will have as far as the options tell.
    std::vector<Split> (*splits)(const SourceOptions& options);
    /// Finds the samples. Errors: kNotFound, kPermissionDenied, kInvalidArgument, kDataLoss, kTooLarge and kCancelled
    /// by the limits.
    Result<std::unique_ptr<SampleSource>> (*open)(const SourceOptions& options, const SourceContext& context);
    /// One sample to show, found without looking at all; null: the first of the training set. Errors: as `open`.
    Result<Sample> (*example)(const SourceOptions& options, const SourceContext& context) = nullptr;
};

/// All kinds of sources. The list that is built in: data/source_kinds.cpp.
Registry<SourceKind>& source_kinds();

}  // namespace digits
