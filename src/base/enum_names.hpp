#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace digits {

/// The words of an enum, in one place: specialise with `static constexpr std::array<std::pair<E, std::string_view>, N>
/// kNames`.
template <class E>
struct EnumNames;

template <class E>
concept NamedEnum = requires { EnumNames<E>::kNames; };

template <NamedEnum E>
constexpr std::string_view enum_name(E value) {
    for (const auto& [key, name] : EnumNames<E>::kNames)
        if (key == value) return name;
    return "?";
}

template <NamedEnum E>
constexpr std::optional<E> find_enum(std::string_view word) {
    for (const auto& [key, name] : EnumNames<E>::kNames)
        if (name == word) return key;
    return std::nullopt;
}

/// "lmdb, hdf5": for messages that say what would have been right.
template <NamedEnum E>
std::string enum_words() {
    std::string words;
    for (const auto& [key, name] : EnumNames<E>::kNames) words += (words.empty() ? "" : ", ") + std::string(name);
    return words;
}

}  // namespace digits
