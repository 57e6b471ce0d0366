// The list of what a tar file holds.

#include "data/sources/packed/tar_index.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    static const fuzz::Folder folder;
    const auto file = folder.write("a.tar", fuzz::text_of(data, size));
    const ScanLimits limits{.entries = 10'000};
    ScanGuard guard(limits);
    const auto index = index_tar(file.string(), {}, guard);
    fuzz::require_sentence(index);
    is_tar_without_end(file.string(), {});
    if (!index) return 0;
    for (const auto& member : index->members) {
        fuzz::require(member.offset <= size && member.size <= size - member.offset, "a member lies in the file");
        const auto bytes = read_part(file.string(), member.offset, member.size, {});
        fuzz::require(bytes && bytes->size() == member.size, "a member can be read");
    }
    return 0;
}
