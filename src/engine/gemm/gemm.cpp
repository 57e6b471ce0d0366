#include "engine/gemm/gemm.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

#include "engine/device/thread_parts.hpp"
#include "kernels/gemm/matrix.hpp"
#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/isa/processor.hpp"

namespace digits {
namespace {

/// With so few rows the weights are read where they lie, each once: to lay them out anew would take longer than the
/// product.
constexpr std::int64_t kFewRows = 128;
/// Rows of results that a thread makes at a time.
constexpr std::int64_t kBlock = 8 * kPanelRows;
/// Values of a weights' gradient up to which each thread sums up one of its own, over rows of its own.
constexpr std::int64_t kFewWeights = std::int64_t{1} << 16;
/// Few rows leave MKL nothing to lose where it uses all of the processor.
bool by_panels(std::int64_t rows) { return rows > kFewRows ? has_wide_panels() : has_own_products(); }

bool is_for_panels(const at::Tensor& a, const at::Tensor& b, std::int64_t rows) {
    return by_panels(rows) && a.device().is_cpu() && a.scalar_type() == at::kFloat && b.scalar_type() == at::kFloat &&
           a.is_contiguous() && b.is_contiguous() && a.numel() > 0 && b.numel() > 0;
}

at::Tensor floats(std::int64_t count) { return at::empty({count}, at::kFloat); }
std::int64_t panel_size(std::int64_t columns, std::int64_t depth) { return panel_count(columns) * kPanel * depth; }

/// A matrix (columns x depth) in panels.
at::Tensor turned_panels(const at::Tensor& matrix) {
    const std::int64_t columns = matrix.size(0), depth = matrix.size(1);
    const at::Tensor panels = floats(panel_size(columns, depth));
    at::parallel_for(0, panel_count(columns), 1, [&](std::int64_t begin, std::int64_t end) {
        fill_turned_panels(matrix.data_ptr<float>(), depth, depth, columns, panels.data_ptr<float>(), begin, end);
    });
    return panels;
}

/// Calls `use(first, count)` for the blocks of [begin, end).
template <class Use>
void in_blocks(std::int64_t begin, std::int64_t end, std::int64_t block, const Use& use) {
    for (std::int64_t first = begin; first < end; first += block) use(first, std::min(block, end - first));
}

/// y (rows x columns) = x (rows x depth) times panels.
void multiply_rows(const at::Tensor& x, const at::Tensor& panels, const at::Tensor& y, const float* bias,
                   bool rectify) {
    const std::int64_t depth = x.size(1), columns = y.size(1);
    const at::Tensor rests = at::empty({at::get_num_threads(), kBlock * kPanel}, at::kFloat);
    parallel_parts(x.size(0), [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        in_blocks(begin, end, kBlock, [&](std::int64_t first, std::int64_t count) {
            float* to = y.data_ptr<float>() + first * columns;
            multiply_panels_exactly({.a = x.data_ptr<float>() + first * depth,
                                     .a_row = depth,
                                     .b = panels.data_ptr<float>(),
                                     .b_panel = depth * kPanel,
                                     .c = to,
                                     .c_row = columns,
                                     .rows = count,
                                     .depth = depth,
                                     .columns = columns},
                                    rests.data_ptr<float>() + thread * rests.size(1));
            if (bias || rectify) finish_rows(to, count, columns, bias, rectify);
        });
    });
}

/// yᵀ (columns x rows), in panels' rows, as weights times panels of x; turned back into y.
at::Tensor multiply_few_rows(const at::Tensor& x, const at::Tensor& weight, const float* bias, bool rectify) {
    const std::int64_t rows = x.size(0), depth = x.size(1), outputs = weight.size(0);
    const at::Tensor panels = turned_panels(x), y = at::empty({rows, outputs}, at::kFloat);
    const std::int64_t row = panel_count(rows) * kPanel;
    const at::Tensor turned = at::empty({at::get_num_threads(), kBlock * row}, at::kFloat);
    parallel_parts(outputs, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        float* own = turned.data_ptr<float>() + thread * turned.size(1);
        in_blocks(begin, end, kBlock, [&](std::int64_t first, std::int64_t count) {
            multiply_panels({.a = weight.data_ptr<float>() + first * depth,
                             .a_row = depth,
                             .b = panels.data_ptr<float>(),
                             .b_panel = depth * kPanel,
                             .c = own,
                             .c_row = row,
                             .rows = count,
                             .depth = depth,
                             .columns = rows});
            float* to = y.data_ptr<float>() + first;
            turn_matrix(own, row, count, rows, to, outputs);
        });
    });
    if (bias || rectify) finish_rows(y.data_ptr<float>(), rows, outputs, bias, rectify);
    return y;
}

/// dxᵀ (inputs x rows), in panels' rows, as turned weights times panels of dy; turned back into dx.
at::Tensor few_rows_input_gradient(const at::Tensor& dy, const at::Tensor& weight) {
    const std::int64_t rows = dy.size(0), outputs = dy.size(1), inputs = weight.size(1);
    const at::Tensor panels = turned_panels(dy), dx = at::empty({rows, inputs}, at::kFloat);
    const std::int64_t row = panel_count(rows) * kPanel, depth = std::min(kPanelDepth, outputs);
    const at::Tensor turned = at::empty({at::get_num_threads(), kBlock * (row + depth)}, at::kFloat);
    parallel_parts(inputs, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        float* own = turned.data_ptr<float>() + thread * turned.size(1);
        float* block = own + kBlock * row;
        in_blocks(begin, end, kBlock, [&](std::int64_t first, std::int64_t count) {
            in_blocks(0, outputs, depth, [&](std::int64_t k, std::int64_t part) {
                copy_rows(weight.data_ptr<float>() + k * inputs + first, inputs, part, count, block, kBlock);
                multiply_panels({.a = block,
                                 .a_row = 1,
                                 .a_depth = kBlock,
                                 .b = panels.data_ptr<float>() + k * kPanel,
                                 .b_panel = outputs * kPanel,
                                 .c = own,
                                 .c_row = row,
                                 .rows = count,
                                 .depth = part,
                                 .columns = rows,
                                 .add = k > 0});
            });
            turn_matrix(own, row, count, rows, dx.data_ptr<float>() + first, inputs);
        });
    });
    return dx;
}

/// What a thread needs to sum up a weights' gradient of `outputs` outputs over blocks of rows.
struct WeightSums {
    std::int64_t inputs, outputs;

    std::int64_t row() const { return outputs + kSpread; }
    std::int64_t size() const { return kPanelDepth * row() + panel_size(inputs, kPanelDepth) + outputs * kPanel; }

    /// sums (outputs x inputs) = the sum over the rows [begin, end), dy's rows being `stride` long.
    void add_up(const float* dy, std::int64_t stride, const float* x, float* sums, std::int64_t begin, std::int64_t end,
                float* scratch) const {
        float* panels = scratch + kPanelDepth * row();
        float* rest = panels + panel_size(inputs, kPanelDepth);
        in_blocks(begin, end, kPanelDepth, [&](std::int64_t first, std::int64_t count) {
            copy_rows(dy + first * stride, stride, count, outputs, scratch, row());
            fill_panels(x + first * inputs, inputs, count, inputs, panels, 0, panel_count(inputs));
            in_blocks(0, outputs, kBlock, [&](std::int64_t output, std::int64_t some) {
                multiply_panels_exactly({.a = scratch + output,
                                         .a_row = 1,
                                         .a_depth = row(),
                                         .b = panels,
                                         .b_panel = count * kPanel,
                                         .c = sums + output * inputs,
                                         .c_row = inputs,
                                         .rows = some,
                                         .depth = count,
                                         .columns = inputs,
                                         .add = first > begin},
                                        rest);
            });
        });
    }
};

bool sums_by_rows(std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
    return inputs * outputs <= kFewWeights && rows > at::get_num_threads() * kPanelDepth;
}
std::int64_t outputs_of_thread(std::int64_t outputs) {
    return (outputs + at::get_num_threads() - 1) / at::get_num_threads();
}

}  // namespace

at::Tensor gemm_product(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias,
                        bool rectify) {
    if (!is_for_panels(x, weight, x.size(0))) {
        const at::Tensor columns = weight.t();
        at::Tensor y = bias ? at::addmm(*bias, x, columns) : at::mm(x, columns);
        return rectify ? at::relu_(y) : y;
    }
    const float* shift = bias ? bias->data_ptr<float>() : nullptr;
    if (x.size(0) <= kFewRows) return multiply_few_rows(x, weight, shift, rectify);
    const at::Tensor y = at::empty({x.size(0), weight.size(0)}, at::kFloat);
    multiply_rows(x, turned_panels(weight), y, shift, rectify);
    return y;
}

at::Tensor gemm_input_gradient(const at::Tensor& dy, const at::Tensor& weight) {
    if (!is_for_panels(dy, weight, dy.size(0))) return at::mm(dy, weight);
    if (dy.size(0) <= kFewRows) return few_rows_input_gradient(dy, weight);
    const std::int64_t inputs = weight.size(1);
    const at::Tensor panels = floats(panel_size(inputs, dy.size(1)));
    at::parallel_for(0, panel_count(inputs), 1, [&](std::int64_t begin, std::int64_t end) {
        fill_panels(weight.data_ptr<float>(), inputs, dy.size(1), inputs, panels.data_ptr<float>(), begin, end);
    });
    const at::Tensor dx = at::empty({dy.size(0), inputs}, at::kFloat);
    multiply_rows(dy, panels, dx, nullptr, false);
    return dx;
}

at::Tensor gemm_weight_gradient(const at::Tensor& dy, const at::Tensor& x) {
    if (!is_for_panels(dy, x, x.size(0))) return at::mm(dy.t(), x);
    const std::int64_t rows = x.size(0), inputs = x.size(1), outputs = dy.size(1), threads = at::get_num_threads();
    const float* from = dy.data_ptr<float>();
    if (sums_by_rows(rows, inputs, outputs)) {
        const WeightSums own{inputs, outputs};
        const at::Tensor sums = at::empty({threads, outputs, inputs}, at::kFloat);
        const at::Tensor scratch = at::empty({threads, own.size()}, at::kFloat);
        parallel_parts(rows, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
            float* to = sums.data_ptr<float>() + thread * outputs * inputs;
            if (begin >= end) std::fill_n(to, outputs * inputs, 0.0F);
            own.add_up(from, outputs, x.data_ptr<float>(), to, begin, end,
                       scratch.data_ptr<float>() + thread * own.size());
        });
        return threads > 1 ? sums.sum(0) : sums[0];
    }
    const at::Tensor dw = at::empty({outputs, inputs}, at::kFloat);
    const std::int64_t part = WeightSums{inputs, outputs_of_thread(outputs)}.size();
    const at::Tensor scratch = at::empty({threads, part}, at::kFloat);
    parallel_parts(outputs, [&](std::int64_t thread, std::int64_t begin, std::int64_t end) {
        if (begin >= end) return;
        WeightSums{inputs, end - begin}.add_up(from + begin, outputs, x.data_ptr<float>(),
                                               dw.data_ptr<float>() + begin * inputs, 0, rows,
                                               scratch.data_ptr<float>() + thread * part);
    });
    return dw;
}

std::int64_t gemm_workspace(Pass pass, std::int64_t rows, std::int64_t inputs, std::int64_t outputs) {
    if (!by_panels(rows)) return 0;
    const std::int64_t threads = at::get_num_threads();
    if (pass == Pass::kWeightGradient) {
        if (sums_by_rows(rows, inputs, outputs))
            return threads * (WeightSums{inputs, outputs}.size() + inputs * outputs);
        return threads * WeightSums{inputs, outputs_of_thread(outputs)}.size();
    }
    if (rows > kFewRows)
        return (pass == Pass::kForward ? panel_size(outputs, inputs) : panel_size(inputs, outputs)) +
               threads * kBlock * kPanel;
    const std::int64_t turned = threads * kBlock * panel_count(rows) * kPanel;
    return pass == Pass::kForward ? panel_size(rows, inputs) + turned
                                  : panel_size(rows, outputs) + turned + threads * kBlock * kPanelDepth;
}

}  // namespace digits
