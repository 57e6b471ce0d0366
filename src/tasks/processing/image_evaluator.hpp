#pragma once

#include <memory>

#include "data/reports/image_table.hpp"
#include "tasks/evaluator.hpp"
#include "tasks/text_file.hpp"

namespace digits {

/// PSNR and SSIM of each image (docs/metrics.md), their means and the mean squared error; the lowest PSNR first in the
/// table of images (data/reports/image_table.hpp). `predictions.csv` has a line an image.
class ImageEvaluator final : public Evaluator {
  public:
    static Result<std::unique_ptr<Evaluator>> create(const std::filesystem::path& folder);
    Status add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) override;
    Status add_unreadable(const EvaluatedSample&) override { return {}; }
    Result<EvaluationReport> finish() override;

  private:
    ImageEvaluator(TextFile csv, ImageTableWriter table) : csv_(std::move(csv)), table_(std::move(table)) {}

    TextFile csv_;
    ImageTableWriter table_;
    std::uint64_t labelled_ = 0, equal_ = 0;
    double psnr_ = 0, ssim_ = 0, squared_error_ = 0;
};

}  // namespace digits
