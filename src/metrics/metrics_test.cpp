#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/npy.hpp"
#include "base/sha256.hpp"
#include "metrics/average_precision.hpp"
#include "metrics/cases/reference_case.hpp"
#include "metrics/class_metrics.hpp"
#include "metrics/detection_outcome.hpp"
#include "metrics/image_quality.hpp"
#include "metrics/parallel.hpp"
#include "metrics/pixel_confusion.hpp"
#include "metrics/run_lengths.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

// What pycocotools and scikit-learn computed (tests/oracle_cases).

struct NamedCase {
    const ReferenceCaseKind* kind;
    fs::path folder;
    friend void PrintTo(const NamedCase& self, std::ostream* out) { *out << self.folder.string(); }
};

std::vector<NamedCase> oracle_cases() {
    std::vector<NamedCase> cases;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(DIGITS_SOURCE_DIR) / "tests/oracle_cases"))
        if (entry.is_directory())
            for (const auto& kind : metric_case_kinds())
                if (kind.recognizes(entry.path())) cases.push_back({&kind, entry.path()});
    std::ranges::sort(cases, {}, &NamedCase::folder);
    return cases;
}

class OracleCase : public testing::TestWithParam<NamedCase> {};

TEST_P(OracleCase, HasTheReferencesNumbers) {
    const auto& [kind, folder] = GetParam();
    const auto got = kind->compute(folder);
    ASSERT_TRUE(got) << got.error().to_string();
    const auto expected = kind->expected(folder);
    ASSERT_TRUE(expected) << expected.error().to_string();
    const auto difference = compare_json(*got, *expected, kind->tolerance, kind->inputs);
    EXPECT_EQ(difference.problem, "");
    EXPECT_GT(difference.compared, 0);
}

INSTANTIATE_TEST_SUITE_P(All, OracleCase, testing::ValuesIn(oracle_cases()), [](const auto& test) {
    auto name = test.param.folder.parent_path().filename().string() + "_" + test.param.folder.filename().string();
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
});

/// tests/traps/21-coco-annotation-id-0: evaluations by the ids of annotations lose the one of number 0.
TEST(CocoMap, CountsTheAnnotationOfNumberZero) {
    const auto trap = fs::path(DIGITS_SOURCE_DIR) / "tests/traps/21-coco-annotation-id-0";
    const auto kind = std::ranges::find(metric_case_kinds(), "coco_map", &ReferenceCaseKind::name);
    ASSERT_TRUE(kind != metric_case_kinds().end() && kind->recognizes(trap));
    const auto answer = kind->compute(trap);
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_NEAR((*answer)["stats"]["AP"].get<double>(), (*read_case_file(trap / "expect.json"))["AP"].get<double>(),
                1e-9);
}

TEST(OracleCases, AreAllThere) { EXPECT_EQ(oracle_cases().size(), 25U + 29U + 1U + 14U + 11U); }

TEST(CompareJson, FindsWhatDiffers) {
    const json expected{{"a", 1}, {"b", {1.5, nullptr}}, {"note", "x"}};
    EXPECT_EQ(compare_json({{"a", 1}, {"b", {1.5, nullptr}}}, expected, 1e-6).problem, "");
    EXPECT_THAT(compare_json({{"a", 1.1}, {"b", {1.5, nullptr}}}, expected, 1e-6).problem, HasSubstr("/a"));
    EXPECT_THAT(compare_json({{"a", 1}, {"b", {1.5, 0}}}, expected, 1e-6).problem, HasSubstr("/b/1"));
    EXPECT_THAT(compare_json({{"a", 1}, {"b", {1.5}}}, expected, 1e-6).problem, HasSubstr("/b"));
    EXPECT_THAT(compare_json({{"a", 1}}, expected, 1e-6).problem, HasSubstr("no member b"));
    EXPECT_THAT(compare_json({{"a", std::nan("")}, {"b", {1.5, nullptr}}}, expected, 1e-6).problem, HasSubstr("/a"));
}

TEST(Sha256, IsThatOfTheStandard) {
    const std::string_view text = "abc";
    EXPECT_EQ(sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// Run lengths.

TEST(RunLengths, RefusesDamagedOnes) {
    const auto text = [](std::string_view runs) { return run_lengths_of_text(6, 8, runs); };
    EXPECT_TRUE(text("=33000a0"));
    EXPECT_EQ(text("=33000a").error().code, ErrorCode::kInvalidArgument) << "the last number is cut off";
    EXPECT_EQ(text("=33000b0").error().code, ErrorCode::kInvalidArgument) << "49 pixels";
    EXPECT_EQ(text("=3\x01").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(text(std::string(40, 'o')).error().code, ErrorCode::kInvalidArgument) << "a number without end";
    EXPECT_EQ(text("").error().code, ErrorCode::kInvalidArgument);
    const std::vector<std::uint32_t> longer{10, 5, 34}, shorter{10, 5, 32};
    EXPECT_EQ(run_lengths_of_counts(6, 8, longer).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(run_lengths_of_counts(6, 8, shorter).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(run_lengths_of_counts(1U << 20, 1U << 20, longer).error().code, ErrorCode::kInvalidArgument);
    const auto polygon = [](std::vector<double> points) {
        const std::vector<std::vector<double>> polygons{std::move(points)};
        return run_lengths_of_polygons(6, 8, polygons);
    };
    EXPECT_EQ(polygon({1, 1, 5, 1, 5}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(polygon({1, 1, 5, 1e300, 5, 5}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(polygon({1, 1, 5, std::nan(""), 5, 5}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(mask_area(*polygon({1, 1, 5, 5})), 0U) << "two points";
    EXPECT_EQ(mask_area(*run_lengths_of_polygons(6, 8, {})), 0U);
}

TEST(RunLengths, OfNoPixelsInBetweenFallAway) {
    const std::vector<std::uint32_t> counts{3, 0, 2, 4, 0, 1, 38};
    const auto mask = run_lengths_of_counts(6, 8, counts);
    ASSERT_TRUE(mask);
    EXPECT_EQ(mask->counts, (std::vector<std::uint32_t>{5, 5, 38}));
    const std::vector<std::uint32_t> begins{0, 0, 5, 43};
    EXPECT_EQ(run_lengths_of_counts(6, 8, begins)->counts, (std::vector<std::uint32_t>{5, 43}));
}

std::vector<std::uint8_t> random_mask(std::mt19937& random, std::size_t pixels) {
    std::vector<std::uint8_t> mask(pixels);
    std::uint8_t value = 0;
    for (auto& pixel : mask) {
        if (random() % 4 == 0) value = !value;
        pixel = value;
    }
    return mask;
}

TEST(RunLengths, ComeBackAndCountPixels) {
    std::mt19937 random(3);
    constexpr std::uint32_t kHeight = 13, kWidth = 17;
    for (int i = 0; i < 200; ++i) {
        const auto first = random_mask(random, kHeight * kWidth), second = random_mask(random, kHeight * kWidth);
        const auto a = encode_mask(kHeight, kWidth, first), b = encode_mask(kHeight, kWidth, second);
        ASSERT_EQ(decode_rows(a), first);
        ASSERT_EQ(*run_lengths_of_text(kHeight, kWidth, compress(a)), a);
        const auto columns = decode_columns(a);
        std::uint64_t area = 0, common = 0, together = 0;
        std::vector<std::uint8_t> either(first.size());
        for (std::uint32_t y = 0; y < kHeight; ++y)
            for (std::uint32_t x = 0; x < kWidth; ++x) {
                const auto at = std::size_t{y} * kWidth + x;
                ASSERT_EQ(columns[std::size_t{x} * kHeight + y], first[at]);
                area += first[at];
                common += first[at] && second[at];
                together += either[at] = first[at] || second[at];
            }
        EXPECT_EQ(mask_area(a), area);
        EXPECT_EQ(decode_rows(mask_union(std::vector{a, b})), either);
        const double of_area = static_cast<double>(common) / static_cast<double>(area);
        EXPECT_DOUBLE_EQ(mask_iou(measure(a), measure(b)), static_cast<double>(common) / static_cast<double>(together));
        EXPECT_DOUBLE_EQ(mask_iou(measure(a), measure(b), true), of_area);
    }
}

TEST(RunLengths, OfOtherSizesDoNotOverlap) {
    const std::vector<std::uint8_t> all(12, 1);
    EXPECT_EQ(mask_iou(measure(encode_mask(3, 4, all)), measure(encode_mask(4, 3, all))), -1);
    const RunLengths none{3, 4, {12}};
    EXPECT_EQ(mask_iou(measure(none), measure(none)), 0);
    EXPECT_EQ(mask_bounds(none), Rect());
}

// Boxes.

TEST(SuppressOverlaps, KeepsTheBestOfEachClass) {
    const std::vector<Rect> boxes{{0, 0, 10, 10}, {1, 0, 10, 10}, {1, 0, 10, 10}, {50, 50, 5, 5}, {0, 0, 10, 10}};
    const std::vector<double> scores{0.5, 0.9, 0.4, 0.1, 0.9};
    const std::vector<int> classes{0, 0, 1, 0, 0};
    EXPECT_EQ(suppress_overlaps(boxes, scores, classes, 0.5), (std::vector<std::size_t>{1, 2, 3}));
    EXPECT_EQ(suppress_overlaps(boxes, scores, {}, 0.5), (std::vector<std::size_t>{1, 3}));
    EXPECT_EQ(suppress_overlaps(boxes, scores, classes, 1).size(), 5U) << "more than 1 is never";
}

TruthObject truth_at(int label, double x, double size = 20) {
    return {0, label, {x, 0, size, size}, size * size, false, false};
}
DetectedObject detected_at(int label, double x, double score, double size = 20) {
    return {0, label, {x, 0, size, size}, size * size, score};
}

TEST(ScoreDetections, LeavesIgnoredObjectsOut) {
    DetectionSet set{1,  1, {truth_at(0, 0), truth_at(0, 100)}, {detected_at(0, 0, 0.9), detected_at(0, 100, 0.8)},
                     {}, {}};
    set.truths[1].ignored = true;
    const auto scores = score_detections(set, 1);
    EXPECT_DOUBLE_EQ(scores.all.ap, 1);
    EXPECT_EQ(scores.curves[0].objects, 1U);
    EXPECT_EQ(scores.curves[0].wrong[0], 0U) << "a detection of an ignored object is not wrong";
    // A second detection of an ignored object has none left, unlike that of a crowd.
    set.detections.push_back(detected_at(0, 100, 0.95));
    EXPECT_EQ(score_detections(set, 1).curves[0].wrong[0], 1U);
    set.truths[1].crowd = true;
    EXPECT_EQ(score_detections(set, 1).curves[0].wrong[0], 0U);
}

TEST(ScoreDetections, DrawsCurves) {
    // Best first: right, wrong, right, wrong; of 4 objects.
    const DetectionSet set{
        1,
        1,
        {truth_at(0, 0), truth_at(0, 100), truth_at(0, 200), truth_at(0, 300)},
        {detected_at(0, 0, 0.9), detected_at(0, 500, 0.7), detected_at(0, 100, 0.5), detected_at(0, 600, 0.3)},
        {},
        {}};
    const auto scores = score_detections(set, 1);
    const auto& curves = scores.curves[0];
    EXPECT_DOUBLE_EQ(scores.thresholds[50], 0.5);
    EXPECT_EQ(std::pair(curves.right[0], curves.wrong[0]), std::pair(std::uint64_t{2}, std::uint64_t{2}));
    EXPECT_EQ(std::pair(curves.right[50], curves.wrong[50]), std::pair(std::uint64_t{2}, std::uint64_t{1}));
    EXPECT_EQ(std::pair(curves.right[71], curves.wrong[71]), std::pair(std::uint64_t{1}, std::uint64_t{0}));
    EXPECT_EQ(curves.right[91], 0U);
    EXPECT_NEAR(curves.precision[25], 1, 1e-12);
    EXPECT_NEAR(curves.precision[26], 2. / 3, 1e-12);
    EXPECT_NEAR(curves.precision[50], 2. / 3, 1e-12);
    EXPECT_EQ(curves.precision[51], 0);
    EXPECT_EQ(curves.recall_score[50], 0.5);
    const auto best = best_threshold(scores);
    EXPECT_EQ(best, 31U) << "just above the last, wrong detection";
    const auto rates = precision_recall(curves.right[best], curves.wrong[best], curves.objects);
    EXPECT_DOUBLE_EQ(rates.precision, 2. / 3);
    EXPECT_DOUBLE_EQ(rates.recall, 0.5);
    EXPECT_DOUBLE_EQ(rates.f1, 4. / 7);
}

TEST(ScoreDetections, TakesScoresAboveOne) {
    const DetectionSet set{1, 1, {truth_at(0, 0)}, {detected_at(0, 0, 2.5)}, {}, {}};
    const auto scores = score_detections(set, 1);
    EXPECT_DOUBLE_EQ(scores.thresholds.back(), 2.5);
    EXPECT_EQ(scores.curves[0].right.back(), 1U);
}

TEST(ScoreDetections, PassesOverWhatIsOutside) {
    const DetectionSet set{1,  1, {truth_at(0, 0), truth_at(7, 0)}, {detected_at(0, 0, 1), detected_at(-1, 0, 1)},
                           {}, {}};
    EXPECT_DOUBLE_EQ(score_detections(set, 1).all.ap, 1);
}

TEST(ScoreDetections, IsTheSameOnManyThreads) {
    std::mt19937 random(5);
    DetectionSet set{40, 3, {}, {}, {}, {}};
    const auto any = [&](double most) { return most * static_cast<double>(random() % 1000) / 1000; };
    for (int i = 0; i < 400; ++i) {
        const Rect box{any(300), any(300), 10 + any(150), 10 + any(150)};
        const int image = static_cast<int>(random() % 40), label = static_cast<int>(random() % 3);
        set.truths.push_back({image, label, box, box.area(), random() % 20 == 0, random() % 20 == 0});
        for (int k = 0; k < 3; ++k) {
            const Rect near{box.x + any(30), box.y + any(30), box.width, box.height};
            set.detections.push_back({image, label, near, near.area(), any(1)});
        }
    }
    const auto one = score_detections(set, 1), four = score_detections(set, 4);
    EXPECT_GT(one.all.ap, 0.05);
    for (const auto& [name, member] : kPrecisionNames) EXPECT_EQ(one.all.*member, four.all.*member) << name;
    EXPECT_EQ(one.curves[2].right, four.curves[2].right);
}

TEST(MatchImage, NamesEveryOutcome) {
    std::vector<TruthObject> truths{truth_at(0, 0), truth_at(1, 100), truth_at(0, 200), truth_at(0, 300)};
    truths[3].crowd = true;
    const std::vector<DetectedObject> detections{detected_at(0, 1, 0.9),   detected_at(0, 2, 0.8),
                                                 detected_at(0, 100, 0.7), detected_at(0, 500, 0.6),
                                                 detected_at(0, 300, 0.5), detected_at(0, 301, 0.5)};
    const auto outcome = match_image(truths, detections);
    using enum DetectionKind;
    EXPECT_EQ(outcome.detections, (std::vector{kRight, kFalse, kWrongClass, kFalse, kIgnored, kIgnored}));
    EXPECT_EQ(outcome.taken, (std::vector{0, -1, 1, -1, 3, 3}));
    EXPECT_EQ(outcome.found_by[2], -1);
    DetectionConfusion confusion(2);
    confusion.add(truths, detections, outcome);
    EXPECT_EQ(confusion.at(0, 0), 1U);
    EXPECT_EQ(confusion.at(1, 0), 1U) << "class 1 is detected as 0";
    EXPECT_EQ(confusion.at(2, 0), 2U) << "false detections";
    EXPECT_EQ(confusion.at(0, 2), 1U) << "missed";
    EXPECT_EQ(confusion.at(1, 2), 0U);
}

std::string explained(const DetectionSet& set, double smallest = 0) {
    const std::vector<std::string> labels{"car", "van"};
    return explain(describe_failure(set, labels, smallest));
}

TEST(Explain, SaysWhyAPrecisionIsZero) {
    DetectionSet set{1, 2, {truth_at(0, 0)}, {}, {}, {}};
    EXPECT_THAT(explained(set), HasSubstr("detected nothing in 1 images with 1 objects"));
    set.detections = {detected_at(1, 0, 0.9)};
    EXPECT_THAT(explained(set), HasSubstr("car is detected as van"));
    set.detections = {detected_at(0, 15, 0.9)};
    EXPECT_THAT(explained(set), HasSubstr("IoU of 0.14"));
    EXPECT_THAT(explained(set, 32), HasSubstr("1 of 1 objects are smaller than the 32 pixels"));
    set.detections = {detected_at(0, 400, 0.9)};
    EXPECT_THAT(explained(set), HasSubstr("None of 1 detections overlaps"));
    set.detections = {detected_at(0, 0, 0.9)};
    EXPECT_EQ(explained(set), "");
    set.truths.clear();
    EXPECT_THAT(explained(set), HasSubstr("no labelled objects"));
}

// Pixels and images.

TEST(PixelConfusion, AddsUp) {
    const std::vector<int> truth{0, 1, 1, 255}, predicted{0, 1, 0, 1};
    PixelConfusion one(2, 255), other(2, 255);
    one.add(truth, predicted);
    other.add(one);
    other.add(one);
    EXPECT_EQ(other.valid_pixels(), 6U);
    EXPECT_DOUBLE_EQ(*other.mean_iou(), 0.5);
    EXPECT_DOUBLE_EQ(*other.pixel_accuracy(), 2. / 3);
}

TEST(ClassMetrics, RefusesWhatDoesNotFit) {
    ClassMetrics metrics(3);
    const std::vector<double> three{1, 2, 3}, two{1, 2};
    EXPECT_EQ(metrics.add(0, two).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(metrics.add(3, three).error().code, ErrorCode::kInvalidArgument);
    EXPECT_TRUE(metrics.add(2, three));
}

/// Numbers of scikit-image (tests/oracle/image_quality.py).
TEST(ImageQuality, HasTheReferencesNumbers) {
    std::ifstream file(std::string(DIGITS_SOURCE_DIR) + "/tests/oracle/image_quality.json");
    const auto cases = json::parse(file);
    EXPECT_GE(cases.size(), 4U);
    for (const auto& one : cases) {
        const PlaneShape shape{one["channels"], one["height"], one["width"]};
        const auto a = one["a"].get<std::vector<float>>(), b = one["b"].get<std::vector<float>>();
        EXPECT_NEAR(psnr(a, b), one["psnr"].get<double>(), 1e-9) << one["name"];
        EXPECT_NEAR(ssim(a, b, shape), one["ssim"].get<double>(), 1e-9) << one["name"];
        EXPECT_EQ(psnr(a, a), std::numeric_limits<double>::infinity());
        EXPECT_NEAR(ssim(a, a, shape), 1, 1e-12);
    }
}

TEST(ImageQuality, TakesImagesSmallerThanTheWindow) {
    const std::vector<float> a{0, 50, 100, 150, 200, 250}, b{10, 40, 120, 140, 190, 255};
    const double similarity = ssim(a, b, {1, 2, 3});
    EXPECT_GT(similarity, 0.5);
    EXPECT_LT(similarity, 1);
}

TEST(ParallelFor, PassesOnWhatIsThrown) {
    std::atomic<int> sum = 0;
    parallel_for(100, 3, 7, [&](std::size_t i) { sum += static_cast<int>(i); });
    EXPECT_EQ(sum, 4950);
    EXPECT_THROW(parallel_for(100, 3, 1,
                              [](std::size_t i) {
                                  if (i == 50) throw std::runtime_error("x");
                              }),
                 std::runtime_error);
}

TEST(Npy, ReadsWholeNumbers) {
    const auto file = [](std::string_view type, std::string_view data) {
        return npy_header(type, {2}) + std::string(data);
    };
    EXPECT_EQ(parse_npy_integers(file("|u1", "\xff\x01"))->values, (std::vector{255, 1}));
    EXPECT_EQ(parse_npy_integers(file("|i1", "\xff\x01"))->values, (std::vector{-1, 1}));
    EXPECT_EQ(parse_npy_integers(file("<i2", std::string_view("\xfe\xff\x00\x01", 4)))->values, (std::vector{-2, 256}));
    EXPECT_EQ(parse_npy_integers(file("<f4", std::string_view("\0\0\0\0\0\0\0\0", 8))).error().code,
              ErrorCode::kUnsupported);
    EXPECT_EQ(parse_npy_integers(file("<i8", std::string(16, '\x7f'))).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(parse_npy_integers(file("|u1", "\x01")).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(parse_npy_integers("\x93NUMPY").error().code, ErrorCode::kDataLoss);
}

}  // namespace
}  // namespace digits
