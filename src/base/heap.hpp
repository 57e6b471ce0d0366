#pragma once

namespace digits {

/// Makes malloc keep the pages of what is freed, for a process that frees and takes large pieces all the time:
/// otherwise they are mapped, zeroed and unmapped each time. Nothing on systems without glibc.
void keep_freed_pages();

}  // namespace digits
