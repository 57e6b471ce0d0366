#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "data/builder.hpp"
#include "data/guard.hpp"
#include "data/open_source.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/sources/objects/object_images.hpp"

namespace digits {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostSamples = 100;  ///< that are told one by one
constexpr std::size_t kMostPoints = 2000;  ///< of the sizes of boxes
/// Masks are decoded for their pixels: as many as this time allows.
constexpr auto kMaskBudget = std::chrono::seconds(5);

/// The part of a box inside its image; none where nothing is left of it.
std::optional<Box> inside(Box box, int width, int height) {
    if (width > 0) {
        box.left = std::clamp(box.left, 0.0, static_cast<double>(width));
        box.right = std::clamp(box.right, 0.0, static_cast<double>(width));
        box.top = std::clamp(box.top, 0.0, static_cast<double>(height));
        box.bottom = std::clamp(box.bottom, 0.0, static_cast<double>(height));
    }
    if (box.right <= box.left || box.bottom <= box.top) return std::nullopt;
    return box;
}

json median_of(std::vector<double> values) {
    if (values.empty()) return nullptr;
    std::ranges::sort(values);
    return {{"least", values.front()}, {"median", values[(values.size() - 1) / 2]}, {"most", values.back()}};
}

/// How large the boxes are in the stored images.
class BoxSizes {
  public:
    explicit BoxSizes(const ImageSpec& image) : image_(image) {}

    void add(const Box& box, int width, int height) {
        const auto placement =
            width > 0 ? fit_placement(width, height, image_.width, image_.height, image_.resize) : ImagePlacement{};
        const double w = box.width() * placement.scale_x, h = box.height() * placement.scale_y;
        widths_.push_back(w);
        heights_.push_back(h);
        labels_.push_back(box.label);
    }
    json facts() const {
        if (widths_.empty()) return nullptr;
        const auto below_side = [&](double side) {
            std::uint64_t count = 0;
            for (std::size_t i = 0; i < widths_.size(); ++i) count += widths_[i] < side || heights_[i] < side;
            return count;
        };
        json points = json::array();
        const auto step = (widths_.size() + kMostPoints - 1) / kMostPoints;
        for (std::size_t i = 0; i < widths_.size(); i += step)
            points.push_back({std::round(widths_[i] * 10) / 10, std::round(heights_[i] * 10) / 10, labels_[i]});
        return {{"width", median_of(widths_)},
                {"height", median_of(heights_)},
                {"below", {{"8", below_side(8)}, {"16", below_side(16)}, {"32", below_side(32)}}},
                {"points", std::move(points)}};
    }

  private:
    const ImageSpec& image_;
    std::vector<double> widths_, heights_;
    std::vector<int> labels_;
};

class Scan {
  public:
    Scan(const DatasetSpec& spec, const SampleSource& source, const ScanLimits& limits)
        : spec_(spec), source_(source), facts_(source.facts()), limits_(limits), sizes_(spec.image) {}

    Result<json> run() {
        auto splits = json::object();
        std::uint64_t images = 0;
        for (const Split split : kSplits) {
            const auto count = source_.size(split);
            if (count == 0) continue;
            images += count;
            json told{{"count", count}, {"per_class", samples_per_class(source_, split)}};
            if (facts_.target == TargetKind::kBoxes) count_boxes(split, told);
            splits[std::string(enum_name(split))] = std::move(told);
        }
        list_samples();
        json result{{"labels", facts_.labels},
                    {"target", enum_name(facts_.target)},
                    {"target_shape", facts_.target_shape},
                    {"target_names", facts_.target_names},
                    {"images", images},
                    {"splits", std::move(splits)},
                    {"ignore_label", facts_.ignore_label ? json(*facts_.ignore_label) : json()},
                    {"palette", facts_.palette},
                    {"unsupported", {{"count", count_files(facts_.unsupported)}, {"types", facts_.unsupported}}},
                    {"problems", to_json(facts_.findings)},
                    {"errors", facts_.errors},
                    {"warnings", facts_.warnings}};
        if (facts_.target == TargetKind::kBoxes) {
            result["boxes"] = boxes_;
            result["usable_boxes"] = usable_;
            result["classes_found"] = facts_.classes_found;
            result["classes_used"] = json::array();
            for (const auto& [number, count] : facts_.class_numbers) result["classes_used"].push_back(number);
            result["box_sizes"] = sizes_.facts();
        }
        if (!facts_.colors.empty()) {
            result["colors"] = json::array();
            for (const auto color : facts_.colors)
                result["colors"].push_back({color >> 16 & 255, color >> 8 & 255, color & 255});
        }
        if (facts_.target == TargetKind::kMask) DIGITS_TRY(count_pixels(result));
        result["samples"] = std::move(samples_);
        return result;
    }

  private:
    std::string class_name(int label) const {
        const auto at = static_cast<std::size_t>(label);
        return label >= 0 && at < facts_.labels.size() ? facts_.labels[at] : std::to_string(label);
    }

    void count_boxes(Split split, json& told) {
        std::vector<std::uint64_t> per_class(facts_.labels.size());
        std::uint64_t boxes = 0, usable = 0, empty = 0, difficult = 0, crowd = 0;
        for (std::size_t i = 0; i < source_.size(split); ++i) {
            const auto target = source_.target(split, i);
            const auto* all = std::get_if<Boxes>(&target);
            if (!all) continue;
            empty += all->boxes.empty();
            const auto [width, height] = source_.image_size(split, i);
            for (const auto& one : all->boxes) {
                const auto box = inside(one, width, height);
                if (!box) continue;
                ++boxes;
                difficult += box->difficult;
                crowd += box->crowd;
                if (static_cast<std::size_t>(box->label) < per_class.size())
                    ++per_class[static_cast<std::size_t>(box->label)];
                if (box->label == facts_.ignore_label) continue;
                ++usable;
                sizes_.add(*box, width, height);
            }
        }
        boxes_ += boxes;
        usable_ += usable;
        told["boxes"] = boxes;
        told["usable_boxes"] = usable;
        told["boxes_per_class"] = per_class;
        told["without_boxes"] = empty;
        told["difficult"] = difficult;
        told["crowd"] = crowd;
    }

    void list_samples() {
        for (const Split split : kSplits)
            for (std::size_t i = 0; i < source_.size(split) && samples_.size() < kMostSamples; ++i) {
                const auto name = source_.name(split, i).text();
                json sample{{"file", name}, {"name", without_ending(last_part(name))}, {"split", enum_name(split)}};
                const auto [width, height] = source_.image_size(split, i);
                if (width > 0) sample["size"] = {width, height};
                const auto target = source_.target(split, i);
                if (const auto* boxes = std::get_if<Boxes>(&target)) {
                    sample["boxes"] = json::array();
                    sample["labels"] = json::array();
                    int difficult = 0;
                    for (const auto& one : boxes->boxes) {
                        const auto box = inside(one, width, height);
                        if (!box) continue;
                        difficult += box->difficult;
                        sample["boxes"].push_back(
                            {box->left, box->top, box->width(), box->height(), class_name(box->label)});
                        sample["labels"].push_back(box->label);
                    }
                    sample["difficult"] = difficult;
                }
                samples_.push_back(std::move(sample));
            }
    }

    /// Decodes masks; what cannot be read or does not fit is a finding.
    Status count_pixels(json& result) {
        struct Place {
            Split split;
            std::size_t index;
        };
        std::vector<Place> all;
        for (const Split split : kSplits)
            for (std::size_t i = 0; i < source_.size(split); ++i) all.push_back({split, i});
        struct Counted {
            std::map<int, std::uint64_t> pixels;
            int width = 0, height = 0;
            std::optional<Error> error;
        };
        const auto count = [&](int, std::uint64_t i) {
            Counted counted;
            auto sample = guarded("read it", [&] { return source_.get(all[i].split, all[i].index); });
            if (!sample) {
                counted.error = std::move(sample).error();
                return counted;
            }
            const auto* mask = std::get_if<Mask>(&sample->target);
            counted.width = sample->images.front().width;
            counted.height = sample->images.front().height;
            if (!mask) return counted;
            std::vector<std::uint64_t> pixels(65536);
            for (const auto id : mask->ids) ++pixels[id];
            for (int id = 0; id < 65536; ++id)
                if (pixels[static_cast<std::size_t>(id)] > 0) counted.pixels[id] = pixels[static_cast<std::size_t>(id)];
            return counted;
        };
        std::map<int, std::uint64_t> total;
        std::uint64_t checked = 0;
        auto bad = json::array();
        const auto until = Clock::now() + kMaskBudget;
        const auto add = [&](std::uint64_t i, Counted counted) -> Status {
            ++checked;
            if (counted.error) {
                const auto name = source_.name(all[i].split, all[i].index).text();
                bad.push_back(
                    {{"file", name}, {"name", without_ending(last_part(name))}, {"reason", counted.error->message}});
            }
            auto per_image = json::object();
            for (const auto& [id, n] : counted.pixels) {
                total[id] += n;
                per_image[std::to_string(id)] = n;
            }
            if (i < samples_.size() && !counted.error) {
                samples_[i]["pixels"] = std::move(per_image);
                samples_[i]["size"] = {counted.width, counted.height};
            } else if (i < samples_.size()) {
                samples_[i]["error"] = counted.error->message;
            }
            if (limits_.cancelled && limits_.cancelled()) return fail(ErrorCode::kCancelled, "stopped");
            return Clock::now() > until ? fail(ErrorCode::kTooLarge, "the time is over") : Status();
        };
        if (const auto done = run_ordered<Counted>(all.size(), {thread_count(0), 2, 8}, count, add);
            !done && done.error().code == ErrorCode::kCancelled)
            return done;
        auto pixels = json::object();
        for (const auto& [id, n] : total) pixels[std::to_string(id)] = n;
        result["pixels"] = std::move(pixels);
        if (checked < all.size())
            result["warnings"].push_back(
                fmt::format("pixels are counted in {} of {} masks: reading all of them takes too long for a dry run",
                            checked, all.size()));
        result["masks"] = {{"checked", checked}, {"all", checked == all.size()}, {"refused", std::move(bad)}};
        return {};
    }

    const DatasetSpec& spec_;
    const SampleSource& source_;
    const SourceFacts& facts_;
    const ScanLimits& limits_;
    BoxSizes sizes_;
    std::uint64_t boxes_ = 0, usable_ = 0;
    json samples_ = json::array();
};

}  // namespace

Result<json> scan_dataset(const DatasetSpec& spec, const ScanLimits& limits) {
    return guarded("look at the images", [&]() -> Result<json> {
        DIGITS_ASSIGN(const auto source, open_source(spec, limits, {}, nullptr, true));
        return Scan(spec, *source, limits).run();
    });
}

}  // namespace digits
