#include "kernels/gemm/gemm.hpp"

#include <algorithm>

#include "kernels/gemm/matrix.hpp"
#include "kernels/gemm/packed_gemm.hpp"

namespace digits {
namespace {

/// Rows of results that a thread computes at a time.
constexpr std::int64_t kBlock = 8 * kRegisterRows;
/// Up to so many weights each thread sums up a weight gradient of its own, over its share of the rows.
constexpr std::int64_t kFewWeights = std::int64_t{1} << 16;

/// Calls use(first, count) for the blocks of [begin, end).
template <class Use>
void for_blocks(std::int64_t begin, std::int64_t end, std::int64_t block, const Use& use) {
    for (std::int64_t first = begin; first < end; first += block) use(first, std::min(block, end - first));
}

/// Packs the transpose of a matrix (columns x depth).
void pack_transposed(const float* matrix, std::int64_t columns, std::int64_t depth, float* packed,
                     const Threads& threads) {
    threads.parallel_for(panel_count(columns), 1, [&](std::int64_t begin, std::int64_t end) {
        pack_panels_transposed(matrix, depth, depth, columns, packed, begin, end);
    });
}

constexpr std::int64_t kEdgeSize = kBlock * kPanelWidth;

/// y (rows x columns) = x (rows x depth) · packed, then the epilogue. Workspace of a thread: kEdgeSize.
void multiply_many_rows(const float* x, std::int64_t rows, std::int64_t depth, const float* packed,
                        std::int64_t columns, float* y, const float* bias, bool relu, float* workspace,
                        const Threads& threads) {
    parallel_parts(threads, rows, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        for_blocks(begin, end, kBlock, [&](std::int64_t first, std::int64_t count) {
            float* to = y + first * columns;
            packed_gemm_exact({.a = x + first * depth,
                               .a_row_stride = depth,
                               .b = packed,
                               .b_panel_stride = depth * kPanelWidth,
                               .c = to,
                               .c_row_stride = columns,
                               .rows = count,
                               .depth = depth,
                               .columns = columns},
                              workspace + part * kEdgeSize);
            if (bias || relu) add_bias_relu(to, count, columns, bias, relu);
        });
    });
}

/// Few rows: blocks of the transposed result, (kBlock x rows), which are then transposed into y or dx.
std::int64_t few_rows_stride(const GemmShape& shape) { return panel_count(shape.rows) * kPanelWidth; }
std::int64_t few_rows_forward_size(const GemmShape& shape) { return kBlock * few_rows_stride(shape); }
/// The gradient has a block of the transposed weights, too.
std::int64_t few_rows_depth(const GemmShape& shape) { return std::min(kDepthBlock, shape.outputs); }
std::int64_t few_rows_gradient_size(const GemmShape& shape) {
    return kBlock * (few_rows_stride(shape) + few_rows_depth(shape));
}

/// yᵀ = weight · packed xᵀ.
void forward_few_rows(const GemmShape& shape, const float* x, const float* weight, const float* bias, bool relu,
                      float* y, float* workspace, const Threads& threads) {
    const std::int64_t rows = shape.rows, inputs = shape.inputs, outputs = shape.outputs;
    const std::int64_t stride = few_rows_stride(shape);
    float* packed = workspace;
    float* own = packed + packed_size(rows, inputs);
    pack_transposed(x, rows, inputs, packed, threads);
    parallel_parts(threads, outputs, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        float* block = own + part * few_rows_forward_size(shape);
        for_blocks(begin, end, kBlock, [&](std::int64_t first, std::int64_t count) {
            packed_gemm({.a = weight + first * inputs,
                         .a_row_stride = inputs,
                         .b = packed,
                         .b_panel_stride = inputs * kPanelWidth,
                         .c = block,
                         .c_row_stride = stride,
                         .rows = count,
                         .depth = inputs,
                         .columns = rows});
            transpose_matrix(block, stride, count, rows, y + first, outputs);
        });
    });
    if (bias || relu) add_bias_relu(y, rows, outputs, bias, relu);
}

/// dxᵀ = weightᵀ · packed dyᵀ.
void input_gradient_few_rows(const GemmShape& shape, const float* dy, const float* weight, float* dx, float* workspace,
                             const Threads& threads) {
    const std::int64_t rows = shape.rows, inputs = shape.inputs, outputs = shape.outputs;
    const std::int64_t stride = few_rows_stride(shape), depth = few_rows_depth(shape);
    float* packed = workspace;
    float* own = packed + packed_size(rows, outputs);
    pack_transposed(dy, rows, outputs, packed, threads);
    parallel_parts(threads, inputs, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        float* block = own + part * few_rows_gradient_size(shape);
        float* weights = block + kBlock * stride;
        for_blocks(begin, end, kBlock, [&](std::int64_t first, std::int64_t count) {
            for_blocks(0, outputs, depth, [&](std::int64_t k, std::int64_t some) {
                copy_matrix(weight + k * inputs + first, inputs, some, count, weights, kBlock);
                packed_gemm({.a = weights,
                             .a_row_stride = 1,
                             .a_depth_stride = kBlock,
                             .b = packed + k * kPanelWidth,
                             .b_panel_stride = outputs * kPanelWidth,
                             .c = block,
                             .c_row_stride = stride,
                             .rows = count,
                             .depth = some,
                             .columns = rows,
                             .accumulate = k > 0});
            });
            transpose_matrix(block, stride, count, rows, dx + first, inputs);
        });
    });
}

/// How a thread sums up the weight gradient of `outputs` outputs over blocks of kDepthBlock rows. Workspace: a block of
/// dy, a packed block of x, and the edge of packed_gemm_exact().
struct WeightGradientSum {
    std::int64_t inputs, outputs;

    std::int64_t dy_stride() const { return outputs + kRowPadding; }
    std::int64_t dy_size() const { return workspace_part(kDepthBlock * dy_stride()); }
    std::int64_t size() const {
        return dy_size() + packed_size(inputs, kDepthBlock) + packed_gemm_exact_workspace(std::min(outputs, kBlock));
    }

    /// sums (outputs x inputs) = the sum over the rows [begin, end); `stride` is the row stride of dy.
    void run(const float* dy, std::int64_t stride, const float* x, float* sums, std::int64_t begin, std::int64_t end,
             float* workspace) const {
        float* packed = workspace + dy_size();
        float* edge = packed + packed_size(inputs, kDepthBlock);
        for_blocks(begin, end, kDepthBlock, [&](std::int64_t first, std::int64_t count) {
            copy_matrix(dy + first * stride, stride, count, outputs, workspace, dy_stride());
            pack_panels(x + first * inputs, inputs, count, inputs, packed, 0, panel_count(inputs));
            for_blocks(0, outputs, kBlock, [&](std::int64_t output, std::int64_t some) {
                packed_gemm_exact({.a = workspace + output,
                                   .a_row_stride = 1,
                                   .a_depth_stride = dy_stride(),
                                   .b = packed,
                                   .b_panel_stride = count * kPanelWidth,
                                   .c = sums + output * inputs,
                                   .c_row_stride = inputs,
                                   .rows = some,
                                   .depth = count,
                                   .columns = inputs,
                                   .accumulate = first > begin},
                                  edge);
            });
        });
    }
};

/// How the threads share a weight gradient: each sums over its share of the rows, which is then reduced, or each has
/// its share of the outputs.
struct WeightGradientPlan {
    WeightGradientPlan(const GemmShape& shape, std::int64_t threads)
        : by_rows(shape.inputs * shape.outputs <= kFewWeights && shape.rows > threads * kDepthBlock),
          sum{shape.inputs, by_rows ? shape.outputs : (shape.outputs + threads - 1) / threads},
          sums(by_rows ? workspace_part(shape.inputs * shape.outputs) : 0),
          size(threads * (sums + workspace_part(sum.size()))) {}

    const bool by_rows;
    const WeightGradientSum sum;    ///< of a thread
    const std::int64_t sums, size;  ///< of a thread's gradient; of the workspace
};

}  // namespace

std::int64_t gemm_workspace(const GemmShape& shape, Pass pass, std::int64_t threads) {
    const bool few = shape.rows <= kFewRows;
    switch (pass) {
        case Pass::kForward:
            return few ? packed_size(shape.rows, shape.inputs) + threads * few_rows_forward_size(shape)
                       : packed_size(shape.outputs, shape.inputs) + threads * kEdgeSize;
        case Pass::kInputGradient:
            return few ? packed_size(shape.rows, shape.outputs) + threads * few_rows_gradient_size(shape)
                       : packed_size(shape.inputs, shape.outputs) + threads * kEdgeSize;
        case Pass::kWeightGradient: return WeightGradientPlan(shape, threads).size;
    }
    return 0;
}

void gemm_forward(const GemmShape& shape, const float* x, const float* weight, const float* bias, bool relu, float* y,
                  float* workspace, const Threads& threads) {
    if (shape.rows <= kFewRows) return forward_few_rows(shape, x, weight, bias, relu, y, workspace, threads);
    pack_transposed(weight, shape.outputs, shape.inputs, workspace, threads);
    multiply_many_rows(x, shape.rows, shape.inputs, workspace, shape.outputs, y, bias, relu,
                       workspace + packed_size(shape.outputs, shape.inputs), threads);
}

void gemm_input_gradient(const GemmShape& shape, const float* dy, const float* weight, float* dx, float* workspace,
                         const Threads& threads) {
    if (shape.rows <= kFewRows) return input_gradient_few_rows(shape, dy, weight, dx, workspace, threads);
    threads.parallel_for(panel_count(shape.inputs), 1, [&](std::int64_t begin, std::int64_t end) {
        pack_panels(weight, shape.inputs, shape.outputs, shape.inputs, workspace, begin, end);
    });
    multiply_many_rows(dy, shape.rows, shape.outputs, workspace, shape.inputs, dx, nullptr, false,
                       workspace + packed_size(shape.inputs, shape.outputs), threads);
}

void gemm_weight_gradient(const GemmShape& shape, const float* x, const float* dy, float* dw, float* workspace,
                          const Threads& threads) {
    const WeightGradientPlan plan(shape, threads.count());
    const std::int64_t weights = shape.inputs * shape.outputs, own = workspace_part(plan.sum.size());
    float* blocks = workspace + threads.count() * plan.sums;
    if (!plan.by_rows) {
        parallel_parts(threads, shape.outputs, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
            if (begin < end)
                WeightGradientSum{shape.inputs, end - begin}.run(
                    dy + begin, shape.outputs, x, dw + begin * shape.inputs, 0, shape.rows, blocks + part * own);
        });
        return;
    }
    parallel_parts(threads, shape.rows, [&](std::int64_t part, std::int64_t begin, std::int64_t end) {
        float* sums = workspace + part * plan.sums;
        if (begin >= end) std::fill_n(sums, weights, 0.0F);
        plan.sum.run(dy, shape.outputs, x, sums, begin, end, blocks + part * own);
    });
    reduce_parts(threads, workspace, weights, threads.count(), plan.sums);
    std::copy_n(workspace, weights, dw);
}

}  // namespace digits
