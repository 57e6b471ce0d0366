#include "report/pdf.hpp"

#include <hpdf.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <utility>

namespace digits {
namespace {

constexpr float kWidth = 595, kHeight = 842, kMargin = 48, kBottom = 56;
constexpr float kText = 9.5F, kSmall = 8, kTitle = 20, kSection = 14, kSubsection = 11;
constexpr float kLine = 1.35F;
constexpr float kChart = 190, kLegendRow = 11;
constexpr std::size_t kMostRowLines = 12;  // of a table
constexpr int kColumns = 4;                // of images
constexpr float kGap = 10, kCaption = 30, kCell = (kWidth - 2 * kMargin - (kColumns - 1) * kGap) / kColumns;
constexpr const char* kWideFont = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
constexpr const char* kWideBoldFont = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf";
/// Of Chinese and Japanese. Few fonts will do: libharu takes no outlines of PostScript (Noto), and leaves out what
/// glyphs are composed of where that is composed itself (Droid Sans Fallback, WenQuanYi Micro Hei, Hangul).
constexpr const char* kEastFont = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc";
constexpr const char* kMissingNote =
    "Characters that no font of this machine has are printed as question marks: install the packages fonts-dejavu-core "
    "and fonts-wqy-zenhei, or use the HTML report.";

struct Color {
    float r, g, b;
};
constexpr Color kBlack{0.1F, 0.11F, 0.12F}, kGray{0.29F, 0.31F, 0.34F}, kLight{0.87F, 0.89F, 0.9F};
constexpr Color kColors[]{{0.10F, 0.44F, 0.76F}, {0.91F, 0.35F, 0.05F}, {0.18F, 0.62F, 0.27F}, {0.61F, 0.21F, 0.71F},
                          {0.79F, 0.16F, 0.16F}, {0.05F, 0.52F, 0.60F}, {0.94F, 0.55F, 0.0F},  {0.29F, 0.31F, 0.34F}};

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789.,-+e% ") == std::string_view::npos;
}

/// Number of bytes of the character that begins here.
std::size_t character_bytes(std::string_view text, std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return std::min(bytes, text.size() - at);
}

/// The character of so many bytes that begins here.
std::uint32_t character_at(std::string_view text, std::size_t at, std::size_t bytes) {
    const auto first = static_cast<unsigned char>(text[at]);
    std::uint32_t code = bytes == 1 ? first : first & (0x7FU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) code = (code << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3F);
    return code;
}

bool is_hangul(std::uint32_t code) {
    return (code >= 0x1100 && code <= 0x11FF) || (code >= 0x3130 && code <= 0x318F) ||
           (code >= 0xA960 && code <= 0xA97F) || (code >= 0xAC00 && code <= 0xD7FF);
}

/// Of the scripts of East Asia, with their punctuation and full-width forms.
bool is_eastern(std::uint32_t code) {
    return (code >= 0x2E80 && code <= 0xA4CF) || (code >= 0xAC00 && code <= 0xD7AF) ||
           (code >= 0xF900 && code <= 0xFAFF) || (code >= 0xFE30 && code <= 0xFE4F) ||
           (code >= 0xFF00 && code <= 0xFFEF);
}

/// A font, and the one for what it lacks; null: none.
struct Face {
    HPDF_Font own = nullptr;
    HPDF_Font east = nullptr;
};

class PdfWriter {
  public:
    explicit PdfWriter(const PrintedImages& images) : images_(images) {}
    ~PdfWriter() {
        if (pdf_) HPDF_Free(pdf_);
    }
    PdfWriter(const PdfWriter&) = delete;
    PdfWriter& operator=(const PdfWriter&) = delete;

    Result<std::string> write(const Report& report) {
        pdf_ = HPDF_New([](HPDF_STATUS, HPDF_STATUS, void*) {}, nullptr);
        if (!pdf_) return fail(ErrorCode::kResourceExhausted, "There is no memory for a PDF.");
        HPDF_SetCompressionMode(pdf_, HPDF_COMP_ALL);
        open_fonts();
        HPDF_SetInfoAttr(pdf_, HPDF_INFO_TITLE, latin(report.title).c_str());
        is_missing_ = false;
        HPDF_SetInfoAttr(pdf_, HPDF_INFO_CREATOR, "Digits");
        new_page();
        paragraph(report.title, bold_, kTitle, kBlack);
        paragraph(report.subtitle, regular_, kText, kGray);
        for (const auto& section : report.sections) {
            heading(section.title, kSection, 16);
            for (const auto& block : section.blocks) add(block);
        }
        if (is_missing_) {
            y_ -= kText;
            paragraph(kMissingNote, regular_, kSmall, kGray);
        }
        number_pages();
        if (HPDF_SaveToStream(pdf_) != HPDF_OK || HPDF_GetError(pdf_) != HPDF_OK)
            return fail(ErrorCode::kInternal, "The PDF cannot be made: libharu says {:#x}", HPDF_GetError(pdf_));
        std::string bytes(HPDF_GetStreamSize(pdf_), '\0');
        HPDF_ResetStream(pdf_);
        auto size = static_cast<HPDF_UINT32>(bytes.size());
        const auto status = HPDF_ReadFromStream(pdf_, reinterpret_cast<HPDF_BYTE*>(bytes.data()), &size);
        if (status != HPDF_OK && status != HPDF_STREAM_EOF)
            return fail(ErrorCode::kInternal, "The PDF cannot be read back: libharu says {:#x}", status);
        bytes.resize(size);
        return bytes;
    }

  private:
    void open_fonts() {
        std::error_code ignored;
        if (std::filesystem::exists(kWideFont, ignored) && std::filesystem::exists(kWideBoldFont, ignored)) {
            HPDF_UseUTFEncodings(pdf_);
            HPDF_SetCurrentEncoder(pdf_, "UTF-8");
            const char* regular = HPDF_LoadTTFontFromFile(pdf_, kWideFont, HPDF_TRUE);
            const char* bold = HPDF_LoadTTFontFromFile(pdf_, kWideBoldFont, HPDF_TRUE);
            if (regular && bold) {
                regular_.own = HPDF_GetFont(pdf_, regular, "UTF-8");
                bold_.own = HPDF_GetFont(pdf_, bold, "UTF-8");
            }
        }
        is_wide_ = regular_.own && bold_.own;
        if (is_wide_) return;
        HPDF_ResetError(pdf_);
        regular_.own = HPDF_GetFont(pdf_, "Helvetica", "WinAnsiEncoding");
        bold_.own = HPDF_GetFont(pdf_, "Helvetica-Bold", "WinAnsiEncoding");
    }

    /// The font for East Asia, once one is needed: it is large.
    bool has_eastern_font() {
        if (!is_east_looked_for_ && is_wide_) {
            is_east_looked_for_ = true;
            std::error_code ignored;
            const bool is_there = std::filesystem::exists(kEastFont, ignored);
            const char* name = is_there ? HPDF_LoadTTFontFromFile2(pdf_, kEastFont, 0, HPDF_TRUE) : nullptr;
            if (name) regular_.east = bold_.east = HPDF_GetFont(pdf_, name, "UTF-8");
            if (!regular_.east) HPDF_ResetError(pdf_);
        }
        return regular_.east != nullptr;
    }

    /// For fonts without more: Latin-1.
    std::string latin(std::string_view text) {
        std::string out;
        for (std::size_t at = 0; at < text.size();) {
            const auto bytes = character_bytes(text, at);
            const auto code = character_at(text, at, bytes);
            is_missing_ |= code > 0xFF;
            out += code > 0xFF ? '?' : static_cast<char>(code);
            at += bytes;
        }
        return out;
    }

    /// As the fonts take it.
    std::string text_of(std::string_view text) {
        std::string whole(text);
        for (auto& c : whole)
            if (static_cast<unsigned char>(c) < 0x20) c = ' ';
        if (!is_wide_) return latin(whole);
        std::string out;
        for (std::size_t at = 0; at < whole.size();) {
            const auto bytes = character_bytes(whole, at);
            const auto code = character_at(whole, at, bytes);
            const bool is_there = code <= 0xFFFF && !is_hangul(code) && (!is_eastern(code) || has_eastern_font());
            is_missing_ |= !is_there;
            out += is_there ? whole.substr(at, bytes) : "?";
            at += bytes;
        }
        return out;
    }

    /// Calls `use` with each part of a text of text_of() that one font has.
    template <class Use>
    void for_each_run(const std::string& text, const Face& face, const Use& use) const {
        if (!is_wide_ || !face.east) return use(face.own, text);
        std::string run;
        bool is_east = false;
        for (std::size_t at = 0; at < text.size();) {
            const auto bytes = character_bytes(text, at);
            const bool east = is_eastern(character_at(text, at, bytes));
            if (east != is_east && !run.empty()) use(is_east ? face.east : face.own, std::exchange(run, {}));
            is_east = east;
            run += text.substr(at, bytes);
            at += bytes;
        }
        if (!run.empty()) use(is_east ? face.east : face.own, run);
    }

    void new_page() {
        page_ = HPDF_AddPage(pdf_);
        ++pages_;
        HPDF_Page_SetSize(page_, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
        y_ = kHeight - kMargin;
    }
    /// Begins a page where `height` does not fit on this one.
    void need(float height) {
        if (y_ - height < kBottom) new_page();
    }
    void fill(Color c) { HPDF_Page_SetRGBFill(page_, c.r, c.g, c.b); }
    void stroke(Color c) { HPDF_Page_SetRGBStroke(page_, c.r, c.g, c.b); }

    float width_of(const std::string& text, const Face& face, float size) {
        float width = 0;
        for_each_run(text, face, [&](HPDF_Font font, const std::string& run) {
            HPDF_Page_SetFontAndSize(page_, font, size);
            width += HPDF_Page_TextWidth(page_, run.c_str());
        });
        return width;
    }
    void print(float x, float y, const std::string& text, const Face& face, float size, Color color) {
        fill(color);
        for_each_run(text, face, [&](HPDF_Font font, const std::string& run) {
            HPDF_Page_BeginText(page_);
            HPDF_Page_SetFontAndSize(page_, font, size);
            HPDF_Page_TextOut(page_, x, y, run.c_str());
            x += HPDF_Page_TextWidth(page_, run.c_str());
            HPDF_Page_EndText(page_);
        });
    }
    void print_right(float x, float y, const std::string& text, const Face& font, float size, Color color) {
        print(x - width_of(text, font, size), y, text, font, size, color);
    }

    /// Lines that fit; a word that does not is cut.
    std::vector<std::string> wrap(std::string_view text, float width, const Face& font, float size) {
        const auto whole = text_of(text);
        std::vector<std::string> lines;
        std::string line;
        for (std::size_t at = 0; at < whole.size();) {
            const auto end = std::min(whole.find(' ', at), whole.size());
            auto word = whole.substr(at, end - at);
            at = end + 1;
            const auto longer = line.empty() ? word : line + " " + word;
            if (width_of(longer, font, size) <= width) {
                line = longer;
                continue;
            }
            if (!line.empty()) lines.push_back(std::move(line));
            line.clear();
            while (width_of(word, font, size) > width) {
                std::size_t cut = 0;
                while (cut < word.size()) {
                    const auto bytes = is_wide_ ? character_bytes(word, cut) : 1;
                    if (cut > 0 && width_of(word.substr(0, cut + bytes), font, size) > width) break;
                    cut += bytes;
                }
                lines.push_back(word.substr(0, cut));
                word.erase(0, cut);
            }
            line = std::move(word);
        }
        if (!line.empty()) lines.push_back(std::move(line));
        return lines;
    }

    void paragraph(std::string_view text, const Face& font, float size, Color color) {
        for (std::size_t at = 0; at <= text.size();) {
            const auto end = std::min(text.find('\n', at), text.size());
            for (const auto& line : wrap(text.substr(at, end - at), kWidth - 2 * kMargin, font, size)) {
                need(size * kLine);
                y_ -= size * kLine;
                print(kMargin, y_, line, font, size, color);
            }
            at = end + 1;
        }
    }

    /// `next`: what must be on the same page below it.
    void heading(std::string_view text, float size, float before, float next = 60) {
        need(size + before + next);
        y_ -= before;
        paragraph(text, bold_, size, kBlack);
        y_ -= 4;
    }

    static float least_height(const ReportBlock& block) {
        switch (block.kind) {
            case ReportBlockKind::kChart: return kChart + 10;
            case ReportBlockKind::kImages: return kCell + kCaption + 10;
            case ReportBlockKind::kMatrix: return 120;
            default: return 50;
        }
    }

    void add(const ReportBlock& block) {
        if (!block.title.empty()) heading(block.title, kSubsection, 8, least_height(block));
        switch (block.kind) {
            case ReportBlockKind::kText: paragraph(block.text, regular_, kText, kBlack); break;
            case ReportBlockKind::kFacts: add_facts(block); break;
            case ReportBlockKind::kTable: add_table(block); break;
            case ReportBlockKind::kChart: add_chart(block); break;
            case ReportBlockKind::kMatrix: add_matrix(block); break;
            case ReportBlockKind::kImages: add_images(block); break;
        }
        y_ -= 4;
    }

    void add_facts(const ReportBlock& block) {
        constexpr float kNames = 150;
        for (const auto& fact : block.facts) {
            const auto names = wrap(fact.name, kNames - 8, regular_, kText);
            const auto values = wrap(fact.value, kWidth - 2 * kMargin - kNames, regular_, kText);
            for (std::size_t i = 0; i < std::max(names.size(), values.size()); ++i) {
                need(kText * kLine);
                y_ -= kText * kLine;
                if (i < names.size()) print(kMargin, y_, names[i], regular_, kText, kGray);
                if (i < values.size()) print(kMargin + kNames, y_, values[i], regular_, kText, kBlack);
            }
        }
    }

    void line(float x0, float y0, float x1, float y1, Color color, float width) {
        stroke(color);
        HPDF_Page_SetLineWidth(page_, width);
        HPDF_Page_MoveTo(page_, x0, y0);
        HPDF_Page_LineTo(page_, x1, y1);
        HPDF_Page_Stroke(page_);
    }

    void add_table(const ReportBlock& block) {
        std::vector<float> widths;
        const auto measure = [&](const std::vector<std::string>& cells, const Face& font) {
            widths.resize(std::max(widths.size(), cells.size()), 20);
            for (std::size_t i = 0; i < cells.size(); ++i)
                widths[i] = std::max(widths[i], width_of(text_of(cells[i]), font, kSmall) + 12);
        };
        measure(block.header, bold_);
        for (const auto& row : block.rows) measure(row, regular_);
        float total = 0;
        for (const auto width : widths) total += width;
        const float scale = std::min(1.0F, (kWidth - 2 * kMargin) / std::max(total, 1.0F));
        const auto first = block.rows.empty() ? std::vector<std::string>() : block.rows.front();
        const auto row = [&](const std::vector<std::string>& cells, const Face& font) {
            std::vector<std::vector<std::string>> texts;
            for (std::size_t i = 0; i < cells.size(); ++i)
                texts.push_back(wrap(cells[i], widths[i] * scale - 8, font, kSmall));
            std::size_t lines = 1;
            for (const auto& text : texts) lines = std::max(lines, std::min(text.size(), kMostRowLines));
            for (std::size_t l = 0; l < lines; ++l) {
                const float height = kSmall * (l == 0 ? 1.7F : kLine);
                need(height);
                y_ -= height;
                float x = kMargin;
                for (std::size_t i = 0; i < cells.size(); ++i) {
                    const auto width = widths[i] * scale;
                    const auto text = l < texts[i].size() ? texts[i][l] : std::string();
                    if (is_number(i < first.size() ? first[i] : cells[i]))
                        print_right(x + width - 8, y_, text, font, kSmall, kBlack);
                    else
                        print(x, y_, text, font, kSmall, kBlack);
                    x += width;
                }
            }
            line(kMargin, y_ - 3, kMargin + total * scale, y_ - 3, kLight, 0.5F);
        };
        row(block.header, bold_);
        for (const auto& one : block.rows) row(one, regular_);
    }

    void add_chart(const ReportBlock& block) {
        constexpr float kLeft = 46, kBelow = 44;
        const auto range = chart_range(block.series);
        if (!range) return;
        const auto [x_low, x_high, y_low, y_high] = *range;
        struct Place {
            float x;
            float below;
        };
        std::vector<Place> places;
        Place next{kMargin + kLeft, 0};
        for (const auto& series : block.series) {
            const float width = 34 + width_of(text_of(series.name), regular_, kSmall);
            if (next.x > kMargin + kLeft && next.x + width > kWidth - kMargin)
                next = {kMargin + kLeft, next.below + kLegendRow};
            places.push_back(next);
            next.x += width;
        }
        need(kChart + next.below);
        const float top = y_ - 6, bottom = y_ - kChart + kBelow, left = kMargin + kLeft, right = kWidth - kMargin;
        const auto to_x = [&](double x) {
            return left + static_cast<float>((x - x_low) / (x_high - x_low)) * (right - left);
        };
        const auto to_y = [&](double y) {
            return bottom + static_cast<float>((y - y_low) / (y_high - y_low)) * (top - bottom);
        };
        for (const double y : axis_ticks(y_low, y_high, 5)) {
            line(left, to_y(y), right, to_y(y), kLight, 0.5F);
            print_right(left - 5, to_y(y) - 3, number_text(y), regular_, kSmall, kGray);
        }
        for (const double x : axis_ticks(x_low, x_high, 8)) {
            const auto text = number_text(x);
            print(to_x(x) - width_of(text, regular_, kSmall) / 2, bottom - 12, text, regular_, kSmall, kGray);
        }
        const auto x_label = text_of(block.x_label);
        print((left + right) / 2, bottom - 23, x_label, regular_, kSmall, kGray);
        for (std::size_t s = 0; s < block.series.size(); ++s) {
            const auto& series = block.series[s];
            const auto color = kColors[s % std::size(kColors)];
            const HPDF_UINT16 dashes[]{4, 2};
            HPDF_Page_SetDash(page_, series.dashed ? dashes : nullptr, series.dashed ? 2 : 0, 0);
            stroke(color);
            HPDF_Page_SetLineWidth(page_, 1.2F);
            bool is_open = false, is_any = false;
            for (std::size_t i = 0; i < std::min(series.x.size(), series.y.size()); ++i) {
                if (!std::isfinite(series.y[i])) {
                    is_open = false;
                    continue;
                }
                if (is_open)
                    HPDF_Page_LineTo(page_, to_x(series.x[i]), to_y(series.y[i]));
                else
                    HPDF_Page_MoveTo(page_, to_x(series.x[i]), to_y(series.y[i]));
                is_open = is_any = true;
            }
            if (is_any) HPDF_Page_Stroke(page_);
            const auto [x, below] = places[s];
            line(x, bottom - 35 - below, x + 16, bottom - 35 - below, color, 1.5F);
            HPDF_Page_SetDash(page_, nullptr, 0, 0);
            print(x + 20, bottom - 38 - below, text_of(series.name), regular_, kSmall, kGray);
        }
        y_ -= kChart + next.below;
    }

    void add_matrix(const ReportBlock& block) {
        const auto count = block.matrix.size();
        if (count == 0) return;
        constexpr float kNames = 90;
        const float cell = std::min(40.0F, (kWidth - 2 * kMargin - kNames) / static_cast<float>(count));
        const float size = std::min(kSmall, cell * 0.4F);
        const auto fitted = [&](std::size_t i, float width) {
            const auto lines = wrap(i < block.labels.size() ? block.labels[i] : std::string(), width, regular_, size);
            return lines.empty() ? std::string() : lines.front();
        };
        paragraph("Rows: actual class; columns: predicted class", regular_, kSmall, kGray);
        need(cell * 2);
        y_ -= size * 1.6F;
        for (std::size_t i = 0; i < count; ++i)
            print_right(kMargin + kNames + cell * static_cast<float>(i + 1) - 3, y_, fitted(i, cell - 4), regular_,
                        size, kGray);
        y_ -= 4;
        for (std::size_t i = 0; i < count; ++i) {
            need(cell * 0.6F);
            y_ -= cell * 0.6F;
            print(kMargin, y_ + cell * 0.2F, fitted(i, kNames - 6), regular_, size, kGray);
            std::int64_t sum = 0;
            for (const auto value : block.matrix[i]) sum += value;
            for (std::size_t j = 0; j < block.matrix[i].size(); ++j) {
                const float share = sum == 0 ? 0 : static_cast<float>(block.matrix[i][j]) / static_cast<float>(sum);
                const float x = kMargin + kNames + cell * static_cast<float>(j);
                fill({1 - 0.5F * share, 1 - 0.31F * share, 1 - 0.13F * share});
                HPDF_Page_Rectangle(page_, x, y_, cell - 1, cell * 0.6F - 1);
                HPDF_Page_Fill(page_);
                print_right(x + cell - 3, y_ + cell * 0.2F, std::to_string(block.matrix[i][j]), regular_, size, kBlack);
            }
        }
    }

    /// Of so many images from this one on, as they are printed.
    float row_height(std::size_t first, std::size_t count) const {
        float height = 20;  // of one that cannot be read
        for (std::size_t i = first; i < std::min(first + count, images_.size()); ++i)
            height = std::max(height, kCell * static_cast<float>(images_[i].height) /
                                          static_cast<float>(std::max({images_[i].width, images_[i].height, 1})));
        return height;
    }

    void add_images(const ReportBlock& block) {
        float height_of_row = kCell;
        for (std::size_t i = 0; i < block.images.size(); ++i) {
            const auto column = i % kColumns;
            if (column == 0) {
                height_of_row = row_height(next_, std::min<std::size_t>(kColumns, block.images.size() - i));
                need(height_of_row + kCaption);
                y_ -= height_of_row + kCaption;
            }
            const float x = kMargin + (kCell + kGap) * static_cast<float>(column);
            const auto* printed = next_ < images_.size() ? &images_[next_] : nullptr;
            ++next_;
            HPDF_Image image = nullptr;
            if (printed && !printed->jpeg.empty())
                image = HPDF_LoadJpegImageFromMem(pdf_, reinterpret_cast<const HPDF_BYTE*>(printed->jpeg.data()),
                                                  static_cast<HPDF_UINT>(printed->jpeg.size()));
            if (image) {
                const float scale = kCell / static_cast<float>(std::max({printed->width, printed->height, 1}));
                const float height = static_cast<float>(printed->height) * scale;
                HPDF_Page_DrawImage(page_, image, x, y_ + kCaption + height_of_row - height,
                                    static_cast<float>(printed->width) * scale, height);
            } else {
                HPDF_ResetError(pdf_);  // of an image that libharu does not take
                print(x, y_ + kCaption + height_of_row - 12, "not readable", regular_, kSmall, kGray);
            }
            const auto lines = wrap(block.images[i].caption, kCell, regular_, kSmall);
            for (std::size_t l = 0; l < std::min<std::size_t>(lines.size(), 2); ++l)
                print(x, y_ + kCaption - 10 - 10 * static_cast<float>(l), lines[l], regular_, kSmall, kGray);
        }
    }

    void number_pages() {
        for (HPDF_UINT i = 0; i < pages_; ++i) {
            page_ = HPDF_GetPageByIndex(pdf_, i);
            print_right(kWidth - kMargin, 30, std::to_string(i + 1), regular_, kSmall, kGray);
        }
    }

    const PrintedImages& images_;
    std::size_t next_ = 0;
    HPDF_Doc pdf_ = nullptr;
    HPDF_Page page_ = nullptr;
    HPDF_UINT pages_ = 0;
    Face regular_, bold_;
    bool is_wide_ = false;  ///< whether they have more than Latin-1
    bool is_east_looked_for_ = false;
    bool is_missing_ = false;  ///< whether something was printed as a question mark
    float y_ = 0;
};

}  // namespace

Result<std::string> write_pdf(const Report& report, const PrintedImages& images) {
    return PdfWriter(images).write(report);
}

}  // namespace digits
