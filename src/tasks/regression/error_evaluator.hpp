#pragma once

#include <memory>

#include "tasks/evaluator.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// How far the first output is from the numbers to predict: mean absolute error, root of the mean squared error and R²,
/// over all numbers and for each. `predictions.csv` has all numbers of each image.
class ErrorEvaluator final : public Evaluator {
  public:
    static Result<std::unique_ptr<Evaluator>> create(std::vector<std::string> names,
                                                     const std::filesystem::path& folder);
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override;
    Status add_unreadable(const EvaluatedSample&) override { return {}; }
    Result<EvaluationReport> finish() override;

  private:
    /// Of one number over all samples with a known target.
    struct Sums {
        double absolute = 0, squared = 0, target = 0, target_squared = 0;
        std::uint64_t count = 0;

        void add(double predicted, double wanted);
        void add(const Sums& other);
        nlohmann::json errors() const;
    };

    ErrorEvaluator(std::vector<std::string> names, TextFile csv) : names_(std::move(names)), csv_(std::move(csv)) {}
    Status begin(std::size_t numbers);
    std::string name_of(std::size_t number) const;

    std::vector<std::string> names_;
    TextFile csv_;
    std::vector<Sums> sums_;
    std::uint64_t labelled_ = 0;
};

}  // namespace digits
