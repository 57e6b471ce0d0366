#pragma once

#include <cmath>
#include <vector>

#include "caffe.pb.h"
#include "engine/layers/detection/boxes.hpp"
#include "engine/net/layer.hpp"

namespace digits {

/// The boxes that an SSD network starts from, as parts of the image, each with its four variances.
struct Priors {
    std::vector<Edges> boxes;
    std::vector<std::array<double, 4>> variances;
};

/// Of a PriorBox layer's top, 1 x 2 x (boxes · 4). Throws EngineError for another shape.
inline Priors read_priors(const Blob& blob) {
    if (blob.axis_count() != 3 || blob.dim(1) != 2 || blob.dim(2) % 4 != 0)
        throw_invalid("priors must be 1 x 2 x (boxes · 4); got {}", shape_text(blob.shape()));
    const at::Tensor values = blob.data().to(at::kCPU, at::kDouble).contiguous();
    const double *box = values.data_ptr<double>(), *variance = box + blob.dim(2);
    Priors priors;
    for (std::int64_t i = 0; i < blob.dim(2); i += 4) {
        priors.boxes.push_back({box[i], box[i + 1], box[i + 2], box[i + 3]});
        priors.variances.push_back({variance[i], variance[i + 1], variance[i + 2], variance[i + 3]});
    }
    return priors;
}

/// How SSD writes a box as four numbers about a prior. `in_target`: the variances are part of the numbers already.
struct PriorCode {
    caffe::PriorBoxParameter::CodeType type = caffe::PriorBoxParameter::CORNER;
    bool in_target = false;

    std::array<double, 4> encode(const Edges& box, const Edges& prior, const std::array<double, 4>& variance) const {
        std::array<double, 4> code = plain_code(box, prior);
        for (std::size_t k = 0; k < 4 && !in_target; ++k) code[k] /= variance[k];
        return code;
    }

    Edges decode(std::array<double, 4> code, const Edges& prior, const std::array<double, 4>& variance) const {
        for (std::size_t k = 0; k < 4 && !in_target; ++k) code[k] *= variance[k];
        const double w = prior.width(), h = prior.height();
        switch (type) {
            case caffe::PriorBoxParameter::CORNER:
                return {prior.left + code[0], prior.top + code[1], prior.right + code[2], prior.bottom + code[3]};
            case caffe::PriorBoxParameter::CORNER_SIZE:
                return {prior.left + code[0] * w, prior.top + code[1] * h, prior.right + code[2] * w,
                        prior.bottom + code[3] * h};
            case caffe::PriorBoxParameter::CENTER_SIZE: break;
        }
        const double x = code[0] * w + (prior.left + prior.right) / 2, y = code[1] * h + (prior.top + prior.bottom) / 2;
        const double half_w = std::exp(code[2]) * w / 2, half_h = std::exp(code[3]) * h / 2;
        return {x - half_w, y - half_h, x + half_w, y + half_h};
    }

  private:
    std::array<double, 4> plain_code(const Edges& box, const Edges& prior) const {
        const double w = prior.width(), h = prior.height();
        switch (type) {
            case caffe::PriorBoxParameter::CORNER:
                return {box.left - prior.left, box.top - prior.top, box.right - prior.right, box.bottom - prior.bottom};
            case caffe::PriorBoxParameter::CORNER_SIZE:
                return {(box.left - prior.left) / w, (box.top - prior.top) / h, (box.right - prior.right) / w,
                        (box.bottom - prior.bottom) / h};
            case caffe::PriorBoxParameter::CENTER_SIZE: break;
        }
        return {(box.left + box.right - prior.left - prior.right) / 2 / w,
                (box.top + box.bottom - prior.top - prior.bottom) / 2 / h, std::log(box.width() / w),
                std::log(box.height() / h)};
    }
};

}  // namespace digits
