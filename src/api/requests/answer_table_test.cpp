#include "api/requests/answer_table.hpp"

#include <gtest/gtest.h>

namespace digits::api {
namespace {

using nlohmann::json;

TEST(AnswerTable, NamesTheNumbersOfTheDataset) {
    const auto images = json::parse(R"([
        {"name": "a.png", "view": "raw", "names": ["angle", "speed, mean"], "predictions": [], "error": null,
         "outputs": [{"name": "ip", "shape": [2], "values": [0.5, -1]}, {"name": "map", "shape": [1, 2], "values": [3, 4]}]},
        {"name": "b.png", "view": "raw", "predictions": [], "error": {"message": "not an image"}}])");
    EXPECT_EQ(answer_table(images),
              "image,name,value,error\r\n"
              "a.png,angle,0.5,\r\na.png,\"speed, mean\",-1,\r\na.png,map[0],3,\r\na.png,map[1],4,\r\n"
              "b.png,,,not an image\r\n");
}

TEST(AnswerTable, NamesOutputsWhereThereIsNoNameForEachNumber) {
    const auto numbers = named_numbers(
        json::parse(R"({"names": ["x"], "outputs": [{"name": "ip", "shape": [2], "values": [0.5, null]}]})"));
    ASSERT_EQ(numbers.size(), 2u);
    EXPECT_EQ(numbers[0].name, "ip[0]");
    EXPECT_EQ(numbers[1].name, "ip[1]");
    EXPECT_TRUE(numbers[1].value.is_null());
}

TEST(AnswerTable, HasALineForEachClassAndForAnImageWithoutAny) {
    EXPECT_EQ(answer_table(json::parse(R"([{"name": "a.png", "view": "boxes", "boxes": []}])")),
              "image,label,class,score,left,top,right,bottom,error\r\na.png,,,,,,,,\r\n");
}

}  // namespace
}  // namespace digits::api
