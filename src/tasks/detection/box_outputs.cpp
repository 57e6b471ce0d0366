#include "tasks/detection/box_outputs.hpp"

#include <algorithm>

#include "tasks/output_forms.hpp"

namespace digits {
namespace {

/// In pixels of the network's input.
struct InputBox {
    int label;
    double score, left, top, right, bottom;
};

enum class Form { kNone, kDecoded, kSsd, kDetectNet };

bool has_columns(const OutputArray& output, std::int64_t columns) {
    return output.shape.size() >= 2 && output.shape.back() == columns;
}

Form form_of(const OutputArray& output) {
    if (output.type == "DetectionOutput" || has_columns(output, 7)) return Form::kSsd;
    if (has_columns(output, 6)) return Form::kDecoded;
    if (has_columns(output, 5)) return Form::kDetectNet;
    return Form::kNone;
}

void read_decoded(const OutputArray& output, std::vector<InputBox>& boxes) {
    for (std::size_t at = 0; at + 6 <= output.values.size(); at += 6) {
        const float* row = output.values.data() + at;
        if (row[0] >= 0) boxes.push_back({static_cast<int>(row[0]), row[1], row[2], row[3], row[4], row[5]});
    }
}

void read_ssd(const OutputArray& output, const AskedImage& image, std::vector<InputBox>& boxes) {
    for (std::size_t at = 0; at + 7 <= output.values.size(); at += 7) {
        const float* row = output.values.data() + at;
        // Label 0 is the background; an image without a detection has a row of -1.
        if (row[1] < 1) continue;
        const double width = image.input_width, height = image.input_height;
        boxes.push_back(
            {static_cast<int>(row[1]) - 1, row[2], row[3] * width, row[4] * height, row[5] * width, row[6] * height});
    }
}

void read_detectnet(const OutputArray& output, int label, std::vector<InputBox>& boxes) {
    for (std::size_t at = 0; at + 5 <= output.values.size(); at += 5) {
        const float* row = output.values.data() + at;
        if (row[2] > row[0] && row[3] > row[1]) boxes.push_back({label, row[4], row[0], row[1], row[2], row[3]});
    }
}

}  // namespace

Result<FoundBoxes> find_boxes(std::span<const OutputArray> outputs, const TargetFacts& facts, const AskedImage& image) {
    std::vector<InputBox> boxes;
    Form used = Form::kNone;
    int lists = 0;
    for (const auto& output : outputs) {
        const Form form = form_of(output);
        if (form == Form::kNone || (used != Form::kNone && form != used) ||
            (used != Form::kNone && form != Form::kDetectNet))
            continue;
        used = form;
        DIGITS_TRY(check_finite(output));
        if (form == Form::kDecoded) read_decoded(output, boxes);
        if (form == Form::kSsd) read_ssd(output, image, boxes);
        if (form == Form::kDetectNet) read_detectnet(output, lists++, boxes);
    }
    if (used == Form::kNone)
        return fail(
            make_error(ErrorCode::kFailedPrecondition, "The network has no output with boxes: its outputs are {}.",
                       forms_of(outputs))
                .advise("Let the deploy network end in a layer that lists boxes: DetectionDecode, DetectionOutput "
                        "or DetectNet's ClusterDetections"));
    FoundBoxes found;
    if (used == Form::kDetectNet) found.default_threshold = 0;
    const auto view = image.or_input();
    for (const auto& box : boxes) {
        const auto at = static_cast<std::size_t>(box.label);
        const int label = at < facts.network_classes.size() ? facts.network_classes[at] : box.label;
        // An image of unknown size cuts nothing off.
        const auto inside = [](double value, int size) {
            return size > 0 ? std::clamp(value, 0.0, static_cast<double>(size)) : value;
        };
        const auto x = [&](double value) { return inside(view.placement.original_x(value), view.width); };
        const auto y = [&](double value) { return inside(view.placement.original_y(value), view.height); };
        const Rect rect = rect_between(x(box.left), y(box.top), x(box.right), y(box.bottom));
        if (rect.width > 0 && rect.height > 0) found.boxes.push_back({0, label, rect, rect.area(), box.score});
    }
    std::ranges::stable_sort(found.boxes, std::greater(), &DetectedObject::score);
    return found;
}

}  // namespace digits
