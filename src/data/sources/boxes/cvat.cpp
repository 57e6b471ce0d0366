#include "data/sources/boxes/cvat.hpp"

#include <map>
#include <pugixml.hpp>

#include "base/named_file.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/files/xml_file.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "metrics/run_lengths.hpp"

namespace digits {

template <>
struct JsonBinding<CvatOptions> {
    static constexpr const char* kSchema = "CvatSource";
    static Fields fields() {
        using O = CvatOptions;
        return {json_field("xml", &O::xml)
                    .label("CVAT file")
                    .help("XML file in the format \"CVAT for images\" or \"for video\"")
                    .cli("cvat")
                    .path(PlaceKind::kFile)
                    .required(),
                images_field<O>(false), percent_val_field<O>(), percent_test_field<O>(), skip_bad_field<O>()};
    }
};

std::vector<SourcePlace> CvatOptions::places() const {
    return {{"xml", xml, false, true}, {"images", images, true, false}};
}
std::vector<Split> CvatOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

std::optional<double> number_of(const pugi::xml_node& node, const char* attribute) {
    return finite_number(node.attribute(attribute).value());
}

/// "x,y;x,y;…"; empty for what is not a list of points.
std::vector<double> points_of(std::string_view text) {
    std::vector<double> points;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(",;"), text.size());
        const auto value = finite_number(text.substr(0, end));
        if (!value) return {};
        points.push_back(*value);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (points.size() % 2 != 0) points.clear();
    return points;
}

/// A mask of CVAT's: runs along the rows of a rectangle of the image, first of what is outside.
Status read_mask(const pugi::xml_node& node, int width, int height, LabelledObject& object) {
    const int left = node.attribute("left").as_int(), top = node.attribute("top").as_int();
    const int w = node.attribute("width").as_int(), h = node.attribute("height").as_int();
    if (w <= 0 || h <= 0 || left < 0 || top < 0 || width <= 0 || height <= 0 || left > width - w || top > height - h)
        return fail(ErrorCode::kInvalidArgument, "the mask is not inside its image");
    object.box = {static_cast<double>(left), static_cast<double>(top), static_cast<double>(left + w),
                  static_cast<double>(top + h)};
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    const auto size = static_cast<std::uint64_t>(w) * static_cast<std::uint64_t>(h);
    std::uint64_t at = 0;
    bool inside = false;
    for (std::string_view text = node.attribute("rle").value(); !text.empty(); inside = !inside) {
        const auto end = std::min(text.find(','), text.size());
        const auto run = finite_number(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!run || *run < 0 || *run > static_cast<double>(size - at))
            return fail(ErrorCode::kInvalidArgument, "a mask whose runs do not fit its size");
        for (const auto stop = at + static_cast<std::uint64_t>(*run); at < stop; ++at) {
            const auto x = static_cast<std::uint64_t>(left) + at % static_cast<std::uint64_t>(w);
            const auto y = static_cast<std::uint64_t>(top) + at / static_cast<std::uint64_t>(w);
            if (inside) pixels[y * static_cast<std::uint64_t>(width) + x] = 1;
        }
    }
    if (at != size) return fail(ErrorCode::kInvalidArgument, "a mask whose runs do not fit its size");
    object.outline.width = static_cast<std::uint32_t>(width);
    object.outline.height = static_cast<std::uint32_t>(height);
    object.outline.counts = encode_mask(object.outline.height, object.outline.width, pixels).counts;
    return {};
}

/// The object of a node; none for a tag. Errors: what is wrong with it, kUnsupported for a shape that has no area.
Result<std::optional<LabelledObject>> shape_of(const pugi::xml_node& node, const std::string& label, int width,
                                               int height) {
    LabelledObject object;
    object.name = label;
    const std::string_view kind = node.name();
    const auto wrong = [](const char* why) { return fail(ErrorCode::kInvalidArgument, "{}", why); };
    std::vector<double> points;
    if (kind == "box") {
        const auto left = number_of(node, "xtl"), top = number_of(node, "ytl");
        const auto right = number_of(node, "xbr"), bottom = number_of(node, "ybr");
        if (!left || !top || !right || !bottom) return wrong("a box without its four numbers");
        object.box = {*left, *top, *right, *bottom};
        const double degrees = number_of(node, "rotation").value_or(0);
        points = turned_corners(*left, *top, *right, *bottom, (*left + *right) / 2, (*top + *bottom) / 2, degrees);
        if (degrees != 0) object.box = bounds_of(points);
    } else if (kind == "polygon") {
        points = points_of(node.attribute("points").value());
        if (points.size() < 6) return wrong("a polygon of fewer than three points");
        object.box = bounds_of(points);
    } else if (kind == "ellipse") {
        const auto x = number_of(node, "cx"), y = number_of(node, "cy");
        const auto rx = number_of(node, "rx"), ry = number_of(node, "ry");
        if (!x || !y || !rx || !ry) return wrong("an ellipse without its four numbers");
        points = ellipse_outline(*x, *y, *rx, *ry, number_of(node, "rotation").value_or(0));
        object.box = bounds_of(points);
    } else if (kind == "mask") {
        DIGITS_TRY(read_mask(node, width, height, object));
    } else if (kind == "polyline" || kind == "points" || kind == "skeleton" || kind == "cuboid") {
        return fail(ErrorCode::kUnsupported, "{}", kind);
    } else {
        return std::nullopt;
    }
    if (label.empty()) return wrong("an object without a label");
    if (!points.empty()) object.outline.polygons = {std::move(points)};
    return object;
}

struct Cvat {
    static Result<std::unique_ptr<SampleSource>> open(const CvatOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        const ReadableRoots roots(context.roots);
        SourceFacts facts;
        DIGITS_ASSIGN(const auto text, read_named_file(options.xml, kMostXmlBytes, roots));
        pugi::xml_document document;
        const auto parsed = document.load_buffer(text.data(), text.size());
        const auto root = document.child("annotations");
        LineCounter lines(text);
        if (!parsed || !root || declares_entities(text))
            return fail(make_error(ErrorCode::kInvalidArgument, "line {} is not CVAT's XML: {}",
                                   lines.at(parsed.offset),
                                   !parsed ? parsed.description()
                                   : root  ? kEntitiesRefused
                                           : "no element annotations")
                            .at(options.xml));
        const auto folder =
            options.images.empty() ? std::filesystem::path(options.xml).parent_path().string() : options.images;
        DIGITS_TRY(check_folder(folder, "/source/images"));
        DIGITS_ASSIGN(const auto images, ImageIndex::of(folder, roots, guard, facts.warnings));
        std::vector<ObjectImage> all;
        const auto start = [&](const std::string& name, const pugi::xml_node& node) {
            ObjectImage image;
            image.label_file = options.xml;
            images.assign(name, image, lines.at(node.offset_debug()));
            return image;
        };
        const auto file = std::string(last_part(options.xml));
        const auto add = [&](const pugi::xml_node& node, const std::string& label, ObjectImage& image) {
            const int line = lines.at(node.offset_debug());
            auto shape = shape_of(node, label, image.stated_width, image.stated_height);
            if (!shape) {
                const bool unused = shape.error().code == ErrorCode::kUnsupported;
                image.findings.push_back({unused ? FindingKind::kUnusedShape : FindingKind::kBadRow, file, line,
                                          std::move(shape).error().message});
            } else if (*shape) {
                (*shape)->line = line;
                image.objects.push_back(std::move(**shape));
            }
        };
        for (const auto& node : root.children("image")) {
            DIGITS_TRY(guard.add_entry());
            auto image = start(node.attribute("name").value(), node);
            image.stated_width = node.attribute("width").as_int();
            image.stated_height = node.attribute("height").as_int();
            image.split = split_named(node.attribute("subset").value());
            for (const auto& shape : node.children()) add(shape, shape.attribute("label").value(), image);
            all.push_back(std::move(image));
        }
        // A video: tracks of shapes on frames, whose images are named by their number.
        std::map<int, ObjectImage> frames;
        for (const auto& track : root.children("track"))
            for (const auto& shape : track.children()) {
                DIGITS_TRY(guard.add_entry());
                if (shape.attribute("outside").as_int() == 1) continue;
                const int number = shape.attribute("frame").as_int();
                const auto name = fmt::format("frame_{:06}", number);
                auto& image = frames.try_emplace(number, ObjectImage()).first->second;
                if (image.label_file.empty()) image = start(name, shape);
                add(shape, track.attribute("label").value(), image);
            }
        for (auto& [number, image] : frames) all.push_back(std::move(image));
        images.report_unlisted(all, facts.findings);
        ObjectRules rules;
        rules.folder = folder;
        const auto labels = root.select_nodes("meta//labels/label/name");
        for (const auto& label : labels) {
            auto name = trimmed_text(label.node().text().get());
            if (std::ranges::find(rules.classes, name) == rules.classes.end()) rules.classes.push_back(std::move(name));
        }
        rules.percent_val = options.percent_val;
        rules.percent_test = options.percent_test;
        rules.skips_bad = options.skip_bad_rows;
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> { return std::move(all[i]); };
        DIGITS_ASSIGN(auto source, ObjectFiles::open(all.size(), make, rules, std::move(facts), context, guard));
        return std::unique_ptr<SampleSource>(std::move(source));
    }
};

}  // namespace

const SourceKind kCvat = source_kind<CvatOptions, Cvat>("cvat", "CVAT", "An XML file of CVAT's for all images",
                                                        {"detection", "segmentation"});

}  // namespace digits
