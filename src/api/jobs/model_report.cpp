#include "api/jobs/model_report.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "api/jobs/dataset_result.hpp"
#include "api/jobs/job_view.hpp"
#include "api/jobs/judge.hpp"
#include "api/jobs/snapshot_choice.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "data/reports/image_table.hpp"
#include "data/reports/prediction_table.hpp"
#include "models/image_transform.hpp"
#include "models/pretrained_spec.hpp"

namespace digits::api {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostEvaluation_bytes = 256 << 20;
constexpr std::size_t kMostClasses = 50, kMostMatrix = 20, kMostConfusions = 20, kMostPoints = 500, kFailures = 12;

std::string number(double value) { return fmt::format("{:.4g}", value); }
std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }
std::string size_text(int width, int height) { return fmt::format("{} × {}", width, height); }

std::string list_text(const std::vector<std::string>& texts) { return fmt::format("{}", fmt::join(texts, ", ")); }

/// "batch_size": "Batch size"
std::string words_of(std::string name) {
    std::ranges::replace(name, '_', ' ');
    if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return name;
}

std::string split_word(const std::string& split) {
    return split == "train" ? "Training" : split == "val" ? "Validation" : words_of(split);
}

/// The words of the forms for members of a solver.
std::string solver_word(const std::string& member) {
    if (member == "type") return "Solver";
    if (member == "base_lr") return "Base learning rate";
    if (member == "lr_policy") return "Learning rate policy";
    return words_of(member);
}

class Facts {
  public:
    void add(const std::string& name, const std::string& value) {
        if (!value.empty()) list_.push_back({{"name", name}, {"value", value}});
    }
    json block() const { return {{"kind", "facts"}, {"facts", list_}}; }

  private:
    json list_ = json::array();
};

json section(const char* title, json blocks) { return {{"title", title}, {"blocks", std::move(blocks)}}; }
json text_block(const std::string& text) { return {{"kind", "text"}, {"text", text}}; }
json warnings_block(const std::vector<std::string>& warnings) {
    auto rows = json::array();
    for (const auto& warning : warnings) rows.push_back({warning});
    return {{"kind", "table"}, {"header", {"Warnings"}}, {"rows", std::move(rows)}};
}

std::string time_text(double unix_seconds) {
    return unix_seconds > 0 ? digits_time(unix_seconds).substr(0, 19) : std::string();
}

json model_section(const Job& job, const SnapshotEntry* snapshot) {
    const auto& spec = *job.spec;
    Facts facts;
    facts.add("Name", job.name);
    facts.add("Id", job.id);
    facts.add("Task", std::string(task_of(job).name()));
    const auto network = spec.value("network", json::object());
    const auto standard = network.value("standard", "");
    facts.add("Network", standard.empty() ? "custom" : standard);
    if (job.network && job.network->value("parameters", json()).is_number())
        facts.add("Parameters", fmt::format("{}", (*job.network)["parameters"].get<std::int64_t>()));
    facts.add("Made by", job.owner);
    facts.add("State", std::string(enum_name(job.state)));
    facts.add("Created", time_text(job.created));
    if (job.started > 0 && job.finished > job.started)
        facts.add("Training took", fmt::format("{:.0f} s", job.finished - job.started));
    if (snapshot)
        facts.add("Best snapshot",
                  snapshot->epoch ? fmt::format("iteration {}, epoch {:.4g}", snapshot->iteration, *snapshot->epoch)
                                  : fmt::format("iteration {}", snapshot->iteration));
    for (const auto& summary : job.metrics)
        if (summary.best)
            facts.add("Best " + summary.series,
                      fmt::format("{} (epoch {:.4g})", number(summary.best->value), summary.best->epoch));
    auto blocks = json::array({facts.block()});
    if (!job.notes.empty()) blocks.push_back(text_block(job.notes));
    if (!job.warnings.empty()) blocks.push_back(warnings_block(job.warnings));
    return section("Model", std::move(blocks));
}

json data_section(const Job* dataset, const std::optional<DatasetFacts>& data) {
    if (!dataset || !data)
        return section("Training data", json::array({text_block("The dataset of this model is not there any more.")}));
    Facts facts;
    facts.add("Name", dataset->name);
    facts.add("Id", dataset->id);
    facts.add("Images", data->image.resize == ResizeMode::kNone
                            ? "in their own sizes"
                            : size_text(data->image.width, data->image.height) + ", " +
                                  fmt::format("{}", enum_name(data->image.resize)));
    facts.add("Channels", std::to_string(data->image.channel_count()));
    for (const auto* name : {"train", "val", "test"})
        if (const auto* split = data->find_split(name))
            facts.add(split_word(name) + " samples", std::to_string(split->count));
    if (!data->labels.empty()) facts.add("Classes", std::to_string(data->labels.size()));
    if (data->unreadable.count > 0) facts.add("Unreadable images", std::to_string(data->unreadable.count));
    auto blocks = json::array({facts.block()});
    if (!dataset->notes.empty()) blocks.push_back(text_block(dataset->notes));
    auto header = json::array({"Class"}), rows = json::array();
    std::vector<const SplitFacts*> splits;
    for (const auto* name : {"train", "val", "test"})
        if (const auto* split = data->find_split(name); split && !split->per_class.empty()) {
            header.push_back(split_word(name));
            splits.push_back(split);
        }
    for (std::size_t i = 0; header.size() > 1 && i < std::min(data->labels.size(), kMostClasses); ++i) {
        auto row = json::array({data->labels[i]});
        for (const auto* split : splits)
            row.push_back(i < split->per_class.size() ? std::to_string(split->per_class[i]) : "0");
        rows.push_back(std::move(row));
    }
    if (!rows.empty())
        blocks.push_back({{"kind", "table"}, {"title", "Samples of each class"}, {"header", header}, {"rows", rows}});
    if (data->labels.size() > kMostClasses)
        blocks.push_back(
            text_block(fmt::format("{} more classes are not listed.", data->labels.size() - kMostClasses)));
    if (!data->warnings.empty()) blocks.push_back(warnings_block(data->warnings));
    return section("Training data", std::move(blocks));
}

/// A chart of series whose names begin with one of the phases and pass.
template <class Passes>
json chart(const std::vector<MetricSeries>& all, const char* title, const Passes& passes) {
    auto series = json::array();
    for (const auto& one : all) {
        if (!passes(one.series) || one.points.empty()) continue;
        auto x = json::array(), y = json::array();
        for (const auto& point : one.points) {
            if (!std::isfinite(point.value)) continue;
            x.push_back(point.epoch);
            y.push_back(point.value);
        }
        series.push_back({{"name", one.series}, {"x", x}, {"y", y}, {"dashed", one.series.starts_with("train/")}});
    }
    if (series.empty()) return nullptr;
    return {{"kind", "chart"}, {"title", title}, {"x_label", "Epoch"}, {"series", std::move(series)}};
}

Result<json> training_section(const Job& job, const Context& context) {
    const auto& spec = *job.spec;
    Facts facts;
    const auto add = [&](const char* label, const json& value) {
        if (value.is_null() || value == "") return;
        facts.add(label, value.is_string()   ? value.get<std::string>()
                         : value.is_number() ? number(value.get<double>())
                                             : value.dump());
    };
    add("Epochs", spec.value("epochs", json()));
    add("Batch size", spec.value("batch_size", json()));
    if (const auto solver = spec.find("solver"); solver != spec.end() && solver->is_object())
        for (const auto& [name, value] : solver->items())
            // 0 % means no warm-up and no frozen layers.
            if (value != 0 && !(value.is_array() && value.empty())) add(solver_word(name).c_str(), value);
    add("Seed", spec.value("seed", json()));
    add("Precision", spec.value("precision", json()));
    if (const auto augmentation = spec.find("augmentation"); augmentation != spec.end() && augmentation->is_object()) {
        std::vector<std::string> used;
        for (const auto& [name, value] : augmentation->items())
            if (value != 0 && value != "none" && value != false && !value.is_null())
                used.push_back(words_of(name) + " " + (value.is_string() ? value.get<std::string>() : value.dump()));
        facts.add("Augmentation", used.empty() ? "none" : list_text(used));
    }
    auto blocks = json::array({facts.block()});
    MetricsQuery query;
    query.max_points = kMostPoints;
    DIGITS_ASSIGN(const auto series, context.jobs.metrics(job.id, query));
    const auto is_loss = [](const std::string& name) { return name.find("loss") != std::string::npos; };
    auto losses = chart(series, "Loss", is_loss);
    auto others = chart(series, "Validation",
                        [&](const std::string& name) { return name.starts_with("val/") && !is_loss(name); });
    for (auto* block : {&losses, &others})
        if (!block->is_null()) blocks.push_back(std::move(*block));
    return section("Training", std::move(blocks));
}

json preprocessing_section(const Job& job, const std::optional<DatasetFacts>& data, const Context& context) {
    Facts facts;
    if (data) {
        facts.add("Size", size_text(data->image.width, data->image.height));
        facts.add("Fitted by", std::string(enum_name(data->image.resize)));
    }
    const auto transform = read_image_transform(context.jobs.job_dir(job.id));
    if (transform) {
        if (!data || data->image.channel_count() == 3)
            facts.add("Order of channels", transform->is_rgb ? "R, G, B" : "B, G, R");
        std::string mean = "none";
        if (transform->mean == MeanMode::kImage) mean = "the mean image of the dataset";
        if (transform->mean == MeanMode::kPixel) mean = fmt::format("{}", fmt::join(transform->mean_values, ", "));
        facts.add("Mean that is subtracted", mean);
        facts.add("Scale after the mean", number(transform->scale));
        facts.add("Crop",
                  transform->crop_size > 0 ? fmt::format("{0} × {0} out of the center", transform->crop_size) : "none");
    }
    auto blocks = json::array({text_block("What happens to an image before the network gets it:"), facts.block()});
    return section("Preprocessing", std::move(blocks));
}

json licence_section(const Job& job, const Context& context) {
    Facts facts;
    const auto& spec = *job.spec;
    std::string pretrained;
    if (const auto weights = spec.find("weights"); weights != spec.end() && weights->is_array())
        for (const auto& one : *weights)
            if (one.is_object() && one.value("pretrained", json()).is_string() && !one.value("pretrained", "").empty())
                pretrained = one["pretrained"].get<std::string>();
    if (pretrained.empty()) pretrained = spec.value("/network/pretrained"_json_pointer, std::string());
    if (is_job_id(pretrained)) {
        const auto from = context.jobs.get(pretrained);
        facts.add("Initial weights", from ? from->name : pretrained);
        if (const auto known = read_pretrained_facts(context.jobs.job_dir(pretrained)); known) {
            facts.add("Their licence", known->license.empty() ? "not stated" : known->license);
            facts.add("Their source", known->origin);
        }
    } else {
        facts.add("Initial weights", spec.value("weights", json::array()).empty() ? "none: trained from scratch"
                                                                                  : "a file; its licence is not known");
    }
    facts.add("Training images", "their licence is not recorded; it may restrict what the model is used for");
    return section("Licence", json::array({facts.block()}));
}

/// A number of an evaluation in words.
std::string metric_name(const std::string& key) {
    static const std::map<std::string, std::string> names{{"images_per_s", "Images per second"},
                                                          {"top1", "Accuracy"},
                                                          {"top5", "Top-5 accuracy"},
                                                          {"miou", "Mean IoU"},
                                                          {"miou_classes_in_truth", "Mean IoU, labelled classes"},
                                                          {"frequency_weighted_iou", "Frequency-weighted IoU"},
                                                          {"iou", "IoU"},
                                                          {"map", "Mean average precision"},
                                                          {"ap", "AP"},
                                                          {"macro_f1", "Macro F1"},
                                                          {"micro_f1", "Micro F1"},
                                                          {"objects", "Labelled objects"},
                                                          {"psnr", "PSNR"},
                                                          {"ssim", "SSIM"},
                                                          {"mse", "Mean square error"},
                                                          {"mae", "Mean absolute error"},
                                                          {"rmse", "Root mean square error"},
                                                          {"r2", "R²"},
                                                          {"exact", "Images with all labels right"}};
    const auto found = names.find(key);
    return found == names.end() ? words_of(key) : found->second;
}

bool is_share(const std::string& key) {
    constexpr std::string_view kShares[]{"top1",
                                         "top5",
                                         "precision",
                                         "recall",
                                         "f1",
                                         "macro_f1",
                                         "micro_f1",
                                         "macro_precision",
                                         "macro_recall",
                                         "exact",
                                         "pixel_accuracy",
                                         "mean_class_accuracy",
                                         "frequency_weighted_iou",
                                         "miou",
                                         "miou_classes_in_truth",
                                         "iou",
                                         "dice",
                                         "accuracy",
                                         "map",
                                         "ap"};
    // COCO's: AP, AP50, AR_small …
    return key.starts_with("AP") || key.starts_with("AR") || std::ranges::find(kShares, key) != std::end(kShares);
}

/// What is said of an evaluation as a whole and is not a measure of it: `background` is a class's number.
bool is_told(const std::string& key) {
    constexpr std::string_view kOthers[]{"count", "labelled", "format", "seconds", "background"};
    return std::ranges::find(kOthers, key) == std::end(kOthers);
}

/// Boxes match from an overlap on, and are judged from a score on; classes have an IoU.
std::string whole_metric_name(const std::string& key) {
    if (key == "iou") return "Least IoU of a match";
    return key == "threshold" ? "Score threshold with the best F1" : metric_name(key);
}

/// Columns that would make a table wider than a page: the figures of all classes have them.
bool is_column(const std::string& key) {
    return key != "index" && !key.starts_with("AR") && !key.ends_with("_small") && !key.ends_with("_medium") &&
           !key.ends_with("_large");
}

std::string text_member(const json& object, const char* name, std::string otherwise) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

/// A row for each class, label or number that a network says.
json class_table(const json& classes, const char* title) {
    std::vector<std::string> columns;
    for (const auto& one : classes)
        for (const auto& [name, value] : one.items())
            if (value.is_number() && is_column(name) && std::ranges::find(columns, name) == columns.end())
                columns.push_back(name);
    auto header = json::array({"Name"}), rows = json::array();
    for (const auto& name : columns) header.push_back(metric_name(name));
    for (const auto& one : classes) {
        if (rows.size() == kMostClasses) break;
        auto row =
            json::array({text_member(one, "label", text_member(one, "name", one.value("index", json()).dump()))});
        for (const auto& name : columns) {
            const auto value = one.value(name, json());
            row.push_back(!value.is_number()          ? "-"
                          : is_share(name)            ? percent(value.get<double>())
                          : value.is_number_integer() ? std::to_string(value.get<std::int64_t>())
                                                      : fmt::format("{:.4f}", value.get<double>()));
        }
        rows.push_back(std::move(row));
    }
    return {{"kind", "table"}, {"title", title}, {"header", std::move(header)}, {"rows", std::move(rows)}};
}

/// `confusion`: rows of actual class, predicted class and count.
json confusion_block(const json& confusion, const std::vector<std::string>& labels) {
    const auto name = [&](std::size_t i) { return i < labels.size() ? labels[i] : std::string("background"); };
    std::size_t count = labels.size();
    for (const auto& cell : confusion)
        count = std::max({count, cell.at(0).get<std::size_t>() + 1, cell.at(1).get<std::size_t>() + 1});
    if (count <= kMostMatrix) {
        std::vector<std::vector<std::int64_t>> matrix(count, std::vector<std::int64_t>(count));
        for (const auto& cell : confusion)
            matrix[cell.at(0).get<std::size_t>()][cell.at(1).get<std::size_t>()] = cell.at(2).get<std::int64_t>();
        auto names = json::array();
        for (std::size_t i = 0; i < count; ++i) names.push_back(name(i));
        return {{"kind", "matrix"}, {"title", "Confusion matrix"}, {"labels", names}, {"matrix", matrix}};
    }
    std::vector<std::array<std::int64_t, 3>> errors;
    for (const auto& cell : confusion)
        if (cell.at(0) != cell.at(1)) errors.push_back({cell.at(2), cell.at(0), cell.at(1)});
    std::ranges::sort(errors, std::greater());
    errors.resize(std::min(errors.size(), kMostConfusions));
    auto rows = json::array();
    for (const auto& [times, actual, predicted] : errors)
        rows.push_back(
            {name(static_cast<std::size_t>(actual)), name(static_cast<std::size_t>(predicted)), std::to_string(times)});
    return {{"kind", "table"},
            {"title", "Most frequent confusions"},
            {"header", {"Actual class", "Predicted class", "Count"}},
            {"rows", std::move(rows)}};
}

/// Where the images of an evaluation are.
struct ImagePlaces {
    std::string database;  ///< of an LMDB split; empty: files
    json image(const std::string& name, std::uint64_t index, int label, std::string caption) const {
        if (database.empty()) return {{"path", name}, {"caption", std::move(caption)}};
        return {{"database", database}, {"index", index}, {"label", label}, {"caption", std::move(caption)}};
    }
};

ImagePlaces places_of(const Job& evaluation, const std::optional<DatasetFacts>& data, const Context& context) {
    const auto source = evaluation.spec->value("source", json::object());
    if (source.value("type", "") == "database") return {source.value("path", "")};
    if (source.value("type", "") != "split" || !data || data->storage.backend != DatasetBackend::kLmdb) return {};
    const auto* split = data->find_split(source.value("split", "val"));
    if (!split) return {};
    return {(context.jobs.job_dir(evaluation.parents.back()) / split->db).string()};
}

/// null: nothing is known of single images.
Result<json> failures_block(const Job& evaluation, bool is_labelled, const std::optional<DatasetFacts>& data,
                            const Context& context) {
    if (!is_labelled) return text_block("The images have no labels, so nothing is known of failures.");
    const auto folder = context.jobs.job_dir(evaluation.id);
    const auto places = places_of(evaluation, data, context);
    const auto label = [&](int index) {
        const auto at = static_cast<std::size_t>(index);
        return data && index >= 0 && at < data->labels.size() ? data->labels[at] : std::to_string(index);
    };
    auto images = json::array();
    if (ImageTable::is_in(folder)) {
        ImageTableQuery query;
        query.worst_first = true;
        query.limit = kFailures;
        DIGITS_ASSIGN(const auto table, ImageTable::open(folder));
        DIGITS_ASSIGN(const auto page, table.find(query));
        for (const auto& row : page.rows) {
            std::vector<std::string> values;
            for (const auto& [name, value] : row.items())
                if (value.is_number() && name != "index" && name != "width" && name != "height")
                    values.push_back(metric_name(name) + " " + number(value.get<double>()));
            const auto name = row.value("image", std::string());
            images.push_back(places.image(name, row.value("index", std::uint64_t{0}), -1, list_text(values)));
        }
        return json{{"kind", "images"}, {"title", "Worst images"}, {"images", std::move(images)}};
    }
    PredictionQuery query;
    query.correct = false;
    query.order = PredictionOrder::kMostConfident;
    query.limit = kFailures;
    const auto table = PredictionTable::open(folder);
    // Tasks of numbers and of several labels keep their predictions as CSV only.
    if (!table && table.error().code == ErrorCode::kNotFound) return json();
    if (!table) return fail(table.error());
    DIGITS_ASSIGN(const auto page, table->find(query));
    for (const auto& row : page.rows)
        images.push_back(places.image(row.name, row.index, row.truth,
                                      fmt::format("Actual: {}. Predicted: {} ({})", label(row.truth),
                                                  label(row.classes[0]), percent(row.probabilities[0]))));
    if (images.empty()) return text_block("No image of this evaluation was classified wrongly.");
    return json{{"kind", "images"}, {"title", "Most confident errors"}, {"images", std::move(images)}};
}

/// The newest evaluation of the model that is done, or the one that is asked for.
Result<std::optional<Job>> find_evaluation(const Job& model, const std::string& wanted, const Context& context) {
    std::optional<Job> found;
    DIGITS_ASSIGN(const auto ids, context.jobs.dependents(model.id));
    for (const auto& id : ids) {
        auto job = context.jobs.get(id);
        if (!job || job->kind != "evaluation" || job->parents.front() != model.id || job->state != JobState::kDone)
            continue;
        if (wanted.empty() ? (!found || job->created > found->created) : job->id == wanted) found = std::move(*job);
    }
    if (!wanted.empty() && !found)
        return fail(make_error(ErrorCode::kNotFound, "The model has no finished evaluation {}.", wanted.substr(0, 60))
                        .at("?evaluation"));
    return found;
}

Result<json> evaluation_section(const std::optional<Job>& job, const Context& context) {
    if (!job)
        return section("Evaluation",
                       json::array({text_block("The model has not been evaluated. digits evaluate, or Evaluate on its "
                                               "page, tells how it does on images that it has not seen.")}));
    const auto dataset = context.jobs.get(job->parents.back());
    const auto data = dataset ? find_dataset_facts(*dataset) : std::nullopt;
    const auto file = context.jobs.job_dir(job->id) / "evaluation.json";
    DIGITS_ASSIGN(const auto text, read_file(file, kMostEvaluation_bytes));
    const auto found = json::parse(text, nullptr, false);
    if (!found.is_object()) return fail(make_error(ErrorCode::kDataLoss, "the file is damaged").at(file.string()));
    Facts facts;
    facts.add("Evaluation", job->name);
    const auto source = found.value("source", json::object());
    const auto type = source.value("type", "");
    facts.add("Images of", type == "split" ? "the split " + source.value("split", "") : source.value("path", ""));
    facts.add("Images", found.value("count", json()).dump());
    if (const auto snapshot = found.value("snapshot", json()); snapshot.is_object())
        facts.add("Snapshot", "iteration " + snapshot.value("iteration", json()).dump());
    for (const auto& [name, value] : found.items()) {
        if (!value.is_number() || !is_told(name)) continue;
        facts.add(whole_metric_name(name), is_share(name)              ? percent(value.get<double>())
                                           : value.is_number_integer() ? value.dump()
                                                                       : number(value.get<double>()));
    }
    if (const auto macro = found.value("macro", json()); macro.is_object())
        for (const auto& [name, value] : macro.items())
            if (value.is_number())
                facts.add("Mean " + (name == "f1" ? std::string("F1") : name), percent(value.get<double>()));
    auto blocks = json::array({facts.block()});
    for (const auto& [name, title] : {std::pair("classes", "Each class"), std::pair("labels_of_images", "Each label"),
                                      std::pair("targets", "Each number")}) {
        const auto each = found.find(name);
        if (each != found.end() && each->is_array() && !each->empty() && each->front().is_object())
            blocks.push_back(class_table(*each, title));
    }
    const auto confusion = found.find("confusion");
    if (confusion != found.end() && confusion->is_array() && !confusion->empty() && data)
        blocks.push_back(confusion_block(*confusion, data->labels));
    const bool is_labelled = found.value("labelled", json()) != 0;
    DIGITS_ASSIGN(auto failures, failures_block(*job, is_labelled, data, context));
    if (!failures.is_null()) blocks.push_back(std::move(failures));
    return section("Evaluation", std::move(blocks));
}

}  // namespace

Result<json> model_report(const Job& model, const std::string& wanted, const Context& context) {
    std::optional<Job> dataset;
    if (!model.parents.empty())
        if (auto found = context.jobs.get(model.parents.front()); found) dataset = std::move(*found);
    const auto data = dataset ? find_dataset_facts(*dataset) : std::nullopt;
    DIGITS_ASSIGN(const auto snapshots, model_snapshots(model, context));
    const auto* best = snapshots.best < 0 ? nullptr : &snapshots.entries[static_cast<std::size_t>(snapshots.best)];
    DIGITS_ASSIGN(const auto evaluation, find_evaluation(model, wanted, context));
    DIGITS_ASSIGN(auto evaluated, evaluation_section(evaluation, context));
    DIGITS_ASSIGN(auto training, training_section(model, context));
    const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return json{{"title", model.name},
                {"subtitle", fmt::format("Model report. Digits {}, {}", DIGITS_VERSION, time_text(now))},
                {"sections",
                 {model_section(model, best), data_section(dataset ? &*dataset : nullptr, data), std::move(training),
                  std::move(evaluated), preprocessing_section(model, data, context), licence_section(model, context)}}};
}

}  // namespace digits::api
