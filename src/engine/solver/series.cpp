#include "engine/solver/series.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace digits {

std::vector<ValidationValue> series_values(const Net& net, const std::vector<std::string>& outputs, Joining joining,
                                           bool complete) {
    std::vector<ValidationValue> values;
    for (const auto& output : outputs) {
        const at::Tensor data = net.find_blob(output)->data().to(at::kCPU, at::kFloat).contiguous();
        const auto [layer, top] = net.find_maker(output);
        auto rule = layer->join_rule(top);
        if (joining == Joining::kByBatch && !rule.of_set) rule = JoinRule();
        for (std::int64_t i = 0; i < data.numel(); ++i) {
            ValidationValue value;
            value.name = series_name(output, i);
            value.value = data.data_ptr<float>()[i];
            if (static_cast<std::int64_t>(rule.counts.size()) == data.numel())
                value.count = rule.counts[static_cast<std::size_t>(i)];
            value.adds_up = rule.adds_up;
            if (rule.of_set) {
                value.value = complete ? value.value : 0;
                value.count = complete ? 1 : 0;
            }
            values.push_back(std::move(value));
        }
    }
    return values;
}

}  // namespace digits
