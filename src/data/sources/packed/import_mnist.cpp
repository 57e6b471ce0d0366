#include "data/sources/packed/import_mnist.hpp"

#include "data/guard.hpp"
#include "data/sources/packed/idx_file.hpp"
#include "data/sources/packed/image_tree.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

Status import_phase(const fs::path& idx_dir, const std::string& prefix, const fs::path& out, const std::string& phase,
                    TaskContext& context) {
    DIGITS_ASSIGN(const auto files, MnistFiles::read(idx_dir, prefix));
    ImageTree tree;
    tree.folder = out / phase;
    tree.list_name = phase + ".txt";
    for (int digit = 0; digit < 10; ++digit) tree.labels.push_back(std::to_string(digit));
    tree.count = files.count();
    tree.image = [&](std::uint64_t index) { return LabelledImage{files.image(index), files.label(index)}; };
    return write_image_tree(tree, context);
}

}  // namespace

Status import_mnist(const fs::path& idx_dir, const fs::path& out_dir, TaskContext& context) {
    return guarded("import MNIST", [&]() -> Status {
        const auto out = fs::absolute(out_dir).lexically_normal();
        DIGITS_TRY(import_phase(idx_dir, "train", out, "train", context));
        return import_phase(idx_dir, "t10k", out, "test", context);
    });
}

}  // namespace digits
