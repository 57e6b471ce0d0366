#include "metrics/cases/coco_files.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace digits {
namespace {

using nlohmann::json;

/// The places of ids in ascending order.
std::map<std::int64_t, int> places_of(const json& items) {
    std::map<std::int64_t, int> places;
    for (const auto& item : items) places[item.at("id").get<std::int64_t>()] = 0;
    int next = 0;
    for (auto& [id, place] : places) place = next++;
    return places;
}

Rect box_of(const json& object) {
    const auto& box = object.at("bbox");
    return {box.at(0), box.at(1), box.at(2), box.at(3)};
}

bool has_box(const json& object) {
    const auto box = object.find("bbox");
    return box != object.end() && !box->empty();
}

bool is_set(const json& object, const char* member) {
    const auto found = object.find(member);
    if (found == object.end()) return false;
    return found->is_boolean() ? found->get<bool>() : found->get<int>() != 0;
}

}  // namespace

Result<CocoSet> read_coco_set(const json& annotations, const json& detections, std::optional<bool> masks) {
    CocoSet set;
    const auto images = places_of(annotations.at("images")), categories = places_of(annotations.at("categories"));
    for (const auto& [id, place] : categories) set.category_ids.push_back(id);
    set.with_masks = masks ? *masks : !detections.empty() && !has_box(detections.front());
    std::map<std::int64_t, const json*> image_of;
    for (const auto& image : annotations.at("images")) image_of[image.at("id").get<std::int64_t>()] = &image;

    auto& objects = set.objects;
    objects.images = static_cast<int>(images.size());
    objects.classes = static_cast<int>(categories.size());
    const auto mask_of = [&](const json& object) {
        const auto& image = *image_of.at(object.at("image_id").get<std::int64_t>());
        return read_coco_mask(object.at("segmentation"), image.at("height"), image.at("width"));
    };
    for (const auto& annotation : annotations.at("annotations")) {
        const auto image = images.find(annotation.at("image_id").get<std::int64_t>());
        const auto category = categories.find(annotation.at("category_id").get<std::int64_t>());
        if (image == images.end() || category == categories.end()) continue;
        TruthObject truth{image->second, category->second, {}, annotation.at("area"), is_set(annotation, "iscrowd")};
        if (set.with_masks) {
            DIGITS_ASSIGN(auto mask, mask_of(annotation));
            objects.truth_masks.push_back(std::move(mask));
        } else {
            truth.box = box_of(annotation);
        }
        objects.truths.push_back(truth);
    }
    for (const auto& detection : detections) {
        const auto image = images.find(detection.at("image_id").get<std::int64_t>());
        if (image == images.end())
            return fail(ErrorCode::kInvalidArgument, "A detection is of the image {}, which the annotations lack.",
                        detection["image_id"].dump());
        const auto category = categories.find(detection.at("category_id").get<std::int64_t>());
        if (category == categories.end()) continue;
        DetectedObject object{image->second, category->second, {}, 0, detection.at("score")};
        if (has_box(detection)) {
            object.box = box_of(detection);
            object.area = object.box.area();
        }
        if (set.with_masks) {
            DIGITS_ASSIGN(auto mask, mask_of(detection));
            if (!has_box(detection)) object.area = static_cast<double>(mask_area(mask));
            objects.detection_masks.push_back(std::move(mask));
        }
        objects.detections.push_back(object);
    }
    return set;
}

Result<RunLengths> read_coco_mask(const json& segmentation, std::uint32_t height, std::uint32_t width) {
    if (segmentation.is_array()) {
        const auto polygons = segmentation.get<std::vector<std::vector<double>>>();
        return run_lengths_of_polygons(height, width, polygons);
    }
    if (const auto size = segmentation.find("size"); size != segmentation.end()) {
        height = size->at(0);
        width = size->at(1);
    }
    const auto& counts = segmentation.at("counts");
    if (counts.is_string()) return run_lengths_of_text(height, width, counts.get_ref<const std::string&>());
    std::vector<std::uint32_t> runs;
    for (const auto& count : counts) {
        const auto number = count.get<std::int64_t>();
        if (number < 0 || number > (std::int64_t{1} << 31))
            return fail(ErrorCode::kInvalidArgument, "The run lengths of a mask have the count {}.", number);
        runs.push_back(static_cast<std::uint32_t>(number));
    }
    return run_lengths_of_counts(height, width, runs);
}

}  // namespace digits
