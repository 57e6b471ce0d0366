#include "models/standard_networks.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "standard_network_texts.hpp"

namespace digits {
namespace {

constexpr StandardNetwork kClassifiers[] = {
    {"lenet", "LeNet", "Small grey pictures such as handwritten digits", 28, 28, 1, 0, 30, 0.01, kLenetText},
    {"alexnet", "AlexNet", "Colour photographs; fast, many weights", 256, 256, 3, 227, 30, 0.01, kAlexnetText},
    {"googlenet", "GoogLeNet", "Colour photographs; more exact than AlexNet, few weights", 256, 256, 3, 224, 30, 0.01,
     kGooglenetText},
    {"vgg16", "VGG-16", "Colour photographs; slow, very many weights", 256, 256, 3, 224, 30, 0.001, kVgg16Text},
    {"resnet18", "ResNet-18", "Colour photographs; exact for its speed", 256, 256, 3, 224, 30, 0.01, kResnet18Text},
    {"resnet50", "ResNet-50", "Colour photographs; very exact, slow", 256, 256, 3, 224, 30, 0.01, kResnet50Text},
    {"squeezenet", "SqueezeNet 1.1", "Colour photographs; fast, very few weights", 256, 256, 3, 227, 30, 0.01,
     kSqueezenetText},
    {"mobilenetv2", "MobileNet v2", "Colour photographs; made for phones, few weights", 256, 256, 3, 224, 30, 0.01,
     kMobilenetV2Text},
};

constexpr StandardNetwork kDetectors[] = {
    {"detectnet", "DetectNet", "Objects of one class in photographs; boxes around them", 1248, 384, 3, 0, 30, 0.0001,
     kDetectnetText},
};

}  // namespace

std::span<const StandardNetwork> standard_networks(NetworkTask task) {
    if (task == NetworkTask::kDetection) return kDetectors;
    return kClassifiers;
}

const StandardNetwork* find_standard_network(std::string_view name, NetworkTask task) {
    const auto networks = standard_networks(task);
    const auto found = std::ranges::find(networks, name, &StandardNetwork::name);
    return found == networks.end() ? nullptr : &*found;
}

nlohmann::json to_json(const StandardNetwork& network) {
    nlohmann::json defaults{
        {"epochs", network.epochs}, {"solver", {{"base_lr", network.base_lr}}}, {"crop_size", nullptr}};
    if (network.crop_size > 0) defaults["crop_size"] = network.crop_size;
    return {{"name", network.name},
            {"title", network.title},
            {"text", network.text},
            {"image", {{"width", network.width}, {"height", network.height}, {"channels", network.channels}}},
            {"prototxt", network.prototxt},
            {"defaults", defaults}};
}

}  // namespace digits
