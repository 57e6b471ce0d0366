#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.hpp"
#include "commands.hpp"
#include "console_context.hpp"
#include "infer/inference.hpp"
#include "infer/prepare_inputs.hpp"
#include "models/prepare.hpp"
#include "stage_model.hpp"

namespace digits {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
    std::string model;
    std::size_t batch = 1;
    int threads = 0;
    double seconds = 5;
    std::vector<std::string> images;
};

/// Milliseconds of which so many per cent of the calls take at most as long.
double percentile(std::vector<double>& sorted, double percent) {
    const auto place = std::ceil(percent / 100 * static_cast<double>(sorted.size())) - 1;
    return sorted[static_cast<std::size_t>(std::max(place, 0.0))] * 1e3;
}

/// Calls `once` for a while, after a few calls that do not count: caches and the predictor's plan are filled by them.
template <class Call>
Status measure(const Options& options, const char* what, const Call& once) {
    constexpr int kWarmUp = 5;
    constexpr std::size_t kLeast = 5;
    for (int i = 0; i < kWarmUp; ++i) DIGITS_TRY(once());
    std::vector<double> seconds;
    const auto start = Clock::now();
    while (seconds.size() < kLeast || std::chrono::duration<double>(Clock::now() - start).count() < options.seconds) {
        const auto begin = Clock::now();
        DIGITS_TRY(once());
        seconds.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
    }
    const double all = std::accumulate(seconds.begin(), seconds.end(), 0.0);
    std::ranges::sort(seconds);
    std::cout << nlohmann::json{{"what", what},
                                {"batch", options.batch},
                                {"images_per_s", static_cast<double>(options.batch * seconds.size()) / all},
                                {"p50_ms", percentile(seconds, 50)},
                                {"p99_ms", percentile(seconds, 99)},
                                {"calls", seconds.size()}}
                     .dump()
              << '\n';
    return {};
}

Status bench_infer(const Options& options) {
    ConsoleContext context;
    const TemporaryFolder folder;
    DIGITS_ASSIGN(const auto staged,
                  stage_model({{"model", options.model}, {"folder", folder.path().string()}}, context));
    DIGITS_ASSIGN(const auto facts, read_model_facts(folder.path()));
    DIGITS_ASSIGN(const auto inference,
                  Inference::open({folder.path(), folder.path(), staged.at("weights").get<std::string>(), Device(),
                                   options.threads, facts.framework}));
    auto& predictor = inference->predictor();
    std::vector<float> inputs(options.batch * predictor.input_size());
    // Noise as large as pixels: zeros would make many products cheap.
    std::uint32_t state = 1;
    for (auto& value : inputs) value = static_cast<float>((state = state * 1664525U + 1013904223U) >> 24U);
    const auto run = [&]() -> Status {
        DIGITS_ASSIGN([[maybe_unused]] const auto outputs, predictor.run(inputs.data(), options.batch));
        return {};
    };
    DIGITS_TRY(measure(options, "network", run));
    if (options.images.empty()) return {};
    std::vector<std::string> files;
    for (const auto& path : options.images) {
        DIGITS_ASSIGN(auto bytes, read_file(path));
        files.push_back(std::move(bytes));
    }
    std::size_t next = 0;
    return measure(options, "images", [&]() -> Status {
        std::vector<InputBytes> batch(options.batch);
        for (auto& one : batch) one = {files[next++ % files.size()], true};
        for (const auto& status : prepare_inputs(*inference, batch, inputs.data())) DIGITS_TRY(status);
        return run();
    });
}

}  // namespace

void add_bench_infer_command(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("bench-infer", "Measure a trained network in use, a line of JSON each");
    command
        ->add_option("--model", options->model,
                     "An archive of digits download, or a folder with deploy.prototxt and a .caffemodel")
        ->required()
        ->check(CLI::ExistingPath);
    command->add_option("--batch", options->batch, "Images a batch")->check(CLI::Range(1, 4096))->capture_default_str();
    command->add_option("--threads", options->threads, "0: all cores")->check(CLI::Range(0, 1024));
    command->add_option("--seconds", options->seconds, "How long to measure each")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command->add_option("--images", options->images, "Image files: also with decoding and resizing of these")
        ->check(CLI::ExistingFile);
    command->callback([options, &exit_code] {
        if (const auto status = bench_infer(*options); !status) {
            std::cerr << "digits-worker: " << status.error().to_string() << '\n';
            exit_code = digits::exit_code(status.error().code);
        }
    });
}

}  // namespace digits
