#include "engine/verify/bench.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>

#include "caffe/net_state.hpp"
#include "caffe/prototxt.hpp"
#include "engine/device/device.hpp"
#include "engine/guard.hpp"
#include "engine/memory/memory.hpp"
#include "engine/net/flops.hpp"
#include "engine/net/place.hpp"
#include "engine/solver/solver.hpp"

namespace digits {
namespace {

using Clock = std::chrono::steady_clock;

Result<std::unique_ptr<Solver>> make_solver(const BenchOptions& options) {
    DIGITS_ASSIGN(auto net, bench_net(options));
    caffe::SolverParameter parameter;
    *parameter.mutable_train_net_param() = std::move(net);
    parameter.mutable_train_state()->add_stage("train");
    parameter.set_base_lr(0.0001F);
    parameter.set_lr_policy("fixed");
    parameter.set_momentum(0.9F);
    parameter.set_weight_decay(0.0005F);
    parameter.set_random_seed(1);
    SolverOptions solver_options;
    solver_options.generic_kernels = options.generic_kernels;
    solver_options.keeps_diffs = false;
    solver_options.device = options.device;
    DIGITS_ASSIGN(solver_options.products, product_mode(options.precision, solver_options.device));
    return Solver::create(parameter, solver_options);
}

/// Boxes of an image of the network for a detector, and the numbers of each (engine/layers/detection/boxes.hpp).
constexpr std::int64_t kBoxes = 12, kBoxRow = 16;

at::Tensor random_boxes(const Shape& shape, const Blob& images, std::int64_t classes) {
    const at::Tensor rows = at::zeros(shape, at::kFloat), boxes = rows.narrow(2, 1, kBoxes);
    rows.select(2, 0).select(2, 0).fill_(kBoxes);
    for (const std::int64_t axis : {0, 1}) {
        const auto side = static_cast<double>(images.dim(3 - static_cast<int>(axis)));
        boxes.select(3, axis).copy_(at::rand({shape[0], 1, kBoxes}) * side * 0.7);
        boxes.select(3, axis + 2).copy_((at::rand({shape[0], 1, kBoxes}) + 0.3) * side * 0.2);
    }
    boxes.select(3, 5).copy_(at::randint(classes, {shape[0], 1, kBoxes}, at::kFloat));
    return rows;
}

Status fill_inputs(Net& net, std::int64_t classes) {
    return guarded([&] {
        Blob& data = *net.find_blob(net.inputs()[0]);
        Blob& label = *net.find_blob(net.inputs()[1]);
        data.set_data(at::randn(data.shape()).to(place(data.device())));
        const bool boxes = label.axis_count() == 4 && label.dim(3) == kBoxRow;
        label.set_data((boxes ? random_boxes(label.shape(), *net.find_blob(net.inputs()[0]), classes)
                              : at::randint(classes, label.shape(), at::kFloat))
                           .to(place(label.device())));
    });
}

}  // namespace

Result<caffe::NetParameter> bench_net(const BenchOptions& options) {
    DIGITS_ASSIGN(const auto whole, read_net_file(options.net));
    caffe::NetState state;
    state.set_phase(caffe::TRAIN);
    state.add_stage("train");
    DIGITS_ASSIGN(auto filtered, filter_net(whole, state));
    caffe::NetParameter net = filtered;
    net.clear_layer();
    std::vector<std::string> tops{"data", "label"};
    Shape labels{options.batch};
    for (const auto& layer : filtered.layer()) {
        if (layer.bottom_size() == 0 && layer.top_size() == 2) tops.assign(layer.top().begin(), layer.top().end());
        // Labels from a separate database are images: one label per pixel.
        if (layer.type() == "Data" && layer.top_size() == 1 && layer.top(0) == tops[1])
            labels = {options.batch, 1, options.shape[1], options.shape[2]};
    }
    for (const auto& layer : filtered.layer())
        if (layer.type() == "DetectionLoss") labels = {options.batch, 1, kBoxes + 1, kBoxRow};
    const std::vector<Shape> shapes{{options.batch, options.shape[0], options.shape[1], options.shape[2]}, labels};
    for (std::size_t i = 0; i < tops.size(); ++i) {
        auto& input = *net.add_layer();
        input.set_name("bench_" + tops[i]);
        input.set_type("Input");
        input.add_top(tops[i]);
        auto& shape = *input.mutable_input_param()->add_shape();
        for (const auto dim : shapes[i]) shape.add_dim(dim);
    }
    for (const auto& layer : filtered.layer()) {
        if (layer.bottom_size() == 0) continue;
        auto& added = *net.add_layer();
        added = layer;
        // As in DIGITS, a last layer without num_output gets one output a class.
        if (layer.type() == "InnerProduct" && !layer.inner_product_param().has_num_output())
            added.mutable_inner_product_param()->set_num_output(static_cast<std::uint32_t>(options.classes));
        if (layer.type() == "Convolution" && !layer.convolution_param().has_num_output())
            added.mutable_convolution_param()->set_num_output(static_cast<std::uint32_t>(options.classes));
        if (layer.type() == "Deconvolution" && !layer.convolution_param().has_num_output()) {
            added.mutable_convolution_param()->set_num_output(static_cast<std::uint32_t>(options.classes));
            added.mutable_convolution_param()->set_group(static_cast<std::uint32_t>(options.classes));
        }
    }
    return net;
}

Status bench(const BenchOptions& options, std::ostream& out) {
    if (options.batch < 1 || options.classes < 1 || *std::min_element(options.shape.begin(), options.shape.end()) < 1)
        return fail(ErrorCode::kInvalidArgument, "batch, classes and the three parts of the shape must be positive");
    if (options.threads > 0) at::set_num_threads(options.threads);
    keep_freed_memory();
    const std::int64_t before = options.device.is_cuda ? 0 : resident_bytes();
    DIGITS_ASSIGN(auto solver, make_solver(options));
    const std::int64_t foreseen = before + estimate_memory(solver->net());
    DIGITS_TRY(fill_inputs(solver->net(), options.classes));
    for (int warm_up = 0; warm_up < 3; ++warm_up) DIGITS_TRY(solver->step());

    std::vector<double> seconds;
    const auto start = Clock::now();
    while (seconds.size() < 3 || std::chrono::duration<double>(Clock::now() - start).count() < options.seconds) {
        const auto step_start = Clock::now();
        DIGITS_TRY(solver->step());
        wait_for(options.device);
        seconds.push_back(std::chrono::duration<double>(Clock::now() - step_start).count());
    }
    if (options.profile) {
        const int passes = 10;
        solver->net().start_profile();
        for (int i = 0; i < passes; ++i) DIGITS_TRY(solver->step());
        out << fmt::format("{:<32} {:<16} {:>12} {:>12}\n", "layer", "type", "forward ms", "backward ms");
        for (const auto& row : solver->net().profile())
            out << fmt::format("{:<32} {:<16} {:>12.3f} {:>12.3f}\n", row.name, row.type,
                               row.forward_seconds * 1e3 / passes, row.backward_seconds * 1e3 / passes);
    }
    std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2), seconds.end());
    const double median = seconds[seconds.size() / 2], rate = static_cast<double>(options.batch) / median;
    const double flops = count_flops(solver->net()).total() / median;
    const auto peak = peak_bytes(options.device);
    // The limits are those of fp32, whatever the precision of the net.
    prepare_gpu(Precision::kFp32);
    const double limit = measure_matrix_limit(options.device),
                 convolution_limit = measure_convolution_limit(options.device);
    constexpr double kMega = 1 << 20;
    out << fmt::format("{} batch {}: {:.1f} images/s, {:.2f} ms a step, {} steps\n", options.net.filename().string(),
                       options.batch, rate, median * 1e3, seconds.size());
    out << fmt::format(
        "{:.1f} GFLOP/s, {:.0f} % of the {:.1f} that a matrix product reaches here, {:.0f} % of the {:.1f} of a "
        "convolution of libtorch\n",
        flops * 1e-9, 100 * flops / limit, limit * 1e-9, 100 * flops / convolution_limit, convolution_limit * 1e-9);
    out << fmt::format("memory: {:.0f} MB at most, {:.0f} MB foreseen\n", static_cast<double>(peak) / kMega,
                       static_cast<double>(foreseen) / kMega);
    out << nlohmann::json{{"images_per_s", rate},
                          {"step_ms", median * 1e3},
                          {"precision", enum_name(options.precision)},
                          {"device", device_text(options.device)},
                          {"threads", at::get_num_threads()},
                          {"flops_per_s", flops},
                          {"matrix_flops_per_s", limit},
                          {"convolution_flops_per_s", convolution_limit},
                          {"peak_bytes", peak},
                          {"foreseen_bytes", foreseen}}
               .dump()
        << "\n";
    return {};
}

}  // namespace digits
