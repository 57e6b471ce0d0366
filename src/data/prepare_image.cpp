#include "data/prepare_image.hpp"

#include "image/stack.hpp"

namespace digits {
namespace {

void place(Boxes& boxes, const ImagePlacement& placement) {
    for (auto& box : boxes.boxes) {
        box.left = placement.x(box.left);
        box.top = placement.y(box.top);
        box.right = placement.x(box.right);
        box.bottom = placement.y(box.bottom);
    }
}

Status place(Mask& mask, int width, int height, const ImageSpec& spec, std::optional<int> ignore_label) {
    if (mask.width != width || mask.height != height)
        return fail(ErrorCode::kInvalidArgument, "the mask is {} x {}, its image is {} x {}", mask.width, mask.height,
                    width, height);
    if (spec.resize == ResizeMode::kNone) return {};
    mask.ids = fit_mask(mask.ids, width, height, spec.width, spec.height, spec.resize,
                        static_cast<std::uint16_t>(ignore_label.value_or(0)));
    mask.width = spec.width;
    mask.height = spec.height;
    return {};
}

}  // namespace

Result<PreparedSample> prepare_sample(Sample sample, const ImageSpec& spec, std::uint64_t noise_seed,
                                      std::optional<int> ignore_label) {
    auto& image = sample.images.front();
    auto& target = sample.target;
    const int width = image.width;
    const int height = image.height;
    if (auto* boxes = std::get_if<Boxes>(&target))
        place(*boxes, fit_placement(width, height, spec.width, spec.height, spec.resize));
    if (auto* mask = std::get_if<Mask>(&target)) DIGITS_TRY(place(*mask, width, height, spec, ignore_label));
    if (auto* output = std::get_if<Image>(&target)) *output = prepare_image(std::move(*output), spec, noise_seed);
    if (sample.images.size() > 1) {
        auto first = prepare_image(std::move(image), spec, noise_seed);
        auto second = prepare_image(std::move(sample.images[1]), spec, noise_seed + 1);
        if (first.width != second.width || first.height != second.height)
            return fail(ErrorCode::kInvalidArgument, "its images are {} x {} and {} x {}; they must have the same size",
                        first.width, first.height, second.width, second.height);
        return PreparedSample{stack_images(first, second), std::move(target)};
    }
    return PreparedSample{prepare_image(std::move(image), spec, noise_seed), std::move(target)};
}

}  // namespace digits
