#include "data/readable_classes.hpp"

#include <array>
#include <numeric>
#include <optional>

#include "data/guard.hpp"
#include "data/ordered_pipeline.hpp"

namespace digits {
namespace {

/// The class of a training sample; none: its target is not a class.
std::optional<std::size_t> class_of(const SampleSource& source, std::size_t index) {
    const auto target = source.target(Split::kTrain, index);
    const auto* label = std::get_if<ClassLabel>(&target);
    return label ? std::optional(static_cast<std::size_t>(label->index)) : std::nullopt;
}

/// Some training sample of each class; none where there is none. Goes over the samples in large steps: those of a class
/// are often side by side, and a few steps then meet every class.
std::vector<std::optional<std::size_t>> one_of_each_class(const SampleSource& source) {
    std::vector<std::optional<std::size_t>> found(source.facts().labels.size());
    const auto count = source.size(Split::kTrain);
    std::size_t step = count / (found.size() * 2 + 1) + 1;
    while (std::gcd(step, count) > 1) ++step;
    std::size_t missing = found.size();
    for (std::size_t i = 0, index = 0; i < count && missing > 0; ++i, index = (index + step) % count) {
        const auto label = class_of(source, index);
        if (!label || found[*label]) continue;
        found[*label] = index;
        --missing;
    }
    return found;
}

/// The training samples of a class.
std::vector<std::size_t> samples_of(const SampleSource& source, std::size_t label) {
    std::vector<std::size_t> samples;
    for (std::size_t i = 0; i < source.size(Split::kTrain); ++i)
        if (class_of(source, i) == label) samples.push_back(i);
    return samples;
}

struct Probed {
    bool is_readable = false;
    std::vector<UnreadableSample> unreadable;
};

/// What is wrong with a sample, if anything.
std::optional<UnreadableSample> problem_of(const SampleSource& source, std::size_t index) {
    const auto sample = guarded("read it", [&] { return source.get(Split::kTrain, index); });
    if (sample) return std::nullopt;
    return UnreadableSample{Split::kTrain, source.name(Split::kTrain, index).text(), sample.error().message};
}

Probed probe(const SampleSource& source, std::size_t label, std::size_t first, const std::function<bool()>& cancelled) {
    const auto of_first = problem_of(source, first);
    Probed probed{.is_readable = !of_first};
    if (probed.is_readable) return probed;
    for (const auto index : samples_of(source, label)) {
        if (cancelled && cancelled()) return probed;
        auto problem = index == first ? of_first : problem_of(source, index);
        probed.is_readable = !problem;
        if (probed.is_readable) return probed;
        probed.unreadable.push_back(std::move(*problem));
    }
    return probed;
}

/// Another source without some of its classes; those that remain get new numbers.
class ClassSubset final : public SampleSource {
  public:
    ClassSubset(std::unique_ptr<const SampleSource> whole, const std::vector<bool>& keeps)
        : whole_(std::move(whole)), facts_(whole_->facts()), numbers_(keeps.size(), -1) {
        facts_.labels.clear();
        for (std::size_t i = 0; i < keeps.size(); ++i) {
            if (!keeps[i]) continue;
            numbers_[i] = static_cast<int>(facts_.labels.size());
            facts_.labels.push_back(whole_->facts().labels[i]);
        }
        for (const Split split : kSplits)
            for (std::size_t i = 0; i < whole_->size(split); ++i)
                if (number(whole_->target(split, i)) >= 0) samples_[static_cast<std::size_t>(split)].push_back(i);
    }

    const SourceFacts& facts() const override { return facts_; }
    SourceFacts& facts() { return facts_; }
    std::size_t size(Split split) const override { return samples_[static_cast<std::size_t>(split)].size(); }
    Result<Sample> get(Split split, std::size_t index) const override {
        DIGITS_ASSIGN(auto sample, whole_->get(split, place(split, index)));
        sample.target = ClassLabel{number(sample.target)};
        return sample;
    }
    SampleName name(Split split, std::size_t index) const override { return whole_->name(split, place(split, index)); }
    Target target(Split split, std::size_t index) const override {
        return ClassLabel{number(whole_->target(split, place(split, index)))};
    }
    bool waits_for_others() const override { return whole_->waits_for_others(); }

  private:
    std::size_t place(Split split, std::size_t index) const { return samples_[static_cast<std::size_t>(split)][index]; }
    int number(const Target& target) const {
        const auto* label = std::get_if<ClassLabel>(&target);
        return label ? numbers_[static_cast<std::size_t>(label->index)] : -1;
    }

    std::unique_ptr<const SampleSource> whole_;
    SourceFacts facts_;
    std::vector<int> numbers_;                         ///< of the classes of `whole_`; -1: left out
    std::array<std::vector<std::size_t>, 3> samples_;  ///< by Split
};

}  // namespace

Result<ReadableClasses> keep_readable_classes(std::unique_ptr<const SampleSource> source, int threads,
                                              const std::function<bool()>& cancelled) {
    const auto& facts = source->facts();
    if (!facts.labels_are_found || facts.target != TargetKind::kClass) return ReadableClasses{std::move(source), {}};
    const auto firsts = one_of_each_class(*source);
    std::vector<bool> keeps(firsts.size(), true);
    ReadableClasses result;
    std::vector<std::string> warnings;
    const auto look = [&](int, std::uint64_t i) {
        return firsts[i] ? probe(*source, i, *firsts[i], cancelled) : Probed{.is_readable = true};
    };
    const auto note = [&](std::uint64_t i, Probed probed) -> Status {
        if (cancelled && cancelled()) return fail(ErrorCode::kCancelled, "stopped while reading the first images");
        if (probed.is_readable) return {};
        keeps[i] = false;
        warnings.push_back(fmt::format("class \"{}\" is left out: none of its {} can be read; the first: {}: {}",
                                       facts.labels[i], count_of(probed.unreadable.size(), "training image"),
                                       probed.unreadable.front().name, probed.unreadable.front().reason));
        result.left_out.insert(result.left_out.end(), std::make_move_iterator(probed.unreadable.begin()),
                               std::make_move_iterator(probed.unreadable.end()));
        return {};
    };
    DIGITS_TRY(run_ordered<Probed>(firsts.size(), {threads, 1, 64}, look, note));
    const auto kept = static_cast<std::size_t>(std::ranges::count(keeps, true));
    if (kept == keeps.size() || kept == 0) return ReadableClasses{std::move(source), {}};
    if (kept == 1)
        return fail(ErrorCode::kDataLoss, "only one class has readable images; at least two are needed; {}",
                    warnings.front());
    auto subset = std::make_unique<ClassSubset>(std::move(source), keeps);
    auto& all = subset->facts().warnings;
    all.insert(all.end(), warnings.begin(), warnings.end());
    result.source = std::move(subset);
    return result;
}

}  // namespace digits
