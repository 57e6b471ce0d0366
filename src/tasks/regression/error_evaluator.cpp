#include "tasks/regression/error_evaluator.hpp"

#include <algorithm>
#include <cmath>

#include "base/csv.hpp"
#include "tasks/task.hpp"

namespace digits {

using nlohmann::json;

namespace {

/// Numbers of an image that its row lists; `predictions.csv` has all.
constexpr std::size_t kMostListed = 1000;

}  // namespace

void ErrorEvaluator::Sums::add(double predicted, double wanted) {
    const double error = predicted - wanted;
    absolute += std::fabs(error);
    squared += error * error;
    target += wanted;
    target_squared += wanted * wanted;
    ++count;
}

void ErrorEvaluator::Sums::add(const Sums& other) {
    absolute += other.absolute;
    squared += other.squared;
    target += other.target;
    target_squared += other.target_squared;
    count += other.count;
}

json ErrorEvaluator::Sums::errors() const {
    if (count == 0) return {{"mae", nullptr}, {"rmse", nullptr}, {"r2", nullptr}};
    const auto n = static_cast<double>(count);
    const double spread = target_squared - target * target / n;
    return {{"mae", absolute / n},
            {"rmse", std::sqrt(squared / n)},
            {"r2", spread > 0 ? json(1 - squared / spread) : json()}};
}

Result<std::unique_ptr<Evaluator>> ErrorEvaluator::create(std::vector<std::string> names,
                                                          const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto csv, TextFile::create(folder / "predictions.csv"));
    DIGITS_ASSIGN(auto table, ImageTableWriter::create(folder));
    return std::unique_ptr<Evaluator>(new ErrorEvaluator(std::move(names), std::move(csv), std::move(table)));
}

std::string ErrorEvaluator::name_of(std::size_t number) const {
    return number < names_.size() ? names_[number] : std::to_string(number + 1);
}

Status ErrorEvaluator::begin(std::size_t numbers) {
    sums_.resize(numbers);
    std::string head = "index,image";
    for (const auto* kind : {"target", "predicted"})
        for (std::size_t i = 0; i < numbers; ++i) head += "," + csv_field(fmt::format("{} {}", kind, name_of(i)));
    return csv_.add(head + "\r\n");
}

Status ErrorEvaluator::add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) {
    if (outputs.empty()) return fail(ErrorCode::kFailedPrecondition, "The network has no output.");
    DIGITS_TRY(check_finite(outputs.front()));
    const auto values = outputs.front().values;
    if (sums_.empty()) DIGITS_TRY(begin(values.size()));
    const auto wanted = numbers_of(sample.target);
    const bool labelled = !wanted.empty();
    if (labelled && wanted.size() != values.size())
        return fail(make_error(ErrorCode::kFailedPrecondition,
                               "The output {} has {} values, the target of an image has {}.", outputs.front().name,
                               values.size(), wanted.size())
                        .advise("Give the last layer as many outputs as the dataset has numbers for an image"));
    std::string line = fmt::format("{},{}", sample.index, csv_field(sample.name));
    for (std::size_t i = 0; i < values.size(); ++i) line += labelled ? fmt::format(",{:.6g}", wanted[i]) : ",";
    for (const float value : values) line += fmt::format(",{:.6g}", value);
    if (labelled) {
        ++labelled_;
        for (std::size_t i = 0; i < values.size(); ++i) sums_[i].add(values[i], wanted[i]);
    }
    DIGITS_TRY(list_image(sample, values, wanted));
    return csv_.add(line + "\r\n");
}

Status ErrorEvaluator::list_image(const EvaluatedSample& sample, std::span<const float> values,
                                  std::span<const float> wanted) {
    const auto listed = std::min(values.size(), kMostListed);
    json row{{"index", sample.index},
             {"image", sample.name},
             {"predicted", values.first(listed)},
             {"target", nullptr},
             {"error", nullptr}};
    std::vector<float> errors(listed, -1.0F);
    double mean = -1;
    if (!wanted.empty()) {
        double sum = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const float error = std::fabs(values[i] - wanted[i]);
            sum += error;
            if (i < listed) errors[i] = error;
        }
        mean = sum / static_cast<double>(values.size());
        row["target"] = wanted.first(listed);
        row["error"] = mean;
    }
    return table_.add(row, mean, {}, errors);
}

Result<EvaluationReport> ErrorEvaluator::finish() {
    DIGITS_TRY(csv_.commit());
    DIGITS_TRY(table_.commit());
    Sums all;
    json each = json::array();
    for (std::size_t i = 0; i < sums_.size(); ++i) {
        auto one = sums_[i].errors();
        one["name"] = name_of(i);
        each.push_back(std::move(one));
        all.add(sums_[i]);
    }
    EvaluationReport report;
    report.view = "numbers";
    report.members = all.errors();
    // R² of several numbers is only meaningful for each.
    if (sums_.size() > 1) report.members.erase("r2");
    report.members["targets"] = std::move(each);
    report.members["labelled"] = labelled_;
    report.brief = {"labelled", "mae", "rmse"};
    if (labelled_ > 0) report.metrics = {{"error", report.members["mae"]}, {"rmse error", report.members["rmse"]}};
    return report;
}

}  // namespace digits
