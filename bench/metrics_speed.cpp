// Times what src/metrics computes for bench/metrics.py, which does the same with pycocotools.
//
//   metrics_speed map ANNOTATIONS RESULTS REPEATS     COCO's average precision: seconds of each run, and AP
//   metrics_speed masks FILE REPEATS                  a list of {size, counts} and of {size, polygons}: decode,
//   overlaps, polygons
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "metrics/cases/coco_files.hpp"
#include "metrics/cases/reference_case.hpp"
#include "metrics/parallel.hpp"

namespace {

using namespace digits;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

json read(const char* path) {
    auto document = read_case_file(path);
    if (document) return std::move(*document);
    std::fprintf(stderr, "%s\n", document.error().to_string().c_str());
    std::exit(1);
}

json time_map(const char* annotations, const char* results, int repeats) {
    const auto set = read_coco_set(read(annotations), read(results), false);
    if (!set) std::exit(1);
    json seconds = json::array();
    double ap = 0;
    for (int i = 0; i < repeats; ++i) {
        const auto start = Clock::now();
        ap = score_detections(set->objects).all.ap;
        seconds.push_back(seconds_since(start));
    }
    return {{"seconds", seconds}, {"AP", ap}};
}

json time_masks(const char* file, int repeats) {
    const json given = read(file);
    struct Text {
        std::uint32_t height, width;
        std::string counts;
    };
    std::vector<Text> texts;
    for (const auto& one : given["masks"]) texts.push_back({one["size"][0], one["size"][1], one["counts"]});
    struct Outline {
        std::uint32_t height, width;
        std::vector<std::vector<double>> polygons;
    };
    std::vector<Outline> outlines;
    for (const auto& one : given["outlines"]) outlines.push_back({one["size"][0], one["size"][1], one["polygons"]});

    json times{{"decode", json::array()}, {"iou", json::array()}, {"polygons", json::array()}};
    std::uint64_t pixels = 0, outlined = 0;
    double sum = 0;
    for (int i = 0; i < repeats; ++i) {
        auto start = Clock::now();
        std::vector<std::vector<std::uint8_t>> decoded(texts.size());
        parallel_for(texts.size(), 0, 8, [&](std::size_t k) {
            decoded[k] = decode_columns(*run_lengths_of_text(texts[k].height, texts[k].width, texts[k].counts));
        });
        times["decode"].push_back(seconds_since(start));
        pixels = 0;
        for (const auto& mask : decoded)
            for (const auto pixel : mask) pixels += pixel;

        start = Clock::now();
        std::vector<RunLengths> masks(texts.size());
        std::vector<MeasuredMask> measured(texts.size());
        parallel_for(texts.size(), 0, 8, [&](std::size_t k) {
            masks[k] = *run_lengths_of_text(texts[k].height, texts[k].width, texts[k].counts);
            measured[k] = measure(masks[k]);
        });
        std::vector<double> rows(texts.size());
        parallel_for(texts.size(), 0, 4, [&](std::size_t a) {
            for (const auto& b : measured) rows[a] += mask_iou(measured[a], b);
        });
        times["iou"].push_back(seconds_since(start));
        sum = 0;
        for (const double row : rows) sum += row;

        start = Clock::now();
        std::vector<std::uint64_t> areas(outlines.size());
        parallel_for(outlines.size(), 0, 8, [&](std::size_t k) {
            areas[k] = mask_area(*run_lengths_of_polygons(outlines[k].height, outlines[k].width, outlines[k].polygons));
        });
        times["polygons"].push_back(seconds_since(start));
        outlined = 0;
        for (const auto area : areas) outlined += area;
    }
    times["pixels"] = pixels;
    times["iou_sum"] = sum;
    times["polygon_pixels"] = outlined;
    return times;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string what = count > 1 ? arguments[1] : "";
    if (what == "map" && count == 5)
        std::puts(time_map(arguments[2], arguments[3], std::atoi(arguments[4])).dump().c_str());
    else if (what == "masks" && count == 4)
        std::puts(time_masks(arguments[2], std::atoi(arguments[3])).dump().c_str());
    else
        return 2;
    return 0;
}
