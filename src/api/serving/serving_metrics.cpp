#include "api/serving/serving_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/enum_names.hpp"

namespace digits {

template <>
struct EnumNames<api::ServingMetrics::Outcome> {
    using Outcome = api::ServingMetrics::Outcome;
    static constexpr std::array<std::pair<Outcome, std::string_view>, 5> kNames{{
        {Outcome::kOk, "ok"},
        {Outcome::kInvalid, "invalid"},
        {Outcome::kRefused, "refused"},
        {Outcome::kFailed, "failed"},
        {Outcome::kCancelled, "cancelled"},
    }};
};

namespace api {
namespace {

namespace prom = ::prometheus;

const prom::Histogram::BucketBoundaries kSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                 0.25,  0.5,    1,     2.5,  5,     10,   60};
const prom::Histogram::BucketBoundaries kImages{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};

}  // namespace

struct ServingMetrics::State {
    prom::Registry registry;
    prom::Family<prom::Gauge>& build =
        prom::BuildGauge().Name("digits_build_info").Help("The version of Digits, as a label").Register(registry);
    prom::Family<prom::Gauge>& start = prom::BuildGauge()
                                           .Name("process_start_time_seconds")
                                           .Help("When the server started, in Unix seconds")
                                           .Register(registry);
    prom::Family<prom::Counter>& requests = prom::BuildCounter()
                                                .Name("digits_inference_requests_total")
                                                .Help("Inference requests that were answered, by their outcome")
                                                .Register(registry);
    prom::Family<prom::Counter>& images = prom::BuildCounter()
                                              .Name("digits_inference_images_total")
                                              .Help("Images that were given to a network")
                                              .Register(registry);
    prom::Family<prom::Histogram>& seconds =
        prom::BuildHistogram()
            .Name("digits_inference_request_seconds")
            .Help("Time from the request to its answer, of requests that succeeded")
            .Register(registry);
    prom::Family<prom::Histogram>& queue = prom::BuildHistogram()
                                               .Name("digits_inference_queue_seconds")
                                               .Help("Time that a request waited for its batch")
                                               .Register(registry);
    prom::Family<prom::Histogram>& batches = prom::BuildHistogram()
                                                 .Name("digits_inference_batch_images")
                                                 .Help("Images of a batch that a network was given at once")
                                                 .Register(registry);
    prom::Family<prom::Gauge>& waiting = prom::BuildGauge()
                                             .Name("digits_inference_waiting_requests")
                                             .Help("Requests that wait for a batch")
                                             .Register(registry);
};

ServingMetrics::ServingMetrics() : state_(std::make_unique<State>()) {
    state_->build.Add({{"version", DIGITS_VERSION}}).Set(1);
    state_->start.Add({}).Set(
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
}

ServingMetrics::~ServingMetrics() = default;

void ServingMetrics::count_request(const std::string& model, Outcome outcome, std::chrono::duration<double> took) {
    state_->requests.Add({{"model", model}, {"outcome", std::string(enum_name(outcome))}}).Increment();
    if (outcome == Outcome::kOk) state_->seconds.Add({{"model", model}}, kSeconds).Observe(took.count());
}

void ServingMetrics::count_batch(const std::string& model, int images) {
    state_->images.Add({{"model", model}}).Increment(images);
    state_->batches.Add({{"model", model}}, kImages).Observe(images);
}

void ServingMetrics::count_wait(const std::string& model, std::chrono::duration<double> in_queue) {
    state_->queue.Add({{"model", model}}, kSeconds).Observe(in_queue.count());
}

void ServingMetrics::set_waiting(const std::string& model, std::size_t requests) {
    state_->waiting.Add({{"model", model}}).Set(static_cast<double>(requests));
}

std::string ServingMetrics::text() const { return prom::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace api
}  // namespace digits
