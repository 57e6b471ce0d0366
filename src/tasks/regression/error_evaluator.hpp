#pragma once

#include <memory>

#include "data/reports/image_table.hpp"
#include "tasks/evaluator.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// How far the first output is from the numbers to predict: mean absolute error, root of the mean squared error and R²,
/// over all numbers and for each. `predictions.csv` has all numbers of each image, the table of images
/// (data/reports/image_table.hpp) their errors, the largest mean first.
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

    ErrorEvaluator(std::vector<std::string> names, TextFile csv, ImageTableWriter table)
        : names_(std::move(names)), csv_(std::move(csv)), table_(std::move(table)) {}
    Status begin(std::size_t numbers);
    std::string name_of(std::size_t number) const;
    /// `wanted` is empty where the target is not known.
    Status list_image(const EvaluatedSample& sample, std::span<const float> values, std::span<const float> wanted);

    std::vector<std::string> names_;
    TextFile csv_;
    ImageTableWriter table_;
    std::vector<Sums> sums_;
    std::uint64_t labelled_ = 0;
};

}  // namespace digits
