#include "base/json_depth.hpp"

#include <gtest/gtest.h>

namespace digits {
namespace {

TEST(JsonDepth, CountsArraysAndObjectsInsideEachOther) {
    EXPECT_FALSE(is_json_deeper_than(R"([{"a": [1]}, [[2]]])", 3));
    EXPECT_TRUE(is_json_deeper_than(R"([{"a": [1]}, [[2]]])", 2));
    EXPECT_FALSE(is_json_deeper_than("", 0));
}

TEST(JsonDepth, DoesNotCountBracketsInStrings) {
    EXPECT_FALSE(is_json_deeper_than(R"(["[[[[ \" [[["])", 1));
    EXPECT_TRUE(is_json_deeper_than(R"(["]]]]", [[]]])", 2));
}

}  // namespace
}  // namespace digits
