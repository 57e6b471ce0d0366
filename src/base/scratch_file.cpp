#include "base/scratch_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace digits {

Status write_scratch_file(const std::filesystem::path& path, std::string_view bytes) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return fail(errno_error("cannot make " + path.string(), errno));
    int error = 0;
    while (!bytes.empty() && error == 0) {
        const auto written = ::write(file, bytes.data(), bytes.size());
        if (written > 0)
            bytes.remove_prefix(static_cast<std::size_t>(written));
        else if (written == 0 || errno != EINTR)
            error = written == 0 ? ENOSPC : errno;
    }
    if (::close(file) != 0 && error == 0) error = errno;
    return error == 0 ? Status() : fail(errno_error("cannot write " + path.string(), error));
}

}  // namespace digits
