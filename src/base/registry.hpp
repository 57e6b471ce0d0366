#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.hpp"

namespace digits {

/// The implementations of one interface, by name. `T` has a name: a member `name` or a function `name()`. An entry
/// lives as long as the program. The list that is built in is one constant array beside the interface; a program that
/// brings entries of its own adds them before it starts threads.
template <class T>
class Registry {
  public:
    Registry(std::initializer_list<const T*> built_in) : entries_(built_in) {}

    /// Null without such a name.
    const T* find(std::string_view name) const {
        const auto found = std::ranges::find(entries_, name, name_of);
        return found == entries_.end() ? nullptr : *found;
    }
    /// In the order of the list.
    const std::vector<const T*>& all() const { return entries_; }
    /// "folder, lists": for messages that say what would have been right.
    std::string names() const {
        std::string words;
        for (const T* entry : entries_) words += (words.empty() ? "" : ", ") + std::string(name_of(entry));
        return words;
    }
    /// No two entries share a name.
    void add(const T& entry) {
        DIGITS_CHECK(find(name_of(&entry)) == nullptr);
        entries_.push_back(&entry);
    }

  private:
    static std::string_view name_of(const T* entry) {
        if constexpr (requires { entry->name(); })
            return entry->name();
        else
            return entry->name;
    }

    std::vector<const T*> entries_;
};

}  // namespace digits
