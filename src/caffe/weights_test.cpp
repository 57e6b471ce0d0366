#include "caffe/weights.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <hdf5.h>

#include <cmath>

#include "base/file.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using google::protobuf::util::MessageDifferencer;
using testing::ElementsAre;
using testing::HasSubstr;

fs::path golden(const char* file) { return fs::path(DIGITS_BINARY_DIR) / "golden/caffe-golden/solver_adam" / file; }

caffe::BlobProto blob_of(std::vector<std::int64_t> shape, std::vector<float> values) {
    caffe::BlobProto blob;
    for (const auto dim : shape) blob.mutable_shape()->add_dim(dim);
    for (const float value : values) blob.add_data(value);
    return blob;
}

std::vector<float> values_of(const caffe::BlobProto& blob) {
    auto values = blob_values(blob);
    EXPECT_TRUE(values) << values.error().to_string();
    return values ? *values : std::vector<float>{};
}

class WeightsTest : public testing::Test {
  protected:
    fs::path file(const char* name) const { return folder_.path() / name; }
    TemporaryFolder folder_;
};

TEST_F(WeightsTest, RewritesCaffesSnapshotByteForByte) {
    const auto weights = read_weights(golden("snap_iter_10.caffemodel"));
    ASSERT_TRUE(weights) << weights.error().to_string();
    ASSERT_TRUE(write_weights(*weights, file("copy.caffemodel")));
    EXPECT_EQ(*read_file(file("copy.caffemodel")), *read_file(golden("snap_iter_10.caffemodel")));
    const auto state = read_solver_state(golden("snap_iter_10.solverstate"));
    ASSERT_TRUE(state) << state.error().to_string();
    EXPECT_EQ(state->iter(), 10);
    EXPECT_GT(state->history_size(), 0);
    ASSERT_TRUE(write_solver_state(*state, file("copy.solverstate")));
    EXPECT_EQ(*read_file(file("copy.solverstate")), *read_file(golden("snap_iter_10.solverstate")));
}

TEST_F(WeightsTest, KeepsEveryValueInHdf5) {
    const auto weights = read_weights(golden("snap_iter_10.caffemodel"));
    ASSERT_TRUE(weights);
    ASSERT_TRUE(write_weights(*weights, file("w.caffemodel.h5")));
    const auto again = read_weights(file("w.caffemodel.h5"));
    ASSERT_TRUE(again) << again.error().to_string();
    ASSERT_EQ(again->layer_size(), weights->layer_size());
    int blobs = 0;
    for (const auto& layer : weights->layer()) {
        const auto same = std::find_if(again->layer().begin(), again->layer().end(),
                                       [&](const auto& other) { return other.name() == layer.name(); });
        ASSERT_NE(same, again->layer().end()) << layer.name();
        ASSERT_EQ(same->blobs_size(), layer.blobs_size());
        for (int i = 0; i < layer.blobs_size(); ++i, ++blobs) {
            EXPECT_EQ(blob_shape(same->blobs(i)), blob_shape(layer.blobs(i)));
            EXPECT_EQ(values_of(same->blobs(i)), values_of(layer.blobs(i)));
        }
    }
    EXPECT_GT(blobs, 0);
}

TEST_F(WeightsTest, KeepsASolverStateInHdf5) {
    const auto state = read_solver_state(golden("snap_iter_10.solverstate"));
    ASSERT_TRUE(state);
    ASSERT_TRUE(write_solver_state(*state, file("s.solverstate.h5")));
    const auto again = read_solver_state(file("s.solverstate.h5"));
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->iter(), state->iter());
    EXPECT_EQ(again->current_step(), state->current_step());
    EXPECT_EQ(again->learned_net(), state->learned_net());
    ASSERT_EQ(again->history_size(), state->history_size());
    for (int i = 0; i < state->history_size(); ++i)
        EXPECT_EQ(values_of(again->history(i)), values_of(state->history(i)));
}

TEST_F(WeightsTest, StoresLayerNamesWithSlashesInHdf5) {
    caffe::NetParameter net;
    for (const char* name : {"inception/1x1", "inception", "inception/5x5/reduce", "relu"}) {
        auto& layer = *net.add_layer();
        layer.set_name(name);
        if (layer.name() != "relu") *layer.add_blobs() = blob_of({2}, {1, 2});
    }
    ASSERT_TRUE(write_weights(net, file("w.h5")));
    const auto again = read_weights(file("w.h5"));
    ASSERT_TRUE(again) << again.error().to_string();
    std::vector<std::string> names;
    for (const auto& layer : again->layer()) names.push_back(layer.name());
    EXPECT_THAT(names, testing::UnorderedElementsAre("inception", "inception/1x1", "inception/5x5/reduce", "relu"));
    net.mutable_layer(0)->set_name("/a");
    EXPECT_EQ(write_weights(net, file("w.h5")).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(WeightsTest, TellsTheByteWhereAFileIsDamaged) {
    const auto bytes = *read_file(golden("snap_iter_10.caffemodel"));
    int damaged = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ASSERT_TRUE(write_file_atomic(file("cut.caffemodel"), bytes.substr(0, size)));
        const auto weights = read_weights(file("cut.caffemodel"));
        if (weights) continue;  // cut between two layers
        ++damaged;
        EXPECT_EQ(weights.error().code, ErrorCode::kDataLoss);
        EXPECT_EQ(weights.error().where, file("cut.caffemodel").string());
        EXPECT_THAT(weights.error().message, HasSubstr(size == 0 ? "empty" : "byte "));
    }
    EXPECT_GT(damaged, 300);
    ASSERT_TRUE(write_file_atomic(file("cut.caffemodel"), bytes.substr(0, bytes.size() - 3)));
    EXPECT_THAT(read_weights(file("cut.caffemodel")).error().message, HasSubstr("bytes are left"));
}

TEST_F(WeightsTest, SurvivesEveryFlippedByte) {
    const auto bytes = *read_file(golden("snap_iter_10.solverstate"));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string flipped = bytes;
        flipped[i] = static_cast<char>(~flipped[i]);
        ASSERT_TRUE(write_file_atomic(file("s"), flipped));
        const auto state = read_solver_state(file("s"));
        EXPECT_TRUE(state || state.error().code == ErrorCode::kDataLoss) << i;
    }
}

TEST_F(WeightsTest, RefusesWhatIsNoModel) {
    ASSERT_TRUE(write_file_atomic(file("empty"), ""));
    EXPECT_THAT(read_weights(file("empty")).error().message, HasSubstr("the file is empty"));
    ASSERT_TRUE(write_file_atomic(file("page"), "<!DOCTYPE html><html><body>Not found</body></html>"));
    EXPECT_EQ(read_weights(file("page")).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(read_weights(file("absent")).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(read_weights(folder_.path()).error().code, ErrorCode::kInvalidArgument);
    ASSERT_TRUE(write_file_atomic(file("fake.h5"), "\x89HDF\r\n\x1a\n and nothing more"));
    EXPECT_EQ(read_weights(file("fake.h5")).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(read_solver_state(file("fake.h5")).error().code, ErrorCode::kDataLoss);
    std::string deep;
    for (int i = 0; i < 3000; ++i) deep += "\x0b";  // unknown groups inside each other
    ASSERT_TRUE(write_file_atomic(file("deep"), deep));
    EXPECT_EQ(read_weights(file("deep")).error().code, ErrorCode::kDataLoss);
}

TEST_F(WeightsTest, ReadsMessagesOver64Megabytes) {
    caffe::NetParameter net;
    net.add_layer()->set_name("fc");
    constexpr int kValues = 20'000'000;
    auto& blob = *net.mutable_layer(0)->add_blobs();
    blob.mutable_shape()->add_dim(kValues);
    blob.mutable_data()->Resize(kValues, 0.25F);
    ASSERT_TRUE(write_weights(net, file("large")));
    const auto again = read_weights(file("large"));
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->layer(0).blobs(0).data_size(), kValues);
}

TEST_F(WeightsTest, RefusesFilesOver2Gigabytes) {
    ASSERT_TRUE(write_file_atomic(file("huge"), "x"));
    fs::resize_file(file("huge"), std::uintmax_t{1} << 31);
    EXPECT_EQ(read_weights(file("huge")).error().code, ErrorCode::kTooLarge);
}

TEST_F(WeightsTest, RefusesHostileHdf5) {
    const auto write = [&](const char* name, hsize_t values, bool text) {
        const hid_t created = H5Fcreate(file(name).c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        const hid_t data = H5Gcreate2(created, "data", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        const hid_t layer = H5Gcreate2(data, "fc", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        const hid_t space = H5Screate_simple(1, &values, nullptr);
        const hid_t set =
            H5Dcreate2(layer, "0", text ? H5T_C_S1 : H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Lcreate_hard(created, "data", layer, "again", H5P_DEFAULT, H5P_DEFAULT);  // a circle
        H5Dclose(set), H5Sclose(space), H5Gclose(layer), H5Gclose(data), H5Fclose(created);
    };
    write("sparse.h5", 1'000'000, false);  // values that are not in the file
    EXPECT_THAT(read_weights(file("sparse.h5")).error().message, HasSubstr("hardly any bytes"));
    write("vast.h5", std::uint64_t{1} << 40, false);
    EXPECT_EQ(read_weights(file("vast.h5")).error().code, ErrorCode::kTooLarge);
    write("text.h5", 4, true);
    EXPECT_THAT(read_weights(file("text.h5")).error().message, HasSubstr("/data/fc/0: expected numbers"));
    write("circle.h5", 0, false);
    EXPECT_THAT(read_weights(file("circle.h5")).error().message, HasSubstr("too many groups inside each other"));
}

TEST_F(WeightsTest, LeavesNothingBehindWhenItFails) {
    caffe::NetParameter net;
    net.add_layer()->set_name("fc");
    *net.mutable_layer(0)->add_blobs() = blob_of({3}, {1, 2});
    EXPECT_EQ(write_weights(net, file("w.h5")).error().code, ErrorCode::kDataLoss);
    EXPECT_TRUE(fs::is_empty(folder_.path()));
    EXPECT_EQ(write_blob(net.layer(0).blobs(0), file("no/such/folder")).error().code, ErrorCode::kNotFound);
}

TEST_F(WeightsTest, KeepsABinaryproto) {
    caffe::BlobProto mean;
    mean.set_num(1), mean.set_channels(1), mean.set_height(1), mean.set_width(2);
    mean.add_data(3), mean.add_data(4);
    ASSERT_TRUE(write_blob(mean, file("mean.binaryproto")));
    const auto again = read_blob(file("mean.binaryproto"));
    ASSERT_TRUE(again);
    EXPECT_TRUE(MessageDifferencer::Equals(mean, *again));
}

TEST(Blob, TellsShapeAndValuesOfEveryForm) {
    EXPECT_THAT(blob_shape(blob_of({2, 3}, {})), ElementsAre(2, 3));
    EXPECT_THAT(values_of(blob_of({}, {5})), ElementsAre(5));  // no axes: one value
    caffe::BlobProto old;
    old.set_num(1), old.set_channels(2), old.set_height(1), old.set_width(1);
    old.add_double_data(0.5), old.add_double_data(-2);
    EXPECT_THAT(blob_shape(old), ElementsAre(1, 2, 1, 1));
    EXPECT_THAT(values_of(old), ElementsAre(0.5F, -2));
}

TEST(Blob, ReadsRawHalfFloats) {
    caffe::BlobProto blob;
    blob.mutable_shape()->add_dim(6);
    blob.set_raw_data_type(caffe::FLOAT16);
    //                                 1.0       -2.0      65504     2^-24     inf       2^-14
    blob.set_raw_data(std::string("\x00\x3c\x00\xc0\xff\x7b\x01\x00\x00\x7c\x00\x04", 12));
    EXPECT_THAT(values_of(blob), ElementsAre(1.0F, -2.0F, 65504.0F, std::ldexp(1.0F, -24),
                                             std::numeric_limits<float>::infinity(), std::ldexp(1.0F, -14)));
    blob.set_raw_data("abc");
    EXPECT_EQ(blob_values(blob).error().code, ErrorCode::kDataLoss);
    blob.set_raw_data_type(caffe::INT);
    EXPECT_EQ(blob_values(blob).error().code, ErrorCode::kUnsupported);
}

TEST(Blob, RefusesCountsThatDoNotFitTheShape) {
    EXPECT_EQ(blob_values(blob_of({2, 2}, {1, 2, 3})).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(blob_values(blob_of({-1, -3}, {1, 2, 3})).error().code, ErrorCode::kDataLoss);
    EXPECT_EQ(blob_values(blob_of({std::int64_t{1} << 62, 4}, {})).error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(blob_values(blob_of({2}, {1})).error().message, HasSubstr("shape [2] has 1 values"));
}

}  // namespace
}  // namespace digits
