#pragma once

namespace digits {

/// Whether AddressSanitizer watches this program. Its shadow memory takes terabytes of addresses, so limits on
/// addresses and on data (RLIMIT_AS, RLIMIT_DATA) would end the program at once.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace digits
