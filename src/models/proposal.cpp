#include "models/proposal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "models/standard_networks.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr int kSmallSide = 40;       // digits, icons
constexpr int kFineTunedSide = 256;  // cut to 224 at random
constexpr double kFrozen_percent = 60;
/// How many images a training shows in all, about: enough for a new last layer, and for a network from nothing.
constexpr double kShownFineTuning = 1500, kShownFromScratch = 60000;

double epochs_for(double shown, std::int64_t images, double least, double most) {
    return std::clamp(std::round(shown / static_cast<double>(std::max<std::int64_t>(images, 1))), least, most);
}

}  // namespace

json TrainingProposal::image() const {
    return {{"width", image_width}, {"height", image_height}, {"channels", 3}, {"resize", resize}};
}

json TrainingProposal::model() const {
    json spec{{"epochs", epochs}};
    if (fine_tunes) {
        spec["mean"] = "none";
        spec["solver"] = {{"type", "SGD"},
                          {"base_lr", 0.01},
                          {"lr_policy", "multistep"},
                          {"steps_percent", {kFrozen_percent}},
                          {"gamma", 0.1},
                          {"freeze_percent", kFrozen_percent}};
        spec["augmentation"] = {{"flip", "horizontal"}};
        return spec;
    }
    spec["network"] = {{"standard", network}};
    if (const auto* standard = find_standard_network(network)) {
        const auto defaults = to_json(*standard)["defaults"];
        for (const auto& [member, value] : defaults.items())
            if (member != "epochs") spec[member] = value;
    }
    return spec;
}

TrainingProposal propose_training(const SampleFacts& facts) {
    TrainingProposal proposal;
    auto& reasons = proposal.reasons;
    const int side = std::min(facts.width, facts.height);
    if (facts.task == "classification" && side > kSmallSide && !facts.imagenet.empty()) {
        proposal.fine_tunes = true;
        proposal.image_width = proposal.image_height = kFineTunedSide;
        proposal.resize = "half_crop";
        proposal.epochs = epochs_for(kShownFineTuning, facts.train_images, 5, 40);
        reasons.push_back(fmt::format(
            "{} starts from what it learned on a million photographs: with {} training images that is far more exact "
            "than a network from nothing.",
            facts.imagenet, facts.train_images));
        reasons.push_back(fmt::format(
            "The first {:.0f} % of the training teach only the new last layer; then all layers learn at a tenth of the "
            "rate, so that what the network knows is not lost.",
            kFrozen_percent));
        reasons.push_back(
            fmt::format("Images become {0} x {0}: the network sees 224 x 224 of them, another part each "
                        "time.",
                        kFineTunedSide));
    } else if (facts.task == "classification") {
        const bool small = side > 0 && side <= kSmallSide;
        proposal.network = small ? "lenet" : "resnet18";
        proposal.image_width = proposal.image_height = small ? std::max(side, 28) : 256;
        proposal.resize = small ? "squash" : "half_crop";
        proposal.epochs = epochs_for(kShownFromScratch, facts.train_images, small ? 5 : 15, small ? 30 : 60);
        reasons.push_back(small ? fmt::format("The images are small ({} x {}): LeNet is made for such, and fast.",
                                              facts.width, facts.height)
                                : "ResNet-18 is exact for its speed. With pretrained weights the result would be "
                                  "better: scripts/pretrained adds them.");
    } else {
        const auto networks = standard_networks(facts.task);
        if (!networks.empty()) {
            const auto& standard = networks.front();
            proposal.network = standard.name;
            proposal.image_width = standard.width;
            proposal.image_height = standard.height;
            proposal.resize = "squash";
            proposal.epochs = standard.epochs;
            reasons.push_back(
                fmt::format("The task is {}: the network is {} ({}).", facts.task, standard.title, standard.text));
        }
    }
    reasons.push_back(fmt::format("{:.0f} epochs show the network about {:.0f} images.", proposal.epochs,
                                  proposal.epochs * static_cast<double>(facts.train_images)));
    return proposal;
}

}  // namespace digits
