#include "data/exports/dataset_reader.hpp"

#include <algorithm>
#include <mutex>

#include "base/file.hpp"
#include "base/npy.hpp"
#include "caffe/hdf5_handle.hpp"
#include "data/exports/export_spec.hpp"
#include "data/records/record_reader.hpp"
#include "data/records/target_codec.hpp"
#include "data/sources/files/split_list.hpp"
#include "image/encode.hpp"
#include "image/formats.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

std::string_view ending_of(std::string_view bytes) {
    const auto& format = format_info(sniff_image(bytes));
    return format.endings.empty() ? std::string_view(".bin") : format.endings.front();
}

Result<ImageFileBytes> png_of(const Image& image) {
    DIGITS_ASSIGN(auto bytes, encode_png(image));
    return ImageFileBytes{std::move(bytes), ".png"};
}

/// The floats of a deep image, height x width x channels.
ImageFileBytes npy_of(const Image& image) {
    std::vector<std::int64_t> shape{image.height, image.width};
    if (image.channels != 1) shape.push_back(image.channels);
    auto bytes = npy_header("<f4", shape);
    bytes.append(reinterpret_cast<const char*>(image.values.data()), image.values.size() * sizeof(float));
    return {std::move(bytes), ".npy"};
}

/// An encoded record keeps its bytes.
Result<ImageFileBytes> file_of(const DatumView& datum) {
    if (datum.encoded) return ImageFileBytes{std::string(datum.data), ending_of(datum.data)};
    if (datum.data.empty()) return npy_of(deep_datum_image(datum));
    DIGITS_ASSIGN(const auto image, raw_datum_image(datum));
    return png_of(image);
}

/// The images of a record for siamese networks, one behind the other.
Status split_pair(const DatumView& datum, StoredSample& sample) {
    DIGITS_ASSIGN(const auto pair, pair_images(datum));
    DIGITS_ASSIGN(sample.image, png_of(pair.first));
    DIGITS_ASSIGN(sample.second_image, png_of(pair.second));
    return {};
}

/// The names of a split's samples, where its list fits its records.
class Names {
  public:
    void read(const fs::path& list, const std::string& split, std::uint64_t count) {
        list_ = SplitList::read(list, split);
        fits_ = list_.size() == count;
    }
    std::string at(std::uint64_t index) const {
        return fits_ ? std::string(list_.path(static_cast<std::size_t>(index))) : std::string();
    }

  private:
    SplitList list_;
    bool fits_ = false;
};

class LmdbReader final : public DatasetReader {
  public:
    LmdbReader(fs::path folder, const DatasetFacts& facts) : folder_(std::move(folder)), facts_(facts) {}

    Status open() {
        for (const Split split : kSplits) {
            const auto* facts = facts_.find_split(enum_name(split));
            if (!facts) continue;
            auto& part = at(split);
            part.images = folder_ / facts->db;
            DIGITS_TRY(list_keys(part.images, part.keys));
            if (facts->label_db) {
                part.labels = folder_ / *facts->label_db;
                DIGITS_TRY(list_keys(part.labels, part.label_keys));
                if (part.label_keys.size() != part.keys.size())
                    return fail(make_error(ErrorCode::kDataLoss, "{} targets for {} images", part.label_keys.size(),
                                           part.keys.size())
                                    .at(part.labels.string()));
            }
            part.names.read(folder_ / facts->list, std::string(enum_name(split)), part.keys.size());
        }
        return {};
    }
    std::uint64_t size(Split split) const override { return at(split).keys.size(); }
    std::string name(Split split, std::uint64_t index) const override { return at(split).names.at(index); }
    Result<StoredSample> get(Split split, std::uint64_t index) const override {
        const auto& part = at(split);
        // A reader a call: it is a cursor of a database that stays open, and readers are for one thread each.
        DIGITS_ASSIGN(auto records, RecordReader::open(part.images));
        DIGITS_ASSIGN(const auto record, records.find(part.keys[index]));
        StoredSample sample;
        sample.name = part.names.at(index);
        if (facts_.images_per_record() == 2 && record.datum.channels == 2 * facts_.image.channel_count()) {
            DIGITS_TRY(split_pair(record.datum, sample));
        } else {
            DIGITS_ASSIGN(sample.image, file_of(record.datum));
        }
        sample.width = record.datum.width;
        sample.height = record.datum.height;
        sample.channels = record.datum.channels;
        if (record.datum.encoded && (sample.width <= 0 || sample.height <= 0 || sample.channels <= 0)) {
            DIGITS_ASSIGN(const auto image, datum_image(record.datum));
            sample.width = image.width;
            sample.height = image.height;
            sample.channels = image.channels;
        }
        if (part.label_keys.empty()) {
            sample.target = ClassLabel{record.datum.label};
            return sample;
        }
        DIGITS_ASSIGN(auto targets, RecordReader::open(part.labels));
        DIGITS_ASSIGN(const auto target, targets.find(part.label_keys[index]));
        DIGITS_ASSIGN(sample.target, unpack_target(target.datum, facts_.target));
        if (auto* tensor = std::get_if<Tensor>(&sample.target)) tensor->shape = facts_.target_shape;
        if (facts_.target == TargetKind::kImage) {
            DIGITS_ASSIGN(sample.target_image, file_of(target.datum));
        }
        return sample;
    }

  private:
    struct Part {
        fs::path images, labels;
        std::vector<std::string> keys, label_keys;
        Names names;
    };
    Part& at(Split split) { return parts_[static_cast<std::size_t>(split)]; }
    const Part& at(Split split) const { return parts_[static_cast<std::size_t>(split)]; }

    Status list_keys(const fs::path& database, std::vector<std::string>& keys) {
        DIGITS_ASSIGN(auto opened, RecordDatabase::open(database));
        DIGITS_ASSIGN(auto cursor, opened->cursor());
        keys.reserve(opened->record_count());
        RecordEntry entry;
        for (;;) {
            DIGITS_ASSIGN(const bool more, cursor->next(entry));
            if (!more) break;
            keys.emplace_back(entry.key);
        }
        open_.push_back(std::move(opened));
        return {};
    }

    fs::path folder_;
    const DatasetFacts& facts_;
    std::array<Part, 3> parts_;  ///< by Split
    std::vector<std::shared_ptr<RecordDatabase>> open_;
};

/// A float array of a file, read by rows.
class Hdf5Rows {
  public:
    Status open(const fs::path& path, const char* name) {
        file_ = Hdf5Handle(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
        if (file_.valid()) set_ = Hdf5Handle(H5Dopen2(file_.get(), name, H5P_DEFAULT), H5Dclose);
        if (!set_.valid())
            return fail(make_error(ErrorCode::kDataLoss, "it has no array \"{}\"", name).at(path.string()));
        const Hdf5Handle space(H5Dget_space(set_.get()), H5Sclose);
        shape_.resize(static_cast<std::size_t>(std::max(H5Sget_simple_extent_ndims(space.get()), 1)));
        if (H5Sget_simple_extent_dims(space.get(), shape_.data(), nullptr) < 0)
            return fail(make_error(ErrorCode::kDataLoss, "the array \"{}\" has no rows", name).at(path.string()));
        path_ = path.string();
        return {};
    }
    std::uint64_t count() const { return shape_.front(); }
    Result<std::vector<float>> row(std::uint64_t index) const {
        std::vector<hsize_t> start(shape_.size()), part = shape_;
        start[0] = index;
        part[0] = 1;
        std::size_t values = 1;
        for (const auto n : part) values *= n;
        std::vector<float> row(values);
        const Hdf5Handle file(H5Dget_space(set_.get()), H5Sclose);
        const Hdf5Handle memory(H5Screate_simple(static_cast<int>(part.size()), part.data(), nullptr), H5Sclose);
        H5Sselect_hyperslab(file.get(), H5S_SELECT_SET, start.data(), nullptr, part.data(), nullptr);
        if (H5Dread(set_.get(), H5T_NATIVE_FLOAT, memory.get(), file.get(), H5P_DEFAULT, row.data()) < 0)
            return fail(make_error(ErrorCode::kDataLoss, "row {} cannot be read", index).at(path_));
        return row;
    }

  private:
    std::string path_;
    Hdf5Handle file_, set_;
    std::vector<hsize_t> shape_;
};

Image image_of_planes(const std::vector<float>& planes, int width, int height, int channels, bool is_bgr) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(planes.size());
    for (const float value : planes) bytes.push_back(static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f)));
    auto image = from_planar_bgr(bytes.data(), width, height, channels);
    // The images of HDF5 are R, G, B.
    if (!is_bgr && channels == 3)
        for (std::size_t i = 0; i + 2 < image.pixels.size(); i += 3) std::swap(image.pixels[i], image.pixels[i + 2]);
    return image;
}

class Hdf5Reader final : public DatasetReader {
  public:
    Hdf5Reader(fs::path folder, const DatasetFacts& facts) : folder_(std::move(folder)), facts_(facts) {}

    Status open() {
        const QuietHdf5 quiet;
        for (const Split split : kSplits) {
            const auto* facts = facts_.find_split(enum_name(split));
            if (!facts) continue;
            auto& part = parts_[static_cast<std::size_t>(split)];
            DIGITS_ASSIGN(const auto list, read_file(folder_ / facts->db / "list.txt"));
            for (std::size_t begin = 0; begin < list.size();) {
                const auto end = std::min(list.find('\n', begin), list.size());
                const auto path = folder_ / facts->db / fs::path(list.substr(begin, end - begin)).filename();
                begin = end + 1;
                File file;
                DIGITS_TRY(file.images.open(path, "data"));
                DIGITS_TRY(file.targets.open(path, "label"));
                file.first = part.count;
                part.count += file.images.count();
                part.files.push_back(std::move(file));
            }
            part.names.read(folder_ / facts->list, std::string(enum_name(split)), part.count);
        }
        return {};
    }
    std::uint64_t size(Split split) const override { return parts_[static_cast<std::size_t>(split)].count; }
    std::string name(Split split, std::uint64_t index) const override {
        return parts_[static_cast<std::size_t>(split)].names.at(index);
    }
    Result<StoredSample> get(Split split, std::uint64_t index) const override {
        const auto& part = parts_[static_cast<std::size_t>(split)];
        const auto next = std::ranges::upper_bound(part.files, index, {}, &File::first);
        const auto& file = *std::prev(next);
        std::vector<float> planes, target;
        {
            // The library is for one thread.
            const std::lock_guard lock(mutex_);
            DIGITS_ASSIGN(planes, file.images.row(index - file.first));
            DIGITS_ASSIGN(target, file.targets.row(index - file.first));
        }
        const auto& spec = facts_.image;
        StoredSample sample;
        sample.name = part.names.at(index);
        sample.width = spec.width;
        sample.height = spec.height;
        sample.channels = spec.channels;
        const auto wanted = static_cast<std::size_t>(spec.width) * static_cast<std::size_t>(spec.height) *
                            static_cast<std::size_t>(spec.channels);
        if (planes.size() != wanted || target.empty())
            return fail(ErrorCode::kDataLoss, "row {} has {} samples, expected {}", index, planes.size(), wanted);
        DIGITS_ASSIGN(sample.image, png_of(image_of_planes(planes, spec.width, spec.height, spec.channels, false)));
        switch (facts_.target) {
            case TargetKind::kClass: sample.target = ClassLabel{static_cast<int>(target.front())}; break;
            case TargetKind::kBoxes: sample.target = boxes_of_array(target); break;
            case TargetKind::kMask: {
                Mask mask{spec.width, spec.height, {}};
                for (const float value : target) mask.ids.push_back(static_cast<std::uint16_t>(value));
                sample.target = std::move(mask);
                break;
            }
            case TargetKind::kImage: {
                auto image = image_of_planes(target, spec.width, spec.height, spec.channels, true);
                DIGITS_ASSIGN(sample.target_image, png_of(image));
                sample.target = std::move(image);
                break;
            }
            default: sample.target = Tensor{facts_.target_shape, std::move(target)};
        }
        return sample;
    }

  private:
    struct File {
        Hdf5Rows images, targets;
        std::uint64_t first = 0;
    };
    struct Part {
        std::vector<File> files;
        std::uint64_t count = 0;
        Names names;
    };

    fs::path folder_;
    const DatasetFacts& facts_;
    std::array<Part, 3> parts_;
    mutable std::mutex mutex_;
};

}  // namespace

Result<std::unique_ptr<DatasetReader>> DatasetReader::open(const fs::path& folder, const DatasetFacts& facts) {
    if (facts.storage.backend == DatasetBackend::kHdf5) {
        auto reader = std::make_unique<Hdf5Reader>(folder, facts);
        DIGITS_TRY(reader->open());
        return reader;
    }
    auto reader = std::make_unique<LmdbReader>(folder, facts);
    DIGITS_TRY(reader->open());
    return reader;
}

}  // namespace digits
