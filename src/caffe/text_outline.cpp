#include "caffe/text_outline.hpp"

#include <algorithm>

#include "caffe/text_parser.hpp"

namespace digits {
namespace {

class Outliner {
  public:
    explicit Outliner(std::string_view text) : text_(text) { next(); }

    std::vector<TextField> fields(int depth) {
        std::vector<TextField> found;
        while (kind_ != Kind::kEnd) {
            if (is('}') || is('>')) {
                if (depth > 0) break;
                next();
            } else if (kind_ != Kind::kWord) {
                next();
            } else {
                field(found, depth);
            }
        }
        return found;
    }

    bool brackets_match() {
        std::string open;
        for (; kind_ != Kind::kEnd; next()) {
            if (is('{') || is('<') || is('[')) open += text_[begin_] == '{' ? '}' : text_[begin_] == '<' ? '>' : ']';
            if (!is('}') && !is('>') && !is(']')) continue;
            if (open.empty() || open.back() != text_[begin_]) return false;
            open.pop_back();
        }
        return open.empty();
    }

  private:
    enum class Kind { kWord, kText, kSymbol, kEnd };

    bool is(char symbol) const { return kind_ == Kind::kSymbol && text_[begin_] == symbol; }
    static bool ends_word(char c) {
        return std::string_view(" \t\r\n\v\f{}<>[]:;,\"'#").find(c) != std::string_view::npos;
    }

    void next() {
        last_end_ = end_;
        last_line_ = line_at_end_;
        while (end_ < text_.size()) {
            const char c = text_[end_];
            if (c == '\n') {
                ++line_at_end_;
                line_start_ = end_ + 1;
            }
            if (c == '#') {
                while (end_ < text_.size() && text_[end_] != '\n') ++end_;
                continue;
            }
            if (std::string_view(" \t\r\n\v\f;,").find(c) == std::string_view::npos) break;
            ++end_;
        }
        begin_ = end_;
        line_ = line_at_end_;
        column_ = static_cast<int>(begin_ - line_start_) + 1;
        if (begin_ == text_.size()) {
            kind_ = Kind::kEnd;
            return;
        }
        const char first = text_[end_++];
        if (first == '"' || first == '\'') {
            kind_ = Kind::kText;
            while (end_ < text_.size() && text_[end_] != first) end_ += text_[end_] == '\\' ? 2 : 1;
            end_ = std::min(end_ + 1, text_.size());
            for (auto i = begin_; i < end_; ++i)
                if (text_[i] == '\n') {
                    ++line_at_end_;
                    line_start_ = i + 1;
                }
        } else if (ends_word(first)) {
            kind_ = Kind::kSymbol;
        } else {
            kind_ = Kind::kWord;
            while (end_ < text_.size() && !ends_word(text_[end_])) ++end_;
        }
    }

    void field(std::vector<TextField>& found, int depth) {
        TextField field;
        field.name = text_.substr(begin_, end_ - begin_);
        field.begin = begin_;
        field.line = line_;
        field.column = column_;
        next();
        const bool colon = is(':');
        if (colon) next();
        const bool list = is('[');
        if (list) next();
        bool more = list || colon || is('{') || is('<');
        while (more && kind_ != Kind::kEnd && !is(']')) {
            TextField one = field;
            one.value_begin = begin_;
            if (is('{') || is('<')) {
                if (depth >= kDeepestMessage) return next();
                one.is_message = true;
                next();
                one.fields = fields(depth + 1);
                if (kind_ != Kind::kEnd) next();
            } else if (kind_ == Kind::kSymbol) {
                break;
            } else {
                scalar(one);
            }
            one.end = last_end_;
            one.last_line = last_line_;
            found.push_back(std::move(one));
            more = list;
        }
        if (!list || !is(']')) return;
        next();
        if (!found.empty() && found.back().begin == field.begin) found.back().end = last_end_;
    }

    /// One word, or texts side by side, which are one.
    void scalar(TextField& field) {
        if (kind_ != Kind::kText) {
            field.value = text_.substr(begin_, end_ - begin_);
            return next();
        }
        while (kind_ == Kind::kText) {
            field.value += text_.substr(begin_ + 1, end_ - begin_ < 2 ? 0 : end_ - begin_ - 2);
            next();
        }
    }

    std::string_view text_;
    Kind kind_ = Kind::kEnd;  ///< of the token [begin_, end_)
    std::size_t begin_ = 0, end_ = 0, last_end_ = 0, line_start_ = 0;
    int line_ = 1, column_ = 1, line_at_end_ = 1, last_line_ = 1;
};

}  // namespace

const TextField* TextField::find(std::string_view wanted) const {
    const auto found =
        std::find_if(fields.rbegin(), fields.rend(), [&](const auto& one) { return one.name == wanted; });
    return found == fields.rend() ? nullptr : &*found;
}

std::string_view TextField::text_of(std::string_view wanted) const {
    const auto* found = find(wanted);
    return found ? std::string_view(found->value) : std::string_view();
}

std::vector<TextField> outline_text(std::string_view text) { return Outliner(text).fields(0); }

bool brackets_match(std::string_view text) { return Outliner(text).brackets_match(); }

std::vector<const TextField*> layers_of(const std::vector<TextField>& outline) {
    std::vector<const TextField*> layers;
    for (const auto& field : outline)
        if (field.is_message && (field.name == "layer" || field.name == "layers")) layers.push_back(&field);
    return layers;
}

namespace {

/// The oldest networks have a message in the message.
std::string_view text_of_layer(const TextField& layer, std::string_view name) {
    const auto* inner = layer.find("layer");
    return inner && inner->is_message ? inner->text_of(name) : layer.text_of(name);
}

}  // namespace

std::string_view layer_name(const TextField& layer) { return text_of_layer(layer, "name"); }

std::string_view layer_type(const TextField& layer) { return text_of_layer(layer, "type"); }

}  // namespace digits
