#include "answer_gallery.hpp"

#include <algorithm>
#include <list>
#include <nlohmann/json.hpp>

#include "base/safe_path.hpp"
#include "data/records/gallery.hpp"
#include "image_answer.hpp"

namespace digits {
namespace {

using nlohmann::json;

/// The galleries that were looked at last. To open one reads its list and all keys of its database.
class Shelf {
  public:
    Result<Gallery*> find(const json& request) {
        const auto text = [&](const char* name) { return request.value(name, ""); };
        auto key = text("folder") + "/" + text("db");
        const auto known = std::ranges::find(kept_, key, &Kept::first);
        if (known != kept_.end()) {
            kept_.splice(kept_.begin(), kept_, known);
        } else {
            GalleryTargets targets;
            targets.database = text("label_db");
            targets.classes = request.value("classes", std::size_t{0});
            if (const auto ignored = request.value("ignore_label", json()); ignored.is_number_integer())
                targets.ignore_label = ignored.get<int>();
            for (const auto& [kind, name] : EnumNames<TargetKind>::kNames)
                if (name == text("target")) targets.kind = kind;
            DIGITS_ASSIGN(auto gallery,
                          Gallery::open(text("folder"), text("split"), text("db"), text("list"), targets));
            kept_.emplace_front(std::move(key), std::move(gallery));
            if (kept_.size() > kMostKept) kept_.pop_back();
        }
        return &kept_.front().second;
    }

  private:
    using Kept = std::pair<std::string, Gallery>;
    static constexpr std::size_t kMostKept = 3;
    std::list<Kept> kept_;  ///< newest first
};

/// A worker answers one question at a time.
Result<Gallery*> gallery_of(const json& request) {
    static Shelf shelf;
    return shelf.find(request);
}

}  // namespace

Result<json> show_gallery_page(const json& request) {
    DIGITS_ASSIGN(auto* gallery, gallery_of(request));
    const auto label = request.value("class", json());
    GalleryFilter wanted(label.is_null() ? std::nullopt : std::optional(label.get<int>()));
    for (const auto& [size, name] : EnumNames<BoxSize>::kNames)
        if (name == request.value("size", "")) wanted.size = size;
    wanted.problems = request.value("problems", false);
    DIGITS_TRY(gallery->prepare(wanted));
    const auto from = request.contains("skip") ? gallery->index_after(request.value("skip", std::uint64_t{0}), wanted)
                                               : request.value("from", std::uint64_t{0});
    DIGITS_ASSIGN(const auto page, gallery->page(from, request.value("limit", std::uint64_t{100}), wanted));
    json images = json::array();
    for (const auto& image : page.images) {
        images.push_back({{"index", image.index},
                          {"label", image.label},
                          {"file", image.file},
                          {"width", image.width},
                          {"height", image.height},
                          {"channels", image.channels}});
        if (!image.values.empty()) images.back()["values"] = image.values;
        auto& told = images.back();
        if (image.boxes || !image.problems.empty()) told["problems"] = image.problems;
        if (!image.boxes) continue;
        told["boxes"] = json::array();
        for (const auto& box : image.boxes->boxes)
            told["boxes"].push_back({{"class", box.label},
                                     {"left", box.left},
                                     {"top", box.top},
                                     {"right", box.right},
                                     {"bottom", box.bottom},
                                     {"difficult", box.difficult},
                                     {"crowd", box.crowd}});
    }
    return json{{"images", std::move(images)},
                {"next", page.next ? json(*page.next) : json()},
                {"total", gallery->count(wanted)}};
}

Result<json> show_gallery_image(const json& request) {
    DIGITS_ASSIGN(const auto* gallery, gallery_of(request));
    const auto index = request.value("index", std::uint64_t{0});
    DIGITS_ASSIGN(const auto image,
                  request.value("of_target", false) ? gallery->target_image(index) : gallery->image(index));
    return image_answer(image.content_type, image.bytes, request);
}

Result<json> show_record_image(const json& request, TaskContext& context) {
    if (request.value("is_of_user", false))
        DIGITS_TRY(AllowedRoots(context.grant().roots).check(request.value("database", "")));
    DIGITS_ASSIGN(const auto image, record_image(request.value("database", ""),
                                                 request.value("index", std::uint64_t{0}), request.value("label", -1)));
    return image_answer(image.content_type, image.bytes, request);
}

}  // namespace digits
