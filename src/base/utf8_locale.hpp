#pragma once

#include <locale.h>

namespace digits {

/// While it lives, what this thread asks of the C library about characters is answered for UTF-8. Libraries that
/// convert names by the locale lose all that is not ASCII in the one that a program starts with.
class Utf8Locale {
  public:
    Utf8Locale() : own_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
        if (own_) before_ = ::uselocale(own_);
    }
    ~Utf8Locale() {
        if (!own_) return;
        ::uselocale(before_);
        ::freelocale(own_);
    }
    Utf8Locale(const Utf8Locale&) = delete;
    Utf8Locale& operator=(const Utf8Locale&) = delete;

  private:
    ::locale_t own_ = nullptr;
    ::locale_t before_ = nullptr;
};

}  // namespace digits
