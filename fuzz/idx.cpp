// MNIST's files: the first two bytes say how long that of the images is, that of the labels follows.

#include "data/sources/packed/idx_file.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace digits;
    static const fuzz::Folder folder;
    if (size < 2) return -1;
    const auto rest = fuzz::text_of(data + 2, size - 2);
    const std::size_t images = std::min<std::size_t>(data[0] | data[1] << 8, rest.size());
    folder.write("train-images-idx3-ubyte", rest.substr(0, images));
    folder.write("train-labels-idx1-ubyte", rest.substr(images));
    const auto files = MnistFiles::read(folder.path(), "train");
    fuzz::require_sentence(files);
    if (!files) return 0;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(files->count(), 100); ++i) {
        const auto image = files->image(i);
        fuzz::require(image.pixels.size() == image.row_bytes() * static_cast<std::size_t>(image.height),
                      "the samples fill the size");
        fuzz::require(files->label(i) >= 0, "a label is a number");
    }
    return 0;
}
