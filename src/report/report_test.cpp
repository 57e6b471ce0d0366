#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "report/document.hpp"
#include "report/html.hpp"
#include "report/pdf.hpp"

namespace digits {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

Report report_of(json blocks) {
    auto report = parse_report({{"title", "a <b> & \"c\""},
                                {"subtitle", "s"},
                                {"sections", {{{"title", "One"}, {"blocks", std::move(blocks)}}}}});
    EXPECT_TRUE(report) << report.error().to_string();
    return report ? *report : Report{};
}

int pages_of(const std::string& pdf) {
    int pages = 0;
    for (auto at = pdf.find("/Type /Page\n"); at != std::string::npos; at = pdf.find("/Type /Page\n", at + 1)) ++pages;
    return pages;
}

void expect_pdf(const Report& report, const PrintedImages& images, int pages) {
    const auto pdf = write_pdf(report, images);
    ASSERT_TRUE(pdf) << pdf.error().to_string();
    EXPECT_THAT(*pdf, StartsWith("%PDF-"));
    EXPECT_EQ(pages_of(*pdf), pages);
}

TEST(Report, LabelsAxesWithFewRoundNumbers) {
    EXPECT_THAT(axis_ticks(0, 1, 5), ElementsAre(0, 0.2, 0.4, testing::DoubleEq(0.6), 0.8, 1));
    EXPECT_THAT(axis_ticks(7, 93, 5), ElementsAre(20, 40, 60, 80));
    EXPECT_THAT(axis_ticks(3, 3, 5), ElementsAre(3));
    EXPECT_THAT(axis_ticks(1e20, std::nextafter(1e20, 2e20), 5), SizeIs(testing::Le(6U))) << "doubles end it, too";
    EXPECT_THAT(axis_ticks(-1e308, 1e308, 5), SizeIs(testing::Le(6U)));
}

TEST(Report, HasNoMarkupOfItsTexts) {
    const auto html =
        write_html(report_of({{{"kind", "text"}, {"text", "<script>\nx"}},
                              {{"kind", "facts"}, {"facts", {{{"name", "<i>"}, {"value", "\"&"}}}}},
                              {{"kind", "images"}, {"images", {{{"path", "p"}, {"caption", "\"><b>"}}}}}}),
                   {PrintedImage{"bytes", 1, 1}});
    EXPECT_THAT(html, HasSubstr("<h1>a &lt;b&gt; &amp; &quot;c&quot;</h1>"));
    for (const auto* markup : {"<script", "<i>", "\"><b>"}) EXPECT_THAT(html, Not(HasSubstr(markup)));
    EXPECT_THAT(html, EndsWith("</html>\n"));
}

TEST(Report, SaysWhichImagesCannotBeRead) {
    const auto report = report_of({{{"kind", "images"}, {"images", {{{"path", "gone"}}, {{"path", "damaged"}}}}}});
    const PrintedImages images{{}, {"not a JPEG file", 3, 2}};
    EXPECT_THAT(write_html(report, images), HasSubstr("not readable"));
    expect_pdf(report, images, 1);
}

TEST(Report, BreaksPagesAndLines) {
    auto rows = json::array();
    for (int i = 0; i < 60; ++i) rows.push_back({"class " + std::to_string(i), "12"});
    std::string chinese;
    for (int i = 0; i < 15'000; ++i) chinese += "图";  // a word longer than a string of a PDF may be
    expect_pdf(report_of({{{"kind", "table"}, {"header", {"Class", "Samples"}}, {"rows", rows}}}), {}, 2);
    expect_pdf(report_of({{{"kind", "text"}, {"text", "one\ntwo"}}}), {}, 1);
    const auto pdf = write_pdf(report_of({{{"kind", "text"}, {"text", chinese}}}), {});
    ASSERT_TRUE(pdf) << pdf.error().to_string();
    EXPECT_GT(pages_of(*pdf), 2);
}

int fonts_of(const std::string& pdf) {
    int fonts = 0;
    for (auto at = pdf.find("/FontFile2"); at != std::string::npos; at = pdf.find("/FontFile2", at + 1)) ++fonts;
    return fonts;
}

TEST(Report, PrintsNamesOfEastAsia) {
    const auto latin = write_pdf(report_of({{{"kind", "text"}, {"text", "images, Größe"}}}), {});
    const auto chinese = write_pdf(report_of({{{"kind", "text"}, {"text", "images 图像 Größe"}}}), {});
    ASSERT_TRUE(latin && chinese);
    for (const auto* missing : {"\U0001F600", "이미지"}) {
        const auto pdf = write_pdf(report_of({{{"kind", "text"}, {"text", missing}}}), {});
        ASSERT_TRUE(pdf);
        EXPECT_GT(pdf->size(), latin->size() + 100) << "the note that a character is missing";
    }
    if (!std::filesystem::exists("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"))
        GTEST_SKIP() << "the package fonts-wqy-zenhei is not installed";
    EXPECT_EQ(fonts_of(*chinese), fonts_of(*latin) + 1) << "inside the file";
    EXPECT_LT(chinese->size(), 3'000'000U) << "with the glyphs that are used";
}

TEST(Report, ChartsKeepTheirNamesInside) {
    auto series = json::array();
    for (int i = 0; i < 12; ++i)
        series.push_back({{"name", "val/precision of " + std::to_string(i)}, {"x", {0, 1}}, {"y", {0, i}}});
    const auto report = report_of({{{"kind", "chart"}, {"title", "C"}, {"x_label", "Epoch"}, {"series", series}}});
    const auto html = write_html(report, {});
    EXPECT_THAT(html, HasSubstr("viewBox=\"0 0 720 316\"")) << "two more rows of names";
    expect_pdf(report, {}, 1);
}

}  // namespace
}  // namespace digits
