#include "infer/evaluation.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "data/ordered_pipeline.hpp"
#include "infer/image_source.hpp"
#include "infer/inference.hpp"
#include "tasks/text_file.hpp"

namespace digits {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kListedUnreadable = 1000;

/// An image that the network can be asked about, or the reason why not.
struct PreparedImage {
    EvaluatedSample sample;
    std::vector<float> input;  ///< of a pair for siamese networks: of both images
    std::string problem;
};

class Evaluation {
  public:
    Evaluation(const EvaluationSpec& spec, TaskContext& context, std::unique_ptr<Inference> inference,
               std::unique_ptr<ImageSource> source)
        : spec_(spec),
          context_(context),
          inference_(std::move(inference)),
          predictor_(inference_->predictor()),
          source_(std::move(source)),
          started_(Clock::now()) {}

    Result<json> run() {
        const auto& folder = context_.job_dir();
        DIGITS_ASSIGN(auto unreadable, TextFile::create(folder / "unreadable.txt"));
        unreadable_.emplace(std::move(unreadable));
        auto facts = inference_->facts();
        facts.images_per_sample = source_->images_per_sample();
        DIGITS_ASSIGN(evaluator_, inference_->task().make_evaluator(facts, folder));
        for (const auto& warning : source_->warnings())
            context_.emit({{"event", "log"}, {"level", "warning"}, {"text", warning}});
        ProgressMeter meter(context_, "evaluate", "images", source_->count());
        meter_ = &meter;
        const PipelineSize size{source_->threads(), 8, 8};
        DIGITS_TRY(run_ordered<PreparedImage>(
            source_->count(), size, [this](int thread, std::uint64_t index) { return prepare(thread, index); },
            [this](std::uint64_t, PreparedImage image) { return take(std::move(image)); }));
        DIGITS_TRY(ask());
        return finish();
    }

  private:
    std::size_t images_per_sample() const { return static_cast<std::size_t>(source_->images_per_sample()); }

    PreparedImage prepare(int thread, std::uint64_t index) const {
        auto read = source_->get(thread, index);
        PreparedImage prepared;
        prepared.sample.index = index;
        prepared.sample.name = std::move(read.name);
        prepared.sample.target = std::move(read.target);
        if (!read.image) {
            prepared.problem = read.image.error().message;
            return prepared;
        }
        prepared.sample.image = predictor_.locate(read.image->width, read.image->height);
        const auto size = predictor_.input_size();
        prepared.input.resize(size * images_per_sample());
        predictor_.prepare(*read.image, prepared.input.data());
        if (read.second) predictor_.prepare(*read.second, prepared.input.data() + size);
        return prepared;
    }

    Status take(PreparedImage image) {
        waiting_.push_back(std::move(image));
        return waiting_.size() < static_cast<std::size_t>(spec_.batch_size) ? Status() : ask();
    }

    /// Puts the waiting images to the network and writes what it says.
    Status ask() {
        if (context_.abort_requested()) return fail(ErrorCode::kCancelled, "aborted");
        std::vector<float> inputs;
        std::size_t readable = 0;
        for (const auto& image : waiting_) {
            inputs.insert(inputs.end(), image.input.begin(), image.input.end());
            readable += image.problem.empty();
        }
        std::vector<BatchOutput> batch;
        if (readable > 0) {
            DIGITS_ASSIGN(batch, predictor_.run(inputs.data(), readable * images_per_sample()));
        }
        std::size_t next = 0;
        for (const auto& image : waiting_) {
            if (image.problem.empty()) {
                auto outputs = outputs_of(batch, next++);
                for (std::size_t i = 1; i < images_per_sample(); ++i)
                    std::ranges::copy(outputs_of(batch, next++), std::back_inserter(outputs));
                DIGITS_TRY(evaluator_->add(image.sample, outputs));
                ++answered_;
            } else {
                DIGITS_TRY(leave_out(image));
            }
        }
        meter_->add(waiting_.size());
        waiting_.clear();
        return {};
    }

    Status leave_out(const PreparedImage& image) {
        ++left_out_;
        if (listed_unreadable_.size() < kListedUnreadable)
            listed_unreadable_.push_back({{"image", image.sample.name}, {"reason", image.problem}});
        DIGITS_TRY(evaluator_->add_unreadable(image.sample));
        return unreadable_->add(image.sample.name + "\t" + image.problem + "\n");
    }

    Result<json> finish() {
        if (answered_ == 0)
            return fail(make_error(ErrorCode::kInvalidArgument,
                                   "none of the {} images could be read; the first: {}: {}", left_out_,
                                   listed_unreadable_[0].value("image", ""), listed_unreadable_[0].value("reason", ""))
                            .at("/source"));
        const double seconds = std::chrono::duration<double>(Clock::now() - started_).count();
        const auto& folder = context_.job_dir();
        DIGITS_TRY(unreadable_->commit());
        DIGITS_ASSIGN(auto report, evaluator_->finish());
        json view = std::move(report.members);
        view["format"] = 1;
        view["view"] = report.view.empty() ? inference_->task().view() : report.view;
        view["model_id"] = spec_.model_id;
        view["snapshot"] = {{"iteration", predictor_.iteration()},
                            {"weights", std::filesystem::path(context_.grant().weights).filename().string()}};
        view["source"] = to_json(spec_)["source"];
        view["count"] = answered_;
        view["unreadable"] = {{"count", left_out_}, {"items", listed_unreadable_}, {"file", "unreadable.txt"}};
        auto warnings = source_->warnings();
        for (const auto& warning : report.warnings) {
            context_.emit({{"event", "log"}, {"level", "warning"}, {"text", warning}});
            warnings.push_back(warning);
        }
        view["warnings"] = std::move(warnings);
        view["seconds"] = seconds;
        view["images_per_s"] = seconds > 0 ? static_cast<double>(answered_) / seconds : 0.0;
        DIGITS_TRY(write_file_atomic(folder / "evaluation.json",
                                     view.dump(1, ' ', false, json::error_handler_t::replace) + "\n"));
        if (!report.metrics.empty()) {
            json values;
            for (const auto& [name, value] : report.metrics) values[name] = value;
            context_.emit({{"event", "metrics"},
                           {"iteration", predictor_.iteration()},
                           {"epoch", 0},
                           {"phase", "val"},
                           {"values", std::move(values)}});
        }
        json brief;
        for (const auto* member : {"view", "snapshot", "source", "count", "seconds", "images_per_s"})
            brief[member] = view[member];
        for (const auto& member : report.brief) brief[member] = view[member];
        brief["unreadable"] = left_out_;
        return brief;
    }

    const EvaluationSpec& spec_;
    TaskContext& context_;
    std::unique_ptr<Inference> inference_;
    Predictor& predictor_;
    std::unique_ptr<ImageSource> source_;
    ProgressMeter* meter_ = nullptr;

    std::optional<TextFile> unreadable_;
    std::unique_ptr<Evaluator> evaluator_;
    std::vector<PreparedImage> waiting_;  ///< the batch that is being gathered
    std::uint64_t answered_ = 0, left_out_ = 0;
    std::vector<json> listed_unreadable_;
    Clock::time_point started_;
};

/// Without those in its folders.
std::set<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::set<std::filesystem::path> files;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
        if (entry.is_regular_file(ignored)) files.insert(entry.path());
    return files;
}

}  // namespace

Result<json> evaluate(const EvaluationSpec& spec, const std::string& framework, Device device, TaskContext& context) {
    const auto& grant = context.grant();
    DIGITS_ASSIGN(auto inference, Inference::open({grant.model_dir, grant.dataset_dir, grant.weights, device,
                                                   spec.threads, framework}));
    ImageSourceOptions options{spec.source, grant.dataset_dir,          inference->facts().labels,
                               grant.roots, thread_count(spec.threads), inference->decoding()};
    DIGITS_ASSIGN(auto source, open_image_source(options, [&](std::size_t) { return !context.abort_requested(); }));
    const auto before = files_in(context.job_dir());
    auto result = Evaluation(spec, context, std::move(inference), std::move(source)).run();
    if (result) return result;
    // Some files may be complete where there was no room for the next.
    for (const auto& file : files_in(context.job_dir())) {
        std::error_code ignored;
        if (!before.contains(file)) std::filesystem::remove(file, ignored);
    }
    return result;
}

}  // namespace digits
