#include "exports/onnx_graph.hpp"

namespace digits {
namespace {

using Strings = std::vector<std::string>;

constexpr float kMostLogDistance = 7;  ///< as the engine cuts distances

struct Decoded {
    std::string scores, boxes;  ///< N x cells x classes, N x cells x 4
    std::int64_t cells = 0, classes = 0;
};

/// One value for each cell, of all levels.
Decoded decode(const caffe::LayerParameter& layer, OnnxGraph& graph) {
    const auto& strides = layer.detection_decode_param().stride();
    Strings scores, edges;
    Decoded decoded;
    for (int level = 0; 2 * level + 1 < layer.bottom_size(); ++level) {
        const auto& shape = graph.shape_of(layer.bottom(2 * level));
        const auto classes = shape.at(1), rows = shape.at(2), columns = shape.at(3), cells = rows * columns;
        const auto stride = static_cast<float>(strides.empty() ? 8 << level : static_cast<int>(strides.Get(level)));
        const auto name = fmt::format("{}/level{}", layer.name(), level);
        const auto by_cell = [&](int bottom, std::int64_t values) {
            const std::string flat = graph.node(
                "Reshape", {graph.value_of(layer.bottom(bottom)), graph.constant(name + "/shape", {-1, values, cells})},
                name);
            return std::string(graph.node("Transpose", {flat}, name).with("perm", Sizes{0, 2, 1}));
        };
        scores.push_back(graph.node("Sigmoid", {by_cell(2 * level, classes)}, name));
        const std::string most = graph.node(
            "Min", {by_cell(2 * level + 1, 4), graph.constant(name + "/most", {}, {kMostLogDistance})}, name);
        const std::string reach = graph.node("Exp", {most}, name);
        const std::string signed_reach = graph.node(
            "Mul", {reach, graph.constant(name + "/strides", {1, 1, 4}, {-stride, -stride, stride, stride})}, name);
        std::vector<float> centres;
        for (std::int64_t cell = 0; cell < cells; ++cell)
            for (int edge = 0; edge < 4; ++edge)
                centres.push_back((static_cast<float>(edge % 2 == 0 ? cell % columns : cell / columns) + 0.5F) *
                                  stride);
        const std::string free =
            graph.node("Add", {signed_reach, graph.constant(name + "/centres", {1, cells, 4}, centres)}, name);
        const auto width = stride * static_cast<float>(columns), height = stride * static_cast<float>(rows);
        const std::string above = graph.node("Max", {free, graph.constant(name + "/zero", {}, {0})}, name);
        edges.push_back(graph.node(
            "Min", {above, graph.constant(name + "/size", {1, 1, 4}, {width, height, width, height})}, name));
        decoded.classes = classes;
        decoded.cells += cells;
    }
    decoded.scores = graph.node("Concat", scores, "scores").with("axis", std::int64_t{1});
    decoded.boxes = graph.node("Concat", edges, "boxes").with("axis", std::int64_t{1});
    return decoded;
}

/// Non-maximum suppression within each class of the best candidates, and the best of what remains: N x keep_top_k x 6.
class Suppression {
  public:
    Suppression(const caffe::LayerParameter& layer, OnnxGraph& graph)
        : how_(layer.detection_decode_param()), name_(layer.name() + "/nms"), graph_(graph) {}

    std::string write(const Decoded& decoded) {
        const std::int64_t keep = how_.keep_top_k();
        find_candidates(decoded, keep);
        const auto marks = kept_marks(decoded.classes, keep);
        // The candidates are by falling score, and so is what remains of them.
        const auto remaining = graph_.node("Where", {marks, scores_, zero_}, name_);
        const auto best = graph_.node("TopK", {remaining, constant("keep", {keep})}, name_,
                                      {graph_.unused(name_ + "/score"), graph_.unused(name_ + "/rank")});
        const auto score = best.output(0), rank = best.output(1);
        const auto is_box = node("Greater", {score, zero_});
        const auto label = node("GatherElements", {labels_, rank}, 1);
        const std::string number =
            graph_.node("Cast", {label}, name_).with("to", std::int64_t{onnx::TensorProto::FLOAT});
        const auto named = node("Where", {is_box, number, graph_.constant(name_ + "/none", {}, {-1})});
        const std::string box =
            graph_.node("GatherND", {boxes_, column(rank)}, name_).with("batch_dims", std::int64_t{1});
        const auto edges = node("Where", {column(is_box), box, zero_});
        return graph_.node("Concat", {column(named), column(score), edges}, name_).with("axis", std::int64_t{2});
    }

  private:
    std::string constant(const char* of, const std::vector<std::int64_t>& values) {
        return graph_.constant(name_ + "/" + of, values);
    }
    std::string node(const char* type, const Strings& inputs) { return graph_.node(type, inputs, name_); }
    std::string node(const char* type, const Strings& inputs, std::int64_t axis) {
        return graph_.node(type, inputs, name_).with("axis", axis);
    }
    /// N x rows as N x rows x 1.
    std::string column(const std::string& value) { return node("Unsqueeze", {value, constant("last", {2})}); }

    /// The best scores of all classes and cells: of equal ones in the order of classes and cells.
    void find_candidates(const Decoded& decoded, std::int64_t keep) {
        zero_ = graph_.constant(name_ + "/zero", {}, {0});
        const std::string by_class = graph_.node("Transpose", {decoded.scores}, name_).with("perm", Sizes{0, 2, 1});
        const auto all = node("Flatten", {by_class}, 1);
        const auto enough =
            node("GreaterOrEqual", {all, graph_.constant(name_ + "/least", {}, {how_.score_threshold()})});
        auto scores = node("Where", {enough, all, zero_});
        auto count = decoded.classes * decoded.cells;
        if (count < keep) {
            scores = node("Pad", {scores, constant("padding", {0, 0, 0, keep - count})});
            count = keep;
        }
        const auto most = std::min<std::int64_t>(count, std::max<std::int64_t>(how_.nms_top_k(), keep));
        const auto best = graph_.node("TopK", {scores, constant("candidates", {most})}, name_,
                                      {graph_.unused(name_ + "/candidate"), graph_.unused(name_ + "/place")});
        scores_ = best.output(0);
        const auto place = best.output(1), cells = constant("cells", {decoded.cells});
        if (how_.nms_top_k() < most) {
            // More rows are kept than are compared: those beyond are empty.
            std::vector<float> compared(static_cast<std::size_t>(most), 0);
            std::fill_n(compared.begin(), how_.nms_top_k(), 1.0F);
            scores_ = node("Mul", {scores_, graph_.constant(name_ + "/compared", {1, most}, compared)});
        }
        labels_ = node("Div", {place, cells});
        const auto cell = node("Mod", {place, cells});
        boxes_ = graph_.node("GatherND", {decoded.boxes, column(cell)}, name_).with("batch_dims", std::int64_t{1});
    }

    /// N x candidates: whether non-maximum suppression keeps one.
    std::string kept_marks(std::int64_t classes, std::int64_t keep) {
        std::vector<std::int64_t> numbers;
        for (std::int64_t i = 0; i < classes; ++i) numbers.push_back(i);
        const auto one_each = node("Unsqueeze", {constant("classes", numbers), constant("around", {0, 2})});
        const auto own = node("Equal", {node("Unsqueeze", {labels_, constant("classes_axis", {1})}), one_each});
        const auto of_class = node("Where", {own, node("Unsqueeze", {scores_, constant("scores_axis", {1})}), zero_});
        const auto chosen = node("NonMaxSuppression", {boxes_, of_class, constant("most", {keep}),
                                                       graph_.constant(name_ + "/overlap", {1}, {how_.nms_threshold()}),
                                                       graph_.constant(name_ + "/above", {1}, {0})});
        // Rows of image, class and candidate.
        const auto where = node("Gather", {chosen, constant("image_and_candidate", {0, 2})}, 1);
        const auto count = node("Shape", {where});
        const auto ones = node(
            "Expand", {graph_.constant(name_ + "/one", {1}, {1}), node("Gather", {count, constant("rows", {0})}, 0)});
        const auto none = node("Mul", {scores_, zero_});
        return node("Greater", {node("ScatterND", {none, where, ones}), zero_});
    }

    const caffe::DetectionDecodeParameter& how_;
    const std::string name_;
    OnnxGraph& graph_;
    std::string zero_, scores_, labels_, boxes_;  ///< of the candidates: N x candidates; boxes with 4 edges
};

}  // namespace

void write_detection_decode(const caffe::LayerParameter& layer, OnnxGraph& graph) {
    const auto decoded = decode(layer, graph);
    if (graph.suppresses_boxes()) {
        graph.set_value(layer.top(0), Suppression(layer, graph).write(decoded));
        return;
    }
    graph.set_value("scores", decoded.scores);
    graph.set_value("boxes", decoded.boxes);
}

}  // namespace digits
