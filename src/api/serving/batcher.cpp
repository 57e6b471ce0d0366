#include "api/serving/batcher.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "base/ids.hpp"

namespace digits::api {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

struct Waiting {
    Batcher::Id id = 0;
    BatchItem item;
    Batcher::Done done;
    Clock::time_point since;
};

/// The requests for one snapshot.
struct Line {
    ServedModel model;
    std::deque<Waiting> waiting;
    std::vector<Waiting> at_work;
    std::uint64_t batch = 0;          ///< number of the one at work; 0: none
    WarmPool::RequestId request = 0;  ///< that the batch is answered by, once it is known
    bool had_company = false;         ///< the last batch held several requests

    bool is_for_nobody() const {
        return std::ranges::all_of(at_work, [](const auto& one) { return one.id == 0; });
    }
    bool is_ready(Clock::time_point now, const Batcher::Limits& limits) const {
        return batch == 0 && !waiting.empty() && now >= due(limits);
    }
    Clock::time_point due(const Batcher::Limits& limits) const {
        int images = 0;
        for (const auto& one : waiting) images += one.item.images;
        const bool goes_at_once = !had_company || images >= limits.images;
        return waiting.front().since + (goes_at_once ? std::chrono::milliseconds(0) : limits.wait);
    }
};

}  // namespace

struct Batcher::State : std::enable_shared_from_this<Batcher::State> {
    State(std::shared_ptr<ServedModels> its_models, std::shared_ptr<ServingMetrics> its_metrics,
          std::filesystem::path its_folder, Limits its_limits)
        : models(std::move(its_models)),
          metrics(std::move(its_metrics)),
          folder(std::move(its_folder)),
          limits(its_limits) {}

    const std::shared_ptr<ServedModels> models;
    const std::shared_ptr<ServingMetrics> metrics;
    const std::filesystem::path folder;
    const Limits limits;

    std::mutex mutex;  ///< guards all below but the thread
    std::condition_variable changed;
    std::map<std::string, Line> lines;
    Id last_id = 0;
    std::uint64_t last_batch = 0;
    bool stopping = false;
    std::thread thread;

    struct Batch {
        std::string key;
        std::uint64_t number = 0;
        ServedModel model;
        json question;
        std::shared_ptr<http::TemporaryFile> file;
    };

    void run() {
        std::unique_lock lock(mutex);
        while (!stopping) {
            if (auto batch = take_batch()) {
                lock.unlock();
                give(*batch);
                lock.lock();
                continue;
            }
            std::optional<Clock::time_point> next;
            for (const auto& [key, line] : lines)
                if (line.batch == 0 && !line.waiting.empty())
                    next = std::min(next.value_or(Clock::time_point::max()), line.due(limits));
            if (next)
                changed.wait_until(lock, *next);
            else
                changed.wait(lock);
        }
    }

    /// With the lock held: the next batch whose turn it is.
    std::optional<Batch> take_batch() {
        const auto now = Clock::now();
        for (auto& [key, line] : lines) {
            if (!line.is_ready(now, limits)) continue;
            int images = 0;
            auto inputs = json::array();
            while (!line.waiting.empty()) {
                auto& next = line.waiting.front();
                if (images > 0 && images + next.item.images > limits.images) break;
                images += next.item.images;
                inputs.push_back(next.item.input);
                metrics->count_wait(line.model.name, now - next.since);
                line.at_work.push_back(std::move(next));
                line.waiting.pop_front();
            }
            line.had_company = line.at_work.size() > 1 || !line.waiting.empty();
            line.batch = ++last_batch;
            line.request = 0;
            metrics->count_batch(line.model.name, images);
            metrics->set_waiting(line.model.name, line.waiting.size());
            Batch batch{key, line.batch, line.model, {}, {}};
            batch.file = std::make_shared<http::TemporaryFile>(folder / ("tensors-" + random_hex(16) + ".out"));
            batch.question = {
                {"type", "tensors"}, {"inputs", std::move(inputs)}, {"output", batch.file->path().string()}};
            return batch;
        }
        return std::nullopt;
    }

    /// Without the lock.
    void give(const Batch& batch) {
        const auto request = models->ask(batch.model, batch.question,
                                         [self = weak_from_this(), key = batch.key, number = batch.number,
                                          file = batch.file](Result<JsonPtr> answer) {
                                             if (const auto state = self.lock())
                                                 state->finish(key, number, answer, file);
                                         });
        const std::scoped_lock lock(mutex);
        const auto line = lines.find(batch.key);
        if (line == lines.end() || line->second.batch != batch.number) return;
        line->second.request = request;
        // Everybody left while it was handed over.
        if (line->second.is_for_nobody()) models->cancel(request);
    }

    void finish(const std::string& key, std::uint64_t number, const Result<JsonPtr>& answer,
                const std::shared_ptr<http::TemporaryFile>& file) {
        std::vector<Waiting> done;
        {
            const std::scoped_lock lock(mutex);
            const auto line = lines.find(key);
            if (line == lines.end() || line->second.batch != number) return;
            done.swap(line->second.at_work);
            line->second.batch = 0;
            if (line->second.waiting.empty() && !line->second.had_company) lines.erase(line);
        }
        changed.notify_one();
        std::int64_t first = 0;
        for (std::size_t i = 0; i < done.size(); ++i) {
            const auto count = done[i].item.images;
            done[i].done(rows_of(answer, i, {false, answer ? *answer : nullptr, file, first, count}));
            first += count;
        }
    }

    /// The worker names inputs that it could not read; the others have their answers.
    static Result<BatchRows> rows_of(const Result<JsonPtr>& answer, std::size_t input, BatchRows rows) {
        if (!answer) return fail(answer.error());
        for (const auto& error : (**answer).value("errors", json::array()))
            if (error.value("input", std::size_t{0}) == input)
                return fail(find_enum<ErrorCode>(error.value("code", "")).value_or(ErrorCode::kInvalidArgument), "{}",
                            error.value("message", ""));
        return rows;
    }
};

Batcher::Batcher(std::shared_ptr<ServedModels> models, std::shared_ptr<ServingMetrics> metrics,
                 std::filesystem::path folder, Limits limits)
    : state_(std::make_shared<State>(std::move(models), std::move(metrics), std::move(folder), limits)) {
    state_->thread = std::thread([state = state_.get()] { state->run(); });
}

Batcher::~Batcher() {
    std::map<std::string, Line> lines;
    {
        const std::scoped_lock lock(state_->mutex);
        state_->stopping = true;
        lines.swap(state_->lines);
    }
    state_->changed.notify_one();
    state_->thread.join();
    for (auto& [key, line] : lines) {
        for (auto& one : line.at_work) one.done(fail(ErrorCode::kUnavailable, "the server is stopping"));
        for (auto& one : line.waiting) one.done(fail(ErrorCode::kUnavailable, "the server is stopping"));
    }
}

const Batcher::Limits& Batcher::limits() const { return state_->limits; }

Batcher::Id Batcher::add(const ServedModel& model, BatchItem item, Done done) {
    Id id = 0;
    {
        const std::scoped_lock lock(state_->mutex);
        id = ++state_->last_id;
        auto& line = state_->lines[model.key];
        line.model = model;
        if (line.waiting.size() < state_->limits.waiting_requests) {
            line.waiting.push_back({id, std::move(item), std::move(done), Clock::now()});
            state_->metrics->set_waiting(model.name, line.waiting.size());
            state_->changed.notify_one();
            return id;
        }
    }
    BatchRows refused;
    refused.is_refused = true;
    done(std::move(refused));
    return id;
}

void Batcher::cancel(Id id) {
    const std::scoped_lock lock(state_->mutex);
    for (auto& [key, line] : state_->lines) {
        if (std::erase_if(line.waiting, [&](const auto& one) { return one.id == id; }) > 0)
            state_->metrics->set_waiting(line.model.name, line.waiting.size());
        const auto found = std::ranges::find(line.at_work, id, &Waiting::id);
        if (found == line.at_work.end()) continue;
        // Its rows stay in the batch.
        found->done = [](const Result<BatchRows>&) {};
        found->id = 0;
        if (line.is_for_nobody() && line.request != 0) state_->models->cancel(line.request);
    }
}

}  // namespace digits::api
