#include "data/sources/packed/image_tree.hpp"

#include <fstream>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "data/ordered_pipeline.hpp"
#include "image/encode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

/// Not atomic: the list and the labels, which come last, say what is whole.
Status write_plain(const fs::path& path, std::string_view bytes) {
    std::ofstream file(path, std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    return file ? Status() : fail(errno_error("cannot write " + path.string(), errno));
}

struct Written {
    Status status;
    std::string line;
};

Written write_one(const ImageTree& tree, std::uint64_t index) {
    const auto labelled = tree.image(index);
    if (labelled.label < 0 || labelled.label >= static_cast<int>(tree.labels.size()))
        return {fail(ErrorCode::kInvalidArgument, "image {} has label {}; labels must be 0 to {}", index,
                     labelled.label, tree.labels.size() - 1),
                ""};
    const auto path =
        tree.folder / tree.labels[static_cast<std::size_t>(labelled.label)] / fmt::format("{:05}.png", index);
    auto png = encode_png(labelled.image);
    auto status = png ? write_plain(path, *png) : Status(fail(png.error()));
    return {std::move(status), fmt::format("{} {}\n", path.string(), labelled.label)};
}

}  // namespace

Status write_image_tree(const ImageTree& tree, TaskContext& context) {
    std::error_code error;
    for (const auto& label : tree.labels) {
        fs::create_directories(tree.folder / label, error);
        if (error) return fail(errno_error("cannot make " + (tree.folder / label).string(), error.value()));
    }
    fs::remove(tree.folder / "labels.txt", error);
    std::string list;
    {
        ProgressMeter meter(context, "write " + tree.folder.filename().string(), "images", tree.count);
        const auto write = [&](int, std::uint64_t index) { return write_one(tree, index); };
        const auto note = [&](std::uint64_t, Written written) -> Status {
            if (context.abort_requested()) return fail(ErrorCode::kCancelled, "stopped");
            DIGITS_TRY(written.status);
            list += written.line;
            meter.add();
            return {};
        };
        DIGITS_TRY(run_ordered<Written>(tree.count, {thread_count(0), 64, 16}, write, note));
    }
    DIGITS_TRY(write_file_atomic(tree.folder / tree.list_name, list));
    std::string labels;
    for (const auto& label : tree.labels) labels += label + "\n";
    return write_file_atomic(tree.folder / "labels.txt", labels);
}

}  // namespace digits
