#include "kernels/convolution/tile_walk.hpp"

namespace digits {
namespace {

void gather_im2col_rows(const TileWalk& walk, const Bf16* x, std::int64_t first, std::int64_t count, Bf16* to) {
    const auto& [in, out, pixel_in, pixel_out, channels, outputs, taps, depth, kernel, stride, pad, patches] = walk;
    const std::int64_t size = walk.row(), area = out.height * out.width;
    std::int64_t item = first / area, oy = first % area / out.width, ox = first % out.width - 1;
    for (std::int64_t i = 0; i < count; ++i, to += size) {
        if (++ox == out.width) {
            ox = 0;
            if (++oy == out.height) oy = 0, ++item;
        }
        if (item >= out.items) {
            std::fill_n(to, size, Bf16{});
            continue;
        }
        const std::int64_t x0 = ox * stride[1] - pad[1];
        const std::int64_t before = std::clamp<std::int64_t>(-x0, 0, kernel[1]);
        const std::int64_t inside = std::clamp<std::int64_t>(in.width - x0, before, kernel[1]);
        const std::int64_t y0 = oy * stride[0] - pad[0], run = kernel[1] * channels, line = in.width * pixel_in;
        const Bf16* corner = x + item * in.height * line + y0 * line + x0 * pixel_in;
        Bf16* at = to;
        if (pixel_in == channels && inside - before == kernel[1] && y0 >= 0 && y0 + kernel[0] <= in.height) {
            copy_lines(corner, line, kernel[0], run, at);
            std::fill_n(at + kernel[0] * run, size - depth, Bf16{});
            continue;
        }
        for (std::int64_t ky = 0; ky < kernel[0]; ++ky, at += run, corner += line) {
            if (y0 + ky < 0 || y0 + ky >= in.height) {
                std::fill_n(at, run, Bf16{});
                continue;
            }
            std::fill_n(at, before * channels, Bf16{});
            for (std::int64_t kx = before; kx < inside; ++kx)
                std::copy_n(corner + kx * pixel_in, channels, at + kx * channels);
            std::fill_n(at + inside * channels, (kernel[1] - inside) * channels, Bf16{});
        }
        std::fill_n(at, size - depth, Bf16{});
    }
}

}  // namespace

void TileWalk::gather(const Bf16* x, std::int64_t first, std::int64_t count, Bf16* to) const {
    const std::int64_t size = row();
    if (patches) return gather_im2col_rows(*this, x, first, count, to);
    in.walk(first, count, [&](std::int64_t i, std::int64_t pixel) {
        Bf16* at = to + i * size;
        if (pixel < 0) {
            std::fill_n(at, size, Bf16{});
            return;
        }
        std::copy_n(x + pixel * pixel_in, depth, at);
        std::fill_n(at + depth, size - depth, Bf16{});
    });
}

}  // namespace digits
