#include "infer/evaluation.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "base/csv.hpp"
#include "base/file.hpp"
#include "base/progress.hpp"
#include "data/ordered_pipeline.hpp"
#include "data/reports/prediction_table.hpp"
#include "infer/picture_source.hpp"
#include "infer/predictor.hpp"
#include "infer/score_sheet.hpp"

namespace digits {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kListedUnreadable = 1000;
constexpr std::size_t kFlush_bytes = 1 << 20;

/// A picture that the network can be asked about, or the reason why not.
struct PreparedPicture {
    std::string name;
    int truth = -1;
    std::vector<float> input;
    std::string problem;
};

/// A text file that is written as it comes and appears when it is whole.
class TextFile {
  public:
    static Result<TextFile> create(const std::filesystem::path& path) {
        DIGITS_ASSIGN(auto file, AtomicFile::create(path));
        return TextFile(std::move(file));
    }
    Status add(std::string_view text) {
        text_ += text;
        return text_.size() < kFlush_bytes ? Status() : flush();
    }
    Status commit() {
        DIGITS_TRY(flush());
        return file_.commit();
    }

  private:
    explicit TextFile(AtomicFile file) : file_(std::move(file)) {}
    Status flush() {
        DIGITS_TRY(file_.write(text_));
        text_.clear();
        return {};
    }
    AtomicFile file_;
    std::string text_;
};

class Evaluation {
  public:
    Evaluation(const EvaluationSpec& spec, TaskContext& context, std::unique_ptr<Predictor> predictor,
               std::unique_ptr<PictureSource> source)
        : spec_(spec),
          context_(context),
          predictor_(std::move(predictor)),
          source_(std::move(source)),
          sheet_(predictor_->labels()),
          started_(Clock::now()) {}

    Result<json> run() {
        DIGITS_TRY(open_files());
        for (const auto& warning : source_->warnings())
            context_.emit({{"event", "log"}, {"level", "warning"}, {"text", warning}});
        ProgressMeter meter(context_, "evaluate", "images", source_->count());
        meter_ = &meter;
        const PipelineSize size{source_->threads(), 8, 8};
        DIGITS_TRY(run_ordered<PreparedPicture>(
            source_->count(), size, [this](int thread, std::uint64_t index) { return prepare(thread, index); },
            [this](std::uint64_t, PreparedPicture picture) { return take(std::move(picture)); }));
        DIGITS_TRY(ask());
        return finish();
    }

  private:
    Status open_files() {
        const auto& folder = context_.job_dir();
        DIGITS_ASSIGN(auto csv, TextFile::create(folder / "predictions.csv"));
        csv_.emplace(std::move(csv));
        DIGITS_ASSIGN(auto unreadable, TextFile::create(folder / "unreadable.txt"));
        unreadable_.emplace(std::move(unreadable));
        DIGITS_ASSIGN(auto table, PredictionWriter::create(folder));
        table_.emplace(std::move(table));
        std::string head = "index,picture,truth";
        for (std::size_t i = 1; i <= PredictionRow::kTop; ++i) head += fmt::format(",label{0},probability{0}", i);
        return csv_->add(head + "\r\n");
    }

    PreparedPicture prepare(int thread, std::uint64_t index) const {
        auto read = source_->get(thread, index);
        PreparedPicture picture{std::move(read.name), read.truth, {}, {}};
        if (!read.image) {
            picture.problem = read.image.error().message;
            return picture;
        }
        picture.input.resize(predictor_->input_size());
        predictor_->prepare(*read.image, picture.input.data());
        return picture;
    }

    Status take(PreparedPicture picture) {
        waiting_.push_back(std::move(picture));
        return waiting_.size() < static_cast<std::size_t>(spec_.batch_size) ? Status() : ask();
    }

    /// Puts the waiting pictures to the network and writes what it says.
    Status ask() {
        if (context_.abort_requested()) return fail(ErrorCode::kCancelled, "aborted");
        std::vector<float> inputs;
        std::size_t readable = 0;
        for (const auto& picture : waiting_) {
            inputs.insert(inputs.end(), picture.input.begin(), picture.input.end());
            readable += picture.problem.empty();
        }
        std::vector<float> scores;
        if (readable > 0) {
            DIGITS_ASSIGN(scores, predictor_->scores(inputs.data(), readable));
            classes_ = scores.size() / readable;
        }
        const float* next = scores.data();
        for (std::size_t i = 0; i < waiting_.size(); ++i) {
            const auto& picture = waiting_[i];
            PredictionRow row;
            row.index = first_ + i;
            row.name = picture.name;
            row.truth = picture.truth;
            if (picture.problem.empty()) {
                DIGITS_TRY(judge(row, next));
                next += classes_;
            } else {
                DIGITS_TRY(leave_out(picture));
            }
            DIGITS_TRY(table_->add(row));
        }
        first_ += waiting_.size();
        meter_->add(waiting_.size());
        waiting_.clear();
        return {};
    }

    Status judge(PredictionRow& row, const float* scores) {
        order_.resize(classes_);
        std::iota(order_.begin(), order_.end(), 0);
        const auto kept = std::min(classes_, PredictionRow::kTop);
        std::partial_sort(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(kept), order_.end(),
                          [&](int a, int b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
        for (std::size_t i = 0; i < kept; ++i) {
            row.classes[i] = order_[i];
            row.probabilities[i] = scores[order_[i]];
        }
        if (row.truth >= 0 && static_cast<std::size_t>(row.truth) < classes_) row.truth_probability = scores[row.truth];
        sheet_.add(row);
        top_.add(row.index, scores, classes_);
        ++answered_;
        std::string line = fmt::format("{},{},{}", row.index, csv_field(row.name),
                                       row.truth < 0 ? std::string() : csv_field(label(row.truth)));
        for (std::size_t i = 0; i < PredictionRow::kTop; ++i)
            line += i < kept ? fmt::format(",{},{:.6g}", csv_field(label(row.classes[i])), row.probabilities[i])
                             : std::string(",,");
        return csv_->add(line + "\r\n");
    }

    Status leave_out(const PreparedPicture& picture) {
        ++left_out_;
        if (listed_unreadable_.size() < kListedUnreadable)
            listed_unreadable_.push_back({{"picture", picture.name}, {"reason", picture.problem}});
        return unreadable_->add(picture.name + "\t" + picture.problem + "\n");
    }

    std::string label(int index) const {
        const auto at = static_cast<std::size_t>(index);
        return at < predictor_->labels().size() ? predictor_->labels()[at] : std::to_string(index);
    }

    Result<json> finish() {
        if (answered_ == 0)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "none of the {} pictures could be read; the first: {}: {}", left_out_,
                                   listed_unreadable_[0].value("picture", ""),
                                   listed_unreadable_[0].value("reason", ""))
                            .at("/source"));
        const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
        const auto& folder = context_.job_dir();
        json view = sheet_.to_json();
        view["format"] = 1;
        view["model_id"] = spec_.model_id;
        view["snapshot"] = {{"iteration", predictor_->iteration()}, {"weights", spec_.weights}};
        view["source"] = to_json(spec_)["source"];
        view["labels"] = predictor_->labels();
        view["count"] = answered_;
        view["unreadable"] = {{"count", left_out_}, {"items", listed_unreadable_}, {"file", "unreadable.txt"}};
        view["warnings"] = source_->warnings();
        view["seconds"] = seconds;
        view["images_per_s"] = seconds > 0 ? static_cast<double>(answered_) / seconds : 0.0;
        DIGITS_TRY(csv_->commit());
        DIGITS_TRY(unreadable_->commit());
        DIGITS_TRY(table_->commit());
        DIGITS_TRY(top_.write(folder));
        DIGITS_TRY(write_file_atomic(folder / "evaluation.json",
                                     view.dump(1, ' ', false, json::error_handler_t::replace) + "\n"));
        if (view["top1"].is_number())
            context_.emit({{"event", "metrics"},
                           {"iteration", predictor_->iteration()},
                           {"epoch", 0},
                           {"phase", "val"},
                           {"values", {{"accuracy", view["top1"]}, {"top-5", view["top5"]}}}});
        json brief;
        for (const auto* member :
             {"snapshot", "source", "count", "labelled", "top1", "top5", "macro", "seconds", "images_per_s"})
            brief[member] = view[member];
        brief["unreadable"] = left_out_;
        return brief;
    }

    const EvaluationSpec& spec_;
    TaskContext& context_;
    std::unique_ptr<Predictor> predictor_;
    std::unique_ptr<PictureSource> source_;
    ProgressMeter* meter_ = nullptr;

    std::optional<TextFile> csv_, unreadable_;
    std::optional<PredictionWriter> table_;
    ScoreSheet sheet_;
    TopPictures top_;
    std::vector<PreparedPicture> waiting_;  ///< the batch that is being gathered
    std::uint64_t first_ = 0;               ///< index of its first
    std::vector<int> order_;
    std::size_t classes_ = 0;
    std::uint64_t answered_ = 0, left_out_ = 0;
    std::vector<json> listed_unreadable_;
    Clock::time_point started_;
};

}  // namespace

Result<json> evaluate(const EvaluationSpec& spec, Device device, TaskContext& context) {
    DIGITS_ASSIGN(auto predictor,
                  Predictor::open({spec.model_dir, spec.dataset_dir, spec.weights, device, spec.threads}));
    PictureSourceOptions options{spec.source, spec.dataset_dir, predictor->labels(), spec.roots,
                                 thread_count(spec.threads)};
    DIGITS_ASSIGN(auto source, open_picture_source(options, [&](std::size_t) { return !context.abort_requested(); }));
    return Evaluation(spec, context, std::move(predictor), std::move(source)).run();
}

}  // namespace digits
