#include "data/sources/cvat.hpp"

#include <map>
#include <pugixml.hpp>

#include "base/named_file.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"
#include "data/sources/walk.hpp"
#include "data/sources/xml_file.hpp"

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

Status CvatOptions::validate(const std::string& where) const {
    return check_percentages(percent_val, percent_test, where);
}
std::vector<SourcePlace> CvatOptions::places() const {
    return {{"xml", xml, false, true}, {"images", images, true, false}};
}
std::vector<Split> CvatOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

std::optional<double> number_of(const pugi::xml_node& node, const char* attribute) {
    return finite_number(node.attribute(attribute).value());
}

/// "x,y;x,y;…"
std::vector<double> points_of(std::string_view text) {
    std::vector<double> points;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(",;"), text.size());
        if (const auto value = finite_number(text.substr(0, end))) points.push_back(*value);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (points.size() % 2 != 0) points.clear();
    return points;
}

/// Adds the object of a node; a sentence of what is wrong with it, or "".
std::string add_shape(const pugi::xml_node& node, const std::string& label, int line, ObjectImage& image) {
    LabelledObject object;
    object.name = label;
    object.line = line;
    const std::string_view kind = node.name();
    if (kind == "box") {
        const auto left = number_of(node, "xtl"), top = number_of(node, "ytl");
        const auto right = number_of(node, "xbr"), bottom = number_of(node, "ybr");
        if (!left || !top || !right || !bottom) return "a box without its four numbers";
        object.box = {*left, *top, *right, *bottom};
        object.outline.polygons = {{*left, *top, *right, *top, *right, *bottom, *left, *bottom}};
    } else if (kind == "polygon") {
        auto points = points_of(node.attribute("points").value());
        if (points.size() < 6) return "a polygon of fewer than three points";
        object.box = bounds_of(points);
        object.outline.polygons = {std::move(points)};
    } else {
        return "";
    }
    if (label.empty()) return "an object without a label";
    image.objects.push_back(std::move(object));
    return "";
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
        if (!parsed || !root)
            return fail(make_error(ErrorCode::kInvalidArgument, "line {} is not CVAT's XML: {}",
                                   line_of(text, parsed.offset),
                                   parsed ? "no element annotations" : parsed.description())
                            .at(options.xml));
        const auto folder =
            options.images.empty() ? std::filesystem::path(options.xml).parent_path().string() : options.images;
        DIGITS_TRY(check_folder(folder, "/source/images"));
        DIGITS_ASSIGN(const auto images, ImageIndex::of(folder, roots, guard, facts.warnings));
        std::vector<ObjectImage> all;
        const auto start = [&](const std::string& name, const pugi::xml_node& node) {
            ObjectImage image;
            image.label_file = options.xml;
            if (const auto* found = images.find_file(name))
                image.path = *found;
            else
                image.findings.push_back({FindingKind::kMissingImage, name, line_of(text, node.offset_debug()), ""});
            return image;
        };
        const auto file = std::string(last_part(options.xml));
        const auto add = [&](const pugi::xml_node& node, const std::string& label, ObjectImage& image) {
            const int line = line_of(text, node.offset_debug());
            if (const auto wrong = add_shape(node, label, line, image); !wrong.empty())
                image.findings.push_back({FindingKind::kBadRow, file, line, wrong});
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
