#pragma once

#include <cstddef>
#include <vector>

namespace digits {

/// Three planes of floats, B G R, each height x width.
struct FloatImage {
    int width = 0, height = 0;
    std::vector<float> values;

    FloatImage() = default;
    FloatImage(int w, int h) : width(w), height(h), values(3 * plane_size()) {}
    std::size_t plane_size() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(height); }
    float& at(int plane, int y, int x) { return values[index(plane, y, x)]; }
    float at(int plane, int y, int x) const { return values[index(plane, y, x)]; }

  private:
    std::size_t index(int plane, int y, int x) const {
        return (static_cast<std::size_t>(plane) * static_cast<std::size_t>(height) + static_cast<std::size_t>(y)) *
                   static_cast<std::size_t>(width) +
               static_cast<std::size_t>(x);
    }
};

// What DetectNet does to its images, with OpenCV's numbers.

/// Turns the hue by `degrees` and multiplies the saturation, by way of HSV. Values are 0 to 1.
void change_colours(FloatImage& image, float degrees, float saturation);
/// Mirrors left and right.
void flip(FloatImage& image);
/// Bicubic (a = -0.75), without averaging over what falls away.
FloatImage resize_cubic(const FloatImage& image, int width, int height);
/// `image` from (left, top) on, black where it ends.
FloatImage cut_out(const FloatImage& image, int left, int top, int width, int height);

/// A rotation about the middle of an image, into the upright rectangle around the rotated one.
class Rotation {
  public:
    /// Clockwise, as it is seen.
    Rotation(int width, int height, float degrees);
    int width() const { return width_; }    ///< of the rotated image
    int height() const { return height_; }  ///< of the rotated image
    /// The new place of a point.
    void move(float& x, float& y) const;
    /// Bilinear; black where it ends.
    FloatImage apply(const FloatImage& image) const;

  private:
    double cosine_, sine_, from_x_, from_y_, to_x_ = 0, to_y_ = 0;
    int width_ = 0, height_ = 0;
};

}  // namespace digits
