#include "data/reports/dataset_report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "data/guard.hpp"
#include "data/image_findings.hpp"
#include "data/open_source.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/prepare_image.hpp"
#include "data/records/record_sink.hpp"
#include "data/reports/duplicates.hpp"
#include "data/sample_channels.hpp"

namespace digits {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostNamed = 100;
constexpr std::size_t kMostGroups = 20;
constexpr std::size_t kMostInGroup = 4;
constexpr double kUneven = 2, kVeryUneven = 10;
/// Writing, the mean and the lists, beside reading and packing.
constexpr double kOtherWork = 1.2;

struct Probe {
    std::string problem;
    std::size_t bytes = 0;
    std::vector<ImageFacts> facts;
    int width = 0, height = 0;  ///< before it is resized
    int channels = 0;           ///< channels_of()
};

struct Place {
    Split split;
    std::uint32_t index;
};

/// Reads and packs a sample as the creation would.
Probe probe(const DatasetSpec& spec, const SampleSource& source, Place place) {
    Probe found;
    const auto record = guarded("read it", [&]() -> Result<PackedRecord> {
        DIGITS_ASSIGN(auto sample, source.get(place.split, place.index));
        found.facts = std::move(sample.facts);
        found.channels = channels_of(sample);
        auto& image = sample.images.front();
        found.width = image.width;
        found.height = image.height;
        return pack_record(prepare_image(std::move(image), spec.image, 0), 0, spec.storage);
    });
    if (record)
        found.bytes = record->bytes.size();
    else
        found.problem = record.error().message;
    return found;
}

/// Which classes have no readable training image: the creation leaves them out.
class ClassTally {
  public:
    explicit ClassTally(const SampleSource& source)
        : source_(source),
          readable_(source.facts().labels.size()),
          samples_(samples_per_class(source, Split::kTrain)) {}

    void add_readable(Split split, std::size_t index) {
        if (split != Split::kTrain || readable_.empty()) return;
        const auto target = source_.target(split, index);
        if (const auto* label = std::get_if<ClassLabel>(&target))
            readable_[static_cast<std::size_t>(label->index)] = true;
    }
    /// Once all samples are read.
    std::vector<std::string> unreadable() const {
        std::vector<std::string> names;
        const auto& facts = source_.facts();
        if (facts.target != TargetKind::kClass) return names;
        for (std::size_t i = 0; facts.labels_are_found && i < samples_.size(); ++i)
            if (samples_[i] > 0 && !readable_[i]) names.push_back(facts.labels[i]);
        return names;
    }

  private:
    const SampleSource& source_;
    std::vector<bool> readable_;
    std::vector<std::uint64_t> samples_;
};

json depth_json(const ImageFindings& findings) {
    const auto& depth = findings.depth;
    if (depth.images == 0) return nullptr;
    return {{"images", depth.images}, {"dark", depth.dark},       {"bits", depth.bits},
            {"lowest", depth.lowest}, {"highest", depth.highest}, {"suggested", findings.suggested_range()}};
}

/// The lower of the two in the middle.
int median(std::vector<int> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

/// In mixed order, so that any part of the samples speaks for all.
json check_images(const DatasetSpec& spec, const SampleSource& source, Clock::time_point until) {
    std::vector<Place> all;
    for (const Split split : kSplits)
        for (std::uint32_t i = 0; i < source.size(split); ++i) all.push_back({split, i});
    SplitMix64 random(spec.seed);
    shuffle(std::span(all), random);

    const auto make = [&](int, std::uint64_t i) { return probe(spec, source, all[i]); };
    std::uint64_t checked = 0, unreadable = 0;
    double bytes = 0;
    std::vector<int> widths, heights;
    int channels = 0;
    json named = json::array();
    ImageFindings findings;
    ClassTally classes(source);
    const auto consume = [&](std::uint64_t i, Probe probe) -> Status {
        ++checked;
        bytes += static_cast<double>(probe.bytes);
        if (probe.problem.empty()) {
            for (const auto& image : probe.facts)
                findings.add(image, spec.image.is_deep() || !spec.image.value_range.empty());
            classes.add_readable(all[i].split, all[i].index);
            widths.push_back(probe.width);
            heights.push_back(probe.height);
            channels = std::max(channels, probe.channels);
        }
        if (!probe.problem.empty() && ++unreadable <= kMostNamed)
            named.push_back({{"path", source.name(all[i].split, all[i].index).text()},
                             {"split", enum_name(all[i].split)},
                             {"reason", std::move(probe.problem)}});
        if (Clock::now() > until) return fail(ErrorCode::kCancelled, "the time is over");
        return {};
    };
    const auto start = Clock::now();
    (void)run_ordered<Probe>(all.size(), {thread_count(spec.threads), 2, 8}, make, consume);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const double readable = static_cast<double>(checked - unreadable);
    const double samples_bytes = spec.storage.backend == DatasetBackend::kHdf5 ? sizeof(float) : 1;
    const auto total = static_cast<double>(all.size());
    const double share = checked > 0 ? total / static_cast<double>(checked) : 0;
    return {{"checked", checked},
            {"all", checked == all.size()},
            {"unreadable", {{"count", unreadable}, {"images", std::move(named)}}},
            {"unreadable_classes", checked == all.size() ? json(classes.unreadable()) : json::array()},
            {"turned", findings.turned},
            {"depth", depth_json(findings)},
            {"median_size", widths.empty() ? json() : json{{"width", median(widths)}, {"height", median(heights)}}},
            {"channels", channels == 0 ? json() : json(channels)},
            {"bytes", readable > 0 ? json(bytes * samples_bytes * share) : json()},
            {"seconds", checked > 0 ? json(seconds * share * kOtherWork) : json()}};
}

json imbalance(const SampleSource& source) {
    if (source.facts().labels.empty()) return {{"ratio", nullptr}, {"verdict", "no_classes"}};
    const auto counts = samples_per_class(source, Split::kTrain);
    auto empty = json::array();
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] == 0) empty.push_back(source.facts().labels[i]);
    if (counts.empty() || !empty.empty())
        return {{"ratio", nullptr}, {"verdict", "empty_class"}, {"empty_classes", std::move(empty)}};
    const auto [least, most] = std::ranges::minmax_element(counts);
    const double ratio = static_cast<double>(*most) / static_cast<double>(*least);
    return {{"ratio", ratio}, {"verdict", ratio < kUneven ? "even" : ratio < kVeryUneven ? "uneven" : "very_uneven"}};
}

json duplicates(const SampleSource& source, Clock::time_point until) {
    const auto found = find_duplicates(source, until);
    std::uint64_t images = 0, across = 0, contradicting = 0;
    // What harms most first: an image that is trained and tested with, or that has two labels.
    std::vector<const DuplicateGroup*> order;
    for (const auto& group : found.groups) {
        order.push_back(&group);
        images += group.members.size();
        across += group.crosses_splits() ? 1 : 0;
        contradicting += group.has_two_targets() ? 1 : 0;
    }
    std::ranges::stable_sort(order, std::greater(), [](const DuplicateGroup* group) {
        return (group->has_two_targets() ? 2 : 0) + (group->crosses_splits() ? 1 : 0);
    });
    json examples = json::array();
    for (std::size_t i = 0; i < std::min(order.size(), kMostGroups); ++i) {
        json members = json::array();
        for (std::size_t k = 0; k < std::min(order[i]->members.size(), kMostInGroup); ++k) {
            const auto& member = order[i]->members[k];
            members.push_back({{"path", member.name},
                               {"split", enum_name(member.split)},
                               {"label", target_text(member.target, source.facts().labels)}});
        }
        examples.push_back(std::move(members));
    }
    return {{"compared", found.compared},     {"all", found.complete},
            {"groups", found.groups.size()},  {"images", images},
            {"across_splits", across},        {"contradicting", contradicting},
            {"examples", std::move(examples)}};
}

}  // namespace

Result<json> report_dataset(const DatasetSpec& spec, std::chrono::milliseconds budget, const ScanLimits& limits) {
    return guarded("look at the images", [&]() -> Result<json> {
        DIGITS_ASSIGN(const auto source, open_source(spec, limits, {}, nullptr, true));
        auto report = check_images(spec, *source, Clock::now() + budget * 2 / 3);
        report["imbalance"] = imbalance(*source);
        report["duplicates"] = duplicates(*source, Clock::now() + budget / 3);
        return report;
    });
}

}  // namespace digits
