#include "infer/image_source.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>

#include "base/file.hpp"
#include "base/safe_path.hpp"
#include "base/text.hpp"
#include "data/records/record_reader.hpp"
#include "data/records/target_codec.hpp"
#include "data/sources/files/image_list.hpp"
#include "data/sources/files/split_list.hpp"
#include "data/sources/files/walk.hpp"
#include "data/target_database.hpp"
#include "image/decode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxImage_bytes = 256 << 20;
constexpr std::uint64_t kMaxList_bytes = std::uint64_t{1} << 30;
constexpr std::size_t kNamedInWarning = 5;

std::uint64_t limited(std::uint64_t count, std::int64_t limit) {
    return limit > 0 ? std::min(count, static_cast<std::uint64_t>(limit)) : count;
}

/// Names of the images of a split, as long as its list fits its database.
class SplitNames {
  public:
    SplitNames(const fs::path& list, const std::string& split, std::uint64_t count)
        : list_(SplitList::read(list, split)), fits_(list_.size() == count) {}

    /// `label`: the class of the record, which that of the list must be; none where the list has no classes.
    std::string name(std::uint64_t index, std::optional<int> label, std::string_view otherwise) const {
        const bool same = fits_ && (!label || list_.labels()[index] == *label);
        return std::string(same ? list_.path(index) : otherwise);
    }

  private:
    SplitList list_;
    bool fits_;
};

class RecordSource final : public ImageSource {
  public:
    /// `targets`: the database with the targets, in the same order; empty: the records have classes, of which those
    /// from `classes` on are not known; none: all are.
    static Result<std::unique_ptr<ImageSource>> open(const fs::path& database, const fs::path& targets,
                                                     const DatasetFacts& facts, const fs::path& list,
                                                     const ImageSourceOptions& options,
                                                     std::optional<std::size_t> classes = std::nullopt) {
        std::unique_ptr<RecordSource> source(new RecordSource);
        source->kind_ = facts.target;
        source->form_ = record_form(facts);
        source->classes_ = classes;
        source->images_per_sample_ = facts.images_per_record();
        for (int i = 0; i < options.threads; ++i) {
            DIGITS_ASSIGN(auto reader, RecordReader::open(database));
            source->readers_.push_back({std::move(reader), {}, 0});
            if (targets.empty()) continue;
            DIGITS_ASSIGN(auto own_targets, RecordReader::open(targets));
            source->readers_.back().targets = std::move(own_targets);
        }
        const auto count = source->readers_.front().records.count();
        source->count_ = limited(count, options.source.limit);
        source->threads_ = options.threads;
        source->names_.emplace(list, options.source.split, count);
        return std::unique_ptr<ImageSource>(std::move(source));
    }

    SourceImage get(int thread, std::uint64_t index) override {
        auto& reader = readers_[static_cast<std::size_t>(thread)];
        SourceImage sample;
        RecordReader::Record record;
        const auto gap = index - reader.next;
        const auto skipped = reader.records.skip(gap);
        reader.next = index + 1;
        if (reader.targets) sample.target = read_target(*reader.targets, gap);
        const auto read = skipped ? reader.records.next(record) : Result<bool>(fail(skipped.error()));
        if (!read) {
            sample.name = names_->name(index, std::nullopt, std::to_string(index));
            sample.image = fail(read.error());
            return sample;
        }
        const int label = record.datum.label;
        const bool is_known = !classes_ || (label >= 0 && static_cast<std::size_t>(label) < *classes_);
        if (!reader.targets && is_known) sample.target = ClassLabel{label};
        sample.name =
            names_->name(index, reader.targets ? std::nullopt : std::optional(record.datum.label), record.key);
        read_images(record.datum, form_, sample);
        return sample;
    }

  private:
    struct Reader {
        RecordReader records;
        std::optional<RecordReader> targets;
        std::uint64_t next;
    };
    RecordSource() = default;

    /// None when it cannot be read.
    Target read_target(RecordReader& targets, std::uint64_t gap) const {
        RecordReader::Record record;
        if (!targets.skip(gap)) return {};
        if (const auto read = targets.next(record); !read || !*read) return {};
        auto target = unpack_target(record.datum, kind_);
        return target ? std::move(*target) : Target();
    }

    TargetKind kind_ = TargetKind::kClass;
    RecordForm form_;
    std::optional<std::size_t> classes_;
    std::vector<Reader> readers_;
    std::optional<SplitNames> names_;
};

Result<std::vector<std::string>> find_files(const fs::path& folder, const std::vector<std::string>& roots,
                                            std::vector<std::string>& warnings,
                                            const std::function<bool(std::size_t)>& found) {
    std::atomic<bool> stop = false;
    ScanLimits limits;
    limits.cancelled = [&] { return stop.load(); };
    ScanGuard guard(limits, [&](std::size_t count) {
        if (found && !found(count)) stop = true;
    });
    return find_images(folder, ReadableRoots(roots), guard, warnings);
}

/// Image files of a list or a folder.
class FileSource final : public ImageSource {
  public:
    static Result<std::unique_ptr<ImageSource>> of_list(const ImageSourceOptions& options) {
        std::unique_ptr<FileSource> source(new FileSource(options));
        DIGITS_ASSIGN(const auto text, read_text_file(options.source.path, kMaxList_bytes));
        const auto listed = parse_path_list(text, options.source.root, static_cast<std::size_t>(options.source.limit));
        std::uint64_t beyond = 0;
        for (const auto& [path, label] : listed) {
            const bool known = label && *label < static_cast<std::int64_t>(options.labels.size());
            if (label && !known) ++beyond;
            source->add(path, known ? static_cast<int>(*label) : -1);
        }
        if (beyond > 0)
            source->warnings_.push_back(
                fmt::format("{} lines have a class number beyond the {} classes of the model; their class counts as "
                            "not known",
                            beyond, options.labels.size()));
        return finished(std::move(source), options);
    }

    /// A sub-folder named as a class has images of that class; without any such, no image's class is known.
    static Result<std::unique_ptr<ImageSource>> of_folder(const ImageSourceOptions& options,
                                                          const std::function<bool(std::size_t)>& found) {
        const fs::path folder(options.source.path);
        DIGITS_TRY(check_folder(folder, "/source/path"));
        std::unique_ptr<FileSource> source(new FileSource(options));
        std::map<std::string, int> classes;
        for (std::size_t i = 0; i < options.labels.size(); ++i) classes.emplace(options.labels[i], static_cast<int>(i));
        std::vector<std::string> strangers;
        std::size_t matched = 0;
        DIGITS_ASSIGN(const auto files, find_files(folder, options.roots, source->warnings_, found));
        std::map<std::string, int> folders;
        for (const auto& file : files) {
            const auto inner = fs::path(file).lexically_relative(folder);
            auto name = inner.begin()->string();
            const bool loose = std::next(inner.begin()) == inner.end();
            if (loose) name.clear();
            const auto [place, fresh] = folders.emplace(name, -1);
            if (fresh && !loose) {
                std::ranges::replace(name, '_', ' ');
                const auto known = classes.find(name);
                place->second = known == classes.end() ? -1 : known->second;
                if (known == classes.end())
                    strangers.push_back(name);
                else
                    ++matched;
            }
            source->add(file, place->second);
        }
        if (matched > 0 && !strangers.empty()) {
            std::string names;
            for (std::size_t i = 0; i < std::min(strangers.size(), kNamedInWarning); ++i)
                names += (i == 0 ? "" : ", ") + strangers[i];
            source->warnings_.push_back(
                fmt::format("{} folders are named as no class of the model, so the class of their images counts as "
                            "not known: {}{}",
                            strangers.size(), names, strangers.size() > kNamedInWarning ? ", …" : ""));
        }
        return finished(std::move(source), options);
    }

    SourceImage get(int, std::uint64_t index) override {
        const auto& [path, truth] = files_[index];
        SourceImage sample{path, truth < 0 ? Target() : ClassLabel{truth}, Image()};
        if (is_web_address(path)) {
            sample.image = fail(ErrorCode::kUnsupported, "an address in the network is not a file");
            return sample;
        }
        if (!roots_.empty()) {
            if (const auto allowed = resolve_allowed(roots_, path); !allowed) {
                sample.image = fail(allowed.error());
                return sample;
            }
        }
        const auto bytes = read_file(path, kMaxImage_bytes);
        sample.image = bytes ? decode_image(*bytes, decoding_) : Result<Image>(fail(bytes.error()));
        return sample;
    }

  private:
    explicit FileSource(const ImageSourceOptions& options) {
        threads_ = options.threads;
        decoding_ = options.decoding;
        for (const auto& root : options.roots) roots_.emplace_back(root);
    }

    void add(std::string path, int truth) { files_.emplace_back(std::move(path), truth); }

    static Result<std::unique_ptr<ImageSource>> finished(std::unique_ptr<FileSource> source,
                                                         const ImageSourceOptions& options) {
        source->count_ = limited(source->files_.size(), options.source.limit);
        if (source->count_ == 0)
            return fail(
                make_error(ErrorCode::kInvalidArgument, "{} names no image", options.source.path).at("/source/path"));
        return std::unique_ptr<ImageSource>(std::move(source));
    }

    std::vector<fs::path> roots_;
    DecodeOptions decoding_;
    std::vector<std::pair<std::string, int>> files_;
};

Result<std::unique_ptr<ImageSource>> open_split(const ImageSourceOptions& options) {
    DIGITS_ASSIGN(const auto facts, read_dataset_facts(options.dataset_dir));
    const auto* split = facts.find_split(options.source.split);
    if (!split || split->count == 0)
        return fail(
            make_error(ErrorCode::kInvalidArgument, "the dataset has no images in the split {}", options.source.split)
                .at("/source/split"));
    const auto database = options.dataset_dir / split->db;
    const auto list = options.dataset_dir / split->list;
    const auto beside = target_database(facts, *split);
    const auto targets = beside ? options.dataset_dir / *beside : fs::path();
    return RecordSource::open(database, targets, facts, list, options);
}

/// Records of a database that belongs to no dataset, as networks of the model's dataset read them. Their labels are
/// classes, where the model has that many.
Result<std::unique_ptr<ImageSource>> open_database(const ImageSourceOptions& options) {
    const auto& path = options.source.path;
    DIGITS_TRY(check_folder(path, "/source/path"));
    DIGITS_TRY(AllowedRoots(options.roots).check(path));
    DIGITS_ASSIGN(auto facts, read_dataset_facts(options.dataset_dir));
    const bool has_classes = facts.target == TargetKind::kClass;
    auto source = RecordSource::open(path, {}, facts, {}, options, has_classes ? options.labels.size() : 0);
    if (!source) return fail(Error(source.error()).at("/source/path"));
    if ((*source)->count() == 0)
        return fail(make_error(ErrorCode::kInvalidArgument, "the database {} has no records", path).at("/source/path"));
    return source;
}

}  // namespace

RecordForm record_form(const DatasetFacts& facts) {
    return {facts.image.is_deep() ? facts.image.channel_count() : 0, facts.images_per_record() == 2};
}

void read_images(const DatumView& datum, const RecordForm& form, SourceImage& sample) {
    if (form.is_pair) {
        auto pair = pair_images(datum);
        if (!pair) {
            sample.image = fail(std::move(pair).error());
            return;
        }
        sample.image = std::move(pair->first);
        sample.second = std::move(pair->second);
        return;
    }
    if (form.deep_channels > 0 && datum.channels != form.deep_channels) {
        sample.image = fail(ErrorCode::kDataLoss, "the record has {} channels; it must have {}", datum.channels,
                            form.deep_channels);
        return;
    }
    sample.image = form.deep_channels > 0 ? sample_image(datum) : datum_image(datum);
}

Result<std::unique_ptr<ImageSource>> open_image_source(const ImageSourceOptions& options,
                                                       const std::function<bool(std::size_t)>& found) {
    switch (options.source.type) {
        case EvaluationSourceType::kSplit: return open_split(options);
        case EvaluationSourceType::kList: return FileSource::of_list(options);
        case EvaluationSourceType::kFolder: return FileSource::of_folder(options, found);
        case EvaluationSourceType::kDatabase: return open_database(options);
    }
    return fail(ErrorCode::kInternal, "unknown source");
}

}  // namespace digits
