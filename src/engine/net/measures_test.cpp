#include <ATen/ATen.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/guard.hpp"
#include "engine/net/series_choice.hpp"
#include "metrics/class_metrics.hpp"

// What layers measure of a whole set, against the numbers that the tests of src/metrics hold to scikit-learn's, and
// against numbers worked out by hand.
namespace digits {
namespace {

using Measured = std::map<std::string, double, std::less<>>;

/// Two inputs "a" and "b" of these shapes, and one layer that reads them.
class Measuring {
  public:
    Measuring(const std::string& layer, const std::string& a, const std::string& b) {
        caffe::NetParameter definition;
        EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
            R"(layer { name: "a" type: "Input" top: "a" input_param { shape { )" + a + R"( } } }
               layer { name: "b" type: "Input" top: "b" input_param { shape { )" +
                b + R"( } } } layer { name: "it" bottom: "a" bottom: "b" top: "it" )" + layer + " }",
            &definition));
        NetOptions options;
        options.state.set_phase(caffe::TEST);
        auto net = Net::create(definition, options);
        EXPECT_TRUE(net) << net.error().to_string();
        net_ = std::move(*net);
        for (const auto& [name, layer_of] : find_measures(*net_)) layer_of->measure();
    }

    Net& net() { return *net_; }

    void add(const at::Tensor& a, const at::Tensor& b) {
        ASSERT_TRUE(guarded([&] {
            net_->find_blob("a")->set_data(a.clone());
            net_->find_blob("b")->set_data(b.clone());
        }));
        const auto loss = net_->forward();
        ASSERT_TRUE(loss) << loss.error().to_string();
    }

    Measured end() {
        EXPECT_TRUE(net_->end_set());
        Measured found;
        for (const auto& [name, layer] : find_measures(*net_)) found[name] = layer->measured(name);
        return found;
    }

  private:
    std::unique_ptr<Net> net_;
};

TEST(Measures, F1IsTheMeanOverTheClassesOfTheSet) {
    constexpr int kClasses = 5, kBatch = 8;
    Measuring measuring(R"(type: "Accuracy")", "dim: 8 dim: 5", "dim: 8");
    ClassMetrics expected(kClasses);
    for (const int batches : {3, 1}) {  // the second set begins again
        expected = ClassMetrics(kClasses);
        measuring.net().begin_set();
        for (int batch = 0; batch < batches; ++batch) {
            const at::Tensor scores = at::rand({kBatch, kClasses}), labels = at::randint(0, 3, {kBatch}).to(at::kFloat);
            measuring.add(scores, labels);
            for (int i = 0; i < kBatch; ++i) {
                const at::Tensor row = scores[i].to(at::kDouble).contiguous();
                ASSERT_TRUE(expected.add(labels[i].item<int>(), {row.data_ptr<double>(), kClasses}));
            }
        }
        EXPECT_NEAR(measuring.end().at("f1"), expected.to_json()["macro_present_in_truth"]["f1"].get<double>(), 1e-12);
    }
}

TEST(Measures, F1LeavesOutIgnoredLabels) {
    Measuring measuring(R"(type: "Accuracy" accuracy_param { ignore_label: 1 })", "dim: 3 dim: 2", "dim: 3");
    measuring.net().begin_set();
    // Right, ignored, wrong: class 0 has one of two; no sample that counts is of class 1.
    measuring.add(at::tensor(std::vector<float>{1, 0, 1, 0, 0, 1}).reshape({3, 2}),
                  at::tensor(std::vector<float>{0, 1, 0}));
    EXPECT_NEAR(measuring.end().at("f1"), 2.0 / 3, 1e-12);
}

TEST(Measures, OnlyTheBestClassOfASampleHasAnF1) {
    EXPECT_TRUE(
        find_measures(Measuring(R"(type: "Accuracy" accuracy_param { top_k: 2 })", "dim: 2 dim: 3", "dim: 2").net())
            .empty());
    EXPECT_TRUE(
        find_measures(Measuring(R"(type: "Accuracy")", "dim: 2 dim: 3 dim: 4 dim: 4", "dim: 2 dim: 4 dim: 4").net())
            .empty())
        << "a map of classes";
}

TEST(Measures, MeanAbsoluteErrorIsOfAllValues) {
    Measuring measuring(R"(type: "EuclideanLoss")", "dim: 2 dim: 2", "dim: 2 dim: 2 dim: 1 dim: 1");
    measuring.net().begin_set();
    EXPECT_TRUE(std::isnan(measuring.end().at("error"))) << "no sample";
    measuring.net().begin_set();
    measuring.add(at::tensor(std::vector<float>{1, 2, 3, 4}).reshape({2, 2}),
                  at::tensor(std::vector<float>{1, 0, 6, 4}).reshape({2, 2, 1, 1}));
    measuring.add(at::zeros({2, 2}), at::full({2, 2, 1, 1}, -1.0F));
    EXPECT_NEAR(measuring.end().at("error"), (2 + 3 + 4) / 8.0, 1e-7);
}

TEST(Measures, LabelsHaveMapAndF1) {
    Measuring measuring(R"(type: "SigmoidCrossEntropyLoss")", "dim: 3 dim: 2", "dim: 3 dim: 2");
    measuring.net().begin_set();
    // The probabilities of Multilabel.EvaluatesEachLabel.
    const auto score = [](float probability) { return std::log(probability / (1 - probability)); };
    measuring.add(
        at::tensor(std::vector<float>{score(0.9F), score(0.1F), score(0.8F), score(0.6F), score(0.7F), score(0.2F)})
            .reshape({3, 2}),
        at::tensor(std::vector<float>{1, 0, 0, 0, 1, 1}).reshape({3, 2}));
    const auto found = measuring.end();
    EXPECT_NEAR(found.at("mAP"), (5.0 / 6 + 0.5) / 2, 1e-12);
    EXPECT_NEAR(found.at("f1"), 0.4, 1e-12);
    EXPECT_TRUE(find_measures(Measuring(R"(type: "SigmoidCrossEntropyLoss")", "dim: 1 dim: 2 dim: 4 dim: 4",
                                        "dim: 1 dim: 2 dim: 4 dim: 4")
                                  .net())
                    .empty())
        << "a map of scores";
}

}  // namespace
}  // namespace digits
