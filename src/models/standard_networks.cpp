#include "models/standard_networks.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "standard_network_texts.hpp"

namespace digits {
namespace {

constexpr std::string_view kClasses = "classification", kBoxes = "detection", kPixels = "segmentation",
                           kImages = "processing", kNumbers = "regression", kLabels = "multilabel";

// As measured in docs/performance.md: images are flipped and scaled, boxes also combined from four; BatchNorm needs
// no mean.
constexpr TrainingRecipe kBoxRecipe{"cosine", 5, false, {.flip = FlipMode::kHorizontal, .scale = 0.2, .mosaic = 0.3}};
constexpr TrainingRecipe kPixelRecipe{"cosine", 5, false, {.flip = FlipMode::kHorizontal, .scale = 0.25}};
constexpr TrainingRecipe kImageRecipe{"cosine", 5, true, {.flip = FlipMode::kHorizontal}};
// Pairs have no mean image.
constexpr TrainingRecipe kPairRecipe{"cosine", 5, false};
// A Sigmoid gives the pixels again, as 0 to 1.
constexpr TrainingRecipe kAutoencoderRecipe{"step", 0, false};
// DetectNet has a layer of its own that varies images.
constexpr TrainingRecipe kDetectNetRecipe{"cosine", 5, false};

constexpr StandardNetwork kNetworks[] = {
    {kClasses, "lenet", "LeNet", "Small grayscale images such as handwritten digits", 28, 28, 1, 0, 30, "SGD", 0.01,
     kLenetText},
    {kClasses, "alexnet", "AlexNet", "Colour photographs; fast, many weights", 256, 256, 3, 227, 30, "SGD", 0.01,
     kAlexnetText},
    {kClasses, "googlenet", "GoogLeNet", "Colour photographs; more accurate than AlexNet, fewer parameters", 256, 256,
     3, 224, 30, "SGD", 0.01, kGooglenetText},
    {kClasses, "vgg16", "VGG-16", "Colour photographs; slow, very many weights", 256, 256, 3, 224, 30, "SGD", 0.001,
     kVgg16Text},
    {kClasses, "resnet18", "ResNet-18", "Colour photographs; good accuracy for its speed", 256, 256, 3, 224, 30, "SGD",
     0.01, kResnet18Text},
    {kClasses, "resnet50", "ResNet-50", "Colour photographs; high accuracy, slow", 256, 256, 3, 224, 30, "SGD", 0.01,
     kResnet50Text},
    {kClasses, "squeezenet", "SqueezeNet 1.1", "Colour photographs; fast, very few weights", 256, 256, 3, 227, 30,
     "SGD", 0.01, kSqueezenetText},
    {kClasses, "mobilenetv2", "MobileNet v2", "Colour photographs; made for phones, few weights", 256, 256, 3, 224, 30,
     "SGD", 0.01, kMobilenetV2Text},
    {kClasses, "efficientnet_lite0", "EfficientNet-Lite0", "Colour photographs; exact for its few weights", 256, 256, 3,
     224, 30, "SGD", 0.01, kEfficientnetLite0Text},
    {kClasses, "efficientnet_lite1", "EfficientNet-Lite1", "Colour photographs; as EfficientNet-Lite0, deeper", 256,
     256, 3, 240, 30, "SGD", 0.01, kEfficientnetLite1Text},
    {kBoxes, "detector", "Anchor-free detector", "Objects of any number of classes; fast, any size divisible by 32",
     320, 320, 3, 0, 60, "AdamW", 0.002, kDetectorText, 12000, kBoxRecipe},
    {kBoxes, "detector_lite0", "Anchor-free detector on EfficientNet-Lite0",
     "The same on a trunk that can start from weights learned on ImageNet; for few images", 320, 320, 3, 0, 40, "AdamW",
     0.001, kDetectorLite0Text, 8000, kBoxRecipe},
    {kBoxes, "detectnet", "DetectNet", "Objects of one class in photographs; boxes around them", 1248, 384, 3, 0, 30,
     "Adam", 0.0001, kDetectnetText, 4000},
    {kBoxes, "detectnet_lite0", "DetectNet on EfficientNet-Lite0",
     "Objects of one class; faster, on a trunk that can start from weights learned on ImageNet", 1248, 384, 3, 0, 30,
     "Adam", 0.001, kDetectnetLite0Text, 1500, kDetectNetRecipe},
    {kPixels, "segmenter", "Light segmentation network", "The class of each pixel; fast, any size", 480, 360, 3, 0, 40,
     "AdamW", 0.001, kSegmenterText, 12000, kPixelRecipe},
    {kPixels, "segmenter_lite0", "Light segmentation network on EfficientNet-Lite0",
     "The same on a trunk that can start from weights learned on ImageNet; for few images", 480, 360, 3, 0, 30, "AdamW",
     0.001, kSegmenterLite0Text, 8000, kPixelRecipe},
    {kPixels, "unet", "U-Net", "The class of each pixel; exact outlines, slow, sides divisible by 16", 256, 256, 1, 0,
     30, "Adam", 0.0001, kUnetText, 2400},
    {kPixels, "unet_light", "Light U-Net", "The class of each pixel; accurate outlines and thin lines, any size", 256,
     256, 1, 0, 60, "AdamW", 0.002, kUnetLightText, 2400, kPixelRecipe},
    {kPixels, "fcn_alexnet", "FCN-AlexNet", "The class of each pixel of photographs; coarse, many weights", 256, 256, 3,
     0, 30, "SGD", 0.0001, kFcnAlexnetText, 6000},
    {kImages, "image_to_image", "Image-to-image network",
     "A color or grayscale image from another of the same size; sharpen, colorize, translate", 256, 256, 3, 0, 60,
     "AdamW", 0.001, kImageToImageText, 12000, kImageRecipe},
    {kImages, "autoencoder", "Autoencoder", "Small grayscale images squeezed into 30 numbers and restored", 28, 28, 1,
     0, 30, "AdaGrad", 0.01, kAutoencoderText, 0, kAutoencoderRecipe},
    {kNumbers, "regression", "Small regression network", "Numbers that an image tells; fast, few weights", 64, 64, 3, 0,
     30, "Adam", 0.001, kRegressionText, 6000},
    {kNumbers, "siamese", "Siamese network", "Small images as points of a plane, similar ones near each other", 28, 28,
     1, 0, 30, "SGD", 0.01, kSiameseText, 0, kPairRecipe, 2},
    {kLabels, "multilabel", "Small multi-label network", "Which of several labels an image has; fast, few weights", 64,
     64, 3, 0, 30, "Adam", 0.001, kMultilabelText, 6000},
};

}  // namespace

std::vector<StandardNetwork> standard_networks(std::string_view task) {
    std::vector<StandardNetwork> found;
    std::ranges::copy_if(kNetworks, std::back_inserter(found),
                         [&](const StandardNetwork& one) { return task.empty() || one.task == task; });
    return found;
}

const StandardNetwork* find_standard_network(std::string_view name) {
    const auto* found = std::ranges::find(kNetworks, name, &StandardNetwork::name);
    return found == std::end(kNetworks) ? nullptr : found;
}

bool subtracts_mean(const StandardNetwork& network) {
    return network.prototxt.find("mean_value") != std::string_view::npos;
}

double epochs_for(const StandardNetwork& network, std::uint64_t images) {
    constexpr double kMost = 500;
    if (images == 0) return network.epochs;
    return std::max(network.epochs, std::min(kMost, std::ceil(network.shown / static_cast<double>(images))));
}

nlohmann::json to_json(const StandardNetwork& network, double epochs) {
    nlohmann::json solver{{"type", network.solver}, {"base_lr", network.base_lr}};
    nlohmann::json defaults{{"epochs", epochs}, {"solver", std::move(solver)}, {"crop_size", nullptr}};
    if (network.crop_size > 0) defaults["crop_size"] = network.crop_size;
    defaults["mean"] = subtracts_mean(network) || !network.recipe.mean ? "none" : "image";
    if (network.task != kClasses) {  // there, what is chosen fits all networks
        defaults["solver"]["lr_policy"] = network.recipe.lr_policy;
        defaults["solver"]["warmup_percent"] = network.recipe.warmup_percent;
        defaults["augmentation"] = to_json(network.recipe.augmentation);
    }
    return {{"task", network.task},
            {"name", network.name},
            {"title", network.title},
            {"text", network.text},
            {"image", {{"width", network.width}, {"height", network.height}, {"channels", network.channels}}},
            {"prototxt", network.prototxt},
            {"defaults", defaults}};
}

}  // namespace digits
