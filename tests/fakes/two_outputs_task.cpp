#include <algorithm>
#include <nlohmann/json.hpp>

#include "fakes.hpp"
#include "tasks/task.hpp"

namespace digits::fakes {
namespace {

/// Counts what it is told.
class Counter final : public Evaluator {
  public:
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override {
        outputs_ = outputs.size();
        numbers_ += numbers_of(sample.target).size();
        ++count_;
        return {};
    }
    Status add_unreadable(const EvaluatedSample&) override { return {}; }
    Result<EvaluationReport> finish() override {
        EvaluationReport report;
        report.members = {{"seen", count_}, {"outputs", outputs_}, {"numbers", numbers_}};
        report.brief = {"seen", "outputs", "numbers"};
        return report;
    }

  private:
    std::uint64_t count_ = 0, outputs_ = 0, numbers_ = 0;
};

class TwoOutputs final : public Task {
  public:
    std::string_view name() const override { return "two_outputs"; }
    std::string_view view() const override { return "two_outputs"; }
    TargetKind target() const override { return TargetKind::kClass; }
    Metric metric() const override { return {"distance", false}; }
    std::optional<Metric> judge(std::span<const std::string> series) const override {
        if (std::ranges::find(series, "distance") == series.end()) return std::nullopt;
        return metric();
    }
    bool higher_is_better(std::string_view series) const override { return series != "distance"; }
    Result<TrainingFiles> make_networks(const caffe::NetParameter& network, const TrainingData& data,
                                        const TrainingChoices& choices) const override {
        return make_generic_training_files(network, data, choices);
    }
    Result<nlohmann::json> answer(std::span<const OutputArray> outputs, const TargetFacts&,
                                  const AnswerOptions&) const override {
        auto answer = raw_answer(outputs);
        answer["view"] = view();
        return answer;
    }
    Result<std::unique_ptr<Evaluator>> make_evaluator(const TargetFacts&, const std::filesystem::path&) const override {
        return std::make_unique<Counter>();
    }
};

}  // namespace

void add_two_outputs_task() {
    static const TwoOutputs task;
    tasks().add(task);
}

}  // namespace digits::fakes
