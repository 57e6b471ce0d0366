#include "data/sources/objects/object_images.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <set>

#include "base/named_file.hpp"
#include "base/random.hpp"
#include "base/regular_file.hpp"
#include "base/utf8.hpp"
#include "data/guard.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/objects/paint.hpp"
#include "data/sources/objects/turned_pixels.hpp"
#include "metrics/run_lengths.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostImageBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kBlock = 64;

/// A point of the stored image where it is in the upright one.
std::pair<double, double> turned(double x, double y, const ImageHeader& header) {
    const double w = header.width, h = header.height;
    switch (header.orientation) {
        case 2: return {w - x, y};
        case 3: return {w - x, h - y};
        case 4: return {x, h - y};
        case 5: return {y, x};
        case 6: return {h - y, x};
        case 7: return {h - y, w - x};
        case 8: return {y, w - x};
        default: return {x, y};
    }
}

void turn(Box& box, const ImageHeader& header) {
    const auto [x0, y0] = turned(box.left, box.top, header);
    const auto [x1, y1] = turned(box.right, box.bottom, header);
    box.left = std::min(x0, x1);
    box.right = std::max(x0, x1);
    box.top = std::min(y0, y1);
    box.bottom = std::max(y0, y1);
}

std::optional<RunLengths> runs_of(const Outline& outline) {
    if (!outline.compressed && outline.counts.empty()) return std::nullopt;
    auto runs = outline.compressed ? run_lengths_of_text(outline.height, outline.width, *outline.compressed)
                                   : run_lengths_of_counts(outline.height, outline.width, outline.counts);
    return runs ? std::optional(std::move(*runs)) : std::nullopt;
}

void turn(Outline& outline, const ImageHeader& header) {
    for (auto& polygon : outline.polygons)
        for (std::size_t i = 0; i + 1 < polygon.size(); i += 2)
            std::tie(polygon[i], polygon[i + 1]) = turned(polygon[i], polygon[i + 1], header);
    const auto runs = runs_of(outline);
    if (!runs || outline.width != static_cast<std::uint32_t>(header.width) ||
        outline.height != static_cast<std::uint32_t>(header.height))
        return;
    const auto pixels = turned_pixels(decode_rows(*runs), header.width, header.height, header.orientation);
    outline.width = static_cast<std::uint32_t>(header.upright_width());
    outline.height = static_cast<std::uint32_t>(header.upright_height());
    outline.counts = encode_mask(outline.height, outline.width, pixels).counts;
    outline.compressed.reset();
}

/// Objects of one image become boxes in its pixels; what is wrong with them becomes findings.
class Settler {
  public:
    Settler(ObjectImage& image, const ImageHeader& header, const ObjectRules& rules)
        : image_(image),
          header_(header),
          rules_(rules),
          width_(header.upright_width()),
          height_(header.upright_height()) {}

    void run() {
        check_size();
        std::vector<LabelledObject> kept;
        for (auto& object : image_.objects) {
            auto& box = object.box;
            if (image_.is_relative) {
                const int w = is_stored_ ? header_.width : width_, h = is_stored_ ? header_.height : height_;
                box.left *= w;
                box.right *= w;
                box.top *= h;
                box.bottom *= h;
                for (auto& polygon : object.outline.polygons)
                    for (std::size_t i = 0; i < polygon.size(); ++i) polygon[i] *= i % 2 == 0 ? w : h;
            }
            if (is_stored_) {
                turn(box, header_);
                turn(object.outline, header_);
            }
            const bool good = settle(object);
            if (good || rules_.keeps_numbers) kept.push_back(std::move(object));
        }
        image_.objects = std::move(kept);
    }

  private:
    void note(FindingKind kind, const LabelledObject& object, std::string detail = "") {
        image_.findings.push_back({kind, below(rules_.folder, image_.label_file), object.line, std::move(detail)});
    }

    void check_size() {
        const int w = image_.stated_width, h = image_.stated_height;
        if (w <= 0 || h <= 0 || (w == width_ && h == height_)) return;
        is_stored_ = header_.is_sideways() && w == header_.width && h == header_.height;
        if (is_stored_) return;
        image_.findings.push_back({FindingKind::kSizeMismatch,
                                   below(rules_.folder, image_.label_file),
                                   0,
                                   fmt::format("{} x {}, the image is {} x {}", w, h, width_, height_),
                                   {{"label_width", w}, {"label_height", h}, {"width", width_}, {"height", height_}}});
    }

    /// Whether the object can be trained with; its box is then inside the image.
    bool settle(LabelledObject& object) {
        const auto& box = object.box;
        const auto numbers = [&] {
            return fmt::format("{:.6g}, {:.6g} to {:.6g}, {:.6g}; the image is {} x {}", box.left, box.top, box.right,
                               box.bottom, width_, height_);
        };
        if (box.right < box.left || box.bottom < box.top) {
            note(FindingKind::kBoxInverted, object, numbers());
            return false;
        }
        // Half a pixel of rounding is nothing to speak of.
        constexpr double kRounding = 0.5;
        Box cut = box;
        cut.left = std::clamp(box.left, 0.0, static_cast<double>(width_));
        cut.right = std::clamp(box.right, 0.0, static_cast<double>(width_));
        cut.top = std::clamp(box.top, 0.0, static_cast<double>(height_));
        cut.bottom = std::clamp(box.bottom, 0.0, static_cast<double>(height_));
        if (cut.width() <= 0 || cut.height() <= 0) {
            note(FindingKind::kBoxEmpty, object, numbers());
            return false;
        }
        const double out = std::max({-box.left, -box.top, box.right - width_, box.bottom - height_});
        if (out > kRounding) note(FindingKind::kBoxOutside, object, numbers());
        if (rules_.keeps_numbers) return true;
        object.box = cut;
        const auto key = std::tuple(cut.left, cut.top, cut.right, cut.bottom, object.name, object.index.value_or(-1));
        if (!seen_.insert(key).second) {
            note(FindingKind::kDuplicateBox, object);
            return false;
        }
        return true;
    }

    ObjectImage& image_;
    const ImageHeader& header_;
    const ObjectRules& rules_;
    const int width_, height_;
    bool is_stored_ = false;  ///< the numbers belong to the image as it is stored, not turned upright
    std::set<std::tuple<double, double, double, double, std::string, int>> seen_;
};

/// Whether the numbers of boxes look like another way to write them than the one they are read by.
class ReadingCheck {
  public:
    void add(const ObjectImage& image, int width, int height) {
        for (const auto& object : image.objects) {
            const auto& box = object.box;
            ++boxes_;
            const double w = box.width(), h = box.height();
            if (image.is_relative) {  // around its middle
                const double x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
                outside_ += std::min(box.left, box.top) < -0.01 || std::max(box.right, box.bottom) > 1.01;
                fits_ += w > x && h > y && w <= 1 && h <= 1;
            } else {
                outside_ += box.right > width + 0.5 || box.bottom > height + 0.5;
                fits_ += w > box.left && h > box.top && w <= width && h <= height;
            }
            const double most = std::max({box.left, box.top, box.right, box.bottom});
            fractions_ += most <= 1;
            // Half a box beyond the edge is a careless label, more is another unit.
            pixels_ += most > 2;
        }
    }
    void add(const ReadingCheck& other) {
        boxes_ += other.boxes_;
        outside_ += other.outside_;
        fits_ += other.fits_;
        fractions_ += other.fractions_;
        pixels_ += other.pixels_;
    }
    std::optional<std::string> corners() const {
        if (outside_ == 0 || fits_ < boxes_) return std::nullopt;
        return fmt::format("{} of {} boxes leave their images, all fit as corners", outside_, boxes_);
    }
    std::optional<std::string> unit(bool is_relative) const {
        if (is_relative && pixels_ > 0)
            return fmt::format(
                "{} of {} boxes have numbers above 2, which look like pixels, read as fractions of the image", pixels_,
                boxes_);
        if (!is_relative && boxes_ > 0 && fractions_ == boxes_)
            return fmt::format(
                "all of {} boxes have numbers from 0 to 1, which look like fractions of the image, read as pixels",
                boxes_);
        return std::nullopt;
    }

  private:
    std::uint64_t boxes_ = 0, outside_ = 0, fits_ = 0, fractions_ = 0, pixels_ = 0;
};

/// Numbers by their value, before names by their bytes.
bool comes_before(const std::string& a, const std::string& b) {
    const auto x = finite_number(a), y = finite_number(b);
    if (x && y) return *x < *y;
    return x.has_value() != y.has_value() ? x.has_value() : a < b;
}

/// Classes that are one to people: "Cat" and "cat ".
void report_alike(const std::vector<std::string>& names, std::vector<std::string>& warnings) {
    std::map<std::string, std::string> known;  // by letters and digits in lower case
    for (const auto& name : names) {
        std::string key;
        for (const char c : name)
            if (std::string_view(" \t_-").find(c) == std::string_view::npos)
                key += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        const auto [found, is_new] = known.emplace(key, name);
        if (!is_new && found->second != name)
            warnings.push_back(fmt::format("Two classes have nearly one name: \"{}\" and \"{}\"", found->second, name));
    }
}

struct Settled {
    ObjectImage image;
    int width = 0, height = 0;
    bool is_there = false;
    ReadingCheck reading;
    Status status;
};

}  // namespace

Box bounds_of(const std::vector<double>& points) {
    Box box{points[0], points[1], points[0], points[1]};
    for (std::size_t i = 0; i + 1 < points.size(); i += 2) {
        box.left = std::min(box.left, points[i]);
        box.right = std::max(box.right, points[i]);
        box.top = std::min(box.top, points[i + 1]);
        box.bottom = std::max(box.bottom, points[i + 1]);
    }
    return box;
}

std::optional<double> finite_number(std::string_view text, bool comma) {
    while (!text.empty() && std::string_view(" \t\r\n").find(text.front()) != std::string_view::npos)
        text.remove_prefix(1);
    while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
        text.remove_suffix(1);
    std::string copy;
    if (comma && text.find(',') != std::string_view::npos) {
        copy = text;
        std::ranges::replace(copy, ',', '.');
        text = copy;
    }
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || stop != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

Result<ImageHeader> header_of(const std::string& path, const ReadableRoots& roots, const SourceContext& context) {
    DIGITS_ASSIGN(const auto file, RegularFile::open(path, roots));
    std::string bytes(kHeaderBytes, '\0');
    const auto n = ::pread(file.fd(), bytes.data(), bytes.size(), 0);
    if (n < 0) return fail(errno_error("cannot read " + path, errno));
    bytes.resize(static_cast<std::size_t>(n));
    if (const auto header = read_image_header(bytes)) return *header;
    DIGITS_ASSIGN(const auto whole, file.read(path, kMostImageBytes));
    if (const auto header = read_image_header(whole)) return *header;
    DIGITS_ASSIGN(const auto decoded, context.decode(whole, context.decoding));
    return ImageHeader{decoded.image.width, decoded.image.height, 1};
}

Result<std::unique_ptr<ObjectFiles>> ObjectFiles::open(std::uint64_t count,
                                                       const std::function<Result<ObjectImage>(std::uint64_t)>& make,
                                                       const ObjectRules& rules, SourceFacts facts,
                                                       const SourceContext& context, ScanGuard& guard) {
    std::unique_ptr<ObjectFiles> source(new ObjectFiles(context));
    source->has_masks_ = context.task == "segmentation";
    source->pad_width_ = rules.pad_width;
    source->pad_height_ = rules.pad_height;
    const ReadableRoots roots(context.roots);
    auto& findings = facts.findings;
    const auto image_name = [&](const std::string& path) {
        const bool is_val = !rules.val_images.empty() && path.starts_with(rules.val_images);
        return below(is_val ? rules.val_images : rules.images.empty() ? rules.folder : rules.images, path);
    };

    std::map<std::string, int> numbers;  // of class names; those of `rules` first
    std::vector<std::string> names;
    const auto number_of = [&](const std::string& name) {
        const auto [found, is_new] = numbers.emplace(name, static_cast<int>(names.size()));
        if (is_new) names.push_back(name);
        return found->second;
    };
    // A name that comes twice keeps both numbers: a class number means its place.
    for (const auto& name : rules.classes) {
        numbers.emplace(name, static_cast<int>(names.size()));
        names.push_back(name);
    }

    const auto settle = [&](int, std::uint64_t i) {
        Settled settled;
        auto made = guarded("read a label", [&] { return make(i); });
        if (!made) {
            settled.status = fail(std::move(made).error());
            return settled;
        }
        settled.image = std::move(*made);
        auto& image = settled.image;
        if (image.path.empty()) return settled;
        const auto header = guarded("read an image", [&] { return header_of(image.path, roots, context); });
        if (!header && header.error().code == ErrorCode::kPermissionDenied) {
            settled.status = fail(header.error());
            return settled;
        }
        if (!header && header.error().code == ErrorCode::kNotFound) {
            image.findings.push_back({FindingKind::kMissingImage, image_name(image.path), 0, ""});
            return settled;
        }
        settled.is_there = true;
        if (!header) return settled;  // the creation lists it as unreadable
        settled.width = header->upright_width();
        settled.height = header->upright_height();
        settled.reading.add(image, settled.width, settled.height);
        Settler(image, *header, rules).run();
        return settled;
    };
    struct Named {
        Entry entry;
        std::optional<Split> split;
        std::string stated_name;
        bool is_guessed = false;
    };
    std::vector<Named> all;
    std::map<std::string, std::vector<std::size_t>> places;  // in `all`, by path
    ReadingCheck reading;
    bool has_splits = false, is_relative = false;
    // Files that label files mean: a second label of an image is added to the first.
    const auto is_repeated = [&](const Named& named, const std::string& label_file) {
        auto& of_path = places[named.entry.path];
        const auto same_split = std::ranges::find_if(of_path, [&](std::size_t place) {
            return !named.split || !all[place].split || all[place].split == named.split;
        });
        if (same_split == of_path.end()) {
            // Who lists an image for training and for validation has it in both.
            if (!of_path.empty())
                findings.add(
                    {FindingKind::kRepeatedImage, image_name(named.entry.path), 0,
                     fmt::format("{} and {}", enum_name(*all[of_path.front()].split), enum_name(*named.split))});
            of_path.push_back(all.size());
            return false;
        }
        auto& known = all[*same_split];
        const auto missing = [&](const std::string& name) { findings.add({FindingKind::kMissingImage, name, 0, ""}); };
        if (named.is_guessed != known.is_guessed) {
            // Of two names that mean one file, one is its own: the other's file is not there.
            missing(named.is_guessed ? named.stated_name : known.stated_name);
            if (known.is_guessed) known = named;
            return true;
        }
        findings.add(
            {FindingKind::kRepeatedImage, image_name(named.entry.path), 0, std::string(last_part(label_file))});
        for (const auto& box : named.entry.boxes)
            if (std::ranges::find(known.entry.boxes, box) == known.entry.boxes.end()) known.entry.boxes.push_back(box);
        known.entry.outlines.insert(known.entry.outlines.end(), named.entry.outlines.begin(),
                                    named.entry.outlines.end());
        return true;
    };
    const auto keep = [&](std::uint64_t, Settled settled) -> Status {
        DIGITS_TRY(settled.status);
        auto& image = settled.image;
        for (auto& finding : image.findings) findings.add(std::move(finding));
        if (!settled.is_there) return {};
        reading.add(settled.reading);
        is_relative = image.is_relative;
        Named named{{image.path, settled.width, settled.height, {}, {}, {}, {}},
                    image.split,
                    image.stated_name,
                    image.is_guessed};
        has_splits = has_splits || image.split.has_value();
        for (auto& object : image.objects) {
            if (!rules.keeps_numbers && !is_utf8(object.name)) {
                findings.add({FindingKind::kBadRow, below(rules.folder, image.label_file), object.line,
                              "the name of a class that is not UTF-8"});
                continue;
            }
            int label = -1;
            if (rules.number_of) {
                ++facts.classes_found[object.name];
                label = rules.number_of(object.name);
                if (!rules.knows(object.name))
                    findings.add(
                        {FindingKind::kUnknownClass, below(rules.folder, image.label_file), object.line, object.name});
            } else if (object.index) {
                label = *object.index;
                ++facts.class_numbers[label];
                if (label < 0 || static_cast<std::size_t>(label) >= rules.classes.size() ||
                    names[static_cast<std::size_t>(label)].empty()) {
                    findings.add({FindingKind::kClassOutOfRange,
                                  below(rules.folder, image.label_file),
                                  object.line,
                                  fmt::format("{}; class numbers must be 0 to {}", label, rules.classes.size() - 1),
                                  {{"class", label}}});
                    continue;
                }
                ++facts.classes_found[names[static_cast<std::size_t>(label)]];
            } else {
                ++facts.classes_found[object.name];
                if (rules.drops_unknown && !numbers.contains(object.name)) {
                    findings.add(
                        {FindingKind::kUnknownClass, below(rules.folder, image.label_file), object.line, object.name});
                    continue;
                }
                label = number_of(object.name);
            }
            object.box.label = label;
            if (source->has_masks_) {
                if (!object.outline.empty()) named.entry.outlines.emplace_back(label, std::move(object.outline));
            }
            named.entry.boxes.push_back(object.box);
        }
        if (source->has_masks_ && !image.panoptic.path.empty()) {
            named.entry.panoptic = image.panoptic.path;
            for (const auto& [number, name] : image.panoptic.segments) named.entry.segments[number] = number_of(name);
        }
        if (is_repeated(named, image.label_file)) return {};
        if (!image.has_label && !rules.keeps_numbers)
            findings.add({FindingKind::kMissingLabel, image_name(image.path), 0, ""});
        all.push_back(std::move(named));
        guard.add_image();
        return {};
    };
    DIGITS_TRY(run_ordered<Settled>(count, {thread_count(0), kBlock, 16}, settle, keep));

    // Classes that were found come in the order of their names.
    const auto fixed = rules.classes.size();
    std::vector<int> order(names.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(fixed), order.end(), [&](int a, int b) {
        return comes_before(names[static_cast<std::size_t>(a)], names[static_cast<std::size_t>(b)]);
    });
    std::vector<int> renamed(names.size());
    for (std::size_t i = 0; i < order.size(); ++i) renamed[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    if (!rules.number_of) {
        for (const int i : order) facts.labels.push_back(names[static_cast<std::size_t>(i)]);
        facts.labels_are_found = rules.classes.empty();
        for (auto& named : all) {
            for (auto& box : named.entry.boxes) box.label = renamed[static_cast<std::size_t>(box.label)];
            for (auto& [label, outline] : named.entry.outlines) label = renamed[static_cast<std::size_t>(label)];
            for (auto& [number, label] : named.entry.segments) label = renamed[static_cast<std::size_t>(label)];
        }
    }
    if (!rules.number_of) report_alike(facts.labels, facts.warnings);
    facts.target = source->has_masks_ ? TargetKind::kMask : TargetKind::kBoxes;
    if (source->has_masks_) {
        facts.labels.insert(facts.labels.begin(), "background");
        if (facts.palette.empty()) facts.palette = class_colors(facts.labels.size());
    }

    SplitMix64 random(context.seed);
    std::vector<Entry> dealt;
    for (auto& named : all) {
        if (has_splits) {
            if (named.split)
                source->splits_[static_cast<std::size_t>(*named.split)].push_back(std::move(named.entry));
            else
                findings.add({FindingKind::kUnlistedImage, image_name(named.entry.path), 0, ""});
        } else {
            dealt.push_back(std::move(named.entry));
        }
    }
    auto& train = source->splits_[0];
    // Without a validation list of its own, a share of the training images is it.
    if (has_splits && source->splits_[1].empty() && rules.percent_val > 0) {
        dealt = std::move(train);
        train.clear();
    }
    if (!dealt.empty()) {
        if (rules.percent_val > 0 || rules.percent_test > 0) shuffle(std::span(dealt), random);
        const bool tests = source->splits_[2].empty();
        const auto sizes = split_sizes(dealt.size(), rules.percent_val, tests ? rules.percent_test : 0);
        for (std::size_t i = 0; i < dealt.size(); ++i)
            source->splits_[i < sizes.train ? 0 : i < sizes.train + sizes.val ? 1 : 2].push_back(std::move(dealt[i]));
    }
    if (rules.least_val_size > 0)
        for (auto& entry : source->splits_[1])
            for (auto& box : entry.boxes) {
                if (box.width() >= rules.least_val_size && box.height() >= rules.least_val_size) continue;
                if (box.label != 0)
                    findings.add({FindingKind::kBelowMinimum, image_name(entry.path), 0,
                                  fmt::format("{:.6g} x {:.6g}", box.width(), box.height())});
                box.label = 0;
            }
    if (const auto corners = reading.corners(); corners && rules.may_be_corners)
        findings.add({FindingKind::kCornerBoxes, "", 0, *corners});
    if (const auto unit = reading.unit(is_relative)) findings.add({FindingKind::kOddUnits, "", 0, *unit});
    const auto images = source->splits_[0].size() + source->splits_[1].size() + source->splits_[2].size();
    source->facts_ = std::move(facts);
    auto& told = source->facts_;
    if (told.findings.count(FindingKind::kClassOutOfRange) > 0 && !told.class_numbers.contains(0))
        told.warnings.push_back(
            "No label has the class number 0: the classes seem to be numbered from 1; number them from 0");
    for (auto& sentence : told.findings.sentences(FindingWeight::kWarning))
        told.warnings.push_back(std::move(sentence));
    for (auto& sentence : told.findings.sentences(FindingWeight::kError))
        (rules.skips_bad ? told.warnings : told.errors).push_back(std::move(sentence));
    if (images == 0)
        return fail(with_causes(make_error(ErrorCode::kNotFound, "no labelled image is there").at(rules.folder), told,
                                context));
    if (!told.errors.empty() && !context.dry_run)
        return fail(with_causes(make_error(ErrorCode::kInvalidArgument, "{}", told.errors.front())
                                    .at(rules.folder)
                                    .advise("correct the labels, or choose to skip them"),
                                told, context));
    return source;
}

Target ObjectFiles::target(Split split, std::size_t index) const {
    if (has_masks_) return {};
    return Boxes{images(split)[index].boxes};
}

Result<Mask> ObjectFiles::panoptic_mask(const Entry& entry, int width, int height) const {
    DIGITS_ASSIGN(const auto bytes, read_named_file(entry.panoptic, kMostImageBytes, roots_));
    DIGITS_ASSIGN(const auto image, decode_labels_(bytes, {}));
    if (image.width != width || image.height != height)
        return fail(ErrorCode::kInvalidArgument, "the mask is {} x {}, its image is {} x {}", image.width, image.height,
                    width, height);
    Mask mask{width, height, {}};
    for (const auto color : image.values) {
        const auto number = (color >> 16 & 255) | (color & 0xff00) | (color & 255) << 16;
        const auto found = entry.segments.find(number);
        mask.ids.push_back(static_cast<std::uint16_t>(found == entry.segments.end() ? 0 : found->second + 1));
    }
    return mask;
}

Result<Mask> ObjectFiles::mask_of(const Entry& entry, int width, int height) const {
    return entry.panoptic.empty() ? paint_mask(entry.outlines, width, height) : panoptic_mask(entry, width, height);
}

Result<Sample> ObjectFiles::get(Split split, std::size_t index) const {
    const auto& entry = images(split)[index];
    DIGITS_ASSIGN(auto sample, images_.read({entry.path}, target(split, index)));
    auto& image = sample.images.front();
    if (has_masks_) {
        auto mask = mask_of(entry, image.width, image.height);
        if (!mask) return fail(std::move(mask).error().at(entry.path));
        sample.target = std::move(*mask);
    }
    if (pad_width_ > 0) {
        DIGITS_ASSIGN(image, pad_with_black(std::move(image), pad_width_, pad_height_));
    }
    return sample;
}

}  // namespace digits
