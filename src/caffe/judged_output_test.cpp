#include "caffe/judged_output.hpp"

#include <gtest/gtest.h>

#include "caffe/prototxt.hpp"

namespace digits {
namespace {

constexpr const char* kHelper = R"(
    layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" }
    layer { name: "help" type: "InnerProduct" bottom: "data" top: "help" })";

std::string judged(const std::string& train_val, const std::string& deploy) {
    return judged_output(*parse_net_text(kHelper + train_val, "train_val"),
                         *parse_net_text(kHelper + deploy, "deploy"));
}

TEST(JudgedOutput, IsTheSoftmaxOfTheScoresThatAnAccuracyReads) {
    const std::string accuracy = R"(layer { name: "a" type: "Accuracy" bottom: "ip" bottom: "label" top: "a" })";
    for (const char* name : {"aprob", "zprob"}) {
        const auto deploy = std::string(R"(layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" })") +
                            "layer { name: \"other\" type: \"Softmax\" bottom: \"help\" top: \"" + name + "\" }";
        EXPECT_EQ(judged(accuracy, deploy), "prob") << name;
    }
    EXPECT_EQ(judged(accuracy, R"(layer { name: "prob" type: "Softmax" bottom: "help" top: "prob" })"), "ip");
    // Top 1 and top 5 read the same scores.
    EXPECT_EQ(judged(accuracy + R"(layer { name: "b" type: "Accuracy" bottom: "ip" bottom: "label" top: "b" })",
                     R"(layer { name: "prob" type: "Softmax" bottom: "ip" top: "prob" })"),
              "prob");
}

TEST(JudgedOutput, IsNotSaidWithoutAccuracyOrWithTwo) {
    const std::string both = R"(
        layer { name: "p" type: "Softmax" bottom: "ip" top: "p" } layer { name: "q" type: "Softmax" bottom: "help" top: "q" })";
    EXPECT_EQ(judged("", both), "");
    EXPECT_EQ(judged(R"(layer { name: "a" type: "Accuracy" bottom: "ip" top: "a" }
                        layer { name: "b" type: "Accuracy" bottom: "help" top: "b" })",
                     both),
              "");
    EXPECT_EQ(judged(R"(layer { name: "a" type: "Accuracy" bottom: "ip" top: "a" include { phase: TRAIN } })", both),
              "")
        << "only the validation judges";
}

}  // namespace
}  // namespace digits
