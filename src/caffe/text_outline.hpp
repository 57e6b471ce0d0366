#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace digits {

/// A field of a prototxt and its place: bytes [begin, end), line and column from 1.
struct TextField {
    std::string name;
    std::string value;  ///< of a scalar, without quotes
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t value_begin = 0;  ///< of a scalar's value, or of a message's "{"
    int line = 0;
    int column = 0;
    int last_line = 0;
    bool is_message = false;
    std::vector<TextField> fields;  ///< of a message

    /// nullptr: there is none. The last one counts, as for protobuf.
    const TextField* find(std::string_view name) const;
    /// The value of a scalar field; empty if there is none.
    std::string_view text_of(std::string_view name) const;
};

/// The fields of a text that parses, in its order. Of a faulty text, as much as can be told.
std::vector<TextField> outline_text(std::string_view text);

/// Whether each bracket of a text is closed by its own kind.
bool brackets_match(std::string_view text);

/// The layers among them, of any age (`layer`, `layers`).
std::vector<const TextField*> layers_of(const std::vector<TextField>& outline);

/// The name of a layer of any age; empty if it has none.
std::string_view layer_name(const TextField& layer);
std::string_view layer_type(const TextField& layer);

}  // namespace digits
