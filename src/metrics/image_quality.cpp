#include "metrics/image_quality.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/check.hpp"

namespace digits {
namespace {

constexpr std::size_t kWindow = 11;
constexpr double kSigma = 1.5;

std::vector<double> gaussian(std::size_t size) {
    std::vector<double> weights(size);
    double sum = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const double distance = static_cast<double>(i) - static_cast<double>(size / 2);
        sum += weights[i] = std::exp(-distance * distance / (2 * kSigma * kSigma));
    }
    for (auto& weight : weights) weight /= sum;
    return weights;
}

/// The local means that SSIM needs: of a, b, a², b² and ab.
constexpr std::size_t kMoments = 5;

double ssim_of_plane(const float* a, const float* b, std::size_t height, std::size_t width, double peak,
                     const std::vector<double>& weights) {
    const std::size_t size = weights.size(), columns = width - size + 1, rows = height - size + 1;
    // Rows first; a ring of `size` filtered rows is all that the columns need.
    const std::size_t row_size = kMoments * columns;
    std::vector<double> ring(size * row_size), products(kMoments * width), local(row_size);
    const double c1 = std::pow(0.01 * peak, 2), c2 = std::pow(0.03 * peak, 2);
    double sum = 0;
    for (std::size_t y = 0; y < height; ++y) {
        for (std::size_t x = 0; x < width; ++x) {
            const double p = a[y * width + x], q = b[y * width + x];
            products[x] = p;
            products[width + x] = q;
            products[2 * width + x] = p * p;
            products[3 * width + x] = q * q;
            products[4 * width + x] = p * q;
        }
        double* filtered = ring.data() + (y % size) * row_size;
        for (std::size_t m = 0; m < kMoments; ++m)
            for (std::size_t x = 0; x < columns; ++x) {
                double value = 0;
                for (std::size_t k = 0; k < size; ++k) value += weights[k] * products[m * width + x + k];
                filtered[m * columns + x] = value;
            }
        if (y + 1 < size) continue;
        std::fill(local.begin(), local.end(), 0.0);
        for (std::size_t k = 0; k < size; ++k) {
            const double* row = ring.data() + ((y + 1 - size + k) % size) * row_size;
            for (std::size_t i = 0; i < row_size; ++i) local[i] += weights[k] * row[i];
        }
        for (std::size_t x = 0; x < columns; ++x) {
            const double mean_a = local[x], mean_b = local[columns + x];
            const double variance_a = local[2 * columns + x] - mean_a * mean_a,
                         variance_b = local[3 * columns + x] - mean_b * mean_b,
                         covariance = local[4 * columns + x] - mean_a * mean_b;
            sum += (2 * mean_a * mean_b + c1) * (2 * covariance + c2) /
                   ((mean_a * mean_a + mean_b * mean_b + c1) * (variance_a + variance_b + c2));
        }
    }
    return sum / static_cast<double>(rows * columns);
}

}  // namespace

double mean_squared_error(std::span<const float> a, std::span<const float> b) {
    DIGITS_CHECK(a.size() == b.size() && !a.empty());
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        sum += difference * difference;
    }
    return sum / static_cast<double>(a.size());
}

double psnr(std::span<const float> a, std::span<const float> b, double peak) {
    const double error = mean_squared_error(a, b);
    return error > 0 ? 10 * std::log10(peak * peak / error) : std::numeric_limits<double>::infinity();
}

double ssim(std::span<const float> a, std::span<const float> b, const PlaneShape& shape, double peak) {
    DIGITS_CHECK(a.size() == shape.size() && b.size() == shape.size() && shape.size() > 0);
    std::size_t window = std::min({kWindow, shape.height, shape.width});
    if (window % 2 == 0) --window;
    const auto weights = gaussian(window);
    const std::size_t plane = shape.height * shape.width;
    double sum = 0;
    for (std::size_t c = 0; c < shape.channels; ++c)
        sum += ssim_of_plane(a.data() + c * plane, b.data() + c * plane, shape.height, shape.width, peak, weights);
    return sum / static_cast<double>(shape.channels);
}

}  // namespace digits
