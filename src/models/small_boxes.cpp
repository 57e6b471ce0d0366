#include "models/small_boxes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "caffe/smallest_object.hpp"

namespace digits {

std::optional<Error> small_boxes_warning(const caffe::NetParameter& net, std::span<const std::uint64_t> sides) {
    constexpr double kFew = 0.05;
    // The last place also counts what is larger.
    constexpr std::size_t kLast = 255;
    const auto smallest = smallest_object(net);
    const auto all = std::accumulate(sides.begin(), sides.end(), std::uint64_t{0});
    if (!smallest || all == 0) return std::nullopt;
    const auto end = std::min({sides.size(), static_cast<std::size_t>(std::ceil(smallest->side_px)), kLast});
    const auto small =
        std::accumulate(sides.begin(), sides.begin() + static_cast<std::ptrdiff_t>(end), std::uint64_t{0});
    const double share = static_cast<double>(small) / static_cast<double>(all);
    if (share < kFew) return std::nullopt;
    return make_error(
               ErrorCode::kInvalidArgument,
               "[{}] {:.0f} % of the boxes are smaller than {:g} px, the smallest size that the network can match",
               smallest->layer, 100 * share, smallest->side_px)
        .advise("Recreate the dataset with larger images, or choose a network that matches smaller objects");
}

}  // namespace digits
