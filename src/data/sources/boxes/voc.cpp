#include "data/sources/boxes/voc.hpp"

#include <map>
#include <pugixml.hpp>
#include <set>

#include "base/named_file.hpp"
#include "base/text.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/files/xml_file.hpp"
#include "data/sources/objects/image_sets.hpp"
#include "data/sources/objects/object_images.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<VocOptions> {
    static constexpr const char* kSchema = "VocSource";
    static Fields fields() {
        using O = VocOptions;
        return {json_field("annotations", &O::annotations)
                    .label("Annotations")
                    .help("Folder with an XML file for each image")
                    .cli("voc")
                    .path(PlaceKind::kFolder)
                    .required(),
                images_field<O>(true),
                json_field("sets", &O::sets)
                    .label("Lists")
                    .help("Folder with train.txt, val.txt and test.txt, such as ImageSets/Main; empty: shares")
                    .key("field.voc_sets")
                    .path(PlaceKind::kFolder),
                percent_val_field<O>(),
                percent_test_field<O>(),
                skip_bad_field<O>()};
    }
};

std::vector<SourcePlace> VocOptions::places() const {
    return {{"annotations", annotations, true, true}, {"images", images, true, true}, {"sets", sets, true, false}};
}
std::vector<Split> VocOptions::splits() const {
    return splits_of(percent_val > 0 || !sets.empty(), percent_test > 0 || !sets.empty());
}

namespace {

std::optional<double> number_of(const pugi::xml_node& node, const char* child) {
    return finite_number(node.child(child).text().get());
}

/// Reads an annotation.
class VocReader {
  public:
    VocReader(ObjectImage& image, std::string name) : image_(image), name_(std::move(name)) {}

    void read(const pugi::xml_node& annotation, std::string_view text) {
        const auto size = annotation.child("size");
        image_.stated_width = stated_side(number_of(size, "width").value_or(0));
        image_.stated_height = stated_side(number_of(size, "height").value_or(0));
        LineCounter lines(text);
        for (const auto& node : annotation.children("object")) {
            const int line = lines.at(node.offset_debug());
            const auto box = node.child("bndbox");
            const auto left = number_of(box, "xmin"), top = number_of(box, "ymin");
            const auto right = number_of(box, "xmax"), bottom = number_of(box, "ymax");
            if (!left || !top || !right || !bottom) {
                image_.findings.push_back(
                    {FindingKind::kBadRow, name_, line, "an object without the four numbers of its bndbox"});
                continue;
            }
            LabelledObject object;
            object.name = trimmed_text(node.child("name").text().get());
            object.box = {*left, *top, *right, *bottom};
            const auto difficult = trimmed_text(node.child("difficult").text().get());
            object.box.difficult = difficult == "1" || difficult == "true" || difficult == "True";
            object.line = line;
            if (object.name.empty()) {
                image_.findings.push_back({FindingKind::kBadRow, name_, line, "an object without a name"});
                continue;
            }
            image_.objects.push_back(std::move(object));
        }
    }

  private:
    ObjectImage& image_;
    std::string name_;
};

struct Pair {
    std::string image, label;
};

/// What an annotation calls its image; empty where it does not say.
std::string stated_name(const std::string& file, const ReadableRoots& roots) {
    const auto text = read_named_file(file, kMostXmlBytes, roots);
    pugi::xml_document document;
    if (!text || !document.load_buffer(text->data(), text->size())) return {};
    return trimmed_text(document.child("annotation").child("filename").text().get());
}

struct Voc {
    static Result<std::unique_ptr<SampleSource>> open(const VocOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        DIGITS_TRY(check_folder(options.annotations, "/source/annotations"));
        DIGITS_TRY(check_folder(options.images, "/source/images"));
        const ReadableRoots roots(context.roots);
        SourceFacts facts;
        DIGITS_ASSIGN(const auto files, find_files(options.annotations, ".xml", roots, guard, facts.warnings));
        DIGITS_ASSIGN(const auto images, ImageIndex::of(options.images, roots, guard, facts.warnings));
        ImageSets sets;
        if (!options.sets.empty()) {
            DIGITS_ASSIGN(sets, ImageSets::read(options.sets, images, roots, guard, facts));
        }
        const bool by_folders = options.sets.empty() && images.has_split_folders();
        images.report_shared_stems(facts.findings);
        std::vector<Pair> pairs;
        std::set<std::string_view> labelled;
        for (const auto& file : files) {
            Pair pair{{}, file};
            const auto* image = images.find(std::string(without_ending(below(options.annotations, file))));
            // The name in the file decides where the two differ, and where two images have this name.
            if (!image || images.shares_stem(*image)) {
                const auto stated = stated_name(file, roots);
                const auto* found = stated.empty() ? nullptr : images.find(stated);
                if (found && (image || !labelled.contains(*found))) image = found;
            }
            if (image) {
                labelled.insert(*image);
                pair.image = *image;
            }
            pairs.push_back(std::move(pair));
        }
        for (const auto& image : images.paths())
            if (!labelled.contains(image)) pairs.push_back({image, ""});
        ObjectRules rules;
        rules.folder = options.annotations;
        rules.images = options.images;
        rules.percent_val = options.percent_val;
        rules.percent_test = options.percent_test;
        rules.skips_bad = options.skip_bad_rows;
        const auto make = [&](std::uint64_t i) -> Result<ObjectImage> {
            ObjectImage image;
            image.path = pairs[i].image;
            image.label_file = pairs[i].label;
            image.has_label = !pairs[i].label.empty();
            if (!image.path.empty())
                image.split = by_folders ? images.split_of_folder(image.path) : sets.split_of(image.path);
            if (!image.has_label) return image;
            const auto name = below(options.annotations, pairs[i].label);
            DIGITS_ASSIGN(const auto text, read_named_file(pairs[i].label, kMostXmlBytes, roots));
            pugi::xml_document document;
            const auto parsed = document.load_buffer(text.data(), text.size());
            const auto annotation = document.child("annotation");
            if (!parsed || !annotation || declares_entities(text)) {
                image.findings.push_back({FindingKind::kBadRow, name, LineCounter(text).at(parsed.offset),
                                          !parsed      ? parsed.description()
                                          : annotation ? kEntitiesRefused
                                                       : "no element \"annotation\""});
                return image;
            }
            if (image.path.empty()) {
                image.findings.push_back({FindingKind::kOrphanLabel, name, 0, ""});
                return image;
            }
            VocReader(image, name).read(annotation, text);
            return image;
        };
        DIGITS_ASSIGN(auto source, ObjectFiles::open(pairs.size(), make, rules, std::move(facts), context, guard));
        return std::unique_ptr<SampleSource>(std::move(source));
    }
};

}  // namespace

const SourceKind kVoc =
    source_kind<VocOptions, Voc>("voc", "Pascal VOC", "A folder with an XML file for each image", {"detection"});

}  // namespace digits
