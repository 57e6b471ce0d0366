#include "kernels/gemm/gemm.hpp"

#include "kernels/conformance/conformance.hpp"
#include "kernels/gemm/matrix.hpp"
#include "kernels/gemm/packed_gemm.hpp"

namespace digits {
namespace {

/// fp32 sums of up to a thousand terms, in blocks.
constexpr double kTolerance = 2e-6;

std::string text(const GemmShape& shape) {
    return std::to_string(shape.rows) + " x " + std::to_string(shape.inputs) + " x " + std::to_string(shape.outputs);
}

class PackedGemm : public Kernels {};

/// c = a · b with every option: A transposed, accumulated, in segments, without padding of C.
void check_packed_gemm(std::int64_t rows, std::int64_t depth, std::int64_t columns) {
    const auto a = random_values<float>(rows * depth, 1), b = random_values<float>(depth * columns, 2),
               start = random_values<float>(rows * columns, 3);
    Buffer<float> packed(packed_size(columns, depth)), packed_again(packed.size());
    pack_panels(b.data(), columns, depth, columns, packed.data(), 0, panel_count(columns));
    Buffer<float> b_transposed(b.size());
    transpose_matrix(b.data(), columns, depth, columns, b_transposed.data(), depth);
    for (std::int64_t panel = panel_count(columns); panel-- > 0;)
        pack_panels_transposed(b_transposed.data(), depth, depth, columns, packed_again.data(), panel, panel + 1);
    for (std::int64_t i = 0; i < packed.size(); ++i) ASSERT_EQ(packed[i], packed_again[i]) << i;
    Buffer<float> a_transposed(a.size());
    transpose_matrix(a.data(), depth, rows, depth, a_transposed.data(), rows);

    for (const bool accumulate : {false, true}) {
        SCOPED_TRACE(accumulate ? "accumulated" : "overwritten");
        Expected expected(rows * columns);
        for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < columns; ++j) {
                if (accumulate) expected.add(i * columns + j, start.value(i * columns + j));
                for (std::int64_t k = 0; k < depth; ++k)
                    expected.add(i * columns + j, a.value(i * depth + k) * b.value(k * columns + j));
            }
        const std::int64_t stride = panel_count(columns) * kPanelWidth;
        // C has rows of whole panels, or (tn) panels of all rows.
        const auto padded = [&](auto index) {
            Buffer<float> c(rows * stride);
            std::fill_n(c.data(), c.size(), 0.0F);
            for (std::int64_t i = 0; i < rows; ++i)
                for (std::int64_t j = 0; j < columns; ++j) c[index(i, j)] = start[i * columns + j];
            return c;
        };
        const auto unpadded = [&](const Buffer<float>& c, auto index) {
            Buffer<float> values(rows * columns);
            for (std::int64_t i = 0; i < rows; ++i)
                for (std::int64_t j = 0; j < columns; ++j) values[i * columns + j] = c[index(i, j)];
            return values;
        };
        const auto in_rows = [&](std::int64_t i, std::int64_t j) { return i * stride + j; };
        const auto in_panels = [&](std::int64_t i, std::int64_t j) {
            return (j / kPanelWidth * rows + i) * kPanelWidth + j % kPanelWidth;
        };
        Buffer<float> nn = padded(in_rows);
        packed_gemm_nn(a.data(), depth, packed.data(), nn.data(), stride, rows, depth, columns, accumulate);
        expect_close(unpadded(nn, in_rows), expected, kTolerance);
        Buffer<float> tn = padded(in_panels);
        packed_gemm_tn(a_transposed.data(), rows, packed.data(), depth * kPanelWidth, tn.data(), rows, depth, columns,
                       accumulate);
        expect_close(unpadded(tn, in_panels), expected, kTolerance);

        Buffer<float> exact(rows * columns), workspace(packed_gemm_exact_workspace(rows));
        if (accumulate) std::copy_n(start.data(), start.size(), exact.data());
        packed_gemm_exact({.a = a.data(),
                           .a_row_stride = depth,
                           .b = packed.data(),
                           .b_panel_stride = depth * kPanelWidth,
                           .c = exact.data(),
                           .c_row_stride = columns,
                           .rows = rows,
                           .depth = depth,
                           .columns = columns,
                           .accumulate = accumulate},
                          workspace.data());
        expect_close(exact, expected, kTolerance);
    }
}

TEST_P(PackedGemm, OfEverySizeAroundBlocks) {
    for (const std::int64_t rows : {1, 2, 5, 6, 7, 11, 12, 13, 17, 23, 24, 25})
        for (const std::int64_t depth : {1, 2, 3, 16, 31})
            for (const std::int64_t columns : {1, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 47}) {
                SCOPED_TRACE(text({rows, depth, columns}));
                check_packed_gemm(rows, depth, columns);
                if (HasFatalFailure()) return;
            }
}

TEST_P(PackedGemm, OfSeveralDepthBlocks) {
    for (const std::int64_t depth : {kDepthBlock - 1, kDepthBlock, kDepthBlock + 1, 2 * kDepthBlock + 3}) {
        SCOPED_TRACE(depth);
        check_packed_gemm(13, depth, 19);
        if (HasFatalFailure()) return;
    }
}

TEST_P(PackedGemm, ReadsSegmentsInPlace) {
    // 3 segments of 5 values, 11 apart; rows overlap as im2col rows do, 4 apart.
    const std::int64_t segments = 3, length = 5, segment_stride = 40, stride = 4, rows = 8, columns = 21;
    const std::int64_t depth = segments * length;
    const auto image = random_values<float>((segments - 1) * segment_stride + (rows - 1) * stride + length, 1),
               b = random_values<float>(depth * columns, 2);
    Buffer<float> packed(packed_size(columns, depth));
    pack_panels(b.data(), columns, depth, columns, packed.data(), 0, panel_count(columns));
    const std::int64_t c_stride = panel_count(columns) * kPanelWidth;
    Buffer<float> c(rows * c_stride), compact(rows * columns);
    packed_gemm_nn_segments({image.data(), stride, segment_stride, segments, length}, packed.data(), c.data(), c_stride,
                            rows, columns, false);
    Expected expected(rows * columns);
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < columns; ++j) {
            compact[i * columns + j] = c[i * c_stride + j];
            for (std::int64_t k = 0; k < depth; ++k)
                expected.add(i * columns + j, image.value(i * stride + k / length * segment_stride + k % length) *
                                                  b.value(k * columns + j));
        }
    expect_close(compact, expected, kTolerance);
}
DIGITS_CONFORMANCE_AVX2(PackedGemm);

class Gemm : public Kernels {};

void check_gemm(const GemmShape& shape, const Threads& threads) {
    const auto [rows, inputs, outputs] = shape;
    const auto x = random_values<float>(rows * inputs, 1), weight = random_values<float>(outputs * inputs, 2),
               bias = random_values<float>(outputs, 3), dy = random_values<float>(rows * outputs, 4);
    Expected plain(rows * outputs), dx(rows * inputs), dw(outputs * inputs);
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t o = 0; o < outputs; ++o)
            for (std::int64_t k = 0; k < inputs; ++k) {
                plain.add(i * outputs + o, x.value(i * inputs + k) * weight.value(o * inputs + k));
                dx.add(i * inputs + k, dy.value(i * outputs + o) * weight.value(o * inputs + k));
                dw.add(o * inputs + k, dy.value(i * outputs + o) * x.value(i * inputs + k));
            }
    Expected with_bias = plain;
    for (std::int64_t i = 0; i < rows * outputs; ++i) with_bias.add(i, bias.value(i % outputs));
    const auto workspace = [&](Pass pass) { return Buffer<float>(gemm_workspace(shape, pass, threads.count())); };

    for (const bool relu : {false, true}) {
        Buffer<float> y(rows * outputs);
        gemm_forward(shape, x.data(), weight.data(), relu ? bias.data() : nullptr, relu, y.data(),
                     workspace(Pass::kForward).data(), threads);
        Expected expected = relu ? with_bias : plain;
        if (relu) expected.relu();
        expect_close(y, expected, kTolerance);
    }
    Buffer<float> got_dx(rows * inputs), got_dw(outputs * inputs);
    gemm_input_gradient(shape, dy.data(), weight.data(), got_dx.data(), workspace(Pass::kInputGradient).data(),
                        threads);
    expect_close(got_dx, dx, kTolerance);
    gemm_weight_gradient(shape, x.data(), dy.data(), got_dw.data(), workspace(Pass::kWeightGradient).data(), threads);
    expect_close(got_dw, dw, kTolerance);
}

TEST_P(Gemm, OfEverySizeAroundBlocks) {
    for (const std::int64_t rows : {1, 7, 16, 31, 127, 128, 129, 131})
        for (const std::int64_t inputs : {1, 8, 17, 33})
            for (const std::int64_t outputs : {1, 9, 16, 29}) {
                SCOPED_TRACE(text({rows, inputs, outputs}));
                check_gemm({rows, inputs, outputs}, ReversedLoop(1 + rows % 3));
                if (HasFatalFailure()) return;
            }
}

TEST_P(Gemm, OfSeveralBlocks) {
    // Few rows and many, blocks of 96 rows and of 256 of depth, weight gradients summed by rows and by outputs.
    for (const GemmShape& shape :
         {GemmShape{40, 300, 131}, GemmShape{200, 270, 113}, GemmShape{530, 13, 21}, GemmShape{300, 270, 257}})
        for (const std::int64_t threads : {1, 2, 5}) {
            SCOPED_TRACE(text(shape) + ", threads " + std::to_string(threads));
            check_gemm(shape, ReversedLoop(threads));
            if (HasFatalFailure()) return;
        }
}

TEST_P(Gemm, PassesNanThroughRelu) {
    for (const std::int64_t rows : {3, 140}) {
        const GemmShape shape{rows, 5, 19};
        Buffer<float> x(rows * 5), weight(19 * 5), y(rows * 19), workspace(gemm_workspace(shape, Pass::kForward, 1));
        std::fill_n(x.data(), (rows - 1) * 5, 1.0F);  // the last row is NaN
        std::fill_n(weight.data(), weight.size(), 1.0F);
        gemm_forward(shape, x.data(), weight.data(), nullptr, true, y.data(), workspace.data(), ReversedLoop(1));
        for (std::int64_t i = 0; i < y.size(); ++i) ASSERT_EQ(std::isnan(y[i]), i >= (rows - 1) * 19) << i;
    }
}
DIGITS_CONFORMANCE_AVX2(Gemm);

class MatrixKernels : public Kernels {};

TEST_P(MatrixKernels, AddBiasAndRelu) {
    for (const std::int64_t columns : {1, 3, 8, 17, 33}) {
        const auto start = random_values<float>(5 * columns, 1), bias = random_values<float>(columns, 2);
        for (const bool relu : {false, true})
            for (const bool with_bias : {false, true}) {
                Buffer<float> rows(start.size());
                std::copy_n(start.data(), start.size(), rows.data());
                add_bias_relu(rows.data(), 5, columns, with_bias ? bias.data() : nullptr, relu);
                for (std::int64_t i = 0; i < rows.size(); ++i) {
                    const float sum = with_bias ? start[i] + bias[i % columns] : start[i];
                    ASSERT_EQ(rows[i], relu && sum < 0 ? 0 : sum) << i;
                }
            }
    }
}

TEST_P(MatrixKernels, Copy) {
    const auto from = random_values<float>(6 * 13 + 9, 1);
    Buffer<float> to(6 * 11 + 9);
    copy_matrix(from.data(), 13, 7, 9, to.data(), 11);
    for (std::int64_t row = 0; row < 7; ++row)
        for (std::int64_t k = 0; k < 9; ++k) ASSERT_EQ(to[row * 11 + k], from[row * 13 + k]);
    EXPECT_TRUE(std::isnan(to[9]));  // between the rows
}
DIGITS_CONFORMANCE_ALL(MatrixKernels);

class Transpose : public Kernels {};

TEST_P(Transpose, OfEverySizeAroundVectors) {
    for (const std::int64_t rows : {1, 2, 7, 8, 9, 15, 16, 17, 33})
        for (const std::int64_t columns : {1, 3, 7, 8, 9, 16, 17, 31}) {
            const std::int64_t stride = columns + 3;
            const auto from = random_values<float>((rows - 1) * stride + columns, 1);
            Buffer<float> to(rows * columns);
            transpose_matrix(from.data(), stride, rows, columns, to.data(), rows);
            for (std::int64_t row = 0; row < rows; ++row)
                for (std::int64_t column = 0; column < columns; ++column)
                    ASSERT_EQ(to[column * rows + row], from[row * stride + column]) << rows << " x " << columns;
        }
}
DIGITS_CONFORMANCE_AVX2(Transpose);

}  // namespace
}  // namespace digits
