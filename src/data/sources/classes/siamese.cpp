#include "data/sources/classes/siamese.hpp"

#include <array>
#include <charconv>

#include "base/random.hpp"
#include "base/safe_path.hpp"
#include "base/text.hpp"
#include "data/sources/class_split.hpp"
#include "data/sources/files/delimited.hpp"
#include "data/sources/files/image_files.hpp"
#include "data/sources/files/loose_name.hpp"
#include "data/sources/files/walk.hpp"
#include "data/sources/left_out.hpp"
#include "data/sources/source_binding.hpp"
#include "data/sources/split_fields.hpp"

namespace digits {

template <>
struct JsonBinding<SiameseOptions> {
    static constexpr const char* kSchema = "SiameseSource";
    static Fields fields() {
        using O = SiameseOptions;
        return {json_field("path", &O::path)
                    .label("Class folders")
                    .help("Folder with one subfolder per class; two images of a class are similar, others are not")
                    .key("field.siamese_folder")
                    .cli("siamese")
                    .path(PlaceKind::kFolder),
                json_field("pairs", &O::pairs)
                    .label("List of pairs")
                    .help("Instead of folders: a text file with two paths and 1 (similar) or 0 on each line")
                    .key("field.siamese_pairs")
                    .cli("siamese-pairs")
                    .path(PlaceKind::kFile),
                list_root_field<O>(),
                json_field("per_image", &O::per_image)
                    .label("Pairs per image")
                    .help("Of class folders: how many pairs begin with each image; half of them are similar")
                    .key("field.siamese_per_image")
                    .cli("siamese-per-image")
                    .range(1, 1000),
                percent_val_field<O>(),
                percent_test_field<O>()};
    }
};

Status SiameseOptions::validate(const std::string& where) const {
    if (path.empty() == pairs.empty())
        return wrong_source(where, "path", "Give either class folders or a list of pairs");
    return check_shares(*this, where);
}
std::vector<SourcePlace> SiameseOptions::places() const {
    return {{"path", path, true, false}, {"pairs", pairs, false, false}, {"root", root, true, false}};
}
std::vector<Split> SiameseOptions::splits() const { return splits_of(percent_val > 0, percent_test > 0); }

namespace {

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

struct ImagePair {
    std::string first, second;
    bool is_similar = false;
};

struct ClassedFile {
    std::string path;
    std::size_t label = 0;
};

class Siamese final : public SampleSource {
  public:
    static Result<std::unique_ptr<SampleSource>> open(const SiameseOptions& options, const SourceContext& context) {
        ScanGuard guard(context.limits, context.found);
        DIGITS_TRY(guard.check());
        std::unique_ptr<Siamese> source(new Siamese(context));
        source->facts_.labels = {"dissimilar", "similar"};
        DIGITS_TRY(options.path.empty() ? source->read_list(options, context, guard)
                                        : source->make_pairs(options, context, guard));
        return source;
    }

    const SourceFacts& facts() const override { return facts_; }
    std::size_t size(Split split) const override { return pairs(split).size(); }
    /// Two images.
    Result<Sample> get(Split split, std::size_t index) const override {
        const auto& pair = pairs(split)[index];
        auto sample = images_.read({pair.first}, target(split, index));
        auto second = images_.read({pair.second});
        const auto its_name = name(split, index).text();
        for (auto* one : {&sample, &second})
            if (!*one) return fail(std::move(*one).error().at(its_name));
        sample->images.push_back(std::move(second->images.front()));
        sample->facts.push_back(second->facts.front());
        sample->name = its_name;
        return sample;
    }
    /// The first image alone.
    static Result<Sample> example(const SiameseOptions& options, const SourceContext& context) {
        DIGITS_ASSIGN(const auto source, open(options, context));
        DIGITS_ASSIGN(auto sample, source->get(Split::kTrain, 0));
        sample.images.resize(1);
        sample.facts.resize(1);
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override {
        const auto& pair = pairs(split)[index];
        // The second without the folder that it shares with the first.
        const auto folder = pair.first.substr(0, pair.first.rfind('/') + 1);
        return {pair.first + '|' + pair.second.substr(pair.second.starts_with(folder) ? folder.size() : 0)};
    }
    Target target(Split split, std::size_t index) const override {
        return ClassLabel{pairs(split)[index].is_similar ? 1 : 0};
    }

  private:
    explicit Siamese(const SourceContext& context) : images_(context) {}
    const std::vector<ImagePair>& pairs(Split split) const { return splits_[static_cast<std::size_t>(split)]; }

    /// No image is in two splits: images are first dealt to splits, then paired within each.
    Status make_pairs(const SiameseOptions& options, const SourceContext& context, ScanGuard& guard) {
        DIGITS_TRY(check_folder(options.path, "/source/path"));
        DIGITS_ASSIGN(auto scan, scan_folder(options.path, ReadableRoots(context.roots), guard));
        facts_.warnings = std::move(scan.warnings);
        facts_.unsupported = std::move(scan.unsupported);
        std::array<std::vector<ClassedFile>, 3> files;
        for (std::size_t label = 0; label < scan.classes.size(); ++label) {
            auto& all = scan.classes[label].files;
            SplitMix64 random(context.seed, label);
            shuffle(std::span(all), random);
            const auto sizes = split_sizes(all.size(), options.percent_val, options.percent_test);
            for (std::size_t i = 0; i < all.size(); ++i)
                files[i < sizes.train ? 0 : i < sizes.train + sizes.val ? 1 : 2].push_back({std::move(all[i]), label});
        }
        for (std::size_t split = 0; split < files.size(); ++split)
            pair_up(files[split], scan.classes.size(), options.per_image, context.seed + split, splits_[split]);
        if (!splits_[0].empty()) return {};
        return fail(
            with_causes(make_error(ErrorCode::kInvalidArgument,
                                   "no pairs can be made; at least two folders with two or more images each are needed")
                            .at(options.path),
                        facts_, context));
    }

    static void pair_up(const std::vector<ClassedFile>& files, std::size_t classes, int per_image, std::uint64_t seed,
                        std::vector<ImagePair>& pairs) {
        std::vector<std::vector<std::size_t>> by_class(classes);
        for (std::size_t i = 0; i < files.size(); ++i) by_class[files[i].label].push_back(i);
        SplitMix64 random(seed, std::uint64_t{1} << 40);
        for (std::size_t i = 0; i < files.size(); ++i)
            for (int n = 0; n < per_image; ++n) {
                // Odd numbers of pairs have the similar one more by turns.
                const bool is_similar = (static_cast<std::size_t>(n) + i) % 2 == 0;
                const auto& own = by_class[files[i].label];
                std::size_t other = i;
                if (is_similar && own.size() > 1) {
                    while (other == i) other = own[random.below(own.size())];
                } else if (!is_similar && own.size() < files.size()) {
                    while (files[other].label == files[i].label) other = random.below(files.size());
                }
                if (other != i) pairs.push_back({files[i].path, files[other].path, is_similar});
            }
    }

    Status read_list(const SiameseOptions& options, const SourceContext& context, ScanGuard& guard) {
        if (!options.root.empty()) DIGITS_TRY(check_folder(options.root, "/source/root"));
        DIGITS_ASSIGN(const auto text, read_text_file(options.pairs, kMostBytes, ReadableRoots(context.roots)));
        AllowedRoots allowed(context.roots);
        LineWarnings left_out(options.pairs);
        std::vector<ImagePair> all;
        DelimitedText lines(text);
        for (DelimitedLine line; lines.next(line);) {
            DIGITS_TRY(guard.add_entry());
            auto fields = line.fields;
            if (fields.size() == 1) fields = words_of(fields[0]);
            if (fields.size() != 3 || (fields[2] != "0" && fields[2] != "1")) {
                // A header need not be told of.
                if (!all.empty() || fields.size() != 3)
                    left_out.add(line.number, "a line must have two paths, and 1 for similar or 0 for not similar");
                continue;
            }
            ImagePair pair{listed_path(options.root, fields[0], options.pairs),
                           listed_path(options.root, fields[1], options.pairs), fields[2] == "1"};
            for (const auto* path : {&pair.first, &pair.second})
                if (const auto inside = allowed.check(*path); !inside)
                    return fail(Error(inside.error()).at(fmt::format("{}:{}", options.pairs, line.number)));
            all.push_back(std::move(pair));
            guard.add_image();
        }
        facts_.warnings = left_out.finish();
        if (all.empty())
            return fail(with_causes(
                make_error(
                    ErrorCode::kInvalidArgument,
                    "the list has no valid line; give each line two paths, and 1 for similar or 0 for not similar")
                    .at(options.pairs),
                facts_, context));
        SplitMix64 random(context.seed);
        shuffle(std::span(all), random);
        const auto sizes = split_sizes(all.size(), options.percent_val, options.percent_test);
        for (std::size_t i = 0; i < all.size(); ++i)
            splits_[i < sizes.train ? 0 : i < sizes.train + sizes.val ? 1 : 2].push_back(std::move(all[i]));
        return {};
    }

    /// With spaces between, of which paths then have none.
    static std::vector<std::string> words_of(std::string_view line) {
        std::vector<std::string> words;
        bool inside = false;
        for (const char c : line) {
            const bool space = c == ' ' || c == '\t';
            if (!space && !inside) words.emplace_back();
            if (!space) words.back() += c;
            inside = !space;
        }
        return words;
    }

    SourceFacts facts_;
    std::array<std::vector<ImagePair>, 3> splits_;
    ImageReader images_;
};

}  // namespace

const SourceKind kSiamese = source_kind<SiameseOptions, Siamese>(
    "siamese", "Pairs for siamese networks", "Two images in one record, and whether they are similar", {"regression"});

}  // namespace digits
