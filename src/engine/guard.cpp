#include "engine/guard.hpp"

#include <charconv>
#include <optional>
#include <string_view>

#include "base/disk_space.hpp"

namespace digits {
namespace {

/// The number behind these words.
std::optional<std::int64_t> number_after(std::string_view text, std::string_view words) {
    const auto found = text.find(words);
    if (found == std::string_view::npos) return std::nullopt;
    text.remove_prefix(found + words.size());
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

Error with_less(Error error) {
    return std::move(error).advise(
        "Look at num_output and kernel_size of the layer, or use smaller images or a smaller batch size (batch "
        "accumulation keeps the effective one)");
}

}  // namespace

Error out_of_memory() { return with_less(make_error(ErrorCode::kResourceExhausted, "out of memory")); }

Error engine_error(const c10::Error& failure) {
    const std::string_view text = failure.what_without_backtrace();
    const auto says = [&](std::string_view words) { return text.find(words) != std::string_view::npos; };
    if (const auto bytes = number_after(text, "tried to allocate "); bytes && *bytes > 0)
        return with_less(make_error(ErrorCode::kResourceExhausted, "needs {} of memory at once, more than there is",
                                    size_text(*bytes)));
    if (says("size calculation overflowed") || says("integer multiplication overflow") || says("tried to allocate -"))
        return with_less(make_error(ErrorCode::kResourceExhausted, "needs more memory than any machine has"));
    if (says("not enough memory") || says("alloc"))
        return with_less(make_error(ErrorCode::kResourceExhausted, "out of memory: {}", text));
    return make_error(ErrorCode::kInternal, "{}", text);
}

}  // namespace digits
