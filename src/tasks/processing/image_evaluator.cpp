#include "tasks/processing/image_evaluator.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/csv.hpp"
#include "metrics/image_quality.hpp"
#include "tasks/processing/image_outputs.hpp"

namespace digits {
namespace {

using nlohmann::json;

std::vector<float> planes_of(const Image& image) {
    std::vector<std::uint8_t> planes(image.pixels.size());
    to_planar_bgr(image, planes.data());
    return {planes.begin(), planes.end()};
}

/// The part of a target that the network sees: its input may be the middle of an image.
Image seen_part(const Image& target, const AskedImage& asked) {
    if (target.width != asked.width || target.height != asked.height) return target;
    const int left = static_cast<int>(std::lround(-asked.placement.offset_x)),
              top = static_cast<int>(std::lround(-asked.placement.offset_y));
    if (left < 0 || top < 0 || left + asked.input_width > target.width || top + asked.input_height > target.height)
        return target;
    Image part;
    part.reset(asked.input_width, asked.input_height, target.channels);
    for (int y = 0; y < part.height; ++y)
        std::copy_n(target.row(y + top) + left * target.channels, part.row_bytes(), part.row(y));
    return part;
}

}  // namespace

Result<std::unique_ptr<Evaluator>> ImageEvaluator::create(const std::filesystem::path& folder) {
    DIGITS_ASSIGN(auto csv, TextFile::create(folder / "predictions.csv"));
    DIGITS_TRY(csv.add("index,image,psnr,ssim\r\n"));
    DIGITS_ASSIGN(auto table, ImageTableWriter::create(folder));
    return std::unique_ptr<Evaluator>(new ImageEvaluator(std::move(csv), std::move(table)));
}

Status ImageEvaluator::add(const EvaluatedSample& sample, std::span<const OutputArray> outputs) {
    DIGITS_ASSIGN(const auto image, find_image(outputs, sample.image));
    json row{{"index", sample.index},  {"image", sample.name}, {"width", image.width},
             {"height", image.height}, {"psnr", nullptr},      {"ssim", nullptr}};
    std::string line = fmt::format("{},{}", sample.index, csv_field(sample.name));
    double worst = -std::numeric_limits<double>::infinity();
    if (const auto* given = std::get_if<Image>(&sample.target)) {
        const auto target = convert_channels(seen_part(*given, sample.image), image.channels);
        if (target.width != image.width || target.height != image.height)
            return fail(make_error(ErrorCode::kFailedPrecondition,
                                   "The output of the network is {} x {} pixels, the image to make of {} is {} x {}.",
                                   image.width, image.height, sample.name, target.width, target.height)
                            .advise("Let the network end in an output as large as the images of the dataset"));
        const auto made = planes_of(image), wanted = planes_of(target);
        const double ratio = psnr(made, wanted);
        const double similarity = ssim(made, wanted,
                                       {static_cast<std::size_t>(image.channels),
                                        static_cast<std::size_t>(image.height), static_cast<std::size_t>(image.width)});
        ++labelled_;
        ssim_ += similarity;
        squared_error_ += mean_squared_error(made, wanted);
        // An infinite PSNR is not a number in JSON, nor part of a mean.
        std::isfinite(ratio) ? void(psnr_ += ratio) : void(++equal_);
        row["psnr"] = std::isfinite(ratio) ? json(ratio) : json();
        row["ssim"] = similarity;
        row["equal"] = !std::isfinite(ratio);
        worst = -ratio;
        line += std::isfinite(ratio) ? fmt::format(",{:.6g},{:.6g}", ratio, similarity)
                                     : fmt::format(",inf,{:.6g}", similarity);
    } else {
        line += ",,";
    }
    DIGITS_TRY(table_.add(row, worst, {}));
    return csv_.add(line + "\r\n");
}

Result<EvaluationReport> ImageEvaluator::finish() {
    DIGITS_TRY(csv_.commit());
    DIGITS_TRY(table_.commit());
    const auto mean = [](double sum, std::uint64_t count) {
        return count > 0 ? json(sum / static_cast<double>(count)) : json();
    };
    EvaluationReport report;
    report.members = {{"labelled", labelled_},
                      {"equal", equal_},
                      {"psnr", mean(psnr_, labelled_ - equal_)},
                      {"ssim", mean(ssim_, labelled_)},
                      {"mse", mean(squared_error_, labelled_)}};
    report.brief = {"labelled", "psnr", "ssim", "mse"};
    if (report.members["psnr"].is_number()) report.metrics.emplace_back("psnr", report.members["psnr"]);
    if (labelled_ > 0) {
        report.metrics.emplace_back("ssim", report.members["ssim"]);
        report.metrics.emplace_back("mse", report.members["mse"]);
    }
    return report;
}

}  // namespace digits
