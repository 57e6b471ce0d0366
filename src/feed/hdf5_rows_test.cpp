#include "feed/hdf5_rows.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.hpp"
#include "caffe/hdf5_handle.hpp"
#include "data/records/record_sink.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Writes `count` numbers from `first` as one dataset.
template <class T>
void put(const Hdf5Handle& file, const char* name, std::vector<hsize_t> shape, int first, hid_t type) {
    hsize_t count = 1;
    for (const auto n : shape) count *= n;
    std::vector<T> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<T>(static_cast<std::size_t>(first) + i);
    const Hdf5Handle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr), H5Sclose);
    const Hdf5Handle data(H5Dcreate2(file.get(), name, type, space.get(), H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                          H5Dclose);
    ASSERT_GE(H5Dwrite(data.get(), type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
}

/// Two files of 10 and `second` rows: row r has the values 2r and 2r + 1 and, as a whole number, the label r.
class Hdf5RowsTest : public testing::Test {
  protected:
    void write_files(int second = 10) {
        for (const auto& [name, first, count] : {std::tuple{"a.h5", 0, 10}, {"b.h5", 10, second}}) {
            const Hdf5Handle file(H5Fcreate((folder() / name).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                                  H5Fclose);
            const auto rows = static_cast<hsize_t>(count);
            put<double>(file, "data", {rows, 2, 1}, 2 * first, H5T_NATIVE_DOUBLE);
            put<int>(file, "label", {rows}, first, H5T_NATIVE_INT);
        }
        ASSERT_TRUE(write_file_atomic(folder() / "list.txt", "a.h5\n\nb.h5\r\n"));
    }
    const fs::path& folder() const { return folder_.path(); }
    Hdf5RowsOptions options(int batch_size) const {
        return {.source = folder() / "list.txt",
                .base_dir = folder(),
                .datasets = {"data", "label"},
                .batch_size = batch_size};
    }
    static std::vector<int> labels(const Hdf5RowsOptions& options, int batches) {
        auto rows = Hdf5Rows::open(options);
        EXPECT_TRUE(rows) << rows.error().to_string();
        std::vector<int> all;
        for (int b = 0; rows && b < batches; ++b) {
            const auto tops = (*rows)->next();
            EXPECT_TRUE(tops) << tops.error().to_string();
            for (int i = 0; i < options.batch_size; ++i) {
                all.push_back(static_cast<int>((*tops)[1][i]));
                EXPECT_EQ((*tops)[0][2 * i], static_cast<float>(2 * all.back()));
                EXPECT_EQ((*tops)[0][2 * i + 1], static_cast<float>(2 * all.back() + 1));
            }
        }
        return all;
    }
    TemporaryFolder folder_;
};

TEST_F(Hdf5RowsTest, flow_over_the_ends_of_files_and_round_again) {
    for (const int second : {10, 3, 0}) {
        write_files(second);
        for (const int batch : {1, 5, 7, 33})
            for (const std::uint64_t keep : {std::uint64_t{0}, std::uint64_t{1} << 30}) {
                auto choice = options(batch);
                choice.keep_bytes = keep;
                const auto got = labels(choice, 12);
                for (std::size_t i = 0; i < got.size(); ++i)
                    ASSERT_EQ(got[i], static_cast<int>(i) % (10 + second)) << "batch " << batch << " of " << second;
            }
    }
}

TEST_F(Hdf5RowsTest, end_each_round_with_its_last_row) {
    write_files(3);
    for (const bool shuffle : {false, true}) {
        auto choice = options(5);
        choice.shuffle = shuffle;
        choice.round_end = RoundEnd::kShorten;
        auto rows = *Hdf5Rows::open(choice);
        for (int round = 0; round < 3; ++round) {
            std::vector<int> labels;
            for (const int size : {5, 5, 3}) {
                const auto tops = *rows->next();
                ASSERT_EQ(rows->rows(), size);
                for (int i = 0; i < size; ++i) labels.push_back(static_cast<int>(tops[1][i]));
            }
            if (shuffle) std::ranges::sort(labels);
            EXPECT_THAT(labels, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
        }
        choice.round_end = RoundEnd::kFill;
        choice.shuffle = false;
        EXPECT_THAT(labels(choice, 4), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 1, 0, 1, 2, 3, 4));
    }
}

TEST_F(Hdf5RowsTest, begin_at_any_batch) {
    write_files(3);
    for (const bool shuffle : {false, true}) {
        auto choice = options(7);
        choice.shuffle = shuffle;
        const auto all = labels(choice, 12);
        for (int first = 1; first < 12; ++first) {
            choice.first_batch = static_cast<std::uint64_t>(first);
            EXPECT_EQ(labels(choice, 12 - first), std::vector(all.begin() + 7 * first, all.end())) << first;
        }
    }
}

TEST_F(Hdf5RowsTest, shuffle_files_and_the_rows_inside_each) {
    write_files();
    auto choice = options(20);
    choice.shuffle = true;
    const auto got = labels(choice, 20);
    bool b_came_first = false;
    for (auto round = got.begin(); round != got.end(); round += 20) {
        for (auto half = round; half != round + 20; half += 10) {
            std::vector<int> rows(half, half + 10);
            EXPECT_FALSE(std::is_sorted(rows.begin(), rows.end()));
            std::sort(rows.begin(), rows.end());
            EXPECT_TRUE(rows.front() % 10 == 0 && rows.back() == rows.front() + 9) << "one file after the other";
        }
        b_came_first |= *round >= 10;
        if (round != got.begin()) {
            EXPECT_FALSE(std::equal(got.begin(), got.begin() + 20, round)) << "again in every round";
        }
    }
    EXPECT_TRUE(b_came_first);
    EXPECT_EQ(labels(choice, 20), got);
    choice.seed = 1;
    EXPECT_NE(labels(choice, 20), got);
}

TEST_F(Hdf5RowsTest, read_what_the_dataset_builder_writes) {
    // Red, green and blue of each image are 10 i, 10 i + 1, 10 i + 2; files of 4 images at most.
    for (const auto compression : {Hdf5Compression::kNone, Hdf5Compression::kGzip}) {
        const auto db = folder() / fmt::format("job/train_db{}", static_cast<int>(compression));
        auto sink =
            sink::create_hdf5(db, {.width = 5, .height = 3, .channels = 3}, compression, "../job/moved/", 4 * 45 + 1);
        ASSERT_TRUE(sink);
        for (int i = 0; i < 9; ++i) {
            Image image;
            image.reset(5, 3, 3);
            for (std::size_t n = 0; n < image.pixels.size(); ++n)
                image.pixels[n] = static_cast<std::uint8_t>(10 * i + static_cast<int>(n % 3));
            ASSERT_TRUE((*sink)->put(*pack_record(image, i % 2, {.backend = DatasetBackend::kHdf5})));
        }
        ASSERT_TRUE((*sink)->finish());
        EXPECT_EQ(*read_file(db / "list.txt"), "../job/moved/0.h5\n../job/moved/4.h5\n../job/moved/8.h5\n");

        // The paths lead nowhere from here; then the files beside the list are meant.
        auto rows = Hdf5Rows::open(
            {.source = db / "list.txt", .base_dir = folder(), .datasets = {"data", "label"}, .batch_size = 3});
        ASSERT_TRUE(rows) << rows.error().to_string();
        EXPECT_EQ((*rows)->row_count(), 9u);
        EXPECT_THAT((*rows)->shapes()[0], ElementsAre(3, 3, 3, 5));
        EXPECT_THAT((*rows)->shapes()[1], ElementsAre(3));
        for (int batch = 0; batch < 4; ++batch) {
            const auto tops = (*rows)->next();
            ASSERT_TRUE(tops);
            for (int i = 0; i < 3; ++i) {
                const int image = (3 * batch + i) % 9;
                EXPECT_EQ((*tops)[1][i], static_cast<float>(image % 2));
                for (int n = 0; n < 45; ++n)
                    ASSERT_EQ((*tops)[0][45 * i + n], static_cast<float>(10 * image + n / 15)) << "planes are R, G, B";
            }
        }

        const Hdf5Handle file(H5Fopen((db / "4.h5").c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
        const Hdf5Handle data(H5Dopen2(file.get(), "data", H5P_DEFAULT), H5Dclose);
        const Hdf5Handle type(H5Dget_type(data.get()), H5Tclose);
        EXPECT_GT(H5Tequal(type.get(), H5T_IEEE_F32LE), 0);
        const Hdf5Handle space(H5Dget_space(data.get()), H5Sclose);
        hsize_t most[4];
        ASSERT_EQ(H5Sget_simple_extent_dims(space.get(), nullptr, most), 4);
        EXPECT_EQ(most[0], H5S_UNLIMITED);
        const Hdf5Handle layout(H5Dget_create_plist(data.get()), H5Pclose);
        EXPECT_EQ(H5Pget_layout(layout.get()), H5D_CHUNKED);
        EXPECT_EQ(H5Pget_nfilters(layout.get()), compression == Hdf5Compression::kGzip ? 1 : 0);
    }
}

TEST_F(Hdf5RowsTest, say_what_does_not_fit) {
    write_files();
    const auto refused = [&](const Hdf5RowsOptions& choice) {
        auto rows = Hdf5Rows::open(choice);
        EXPECT_FALSE(rows);
        return rows ? "" : rows.error().to_string();
    };
    auto choice = options(5);
    choice.datasets = {"data", "labels"};
    EXPECT_THAT(refused(choice), HasSubstr("there is no dataset \"labels\""));
    choice.source = folder() / "none.txt";
    EXPECT_THAT(refused(choice), HasSubstr("none.txt"));
    choice = options(5);
    ASSERT_TRUE(write_file_atomic(folder() / "list.txt", "\n \n"));
    EXPECT_THAT(refused(choice), HasSubstr("the list names no file"));
    ASSERT_TRUE(write_file_atomic(folder() / "list.txt", "c.h5\n"));
    EXPECT_THAT(refused(choice), HasSubstr("c.h5: no such file"));
    const auto whole = *read_file(folder() / "a.h5");
    for (const std::size_t keep : {std::size_t{0}, std::size_t{100}, whole.size() / 2}) {
        ASSERT_TRUE(write_file_atomic(folder() / "c.h5", whole.substr(0, keep)));
        EXPECT_THAT(refused(choice), HasSubstr("c.h5: cannot be opened as HDF5"));
    }
    const auto write = [&](std::vector<hsize_t> data, std::vector<hsize_t> label) {
        const Hdf5Handle file(H5Fcreate((folder() / "c.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                              H5Fclose);
        put<float>(file, "data", std::move(data), 0, H5T_NATIVE_FLOAT);
        put<float>(file, "label", std::move(label), 0, H5T_NATIVE_FLOAT);
    };
    write({4, 2, 1}, {3});
    EXPECT_THAT(refused(choice), HasSubstr("\"label\" has 3 rows, \"data\" has 4"));
    write({4, 3, 1}, {4});
    ASSERT_TRUE(write_file_atomic(folder() / "list.txt", "a.h5\nc.h5\n"));
    EXPECT_THAT(refused(choice), HasSubstr("another shape"));
    write({0, 2, 1}, {0});
    ASSERT_TRUE(write_file_atomic(folder() / "list.txt", "c.h5\n"));
    EXPECT_THAT(refused(choice), HasSubstr("no rows"));
}

}  // namespace
}  // namespace digits
