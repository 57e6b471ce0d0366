#include "caffe/text_outline.hpp"

#include <gtest/gtest.h>

namespace digits {
namespace {

std::string part(std::string_view text, const TextField& field) {
    return std::string(text.substr(field.begin, field.end - field.begin));
}

TEST(TextOutline, TellsFieldsAndTheirPlaces) {
    constexpr std::string_view kText =
        "name: \"n\" # a comment with { and \"\n"
        "layer {\n"
        "  name: 'conv1'  type: \"Convo\" \"lution\";\n"
        "  convolution_param < kernel_size: [3, 5] weight_filler { type: \"x{}y\" } >,\n"
        "}\n";
    const auto outline = outline_text(kText);
    ASSERT_EQ(outline.size(), 2U);
    EXPECT_EQ(part(kText, outline[0]), "name: \"n\"");
    const auto layers = layers_of(outline);
    ASSERT_EQ(layers.size(), 1U);
    const auto& layer = *layers[0];
    EXPECT_EQ(layer_name(layer), "conv1");
    EXPECT_EQ(layer_type(layer), "Convolution");
    EXPECT_EQ(layer.line, 2);
    EXPECT_EQ(layer.last_line, 5);
    EXPECT_EQ(kText.substr(layer.end), "\n");
    const auto* convolution = layer.find("convolution_param");
    ASSERT_TRUE(convolution);
    ASSERT_EQ(convolution->fields.size(), 3U);
    EXPECT_EQ(convolution->fields[0].value, "3");
    EXPECT_EQ(convolution->fields[1].value, "5");
    EXPECT_EQ(part(kText, convolution->fields[1]), "kernel_size: [3, 5]");
    const auto* type = convolution->fields[2].find("type");
    ASSERT_TRUE(type);
    EXPECT_EQ(type->value, "x{}y");
    EXPECT_EQ(type->line, 4);
    EXPECT_EQ(type->column, 59);
}

TEST(TextOutline, KnowsTheOldestLayers) {
    const auto outline = outline_text("layers { layer { name: \"a\" type: \"conv\" } bottom: \"data\" }");
    EXPECT_EQ(layer_name(*layers_of(outline)[0]), "a");
    EXPECT_EQ(layer_type(*layers_of(outline)[0]), "conv");
}

TEST(TextOutline, EndsForAnyText) {
    for (const auto* text :
         {"", "layer {", "}", "layer { name: \"", "a: [", "a: [1, {", "\"", "a { b: } }", ": : ;", "a: -", "a: }"})
        (void)outline_text(text);
    EXPECT_EQ(outline_text("a: } b: 1").size(), 1U);
    const std::string deep(100'000, '{');
    (void)outline_text("a " + deep);
    std::string nested;
    for (int i = 0; i < 100'000; ++i) nested += "a{";
    (void)outline_text(nested);
}

}  // namespace
}  // namespace digits
