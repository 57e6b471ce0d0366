#include "write_report.hpp"

#include <algorithm>

#include "base/named_file.hpp"
#include "base/scratch_file.hpp"
#include "data/records/gallery.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"
#include "image/resize.hpp"
#include "image_answer.hpp"
#include "report/document.hpp"
#include "report/html.hpp"
#include "report/pdf.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostImage_bytes = 256 << 20;
constexpr int kMostSide = 320;

Result<Image> read_image(const ReportImage& image, const DecodeOptions& decoding, const ReadableRoots& roots) {
    if (image.database.empty()) {
        DIGITS_ASSIGN(auto bytes, read_named_file(image.path, kMostImage_bytes, roots));
        DIGITS_ASSIGN(const auto shown, browser_image(std::move(bytes), decoding));
        return decode_image(shown.bytes);
    }
    DIGITS_ASSIGN(const auto file, record_image(image.database, image.index, image.label));
    return decode_image(file.bytes);
}

Result<PrintedImage> print_image(const ReportImage& image, const DecodeOptions& decoding, const ReadableRoots& roots) {
    DIGITS_ASSIGN(auto pixels, read_image(image, decoding, roots));
    const int side = std::max(pixels.width, pixels.height);
    if (side > kMostSide)
        pixels = resize_bilinear(pixels, std::max(1, pixels.width * kMostSide / side),
                                 std::max(1, pixels.height * kMostSide / side));
    PrintedImage printed{"", pixels.width, pixels.height};
    DIGITS_ASSIGN(printed.jpeg, encode_jpeg(pixels, 85));
    return printed;
}

}  // namespace

Result<json> write_report(const json& request, TaskContext& context) {
    DIGITS_ASSIGN(const auto report, parse_report(request.value("report", json())));
    DIGITS_ASSIGN(const auto decoding, asked_decoding(request));
    const ReadableRoots roots(context.grant().roots);
    PrintedImages images;
    int unreadable = 0;
    for (const auto& section : report.sections)
        for (const auto& block : section.blocks)
            for (const auto& image : block.images) {
                if (context.abort_requested()) return fail(ErrorCode::kCancelled, "the request was cancelled");
                // A report about failures must not fail for a file that is gone meanwhile.
                auto printed = print_image(image, decoding, roots);
                if (!printed) ++unreadable;
                images.push_back(printed ? std::move(*printed) : PrintedImage{});
            }
    std::string bytes;
    if (request.value("format", "") == "pdf") {
        DIGITS_ASSIGN(bytes, write_pdf(report, images));
    } else {
        bytes = write_html(report, images);
    }
    DIGITS_TRY(write_scratch_file(request.value("file", ""), bytes));
    return json{{"bytes", bytes.size()}, {"images", images.size()}, {"unreadable", unreadable}};
}

}  // namespace digits
