#include "models/proposal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "models/standard_networks.hpp"
#include "tasks/task.hpp"

namespace digits {
namespace {

using nlohmann::json;

constexpr int kSmallSide = 40;       // digits, icons
constexpr int kFineTunedSide = 256;  // cut to 224 at random
constexpr double kFrozen_percent = 60;
/// How many images a training shows in all, about: enough for a new last layer, and for a network from nothing.
constexpr double kShownFineTuning = 1500, kShownFromScratch = 60000;
constexpr std::int64_t kFewImages = 2000;  // of which a network from nothing learns less than from a pretrained trunk

/// Reasons are written as note(proposal, fmt::format("…")): from there the web application translates them.
void note(TrainingProposal& proposal, std::string reason) { proposal.reasons.push_back(std::move(reason)); }

double epochs_for(double shown, std::int64_t images, double least, double most) {
    return std::clamp(std::round(shown / static_cast<double>(std::max<std::int64_t>(images, 1))), least, most);
}

/// A network from nothing learns as much of grey images in one channel, in less time.
void keep_grey(const SampleFacts& facts, TrainingProposal& proposal) {
    if (facts.channels != 1) return;
    proposal.channels = 1;
    note(proposal, "The images are grayscale, so the dataset has one channel.");
}

void fine_tune(const SampleFacts& facts, TrainingProposal& proposal) {
    proposal.fine_tunes = true;
    proposal.image_width = proposal.image_height = kFineTunedSide;
    proposal.resize = "half_crop";
    proposal.epochs = epochs_for(kShownFineTuning, facts.train_images, 5, 40);
    note(proposal, fmt::format("{} was trained on a million photographs. With {} training images, fine-tuning it gives "
                               "more accurate results than training from random weights.",
                               facts.imagenet, grouped(static_cast<std::uint64_t>(facts.train_images))));
    note(proposal, fmt::format("In the first {:.0f} % of the training only the new last layer learns; then all layers "
                               "learn at a tenth of the rate, so that the pretrained weights change little.",
                               kFrozen_percent));
    note(proposal, fmt::format("Images are resized to {0} x {0}. In training, the network sees a random 224 x 224 crop "
                               "of each.",
                               kFineTunedSide));
}

void classify_from_scratch(const SampleFacts& facts, TrainingProposal& proposal) {
    const int side = std::min(facts.width, facts.height);
    const bool small = side > 0 && side <= kSmallSide;
    proposal.network = small ? "lenet" : "resnet18";
    proposal.image_width = proposal.image_height = small ? std::max(side, 28) : 256;
    proposal.resize = small ? "squash" : "half_crop";
    proposal.epochs = epochs_for(kShownFromScratch, facts.train_images, small ? 5 : 15, small ? 30 : 60);
    if (small)
        note(proposal, fmt::format("The images are small ({} x {}). LeNet is made for small images and trains fast.",
                                   facts.width, facts.height));
    else
        note(proposal,
             "ResNet-18 has good accuracy for its speed. Pretrained weights would give better results; "
             "scripts/pretrained adds them.");
    keep_grey(facts, proposal);
}

/// As many pixels as the network was made for, in the shape of the images, none enlarged; sides that the network takes.
void keep_shape(const SampleFacts& facts, const StandardNetwork& network, TrainingProposal& proposal) {
    if (facts.width <= 0 || facts.height <= 0 || network.width <= kSmallSide) return;
    const auto* task = tasks().find(facts.task);
    if (!task) return;
    const int step = task->size_step();
    const double pixels = static_cast<double>(facts.width) * facts.height;
    const double scale = std::min(1.0, std::sqrt(network.width * network.height / pixels));
    const auto fit = [&](int side) {
        return std::max(step, static_cast<int>(std::lround(side * scale / step)) * step);
    };
    proposal.image_width = fit(facts.width);
    proposal.image_height = fit(facts.height);
    note(proposal, fmt::format("Images are resized to {} x {}, close to the shape of the originals ({} x {}).",
                               proposal.image_width, proposal.image_height, facts.width, facts.height));
}

/// The same network on the trunk that the included weights are for.
const StandardNetwork* on_pretrained_trunk(const SampleFacts& facts, const StandardNetwork& standard) {
    if (facts.imagenet.empty() || facts.train_images > kFewImages) return nullptr;
    return find_standard_network(fmt::format("{}_lite0", standard.name));
}

void take_standard_network(const SampleFacts& facts, TrainingProposal& proposal) {
    const auto networks = standard_networks(facts.task);
    if (networks.empty()) return;
    const auto* on_trunk = on_pretrained_trunk(facts, networks.front());
    const auto& standard = on_trunk ? *on_trunk : networks.front();
    proposal.transfers = on_trunk != nullptr;
    proposal.network = standard.name;
    proposal.image_width = standard.width;
    proposal.image_height = standard.height;
    proposal.channels = standard.channels;
    proposal.resize = "squash";
    proposal.epochs = epochs_for(standard, static_cast<std::uint64_t>(std::max<std::int64_t>(facts.train_images, 0)));
    if (proposal.transfers)
        note(proposal, fmt::format("{} was trained on a million photographs. With {} training images, a network that "
                                   "starts from its layers gives more accurate results than one from random weights.",
                                   facts.imagenet, grouped(static_cast<std::uint64_t>(facts.train_images))));
    else
        note(proposal, fmt::format("{} is the default network for this task.", standard.title));
    keep_shape(facts, standard, proposal);
    if (facts.channels == 3) proposal.channels = 3;
    if (!proposal.transfers) keep_grey(facts, proposal);
}

}  // namespace

json TrainingProposal::image() const {
    return {{"width", image_width}, {"height", image_height}, {"channels", channels}, {"resize", resize}};
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
    if (facts.task != kDefaultTask)
        take_standard_network(facts, proposal);
    else if (std::min(facts.width, facts.height) > kSmallSide && !facts.imagenet.empty())
        fine_tune(facts, proposal);
    else
        classify_from_scratch(facts, proposal);
    const auto shown = std::llround(proposal.epochs * static_cast<double>(facts.train_images));
    note(proposal, fmt::format("In {:.0f} epochs, the network sees about {} images.", proposal.epochs,
                               grouped(static_cast<std::uint64_t>(std::max(shown, 0LL)))));
    return proposal;
}

}  // namespace digits
