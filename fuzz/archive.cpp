// Uploaded archives: of a model, and of images.

#include <nlohmann/json.hpp>

#include "data/sources/packed/unpack_images.hpp"
#include "fuzz.hpp"
#include "models/archive_info.hpp"
#include "models/unpack.hpp"

namespace {

using namespace digits;
namespace fs = std::filesystem;
using fuzz::require;

/// Nothing but plain files and folders.
void check_folder(const fs::path& folder) {
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        require(entry.symlink_status().type() == fs::file_type::regular ||
                    entry.symlink_status().type() == fs::file_type::directory,
                "only files and folders are made");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::Folder folder;
    const auto archive = folder.write("archive", fuzz::text_of(data, size));
    {
        const auto target = folder.empty_folder("model");
        const auto members = unpack_archive(archive, target, {.entries = 16, .bytes = 1 << 20, .free_bytes = 1 << 16},
                                            [] { return false; });
        fuzz::require_sentence(members);
        check_folder(target);
        if (members) {
            for (const auto& name : *members) require(is_flat_name(name), "members are plain names");
            fuzz::require_sentence(read_archive_info(target, *members));
        }
    }
    {
        const auto target = folder.empty_folder("images");
        const auto unpacked = unpack_images(archive, target, {.entries = 64, .bytes = 1 << 20, .free_bytes = 1 << 16});
        fuzz::require_sentence(unpacked);
        check_folder(target);
        require(unpacked.has_value() || fs::is_empty(target), "after an error the folder is empty");
    }
    for (const auto& entry : fs::directory_iterator(folder.path()))
        require(entry.path().filename() == "archive" || entry.path().filename() == "model" ||
                    entry.path().filename() == "images",
                "nothing is written elsewhere");
    return 0;
}
