#include "caffe/built_in_python.hpp"

#include <gtest/gtest.h>

namespace digits {
namespace {

caffe::LayerParameter layer(const char* type, const char* module, const char* name) {
    caffe::LayerParameter layer;
    layer.set_type(type);
    layer.mutable_python_param()->set_module(module);
    layer.mutable_python_param()->set_layer(name);
    return layer;
}

TEST(BuiltInPython, IsNoCodeOfUsers) {
    EXPECT_FALSE(runs_users_code(layer("Python", "caffe.layers.detectnet.mean_ap", "mAP")));
    EXPECT_FALSE(runs_users_code(layer("ReLU", "", "")));
    // The same class of another module, and another class of the same module, are somebody's own.
    EXPECT_TRUE(runs_users_code(layer("Python", "mean_ap", "mAP")));
    EXPECT_TRUE(runs_users_code(layer("Python", "caffe.layers.detectnet.mean_ap", "Other")));
}

}  // namespace
}  // namespace digits
