#include "data/sources/packed/tar_index.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include "base/regular_file.hpp"

namespace digits {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kMostNames = std::uint64_t{1} << 20;  ///< bytes of a long name or of pax's records

Error damaged(const std::string& path, std::uint64_t offset, const char* why) {
    return make_error(ErrorCode::kDataLoss, "it is not a tar file, or damaged, at byte {}: {}", offset, why)
        .at(path)
        .advise("compressed tar files must be unpacked to plain ones first");
}

Error cut_off(const std::string& path, std::string sentence) {
    return Error{ErrorCode::kDataLoss, std::move(sentence), path,
                 "copy the whole file again, or join all volumes of it"};
}

Result<std::size_t> read_at(int fd, char* to, std::size_t size, std::uint64_t offset, const std::string& path) {
    std::size_t done = 0;
    while (done < size) {
        const auto n = ::pread(fd, to + done, size - done, static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(errno_error("cannot read " + path, errno));
        if (n == 0) break;
        done += static_cast<std::size_t>(n);
    }
    return done;
}

std::string text_in(std::string_view field) { return std::string(field.substr(0, field.find('\0'))); }

/// Octal digits, or GNU's binary numbers.
std::optional<std::uint64_t> number_in(std::string_view field) {
    std::uint64_t value = 0;
    if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) {
        for (std::size_t i = 1; i < field.size(); ++i) {
            if (value >> 55 != 0) return std::nullopt;
            value = value << 8 | static_cast<unsigned char>(field[i]);
        }
        return value;
    }
    const auto begin = field.find_first_not_of(' ');
    if (begin == std::string_view::npos || field[begin] == '\0') return 0;
    const auto [end, error] = std::from_chars(field.data() + begin, field.data() + field.size(), value, 8);
    return error == std::errc() ? std::optional(value) : std::nullopt;
}

bool sum_fits(std::string_view header) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < header.size(); ++i)
        sum += i >= 148 && i < 156 ? unsigned{' '} : static_cast<unsigned char>(header[i]);
    return number_in(header.substr(148, 8)) == sum;
}

/// "27 path=…\n" and so on.
void read_pax(std::string_view records, std::string& name, std::optional<std::uint64_t>& size) {
    while (!records.empty()) {
        std::size_t length = 0;
        const auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), length);
        const auto digits = static_cast<std::size_t>(end - records.data());
        if (error != std::errc() || length < digits + 3 || length > records.size()) return;
        const auto record = records.substr(digits + 1, length - digits - 2);
        records.remove_prefix(length);
        const auto equals = record.find('=');
        if (equals == std::string_view::npos) continue;
        const auto value = record.substr(equals + 1);
        if (record.substr(0, equals) == "path") name = value;
        std::uint64_t number = 0;
        if (record.substr(0, equals) == "size" &&
            std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc())
            size = number;
    }
}

}  // namespace

Result<TarIndex> index_tar(const std::string& path, const ReadableRoots& roots, ScanGuard& guard) {
    auto file = RegularFile::open(path, roots);
    if (!file) return fail(std::move(file).error().at(path));
    TarIndex index;
    auto& members = index.members;
    std::array<char, kBlock> block{};
    std::string long_name;
    std::optional<std::uint64_t> long_size;
    const auto total = file->size();
    for (std::uint64_t offset = 0; offset < total;) {
        DIGITS_TRY(guard.add_entry());
        DIGITS_ASSIGN(const auto n, read_at(file->fd(), block.data(), kBlock, offset, path));
        if (n < kBlock)
            return fail(members.empty()
                            ? damaged(path, offset, "it ends within a header")
                            : cut_off(path, fmt::format("the tar file is cut off behind \"{}\"", members.back().name)));
        const std::string_view header(block.data(), kBlock);
        if (std::ranges::all_of(header, [](char c) { return c == '\0'; })) {
            index.has_end = true;
            return index;
        }
        auto size = number_in(header.substr(124, 12));
        if (!sum_fits(header) || !size) return fail(damaged(path, offset, "the header's sum is wrong"));
        const char type = header[156];
        offset += kBlock;
        if (type == 'x' || type == 'L') {
            if (*size > kMostNames) return fail(damaged(path, offset, "a name is too long"));
            std::string text(*size, '\0');
            DIGITS_ASSIGN(const auto got, read_at(file->fd(), text.data(), text.size(), offset, path));
            if (got < text.size()) return fail(damaged(path, offset, "it ends within a name"));
            if (type == 'x')
                read_pax(text, long_name, long_size);
            else
                long_name = text_in(text);
        } else {
            if (long_size) size = long_size;
            auto name = text_in(header.substr(0, 100));
            const auto prefix = text_in(header.substr(345, 155));
            if (header.substr(257, 5) == "ustar" && !prefix.empty()) name = prefix + '/' + name;
            if (!long_name.empty()) name = std::move(long_name);
            if (type == 'M')
                return fail(cut_off(path, fmt::format("\"{}\" begins in an earlier volume of the tar file", name)));
            const auto left = total - std::min(offset, total);
            if (*size > left)
                return fail(cut_off(
                    path, fmt::format("the tar file is cut off in \"{}\", after {} of {} bytes", name, left, *size)));
            if (type == '0' || type == '\0' || type == '7') members.push_back({std::move(name), offset, *size});
            long_name.clear();
            long_size.reset();
        }
        offset += (*size + kBlock - 1) / kBlock * kBlock;
    }
    return index;
}

bool is_tar_without_end(const std::string& path, const ReadableRoots& roots) {
    const auto file = RegularFile::open(path, roots);
    if (!file) return false;
    std::array<char, kBlock> block{};
    const auto is_read = [&](std::uint64_t offset) {
        const auto n = read_at(file->fd(), block.data(), kBlock, offset, path);
        return n && *n == kBlock;
    };
    const std::string_view view(block.data(), kBlock);
    const auto total = file->size();
    if (!is_read(0) || !sum_fits(view)) return false;
    return !is_read(total / kBlock * kBlock - kBlock) || !std::ranges::all_of(view, [](char c) { return c == '\0'; });
}

Result<std::string> read_part(const std::string& path, std::uint64_t offset, std::uint64_t size,
                              const ReadableRoots& roots) {
    auto file = RegularFile::open(path, roots);
    if (!file) return fail(std::move(file).error().at(path));
    std::string bytes(size, '\0');
    DIGITS_ASSIGN(const auto n, read_at(file->fd(), bytes.data(), bytes.size(), offset, path));
    if (n < bytes.size()) return fail(make_error(ErrorCode::kDataLoss, "the file became shorter").at(path));
    return bytes;
}

}  // namespace digits
