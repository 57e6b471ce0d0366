#include "infer/draw_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/base64.hpp"
#include "image/decode.hpp"
#include "image/label_image.hpp"
#include "infer/small_font.hpp"

namespace digits {
namespace {

using nlohmann::json;

using Color = std::array<std::uint8_t, 3>;
constexpr Color kBlack{0, 0, 0}, kWhite{255, 255, 255};
/// How much of a mask's color is seen.
constexpr int kMaskPercent = 50;
constexpr int kMostLines = 5;

/// As DIGITS colors the boxes of a class: hues at 0, 1/2, 1/4, 3/4, 1/8, 3/8 … of the circle.
double hue_of(int label) {
    double hue = 0, step = 0.5;
    for (auto rest = static_cast<unsigned>(std::max(label, 0)); rest > 0; rest >>= 1, step /= 2)
        if (rest & 1U) hue += step;
    return hue;
}

Color class_color(int label) {
    const double at = hue_of(label) * 6;
    Color color{};
    for (int i = 0; i < 3; ++i) {
        // Red, green and blue have their peaks at 0, 2 and 4.
        const double away = std::abs(std::remainder(at - 2 * i, 6.0));
        color[static_cast<std::size_t>(i)] =
            static_cast<std::uint8_t>(std::lround(255 * std::clamp(2.0 - away, 0.0, 1.0)));
    }
    return color;
}

/// The one of black and white that can be read on a color.
Color ink_on(Color color) { return 299 * color[0] + 587 * color[1] + 114 * color[2] > 128'000 ? kBlack : kWhite; }

class Canvas {
  public:
    explicit Canvas(const Image& image) : image_(convert_channels(image, 3)) {
        const int side = std::min(image.width, image.height);
        line_ = std::max(1, side / 180);
        letter_ = std::max(1, side / 320);
    }

    void fill(int left, int top, int right, int bottom, Color color) {
        left = std::clamp(left, 0, image_.width);
        right = std::clamp(right, 0, image_.width);
        for (int y = std::clamp(top, 0, image_.height); y < std::clamp(bottom, 0, image_.height); ++y)
            for (int x = left; x < right; ++x) std::ranges::copy(color, image_.row(y) + std::ptrdiff_t{3} * x);
    }

    void frame(int left, int top, int right, int bottom, Color color) {
        fill(left, top, right, top + line_, color);
        fill(left, bottom - line_, right, bottom, color);
        fill(left, top, left + line_, bottom, color);
        fill(right - line_, top, right, bottom, color);
    }

    /// As thick as a frame.
    void line(double from_x, double from_y, double to_x, double to_y, Color color) {
        const int steps = static_cast<int>(std::ceil(std::max(std::abs(to_x - from_x), std::abs(to_y - from_y)))) + 1;
        for (int i = 0; i <= steps; ++i) {
            const double share = static_cast<double>(i) / steps;
            const int x = static_cast<int>(std::lround(from_x + share * (to_x - from_x))) - line_ / 2;
            const int y = static_cast<int>(std::lround(from_y + share * (to_y - from_y))) - line_ / 2;
            fill(x, y, x + line_, y + line_, color);
        }
    }

    /// Text on a ground of its own, whose upper left corner is this point as far as there is room.
    void label(int left, int top, std::string_view text, Color ground) {
        const int width = (static_cast<int>(text.size()) * (kLetterWidth + 1) + 1) * letter_;
        left = std::clamp(left, 0, std::max(0, image_.width - width));
        fill(left, top, left + width, top + label_height(), ground);
        int x = left + letter_;
        for (const char letter : text) {
            draw(letter, x, top + letter_, ink_on(ground));
            x += (kLetterWidth + 1) * letter_;
        }
    }
    int label_height() const { return (kLetterHeight + 2) * letter_; }

    void blend(int x, int y, std::uint32_t color) {
        auto* pixel = image_.row(y) + std::ptrdiff_t{3} * x;
        for (int c = 0; c < 3; ++c) {
            const int wanted = static_cast<int>(color >> (16 - 8 * c) & 0xff);
            pixel[c] = static_cast<std::uint8_t>((pixel[c] * (100 - kMaskPercent) + wanted * kMaskPercent) / 100);
        }
    }

    int width() const { return image_.width; }
    int height() const { return image_.height; }
    Image take() { return std::move(image_); }

  private:
    /// What is not a letter of ASCII gets a question mark.
    void draw(char letter, int left, int top, Color ink) {
        const auto index = static_cast<std::size_t>(static_cast<unsigned char>(letter)) - ' ';
        const auto& columns = kLetters[index < kLetters.size() ? index : '?' - ' '];
        for (int x = 0; x < kLetterWidth; ++x)
            for (int y = 0; y <= kLetterHeight; ++y)
                if (columns[static_cast<std::size_t>(x)] >> y & 1)
                    fill(left + x * letter_, top + y * letter_, left + (x + 1) * letter_, top + (y + 1) * letter_, ink);
    }

    Image image_;
    int line_ = 1, letter_ = 1;
};

/// One mark for each letter of UTF-8.
std::string in_ascii(std::string_view text) {
    std::string letters;
    for (const char c : text)
        if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) letters += c;
    return letters;
}

void draw_boxes(Canvas& canvas, const json& answer) {
    const auto edge = [](const json& box, const char* name) {
        return static_cast<int>(std::lround(box.value(name, 0.0)));
    };
    // The highest score last, on top.
    const auto& boxes = answer["boxes"];
    for (auto box = boxes.rbegin(); box != boxes.rend(); ++box)
        canvas.frame(edge(*box, "left"), edge(*box, "top"), edge(*box, "right"), edge(*box, "bottom"),
                     class_color(box->value("class", 0)));
    // Above the box, or in it where there is no room.
    const auto above = [&](int top) { return top >= canvas.label_height() ? top - canvas.label_height() : top; };
    for (auto box = boxes.rbegin(); box != boxes.rend(); ++box)
        canvas.label(edge(*box, "left"), above(edge(*box, "top")),
                     in_ascii(fmt::format("{} {:.2f}", box->value("label", ""), box->value("score", 0.0))),
                     class_color(box->value("class", 0)));
}

void draw_classes(Canvas& canvas, const json& answer) {
    int line = 0;
    for (const auto& one : answer["predictions"]) {
        if (line == kMostLines) break;
        const auto text = fmt::format("{:.1f} % {}", 100 * one.value("probability", 0.0), one.value("label", ""));
        canvas.label(0, line++ * canvas.label_height(), in_ascii(text), kBlack);
    }
}

/// From the middle along the slope, one of 1/2 as long as its size says; with two barbs.
void draw_arrow(Canvas& canvas, const json& arrow) {
    const auto word = arrow.value("color", "red");
    const Color color = word == "green" ? Color{0, 255, 0} : word == "blue" ? Color{0, 0, 255} : Color{255, 0, 0};
    const double middle_x = canvas.width() / 2.0, middle_y = canvas.height() / 2.0;
    const double share = 2 * arrow.value("size", 80) / 100.0;
    const double x = arrow.value("x", 0.0) * share * middle_x, y = arrow.value("y", 0.0) * share * middle_y;
    canvas.line(middle_x, middle_y, middle_x + x, middle_y + y, color);
    constexpr double kBarb = 0.25, kAngle = 0.5;
    for (const double angle : {kAngle, -kAngle}) {
        const double back_x = -kBarb * (x * std::cos(angle) - y * std::sin(angle));
        const double back_y = -kBarb * (x * std::sin(angle) + y * std::cos(angle));
        canvas.line(middle_x + x, middle_y + y, middle_x + x + back_x, middle_y + y + back_y, color);
    }
}

Result<std::string> bytes_of(const std::string& data_url) {
    return decode_base64(std::string_view(data_url).substr(std::min(data_url.size(), data_url.find(',') + 1)));
}

Status draw_mask(Canvas& canvas, const json& answer) {
    DIGITS_ASSIGN(const auto png, bytes_of(answer.value("mask", "")));
    DIGITS_ASSIGN(const auto mask, decode_label_image(png));
    for (int y = 0; y < std::min(mask.height, canvas.height()); ++y)
        for (int x = 0; x < std::min(mask.width, canvas.width()); ++x) {
            const auto value = mask.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(mask.width) +
                                           static_cast<std::size_t>(x)];
            if (value > 0 && value < mask.palette.size()) canvas.blend(x, y, mask.palette[value]);
        }
    return {};
}

}  // namespace

Result<Image> draw_answer(const Image& image, const json& answer) {
    const auto view = answer.value("view", "");
    if (view == "image") {
        DIGITS_ASSIGN(const auto png, bytes_of(answer.value("image", "")));
        return decode_image(png);
    }
    Canvas canvas(shown_image(image));
    if (view == "boxes") draw_boxes(canvas, answer);
    if (view == "mask") DIGITS_TRY(draw_mask(canvas, answer));
    if (view == "classes") draw_classes(canvas, answer);
    if (answer.contains("arrow")) draw_arrow(canvas, answer["arrow"]);
    return canvas.take();
}

}  // namespace digits
