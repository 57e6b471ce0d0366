#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/exports/export_writer.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr std::size_t kShardBytes = std::size_t{256} << 20;
constexpr std::size_t kShardSamples = 10'000;

/// SPLIT-000000.tar of NAME.png with NAME.cls, NAME.json, NAME.mask.png or NAME.target.png; labels.txt.
class ShardExport final : public ExportWriter {
  public:
    ShardExport(const DatasetFacts& facts, ExportSink& sink) : facts_(facts), sink_(sink) {}

    Status add(Split split, const std::string& stem, const StoredSample& sample) override {
        if (split != split_ || samples_ == kShardSamples || shard_.size() >= kShardBytes) DIGITS_TRY(flush());
        if (split != split_) number_ = 0;
        split_ = split;
        ++samples_;
        // A key ends at its first dot.
        auto key = stem;
        std::ranges::replace(key, '.', '_');
        const auto put = [&](std::string_view ending, std::string_view bytes) {
            shard_ += tar_entry(key + std::string(ending), bytes);
        };
        put(sample.image.ending, sample.image.bytes);
        switch (target_kind(sample.target)) {
            case TargetKind::kClass: put(".cls", std::to_string(std::get<ClassLabel>(sample.target).index)); break;
            case TargetKind::kMask: {
                DIGITS_ASSIGN(const auto mask, mask_file(std::get<Mask>(sample.target), facts_));
                put(".mask.png", mask);
                break;
            }
            case TargetKind::kImage:
                put(".target" + std::string(sample.target_image.ending), sample.target_image.bytes);
                break;
            case TargetKind::kBoxes: put(".json", text_of(boxes_json(std::get<Boxes>(sample.target)))); break;
            default: put(".json", text_of(values_json(std::get<Tensor>(sample.target))));
        }
        return {};
    }
    Status finish() override {
        DIGITS_TRY(flush());
        return facts_.labels.empty() ? Status() : sink_.add("labels.txt", label_lines(facts_.labels));
    }

  private:
    static std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }
    json boxes_json(const Boxes& boxes) const {
        auto list = json::array();
        for (const auto& box : boxes.boxes) {
            json one{{"class", box.label},
                     {"label", class_name_of(facts_, box.label)},
                     {"box", {box.left, box.top, box.right, box.bottom}}};
            if (box.difficult) one["difficult"] = true;
            if (box.crowd) one["crowd"] = true;
            if (box.kitti != KittiDetails()) {
                const auto& k = box.kitti;
                one["kitti"] = {k.alpha, k.rotation_y, k.truncated, k.occluded};
                for (const float value : k.size_m) one["kitti"].push_back(value);
                for (const float value : k.position_m) one["kitti"].push_back(value);
            }
            list.push_back(std::move(one));
        }
        return {{"boxes", std::move(list)}};
    }
    json values_json(const Tensor& tensor) const {
        json value{{"values", tensor.values}};
        if (tensor.shape.size() > 1) value["shape"] = tensor.shape;
        if (!facts_.target_names.empty()) value["names"] = facts_.target_names;
        return value;
    }
    Status flush() {
        if (samples_ == 0) return {};
        shard_ += tar_end();
        DIGITS_TRY(sink_.add(fmt::format("{}-{:06}.tar", enum_name(split_), number_++), shard_));
        shard_.clear();
        samples_ = 0;
        return {};
    }

    const DatasetFacts& facts_;
    ExportSink& sink_;
    Split split_ = Split::kTrain;
    int number_ = 0;
    std::size_t samples_ = 0;
    std::string shard_;
};

}  // namespace

std::unique_ptr<ExportWriter> export_shards(const DatasetFacts& facts, ExportSink& sink) {
    return std::make_unique<ShardExport>(facts, sink);
}

}  // namespace digits
