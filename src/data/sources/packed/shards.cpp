#include "data/sources/packed/shards.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/random.hpp"
#include "data/guard.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/label_file.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/objects/paint.hpp"
#include "data/sources/packed/tar_index.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<ShardOptions> {
    static constexpr const char* kSchema = "ShardSource";
    static Fields fields() {
        using O = ShardOptions;
        return {json_field("folder", &O::folder)
                    .label("Folder of shards")
                    .help("Folder with tar files: NAME.png or NAME.jpg with NAME.cls, NAME.json, NAME.mask.png or "
                          "NAME.target.png; shards named train, val and test are the splits")
                    .key("field.shard_folder")
                    .cli("shards")
                    .path(PlaceKind::kFolder)
                    .required(),
                percent_val_field<O>(), percent_test_field<O>()};
    }
};

std::vector<SourcePlace> ShardOptions::places() const { return {{"folder", folder, true, true}}; }
std::vector<Split> ShardOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

using nlohmann::json;

constexpr std::uint64_t kMostTarget = std::uint64_t{64} << 20;
constexpr std::uint64_t kMostImage = std::uint64_t{1} << 30;

/// A sample in its shard.
struct ShardSample {
    std::size_t shard = 0;  ///< which file
    std::string key;
    TarMember image;
    Target target;           ///< known without decoding
    TarMember target_image;  ///< of masks and images
};

/// "train-000000.tar", "imagenet-val-01.tar", "test/0.tar": the split that the name or its folder says.
std::optional<Split> split_of_shard(const std::string& name) {
    std::string word;
    std::optional<Split> found;
    for (std::size_t i = 0; i <= name.size(); ++i) {
        const char c = i < name.size() ? name[i] : '/';
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter) {
            word += c;
            continue;
        }
        if (const auto split = split_named(word)) found = split;
        word.clear();
    }
    return found;
}

std::optional<int> whole_number(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= 0 ? std::optional(value) : std::nullopt;
}

double number_at(const json& list, std::size_t index) {
    return index < list.size() && list[index].is_number() ? list[index].get<double>() : 0.0;
}

/// What the JSON of a sample says: boxes, or values.
class TargetJson {
  public:
    TargetJson(SourceFacts& facts, std::map<std::string, int>& names) : facts_(facts), names_(names) {}

    Result<Target> read(const std::string& text) {
        const auto value = json::parse(text, nullptr, false);
        if (!value.is_object()) return fail(ErrorCode::kInvalidArgument, "it is not a JSON object");
        if (value.contains("boxes")) return boxes(value["boxes"]);
        if (value.contains("values")) return tensor(value);
        return fail(ErrorCode::kInvalidArgument, "it has neither \"boxes\" nor \"values\"");
    }

  private:
    Result<Target> boxes(const json& list) {
        if (!list.is_array()) return fail(ErrorCode::kInvalidArgument, "\"boxes\" is not a list");
        Boxes boxes;
        for (const auto& one : list) {
            const auto& edges = one.is_object() ? one.value("box", json()) : json();
            if (!edges.is_array() || edges.size() != 4 ||
                !std::ranges::all_of(edges, [](const json& edge) { return edge.is_number(); }))
                return fail(ErrorCode::kInvalidArgument, "a box has no \"box\" of four numbers");
            Box box{number_at(edges, 0), number_at(edges, 1), number_at(edges, 2), number_at(edges, 3)};
            const auto number = one.find("class");
            if (number != one.end() && number->is_number_unsigned() && number->get<std::uint64_t>() < 1'000'000)
                box.label = number->get<int>();
            else if (one.contains("label") && one["label"].is_string())
                box.label = number_of(one["label"].get<std::string>());
            else
                return fail(ErrorCode::kInvalidArgument, "a box has neither \"class\" nor \"label\"");
            const auto is_true = [&](const char* member) {
                const auto found = one.find(member);
                return found != one.end() && found->is_boolean() && found->get<bool>();
            };
            box.difficult = is_true("difficult");
            box.crowd = is_true("crowd");
            if (const auto kitti = one.find("kitti"); kitti != one.end() && kitti->is_array()) {
                const auto f = [&](std::size_t i) { return static_cast<float>(number_at(*kitti, i)); };
                box.kitti = {f(0), f(1), f(2), f(3), {f(4), f(5), f(6)}, {f(7), f(8), f(9)}};
            }
            boxes.boxes.push_back(box);
        }
        return boxes;
    }
    Result<Target> tensor(const json& value) {
        const auto& list = value["values"];
        Tensor tensor;
        if (list.is_array())
            for (const auto& one : list)
                if (one.is_number()) tensor.values.push_back(one.get<float>());
        if (tensor.values.empty() || tensor.values.size() != list.size())
            return fail(ErrorCode::kInvalidArgument, "\"values\" is not a list of numbers");
        std::size_t wanted = 1;
        if (const auto shape = value.find("shape"); shape != value.end() && shape->is_array()) {
            for (const auto& axis : *shape) {
                if (!axis.is_number_unsigned() || axis.get<std::uint64_t>() > tensor.values.size())
                    return fail(ErrorCode::kInvalidArgument, "\"shape\" does not fit \"values\"");
                tensor.shape.push_back(axis.get<int>());
                wanted *= axis.get<std::size_t>();
            }
            if (wanted != tensor.values.size() || tensor.shape.size() > 3)
                return fail(ErrorCode::kInvalidArgument, "\"shape\" does not fit \"values\"");
        } else {
            tensor.shape = {static_cast<int>(tensor.values.size())};
        }
        if (const auto names = value.find("names"); facts_.target_names.empty() && names != value.end() &&
                                                    names->is_array() && names->size() == tensor.values.size())
            for (const auto& name : *names)
                facts_.target_names.push_back(name.is_string() ? name.get<std::string>() : std::string());
        return tensor;
    }
    int number_of(const std::string& name) {
        const auto [found, is_new] = names_.emplace(name, static_cast<int>(facts_.labels.size()));
        if (is_new) facts_.labels.push_back(name);
        return found->second;
    }

    SourceFacts& facts_;
    std::map<std::string, int>& names_;
};

class Shards final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const ShardOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        DIGITS_TRY(check_folder(options.folder, "/source/folder"));
        std::unique_ptr<Shards> source(new Shards(context));
        auto& facts = source->facts_;
        DIGITS_ASSIGN(source->files_, find_files(options.folder, ".tar", source->roots_, guard, facts.warnings));
        if (source->files_.empty())
            return fail(make_error(ErrorCode::kNotFound, "there are no tar files").at(options.folder));
        DIGITS_TRY(source->read_names(options.folder));
        std::array<std::vector<ShardSample>, 3> splits;
        std::vector<ShardSample> dealt;
        bool has_splits = false;
        for (std::size_t i = 0; i < source->files_.size(); ++i) {
            const auto split = split_of_shard(below(options.folder, std::string(without_ending(source->files_[i]))));
            has_splits = has_splits || (split && *split != Split::kTrain);
            auto& to = splits[static_cast<std::size_t>(split.value_or(Split::kTrain))];
            DIGITS_TRY(source->read_shard(i, to, guard));
        }
        facts.warnings.insert(facts.warnings.end(), source->warnings_.begin(), source->warnings_.end());
        if (!has_splits) {
            dealt = std::move(splits[0]);
            splits[0].clear();
            if (options.percent_val > 0 || options.percent_test > 0) {
                SplitMix64 random(context.seed);
                shuffle(std::span(dealt), random);
            }
            const auto sizes = split_sizes(dealt.size(), options.percent_val, options.percent_test);
            for (std::size_t i = 0; i < dealt.size(); ++i)
                splits[i < sizes.train ? 0 : i < sizes.train + sizes.val ? 1 : 2].push_back(std::move(dealt[i]));
        }
        source->splits_ = std::move(splits);
        if (!source->kind_)
            return fail(with_causes(
                make_error(ErrorCode::kNotFound, "no member of the tar files is an image with a target of its key")
                    .at(options.folder),
                facts, context));
        source->settle_classes(context.task == "multilabel");
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return samples(split).size(); }
    SampleName name(Split split, std::size_t index) const override {
        const auto& sample = samples(split)[index];
        return {files_[sample.shard] + '/' + sample.image.name};
    }
    Target target(Split split, std::size_t index) const override { return samples(split)[index].target; }
    Result<Sample> get(Split split, std::size_t index) const override {
        const auto& one = samples(split)[index];
        Sample sample{{}, one.target, name(split, index).text()};
        const auto read = [&]() -> Status {
            DIGITS_ASSIGN(auto image, decode(one, one.image));
            sample.images.push_back(std::move(image.image));
            sample.facts.push_back(image.facts);
            if (*kind_ == TargetKind::kImage) {
                DIGITS_ASSIGN(auto target, decode(one, one.target_image));
                sample.target = std::move(target.image);
            }
            if (*kind_ == TargetKind::kMask) {
                DIGITS_ASSIGN(sample.target, mask(one));
            }
            return {};
        };
        if (auto done = guarded("read it", read); !done) return fail(std::move(done).error().at(sample.name));
        return sample;
    }

  private:
    explicit Shards(const SourceContext& context)
        : roots_(context.roots),
          decode_(context.decode),
          decode_labels_(context.decode_labels),
          decoding_(context.decoding) {}
    const std::vector<ShardSample>& samples(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    Result<std::string> bytes_of(const ShardSample& sample, const TarMember& member) const {
        if (member.size > kMostImage) return fail(ErrorCode::kTooLarge, "the member has {} bytes", member.size);
        return read_part(files_[sample.shard], member.offset, member.size, roots_);
    }
    Result<DecodedImage> decode(const ShardSample& sample, const TarMember& member) const {
        DIGITS_ASSIGN(const auto bytes, bytes_of(sample, member));
        return decode_(bytes, decoding_);
    }
    Result<Mask> mask(const ShardSample& sample) const {
        DIGITS_ASSIGN(const auto bytes, bytes_of(sample, sample.target_image));
        DIGITS_ASSIGN(const auto image, decode_labels_(bytes, {}));
        if (image.has_colors)
            return fail(ErrorCode::kInvalidArgument, "the mask has colors; it must have class numbers");
        Mask mask{image.width, image.height, {}};
        mask.ids.reserve(image.values.size());
        for (const auto value : image.values) {
            if (value >= facts_.labels.size() && static_cast<int>(value) != facts_.ignore_label)
                return fail(ErrorCode::kInvalidArgument, "its mask has the value {} that no class has", value);
            mask.ids.push_back(static_cast<std::uint16_t>(value));
        }
        return mask;
    }

    /// labels.txt beside the shards, where there is one.
    Status read_names(const std::string& folder) {
        std::vector<std::string> ignored;
        ScanLimits limits;
        ScanGuard guard(limits);
        DIGITS_ASSIGN(const auto lists, find_files(folder, ".txt", roots_, guard, ignored));
        for (const auto& list : lists) {
            if (last_part(list) != "labels.txt") continue;
            DIGITS_ASSIGN(facts_.labels, digits::read_labels(list, roots_));
            has_names_ = true;
            for (std::size_t i = 0; i < facts_.labels.size(); ++i)
                names_.emplace(facts_.labels[i], static_cast<int>(i));
            return {};
        }
        return {};
    }

    Status read_shard(std::size_t number, std::vector<ShardSample>& samples, ScanGuard& guard) {
        const auto& file = files_[number];
        DIGITS_ASSIGN(const auto index, index_tar(file, roots_, guard));
        if (!index.has_end)
            warnings_.push_back(
                fmt::format("{} has no end-of-archive block, so samples may be missing; all of its {} are complete",
                            last_part(file), count_of(index.members.size(), "file")));
        ShardSample current{number, {}, {}, {}, {}};
        std::string left_out;  // why the current sample is left out
        std::uint64_t missing = 0, wrong = 0;
        std::string first;
        const auto finish = [&] {
            const bool has_target =
                !std::holds_alternative<std::monostate>(current.target) || !current.target_image.name.empty();
            if (current.image.name.empty() && has_target) {
                ++missing;
                if (first.empty()) first = current.key + ": it has no image";
            } else if (!current.image.name.empty()) {
                if (left_out.empty() && !has_target) left_out = "it has no target";
                const auto kind = kind_of(current);
                if (left_out.empty() && kind_ && kind != *kind_)
                    left_out = fmt::format("its target is of the kind {}, that of others {}", enum_name(kind),
                                           enum_name(*kind_));
                if (left_out.empty()) left_out = shape_problem(current.target);
                if (left_out.empty()) {
                    kind_ = kind;
                    samples.push_back(std::move(current));
                    guard.add_image();
                } else {
                    ++(has_target ? wrong : missing);
                    if (first.empty()) first = current.key + ": " + left_out;
                }
            }
            current = {number, {}, {}, {}, {}};
            left_out.clear();
        };
        for (const auto& member : index.members) {
            const auto part = member.name.rfind('/');
            const auto from = part == std::string::npos ? 0 : part + 1;
            const auto dot = member.name.find('.', from);
            if (dot == std::string::npos || dot == from) continue;
            const auto key = member.name.substr(0, dot);
            auto ending = member.name.substr(dot + 1);
            std::ranges::transform(ending, ending.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
            });
            if (key != current.key) {
                finish();
                current.key = key;
            }
            if (auto taken = take(member, ending, file, current); !taken) {
                if (taken.error().code != ErrorCode::kInvalidArgument) return taken;
                left_out = taken.error().message;
            }
        }
        finish();
        if (missing + wrong > 0)
            warnings_.push_back(fmt::format("{}: {} left out; the first: {}", last_part(file),
                                            count_of(missing + wrong, "sample"), first));
        return {};
    }

    Status take(const TarMember& member, const std::string& ending, const std::string& file, ShardSample& sample) {
        const bool is_target = ending.starts_with("mask.") || ending.starts_with("seg.") ||
                               ending.starts_with("target.") || ending.starts_with("label.");
        if (is_target && has_image_extension(member.name)) {
            sample.target_image = member;
        } else if (has_image_extension(member.name) && ending.find('.') == std::string::npos) {
            sample.image = member;
        } else if (ending == "cls" || ending == "json") {
            if (member.size > kMostTarget)
                return fail(ErrorCode::kInvalidArgument, "its target has {} bytes", member.size);
            DIGITS_ASSIGN(const auto text, read_part(file, member.offset, member.size, roots_));
            if (ending == "json") {
                // Beside a class it holds whatever the maker noted.
                auto target = TargetJson(facts_, names_).read(text);
                if (target) sample.target = std::move(*target);
                if (!target && std::holds_alternative<std::monostate>(sample.target))
                    return fail(ErrorCode::kInvalidArgument, "its .json: {}", target.error().message);
                return {};
            }
            const auto label = whole_number(text);
            if (!label || *label > 1'000'000)
                return fail(ErrorCode::kInvalidArgument, "its .cls is not a class number");
            sample.target = ClassLabel{*label};
        }
        return {};
    }

    static bool is_mask(const TarMember& member) {
        return member.name.find(".mask.") != std::string::npos || member.name.find(".seg.") != std::string::npos;
    }
    static TargetKind kind_of(const ShardSample& sample) {
        if (sample.target_image.name.empty()) return target_kind(sample.target);
        return is_mask(sample.target_image) ? TargetKind::kMask : TargetKind::kImage;
    }
    /// Tensors are of one shape; the first tells it.
    std::string shape_problem(const Target& target) {
        const auto* tensor = std::get_if<Tensor>(&target);
        if (!tensor) return {};
        if (facts_.target_shape.empty()) facts_.target_shape = tensor->shape;
        return facts_.target_shape == tensor->shape
                   ? ""
                   : fmt::format("its target has the shape {}, that of others {}", fmt::join(tensor->shape, " x "),
                                 fmt::join(facts_.target_shape, " x "));
    }

    void settle_classes(bool has_several_labels) {
        facts_.target = *kind_;
        int most = -1;
        for (const auto& split : splits_)
            for (const auto& sample : split) {
                if (const auto* label = std::get_if<ClassLabel>(&sample.target)) most = std::max(most, label->index);
                if (const auto* boxes = std::get_if<Boxes>(&sample.target))
                    for (const auto& box : boxes->boxes) most = std::max(most, box.label);
            }
        const bool has_classes = *kind_ == TargetKind::kClass || *kind_ == TargetKind::kBoxes;
        for (int i = static_cast<int>(facts_.labels.size()); has_classes && i <= most; ++i)
            facts_.labels.push_back(std::to_string(i));
        if (*kind_ == TargetKind::kMask) {
            if (!has_names_)
                for (int i = 0; i < 256; ++i)
                    facts_.labels.push_back(i == 0 ? "background" : fmt::format("class {}", i));
            if (facts_.labels.size() < 256) facts_.ignore_label = 255;
            facts_.palette = class_colors(facts_.labels.size());
        }
        if (*kind_ == TargetKind::kTensor || *kind_ == TargetKind::kImage) facts_.labels.clear();
        if (*kind_ == TargetKind::kTensor && has_several_labels) facts_.labels = facts_.target_names;
    }

    ReadableRoots roots_;
    ImageDecoder decode_;
    LabelImageDecoder decode_labels_;
    DecodeOptions decoding_;
    SourceFacts facts_;
    std::vector<std::string> files_;
    std::array<std::vector<ShardSample>, 3> splits_;
    std::optional<TargetKind> kind_;  ///< of the first sample
    std::map<std::string, int> names_;
    bool has_names_ = false;
    std::vector<std::string> warnings_;
};

}  // namespace

const SourceKind kShards = source_kind<ShardOptions, Shards>(
    "webdataset", "WebDataset", "Tar files whose members with the same key are a sample",
    {"classification", "detection", "segmentation", "regression", "processing", "multilabel"});

}  // namespace digits
