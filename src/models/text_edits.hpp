#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "caffe/text_outline.hpp"

namespace digits {

/// Replaces parts of a network's text and leaves the rest as its author wrote it; the parts must not overlap.
class TextEdits {
  public:
    void replace(std::size_t begin, std::size_t end, std::string text) {
        edits_.push_back({begin, end, std::move(text)});
    }
    void insert(std::size_t at, std::string text) { replace(at, at, std::move(text)); }

    /// The whole lines, where nothing else is on them.
    void remove(std::string_view text, const TextField& field) {
        auto begin = field.begin, end = field.end;
        while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t')) --begin;
        while (end < text.size() && (text[end] == ' ' || text[end] == '\t' || text[end] == ',' || text[end] == ';'))
            ++end;
        const bool first = begin == 0 || text[begin - 1] == '\n';
        if (first && end < text.size() && text[end] == '\n') return replace(begin, end + 1, "");
        replace(begin, first ? end : field.end, "");
    }

    std::string apply(std::string_view text) {
        std::ranges::stable_sort(edits_, {}, [](const Edit& edit) { return std::pair(edit.begin, edit.end); });
        std::string edited;
        std::size_t at = 0;
        for (const auto& edit : edits_) {
            if (edit.begin < at) continue;
            edited += text.substr(at, edit.begin - at);
            edited += edit.text;
            at = edit.end;
        }
        return edited += text.substr(at);
    }

  private:
    struct Edit {
        std::size_t begin, end;
        std::string text;
    };
    std::vector<Edit> edits_;
};

}  // namespace digits
