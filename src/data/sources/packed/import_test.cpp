#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <zlib.h>

#include <map>
#include <memory>

#include "data/sources/packed/import_cifar.hpp"
#include "data/sources/packed/import_mnist.hpp"
#include "data/testing.hpp"
#include "image/decode.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Image decoded(const fs::path& path) {
    auto image = decode_image(text_of(path));
    EXPECT_TRUE(image.has_value()) << path;
    return image.value_or(Image{});
}

void write_archive(const fs::path& path, const std::map<std::string, std::string>& members) {
    const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), archive_write_free);
    archive_write_add_filter_gzip(writer.get());
    archive_write_set_format_ustar(writer.get());
    ASSERT_EQ(archive_write_open_filename(writer.get(), path.c_str()), ARCHIVE_OK);
    for (const auto& [name, bytes] : members) {
        const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), archive_entry_free);
        archive_entry_set_pathname(entry.get(), name.c_str());
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(bytes.size()));
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        ASSERT_EQ(archive_write_header(writer.get(), entry.get()), ARCHIVE_OK);
        ASSERT_EQ(archive_write_data(writer.get(), bytes.data(), bytes.size()), static_cast<la_ssize_t>(bytes.size()));
    }
    ASSERT_EQ(archive_write_close(writer.get()), ARCHIVE_OK);
}

/// Labels and an image whose planes are red, green and blue of one value each, the first pixel `first`.
std::string cifar_record(std::string labels, char red, char green, char blue, char first) {
    for (const char value : {red, green, blue}) labels += first + std::string(1023, value);
    return labels;
}

std::map<std::string, std::string> cifar10() {
    std::map<std::string, std::string> members{
        {"cifar-10-batches-bin/batches.meta.txt",
         "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"},
        {"cifar-10-batches-bin/test_batch.bin", cifar_record("\x09", 1, 2, 3, 4)},
        {"cifar-10-batches-bin/readme.html", "not needed"}};
    for (char batch = 1; batch <= 5; ++batch)
        members[fmt::format("cifar-10-batches-bin/data_batch_{}.bin", static_cast<int>(batch))] =
            cifar_record({batch}, 10, 20, 30, batch);
    return members;
}

TEST(ImportCifar, lays_out_cifar10) {
    JobFolder job;
    write_archive(job.root() / "c.tar.gz", cifar10());
    const auto status = import_cifar(job.root() / "c.tar.gz", job.root() / "out", job);
    ASSERT_TRUE(status) << status.error().to_string();
    const auto train = job.root() / "out/train";
    EXPECT_EQ(text_of(train / "labels.txt").substr(0, 20), "airplane\nautomobile\n");
    EXPECT_EQ(lines_of(text_of(train / "train.txt"))[2], (train / "cat/00002.png").string() + " 3");
    EXPECT_EQ(text_of(job.root() / "out/test/test.txt"), (job.root() / "out/test/truck/00000.png").string() + " 9\n");
    const auto image = decoded(train / "dog/00004.png");
    ASSERT_EQ(image.pixels.size(), 32u * 32 * 3);
    EXPECT_EQ(image.pixels[0], 5);
    EXPECT_EQ(std::vector(image.pixels.end() - 3, image.pixels.end()), (std::vector<std::uint8_t>{10, 20, 30}));
}

TEST(ImportCifar, lays_out_cifar100_by_class_and_superclass) {
    JobFolder job;
    const std::string pair("\x01\x02", 2);
    write_archive(job.root() / "c.tar.gz",
                  {{"x/fine_label_names.txt", "apple\nbaby\nbear\n"},
                   {"x/coarse_label_names.txt", "fruit\nlarge animals\n"},
                   {"x/train.bin", cifar_record(pair, 1, 2, 3, 4) + cifar_record(std::string(2, '\0'), 5, 6, 7, 8)},
                   {"x/test.bin", cifar_record(pair, 9, 9, 9, 9)}});
    const auto status = import_cifar(job.root() / "c.tar.gz", job.root() / "out", job);
    ASSERT_TRUE(status) << status.error().to_string();
    const auto coarse = job.root() / "out/coarse/train";
    EXPECT_TRUE(fs::read_symlink(coarse / "large animals/bear").is_relative());
    EXPECT_EQ(decoded(coarse / "large animals/bear/00000.png").pixels,
              decoded(job.root() / "out/fine/train/bear/00000.png").pixels);
    EXPECT_EQ(text_of(coarse / "labels.txt"), "fruit\nlarge animals\n");
    EXPECT_EQ(lines_of(text_of(coarse / "train.txt"))[1], (coarse / "fruit/apple/00001.png").string() + " 0");
}

TEST(ImportCifar, says_what_is_wrong_with_an_archive) {
    JobFolder job;
    const auto message = [&](const std::map<std::string, std::string>& members) {
        write_archive(job.root() / "c.tar.gz", members);
        const auto status = import_cifar(job.root() / "c.tar.gz", job.root() / "out", job);
        EXPECT_FALSE(status.has_value());
        return status ? "" : status.error().message;
    };
    EXPECT_THAT(message({{"data_batch_1.py", "pickled"}}), HasSubstr("neither CIFAR-10 nor CIFAR-100"));
    auto members = cifar10();
    members.erase("cifar-10-batches-bin/data_batch_3.bin");
    EXPECT_EQ(message(members), "data_batch_3.bin is missing in the archive");
    members = cifar10();
    members["cifar-10-batches-bin/test_batch.bin"].pop_back();
    EXPECT_EQ(message(members), "test_batch.bin has 3072 bytes, which is not a multiple of 3073");
    members = cifar10();
    members["cifar-10-batches-bin/test_batch.bin"][0] = '\x0a';
    EXPECT_THAT(message(members), HasSubstr("label 10; labels must be 0 to 9"));

    const auto whole = text_of(job.root() / "c.tar.gz");
    put_file(job.root() / "cut.tar.gz", whole.substr(0, whole.size() / 2));
    EXPECT_EQ(import_cifar(job.root() / "cut.tar.gz", job.root() / "out", job).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(import_cifar(job.root() / "none", job.root() / "out", job).error().code, ErrorCode::kNotFound);
}

TEST(ImportCifar, turns_the_systems_refusals_into_errors) {
    JobFolder job;
    fs::create_symlink("loop", job.root() / "loop");
    const auto loop = import_cifar(job.root() / "loop", job.root() / "out", job);
    ASSERT_FALSE(loop.has_value());
    EXPECT_THAT(loop.error().message, HasSubstr("cannot import CIFAR: " + (job.root() / "loop").string()));

    write_archive(job.root() / "c.tar.gz", cifar10());
    put_file(job.root() / "file", "");
    EXPECT_FALSE(import_cifar(job.root() / "c.tar.gz", job.root() / "file/out", job).has_value());

    // A disk that is full.
    fs::create_directories(job.root() / "out/train/cat");
    fs::create_symlink("/dev/full", job.root() / "out/train/cat/00002.png");
    const auto full = import_cifar(job.root() / "c.tar.gz", job.root() / "out", job);
    ASSERT_FALSE(full.has_value());
    EXPECT_EQ(full.error().code, ErrorCode::kResourceExhausted) << full.error().message;
    EXPECT_THAT(full.error().message, HasSubstr("00002.png"));
    EXPECT_FALSE(fs::exists(job.root() / "out/train/labels.txt")) << "labels.txt says that the tree is whole";
}

TEST(ImportCifar, stops_when_asked) {
    JobFolder job(0);
    write_archive(job.root() / "c.tar.gz", cifar10());
    EXPECT_EQ(import_cifar(job.root() / "c.tar.gz", job.root() / "out", job).error().code, ErrorCode::kCancelled);
    EXPECT_FALSE(fs::exists(job.root() / "out/train/labels.txt"));
}

std::string idx(char axes, const std::vector<char>& sizes, const std::string& values) {
    std::string bytes{0, 0, 8, axes};
    for (const char size : sizes) bytes += std::string(3, '\0') + size;
    return bytes + values;
}

void write_mnist(const fs::path& folder) {
    put_file(folder / "train-images-idx3-ubyte",
             idx(3, {3, 2, 4}, std::string(8, '\0') + "abcdefgh" + std::string(8, '\xff')));
    put_file(folder / "train-labels-idx1-ubyte", idx(1, {3}, std::string("\x07\x00\x07", 3)));
    put_file(folder / "t10k-images-idx3-ubyte", idx(3, {1, 2, 4}, "12345678"));
    put_file(folder / "t10k-labels-idx1-ubyte", idx(1, {1}, "\x03"));
}

TEST(ImportMnist, lays_out_dark_digits_on_white) {
    JobFolder job;
    write_mnist(job.root() / "idx");
    // One of the files as it is downloaded.
    const auto labels = text_of(job.root() / "idx/t10k-labels-idx1-ubyte");
    fs::remove(job.root() / "idx/t10k-labels-idx1-ubyte");
    const gzFile packed = gzopen((job.root() / "idx/t10k-labels-idx1-ubyte.gz").c_str(), "wb");
    gzwrite(packed, labels.data(), static_cast<unsigned>(labels.size()));
    gzclose(packed);

    const auto status = import_mnist(job.root() / "idx", job.root() / "out", job);
    ASSERT_TRUE(status) << status.error().to_string();
    const auto train = job.root() / "out/train";
    EXPECT_EQ(text_of(train / "labels.txt"), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    EXPECT_EQ(lines_of(text_of(train / "train.txt"))[1], (train / "0/00001.png").string() + " 0");
    const auto image = decoded(train / "0/00001.png");
    EXPECT_EQ(std::tuple(image.width, image.height, image.channels), std::tuple(4, 2, 1));
    EXPECT_EQ(image.pixels[0], 255 - 'a');
    EXPECT_EQ(image.pixels[7], 255 - 'h');
    EXPECT_EQ(decoded(train / "7/00000.png").pixels, std::vector<std::uint8_t>(8, 255));
    EXPECT_EQ(decoded(job.root() / "out/test/3/00000.png").pixels[0], 255 - '1');
}

TEST(ImportMnist, says_which_file_is_missing_or_damaged) {
    JobFolder job;
    const auto idx_folder = job.root() / "idx";
    const auto error = [&] {
        auto status = import_mnist(idx_folder, job.root() / "out", job);
        EXPECT_FALSE(status.has_value());
        return status ? Error{} : status.error();
    };
    write_mnist(idx_folder);
    fs::remove(idx_folder / "t10k-images-idx3-ubyte");
    EXPECT_EQ(error().code, ErrorCode::kNotFound);
    EXPECT_THAT(error().message, HasSubstr("t10k-images-idx3-ubyte is missing"));

    const auto whole = idx(3, {3, 2, 4}, std::string(24, 'x'));
    for (const std::size_t keep : {std::size_t{0}, std::size_t{3}, std::size_t{15}, whole.size() - 1}) {
        write_mnist(idx_folder);
        put_file(idx_folder / "train-images-idx3-ubyte", whole.substr(0, keep));
        EXPECT_EQ(error().code, ErrorCode::kDataLoss) << keep;
        EXPECT_THAT(error().where, HasSubstr("train-images-idx3-ubyte"));
    }
    write_mnist(idx_folder);
    put_file(idx_folder / "train-labels-idx1-ubyte", idx(1, {2}, "ab"));
    EXPECT_THAT(error().message, HasSubstr("3 images and 2 labels"));
    put_file(idx_folder / "train-labels-idx1-ubyte", idx(1, {3}, "abc"));
    EXPECT_THAT(error().message, HasSubstr("labels must be 0 to 9"));
}

}  // namespace
}  // namespace digits
