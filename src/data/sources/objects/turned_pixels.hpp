#pragma once

#include <cstddef>
#include <vector>

namespace digits {

/// The pixels of an image as a file stores it, row by row, in the order of the upright one; `orientation`: of EXIF.
template <class Pixel>
std::vector<Pixel> turned_pixels(const std::vector<Pixel>& stored, int width, int height, int orientation) {
    std::vector<Pixel> upright(stored.size());
    const int upright_width = orientation >= 5 ? height : width;
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const int right = width - 1 - x, bottom = height - 1 - y;
            int to_x = x, to_y = y;
            switch (orientation) {
                case 2: to_x = right; break;
                case 3: to_x = right, to_y = bottom; break;
                case 4: to_y = bottom; break;
                case 5: to_x = y, to_y = x; break;
                case 6: to_x = bottom, to_y = x; break;
                case 7: to_x = bottom, to_y = right; break;
                case 8: to_x = y, to_y = right; break;
                default: break;
            }
            upright[static_cast<std::size_t>(to_y) * static_cast<std::size_t>(upright_width) +
                    static_cast<std::size_t>(to_x)] =
                stored[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
        }
    return upright;
}

}  // namespace digits
