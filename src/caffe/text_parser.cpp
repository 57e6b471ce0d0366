#include "caffe/text_parser.hpp"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>

namespace digits {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::io::Tokenizer;

constexpr int kTabWidth = 8;  // the tokenizer's

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

/// The field most like `name`, or nothing when none is near.
const FieldDescriptor* nearest_field(const Descriptor& message, std::string_view name) {
    const FieldDescriptor* best = nullptr;
    std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (int i = 0; i < message.field_count(); ++i) {
        const std::size_t distance = edit_distance(name.substr(0, 64), message.field(i)->name());
        if (distance < least) {
            least = distance;
            best = message.field(i);
        }
    }
    return best;
}

std::string enum_values(const EnumDescriptor& type) {
    std::string words;
    for (int i = 0; i < type.value_count(); ++i) words += (i == 0 ? "" : ", ") + type.value(i)->name();
    return words;
}

class TextParser : private google::protobuf::io::ErrorCollector {
  public:
    explicit TextParser(std::string_view text)
        : text_(text), stream_(text.data(), static_cast<int>(text.size())), tokens_(&stream_, this) {
        tokens_.set_comment_style(Tokenizer::SH_COMMENT_STYLE);
        tokens_.set_allow_f_after_float(true);
        tokens_.set_require_space_after_number(false);
        tokens_.set_allow_multiline_strings(true);
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '\n') lines_.push_back(i + 1);
    }

    std::vector<Diagnostic> parse(Message& message) {
        tokens_.Next();
        while (!at_end() && !full()) {
            if (at("}") || at(">")) {
                report(fmt::format("unexpected \"{}\": no message is open here", token()));
                tokens_.Next();
            } else {
                field(message);
            }
        }
        if (findings_.empty()) check_required(message);
        std::stable_sort(findings_.begin(), findings_.end(), [](const Diagnostic& a, const Diagnostic& b) {
            return std::pair(a.line, a.column) < std::pair(b.line, b.column);
        });
        return std::move(findings_);
    }

  private:
    struct Place {
        int line = 0;
        int column = 0;  // as the tokenizer counts: from 0, tabs wide
    };
    struct Open {
        const Descriptor* type;  // of the message around it
        Place place;
    };

    void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
        report_at({line, column}, message);
    }

    const std::string& token() { return tokens_.current().text; }
    bool at(std::string_view text) { return token() == text && tokens_.current().type == Tokenizer::TYPE_SYMBOL; }
    bool at(Tokenizer::TokenType type) { return tokens_.current().type == type; }
    bool at_end() { return at(Tokenizer::TYPE_END); }
    bool at_open() { return at("{") || at("<"); }
    bool at_close() { return at("}") || at(">"); }
    bool full() const { return findings_.size() >= kMostDiagnostics; }
    Place place() { return {tokens_.current().line, tokens_.current().column}; }
    Place end_of_previous() { return {tokens_.previous().line, tokens_.previous().end_column}; }
    bool accept(std::string_view text) {
        if (!at(text)) return false;
        tokens_.Next();
        return true;
    }

    std::string got() {
        if (at_end()) return "the end of the file";
        return token().size() > 60 ? token().substr(0, 57) + "..." : token();
    }

    void report(std::string message) { report_at(place(), std::move(message)); }

    void report_at(Place where, std::string message) {
        if (!full()) findings_.push_back(locate(where, std::move(message)));
    }

    /// Counts characters from 1, where the tokenizer counts from 0 with wide tabs.
    Diagnostic locate(Place where, std::string message) const {
        const auto line = std::min<std::size_t>(static_cast<std::size_t>(where.line), lines_.size() - 1);
        int characters = 0;
        for (int wide = 0; wide < where.column; ++characters) {
            const std::size_t i = lines_[line] + static_cast<std::size_t>(characters);
            wide += i < text_.size() && text_[i] == '\t' ? kTabWidth - wide % kTabWidth : 1;
        }
        return {where.line + 1, characters + 1, std::move(message)};
    }

    void field(Message& message) {
        const Place start = place();
        if (accept(";") || accept(",")) return;
        if (!at(Tokenizer::TYPE_IDENTIFIER)) {
            report(fmt::format("expected the name of a field of {}, got {}", message.GetDescriptor()->name(), got()));
            skip_value();
            return;
        }
        const std::string name = token();
        tokens_.Next();
        const FieldDescriptor* descriptor = message.GetDescriptor()->FindFieldByName(name);
        if (!descriptor) {
            report_unknown(*message.GetDescriptor(), name, start);
            if (accept(":") || at_open()) skip_value();
        } else {
            if (!descriptor->is_repeated() && message.GetReflection()->HasField(message, descriptor))
                report_at(start, fmt::format("{} is given twice in this {}, where it can occur only once", name,
                                             message.GetDescriptor()->name()));
            values(message, *descriptor);
        }
        if (!accept(";")) accept(",");
    }

    void report_unknown(const Descriptor& type, const std::string& name, Place where) {
        std::string words = fmt::format("unknown field \"{}\" in {}", name, type.name());
        const auto outer = std::find_if(open_.rbegin(), open_.rend(),
                                        [&](const Open& o) { return o.type->FindFieldByName(name) != nullptr; });
        if (outer != open_.rend())
            words += fmt::format("; it belongs to {}: is a \"}}\" missing before it?", outer->type->name());
        else if (const auto* near = nearest_field(type, name))
            words += fmt::format("; did you mean \"{}\"?", near->name());
        report_at(where, std::move(words));
    }

    void values(Message& message, const FieldDescriptor& descriptor) {
        const bool is_message = descriptor.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
        const bool colon = accept(":");
        if (!colon && !is_message) {
            const Place end = end_of_previous();
            report_at(end, fmt::format("expected \":\" after {}, got {}", descriptor.name(), got()));
            if (place().line != end.line) return;
        }
        if (!at("[")) {
            value(message, descriptor);
            return;
        }
        if (!descriptor.is_repeated()) report(fmt::format("{} takes one value, got a list", descriptor.name()));
        tokens_.Next();
        while (!at("]") && !at_end() && !at_close() && !full()) {
            if (descriptor.is_repeated())
                value(message, descriptor);
            else
                skip_value();
            if (!accept(",")) break;
        }
        if (!accept("]"))
            report(fmt::format("expected \"]\" to close the list of {}, got {}", descriptor.name(), got()));
    }

    void value(Message& message, const FieldDescriptor& descriptor) {
        if (descriptor.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
            sub_message(message, descriptor);
        else
            scalar(message, descriptor);
    }

    void sub_message(Message& message, const FieldDescriptor& descriptor) {
        if (!at_open()) {
            report(fmt::format("expected \"{{\" after {} (a {}), got {}", descriptor.name(),
                               descriptor.message_type()->name(), got()));
            skip_value();
            return;
        }
        if (open_.size() >= kDeepestMessage) {
            report(fmt::format("more than {} messages inside each other", kDeepestMessage));
            skip_value();
            return;
        }
        open_.push_back({message.GetDescriptor(), place()});
        const std::string close = at("{") ? "}" : ">";
        tokens_.Next();
        const auto* reflection = message.GetReflection();
        Message& inner = descriptor.is_repeated() ? *reflection->AddMessage(&message, &descriptor)
                                                  : *reflection->MutableMessage(&message, &descriptor);
        while (!at_close() && !at_end() && !full()) field(inner);
        if (!accept(close) && !full()) {
            const Diagnostic opened = locate(open_.back().place, "");
            report(fmt::format("expected \"{}\" to close the {} opened at {}:{}, got {}", close, descriptor.name(),
                               opened.line, opened.column, got()));
            if (at_close()) tokens_.Next();
        }
        open_.pop_back();
    }

    void scalar(Message& message, const FieldDescriptor& descriptor) {
        const Place start = place();
        const std::size_t before = findings_.size();
        const std::string text = got();
        const std::string wanted = set_scalar(message, descriptor);
        if (wanted.empty()) return;
        if (findings_.size() == before)
            report_at(start, fmt::format("{} must be {}, got {}", descriptor.name(), wanted, text));
        if (!at_close() && place().line == start.line && place().column == start.column) skip_value();
    }

    /// Takes the value, or leaves it unread and says what would be right.
    std::string set_scalar(Message& message, const FieldDescriptor& descriptor) {
        const auto* reflection = message.GetReflection();
        const auto put = [&](auto value, auto set, auto add) -> std::string {
            if (descriptor.is_repeated())
                (reflection->*add)(&message, &descriptor, value);
            else
                (reflection->*set)(&message, &descriptor, value);
            return {};
        };
        using google::protobuf::Reflection;
        switch (descriptor.cpp_type()) {
            case FieldDescriptor::CPPTYPE_INT32:
                if (const auto n = integer<std::int32_t>())
                    return put(*n, &Reflection::SetInt32, &Reflection::AddInt32);
                return whole_number<std::int32_t>();
            case FieldDescriptor::CPPTYPE_INT64:
                if (const auto n = integer<std::int64_t>())
                    return put(*n, &Reflection::SetInt64, &Reflection::AddInt64);
                return whole_number<std::int64_t>();
            case FieldDescriptor::CPPTYPE_UINT32:
                if (const auto n = integer<std::uint32_t>())
                    return put(*n, &Reflection::SetUInt32, &Reflection::AddUInt32);
                return whole_number<std::uint32_t>();
            case FieldDescriptor::CPPTYPE_UINT64:
                if (const auto n = integer<std::uint64_t>())
                    return put(*n, &Reflection::SetUInt64, &Reflection::AddUInt64);
                return whole_number<std::uint64_t>();
            case FieldDescriptor::CPPTYPE_FLOAT:
                if (const auto n = number()) {
                    constexpr double kMost = std::numeric_limits<float>::max();
                    const float narrow = *n > kMost    ? std::numeric_limits<float>::infinity()
                                         : *n < -kMost ? -std::numeric_limits<float>::infinity()
                                                       : static_cast<float>(*n);
                    return put(narrow, &Reflection::SetFloat, &Reflection::AddFloat);
                }
                return "a number";
            case FieldDescriptor::CPPTYPE_DOUBLE:
                if (const auto n = number()) return put(*n, &Reflection::SetDouble, &Reflection::AddDouble);
                return "a number";
            case FieldDescriptor::CPPTYPE_BOOL:
                if (const auto b = boolean()) return put(*b, &Reflection::SetBool, &Reflection::AddBool);
                return "true or false";
            case FieldDescriptor::CPPTYPE_STRING: {
                if (!at(Tokenizer::TYPE_STRING)) return "a text in quotes";
                std::string text;
                for (; at(Tokenizer::TYPE_STRING); tokens_.Next()) Tokenizer::ParseStringAppend(token(), &text);
                return put(std::move(text), &Reflection::SetString, &Reflection::AddString);
            }
            case FieldDescriptor::CPPTYPE_ENUM:
                if (const auto n = enum_number(*descriptor.enum_type()))
                    return put(*n, &Reflection::SetEnumValue, &Reflection::AddEnumValue);
                return "one of " + enum_values(*descriptor.enum_type());
            case FieldDescriptor::CPPTYPE_MESSAGE: break;
        }
        return "a message";
    }

    template <class T>
    static std::string whole_number() {
        return fmt::format("a whole number from {} to {}", std::numeric_limits<T>::min(),
                           std::numeric_limits<T>::max());
    }

    /// A "-" before a number; the finding for a "-" before something else.
    template <class T>
    std::optional<T> integer() {
        const bool minus = at("-");
        if (minus) {
            tokens_.Next();
            if (!at(Tokenizer::TYPE_INTEGER) || std::is_unsigned_v<T>) return wrong_after_minus(whole_number<T>());
        }
        if (!at(Tokenizer::TYPE_INTEGER)) return std::nullopt;
        const auto most = static_cast<std::uint64_t>(std::numeric_limits<T>::max()) + (minus ? 1 : 0);
        std::uint64_t magnitude = 0;
        if (!Tokenizer::ParseInteger(token(), most, &magnitude)) {
            if (minus) return wrong_after_minus(whole_number<T>());
            return std::nullopt;
        }
        tokens_.Next();
        return static_cast<T>(minus ? 0 - magnitude : magnitude);
    }

    std::nullopt_t wrong_after_minus(const std::string& wanted) {
        report(fmt::format("expected {}, got -{}", wanted, got()));
        skip_value();
        return std::nullopt;
    }

    std::optional<double> number() {
        const bool minus = accept("-");
        std::optional<double> value;
        const std::string& text = token();
        if (at(Tokenizer::TYPE_FLOAT) ||
            (at(Tokenizer::TYPE_INTEGER) && text.find_first_of("xX") == std::string::npos)) {
            value = Tokenizer::ParseFloat(text);
        } else if (at(Tokenizer::TYPE_IDENTIFIER)) {
            std::string lower = text;
            std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
            if (lower == "inf" || lower == "infinity" || lower == "inff" || lower == "infinityf")
                value = std::numeric_limits<double>::infinity();
            else if (lower == "nan" || lower == "nanf")
                value = std::numeric_limits<double>::quiet_NaN();
        }
        if (!value) {
            if (minus) return wrong_after_minus("a number");
            return std::nullopt;
        }
        tokens_.Next();
        return minus ? -*value : *value;
    }

    std::optional<bool> boolean() {
        const std::string& text = token();
        std::optional<bool> value;
        if (text == "true" || text == "True" || text == "t" || text == "1") value = true;
        if (text == "false" || text == "False" || text == "f" || text == "0") value = false;
        if (value) tokens_.Next();
        return value;
    }

    std::optional<int> enum_number(const EnumDescriptor& type) {
        const auto* word = at(Tokenizer::TYPE_IDENTIFIER) ? type.FindValueByName(token()) : nullptr;
        std::uint64_t n = 0;
        if (at(Tokenizer::TYPE_INTEGER) && Tokenizer::ParseInteger(token(), 0x7fffffff, &n))
            word = type.FindValueByNumber(static_cast<int>(n));
        if (!word) return std::nullopt;
        tokens_.Next();
        return word->number();
    }

    /// Goes past one value of any kind, whole blocks and lists too.
    void skip_value() {
        if (at_close() || at_end()) return;
        int depth = 0;
        const bool text = at(Tokenizer::TYPE_STRING);
        accept("-");
        do {
            if (at_open() || at("[")) ++depth;
            if (at_close() || at("]")) --depth;
            tokens_.Next();
        } while ((depth > 0 || (text && at(Tokenizer::TYPE_STRING))) && !at_end());
    }

    void check_required(const Message& message) {
        std::vector<std::string> missing;
        message.FindInitializationErrors(&missing);
        for (const auto& name : missing) report(fmt::format("{} is missing and has no default", name));
    }

    std::string_view text_;
    std::vector<std::size_t> lines_{0};  // where each line starts
    google::protobuf::io::ArrayInputStream stream_;
    std::vector<Diagnostic> findings_;
    std::vector<Open> open_;
    Tokenizer tokens_;
};

}  // namespace

std::vector<Diagnostic> parse_text(std::string_view text, google::protobuf::Message& message) {
    return TextParser(text).parse(message);
}

}  // namespace digits
