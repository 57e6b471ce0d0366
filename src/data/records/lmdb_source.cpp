#include "data/records/lmdb_source.hpp"

#include <algorithm>

#include "base/safe_path.hpp"
#include "data/records/record_reader.hpp"
#include "data/records/target_codec.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/label_file.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/packed/ready_databases.hpp"
#include "data/sources/source_binding.hpp"

namespace digits {

template <>
struct JsonBinding<LmdbOptions> {
    static constexpr const char* kSchema = "LmdbSource";
    static Fields fields() {
        using O = LmdbOptions;
        return {json_field("train_images", &O::train_images)
                    .label("Training images")
                    .help("Folder of an LMDB or LevelDB with a Datum for each image; it is used as it is")
                    .key("field.lmdb_train_images")
                    .cli("lmdb")
                    .digits("prebuilt_train_images")
                    .path(PlaceKind::kFolder)
                    .required(),
                json_field("train_labels", &O::train_labels)
                    .label("Training labels")
                    .help("Folder of a database with a Datum for each label, in the order of the images; empty: the "
                          "images have them")
                    .key("field.lmdb_train_labels")
                    .digits("prebuilt_train_labels")
                    .path(PlaceKind::kFolder),
                json_field("val_images", &O::val_images)
                    .label("Validation images")
                    .help("Folder of a database; optional")
                    .key("field.lmdb_val_images")
                    .digits("prebuilt_val_images")
                    .path(PlaceKind::kFolder),
                json_field("val_labels", &O::val_labels)
                    .label("Validation labels")
                    .help("Folder of a database; optional")
                    .key("field.lmdb_val_labels")
                    .digits("prebuilt_val_labels")
                    .path(PlaceKind::kFolder),
                json_field("mean_file", &O::mean_file)
                    .label("Mean file")
                    .help("A .binaryproto on the server; optional")
                    .key("field.lmdb_mean")
                    .digits("prebuilt_mean_file")
                    .path(PlaceKind::kFile),
                json_field("class_labels", &O::class_labels)
                    .label("Class labels")
                    .help("Text file with the name of a class on each line, in the order of their numbers")
                    .key("field.mask_labels")
                    .cli("class-labels")
                    .path(PlaceKind::kFile)};
    }
};

Status LmdbOptions::validate(const std::string& where) const {
    if (val_images.empty() && !val_labels.empty())
        return wrong_source(where, "val_images", "Validation labels need validation images");
    return {};
}
std::vector<SourcePlace> LmdbOptions::places() const {
    return {{"train_images", train_images, true, true}, {"train_labels", train_labels, true, false},
            {"val_images", val_images, true, false},    {"val_labels", val_labels, true, false},
            {"mean_file", mean_file, false, false},     {"class_labels", class_labels, false, false}};
}
std::vector<Split> LmdbOptions::splits() const { return splits_of(!val_images.empty(), false); }

namespace {

/// The records of a database: where they are, and the classes that they have.
struct Records {
    std::string folder;
    std::vector<std::string> keys;
    std::vector<int> labels;
};

/// What the targets of a database of labels are, by its first record beside its image.
TargetKind kind_of(const DatumView& label, const DatumView& image) {
    if (label.encoded) return label.channels == 1 ? TargetKind::kMask : TargetKind::kImage;
    const bool floats = label.data.empty();
    if (floats && label.channels == 1 && label.width == kBoxColumns) {
        std::vector<float> values(label.float_count);
        copy_float_data(label, values.data());
        if (values.size() > 1 && values[1] == kBoxColumns) return TargetKind::kBoxes;
    }
    if (label.height != image.height || label.width != image.width || label.height * label.width == 1)
        return TargetKind::kTensor;
    return label.channels == 1 ? TargetKind::kMask : TargetKind::kImage;
}

class Lmdb final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const LmdbOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        std::unique_ptr<Lmdb> source(new Lmdb(context));
        auto& facts = source->facts_;
        source->ready_.splits[0] = {options.train_images, options.train_labels};
        source->ready_.splits[1] = {options.val_images, options.val_labels};
        source->ready_.mean_file = options.mean_file;
        AllowedRoots roots(context.roots);
        for (const auto& place : options.places())
            if (!place.path.empty()) DIGITS_TRY(roots.check(place.path));
        const bool has_labels = !options.train_labels.empty();
        if (!options.val_images.empty() && has_labels == options.val_labels.empty())
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "training and validation must both have a database of labels, or none of them")
                            .at("/source/val_labels"));
        for (const Split split : {Split::kTrain, Split::kVal}) {
            const auto& ready = source->ready_.splits[static_cast<std::size_t>(split)];
            if (ready.images.empty()) continue;
            DIGITS_TRY(source->read_images(split, ready.images, guard));
            if (has_labels) DIGITS_TRY(source->read_label_keys(split, ready.labels, guard));
        }
        if (facts.target == TargetKind::kClass) {
            int most = 0;
            for (const auto& records : source->images_)
                for (const int label : records.labels) most = std::max(most, label);
            for (int i = 0; i <= most; ++i) facts.labels.push_back(std::to_string(i));
        }
        if (!options.class_labels.empty()) {
            DIGITS_ASSIGN(auto names, digits::read_labels(options.class_labels, ReadableRoots(context.roots)));
            std::erase(names, "");
            if (names.size() < facts.labels.size())
                return fail(make_error(ErrorCode::kInvalidArgument, "{} class names, but the records have {} classes",
                                       names.size(), facts.labels.size())
                                .at(options.class_labels));
            facts.labels = std::move(names);
        }
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    const ReadyDatabases* ready() const override { return &ready_; }
    std::size_t size(Split split) const override { return images(split).keys.size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        const auto& records = images(split);
        Sample sample{{}, {}, name(split, index).text()};
        auto read = [&]() -> Status {
            DIGITS_ASSIGN(auto reader, open_(records.folder));
            DIGITS_ASSIGN(const auto record, reader.find(records.keys[index]));
            DIGITS_ASSIGN(auto image, image_of(record.datum));
            sample.images.push_back(std::move(image));
            sample.target = ClassLabel{record.datum.label};
            if (facts_.target == TargetKind::kClass) return {};
            const auto& labels = labels_[static_cast<std::size_t>(split)];
            DIGITS_ASSIGN(auto label_reader, open_(labels.folder));
            DIGITS_ASSIGN(const auto label, label_reader.find(labels.keys[index]));
            DIGITS_ASSIGN(sample.target, unpack_(label.datum, facts_.target));
            if (auto* tensor = std::get_if<Tensor>(&sample.target)) tensor->shape = facts_.target_shape;
            return {};
        };
        if (auto done = read(); !done) return fail(std::move(done).error().at(sample.name));
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override {
        return {images(split).folder, std::nullopt, index};
    }
    Target target(Split split, std::size_t index) const override {
        if (facts_.target != TargetKind::kClass) return {};
        return ClassLabel{images(split).labels[index]};
    }
    std::pair<int, int> image_size(Split, std::size_t) const override { return {ready_.width, ready_.height}; }

  private:
    explicit Lmdb(const SourceContext& context)
        : decode_(context.decode), unpack_(context.unpack_target), open_(context.open_records) {
        facts_.target = TargetKind::kClass;
    }
    Result<Image> image_of(const DatumView& datum) const {
        if (!datum.encoded) return raw_datum_image(datum);
        // What is in a database is upright already.
        DIGITS_ASSIGN(auto decoded, decode_(datum.data, {.upright = false}));
        return std::move(decoded.image);
    }
    const Records& images(Split split) const { return images_[static_cast<std::size_t>(split)]; }

    Status read_images(Split split, const std::string& folder, ScanGuard& guard) {
        DIGITS_ASSIGN(auto reader, open_(folder));
        auto& records = images_[static_cast<std::size_t>(split)];
        records.folder = folder;
        RecordReader::Record record;
        for (;;) {
            DIGITS_ASSIGN(const bool more, reader.next(record));
            if (!more) break;
            DIGITS_TRY(guard.add_entry());
            DIGITS_TRY(check_image(record.datum, folder));
            records.keys.emplace_back(record.key);
            records.labels.push_back(record.datum.label);
            if (record.datum.label < 0)
                return fail(make_error(ErrorCode::kInvalidArgument, "the record {} has the class {}", record.key,
                                       record.datum.label)
                                .at(folder));
            guard.add_image();
        }
        if (records.keys.empty())
            return fail(make_error(ErrorCode::kInvalidArgument, "the database is empty").at(folder));
        return {};
    }

    /// As DIGITS's verification: all of one size.
    Status check_image(const DatumView& datum, const std::string& folder) {
        int width = datum.width, height = datum.height, channels = datum.channels;
        if (datum.encoded && (width <= 0 || height <= 0 || channels <= 0)) {
            DIGITS_ASSIGN(const auto image, image_of(datum));
            width = image.width;
            height = image.height;
            channels = image.channels;
        }
        if (ready_.width == 0) {
            if (channels != 1 && channels != 3)
                return fail(
                    make_error(ErrorCode::kUnsupported, "the records have {} channels; they must have 1 or 3", channels)
                        .at(folder));
            ready_.width = width;
            ready_.height = height;
            ready_.channels = channels;
        }
        if (width == ready_.width && height == ready_.height && channels == ready_.channels) return {};
        return fail(make_error(ErrorCode::kInvalidArgument,
                               "a record is {} x {} with {} channels, the first {} x {} with {}", width, height,
                               channels, ready_.width, ready_.height, ready_.channels)
                        .at(folder));
    }

    Status read_label_keys(Split split, const std::string& folder, ScanGuard& guard) {
        DIGITS_ASSIGN(auto reader, open_(folder));
        DIGITS_ASSIGN(auto image_reader, open_(images(split).folder));
        auto& records = labels_[static_cast<std::size_t>(split)];
        records.folder = folder;
        RecordReader::Record record, image;
        for (;;) {
            DIGITS_ASSIGN(const bool more, reader.next(record));
            if (!more) break;
            DIGITS_TRY(guard.add_entry());
            if (records.keys.empty() && facts_.target == TargetKind::kClass) {
                DIGITS_TRY(image_reader.next(image));
                facts_.target = kind_of(record.datum, image.datum);
                if (facts_.target == TargetKind::kTensor)
                    facts_.target_shape = {record.datum.channels, record.datum.height, record.datum.width};
            }
            if (facts_.target == TargetKind::kBoxes) {
                auto& most = facts_.max_boxes[static_cast<std::size_t>(split)];
                most = std::max(most, record.datum.height - 1);
            }
            records.keys.emplace_back(record.key);
        }
        if (records.keys.size() == images(split).keys.size()) return {};
        return fail(make_error(ErrorCode::kInvalidArgument, "{} labels for {} images", records.keys.size(),
                               images(split).keys.size())
                        .at(folder));
    }

    ImageDecoder decode_;
    TargetReader unpack_;
    RecordOpener open_;
    SourceFacts facts_;
    ReadyDatabases ready_;
    std::array<Records, 3> images_, labels_;
};

}  // namespace

const SourceKind kReadyRecords = source_kind<LmdbOptions, Lmdb>(
    "lmdb", "Ready databases", "LMDB or LevelDB of images, and of labels, that are used as they are",
    {"classification", "regression", "detection", "segmentation", "processing"});

}  // namespace digits
