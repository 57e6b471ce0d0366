#include "models/fetch_from_store.hpp"

#include <algorithm>
#include <system_error>

#include "base/file.hpp"
#include "base/progress.hpp"
#include "base/sha256.hpp"
#include "remote/fetch_place.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostText_bytes = std::uint64_t{64} << 20, kMostWeights_bytes = std::uint64_t{2} << 30;
constexpr auto kMostTime = std::chrono::hours(2);
constexpr std::uint64_t kLeastRate = 1000;  ///< bytes per second

remote::FetchLimits limits_of(const PretrainedSourceSpec& source, std::uint64_t most, const TaskContext& context) {
    remote::FetchLimits limits;
    limits.max_bytes = most;
    limits.timeout = kMostTime;
    limits.least_bytes_per_s = kLeastRate;
    limits.cancelled = [&context] { return context.abort_requested(); };
    limits.private_hosts = context.grant().fetch.private_hosts;
    const auto url = remote::parse_url(source.place);
    limits.https_only = url && std::ranges::find(limits.private_hosts, url->host) == limits.private_hosts.end();
    return limits;
}

Status check_sum(const PretrainedSourceSpec& source, const std::string& name, const fs::path& file,
                 std::uint64_t most) {
    DIGITS_ASSIGN(const auto bytes, read_file(file, most));
    const auto found = sha256_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    const auto promised = source.sha256.find(name);
    if (promised != source.sha256.end() && found == promised->second) return {};
    return fail(make_error(ErrorCode::kDataLoss,
                           "{} is not the file that the store promised: its SHA-256 is {} instead of {}", name, found,
                           promised == source.sha256.end() ? "" : promised->second)
                    .advise("Try again later, or tell the administrator of the store"));
}

}  // namespace

Status fetch_from_store(PretrainedSourceSpec& source, const fs::path& folder, TaskContext& context) {
    std::error_code error;
    fs::remove_all(folder, error);
    fs::create_directory(folder, error);
    if (error) return fail(errno_error("cannot make " + folder.string(), error.value()));
    struct Wanted {
        std::string& member;
        const char* kept_as;
        std::uint64_t most;
    };
    for (const auto& [member, kept_as, most] : {Wanted{source.network, "network.prototxt", kMostText_bytes},
                                                Wanted{source.labels, "labels.txt", kMostText_bytes},
                                                Wanted{source.mean, "mean.binaryproto", kMostText_bytes},
                                                Wanted{source.weights, "weights", kMostWeights_bytes}}) {
        if (member.empty()) continue;
        const auto name = std::exchange(member, (folder / kept_as).string());
        auto limits = limits_of(source, most, context);
        {
            ProgressMeter meter(context, "fetch " + name, "bytes", 0);
            std::uint64_t told = 0;
            limits.progress = [&](std::uint64_t done, std::uint64_t total) {
                if (total > 0) meter.set_total(total);
                // Also where nothing came: what the meter holds back would never be told of a source that stalls.
                meter.add(done > told ? done - std::exchange(told, done) : 0);
            };
            DIGITS_TRY(remote::fetch_place(source.place + name, member, limits));
        }
        DIGITS_TRY(check_sum(source, name, member, most));
    }
    source.type = PretrainedOrigin::kFiles;
    return {};
}

}  // namespace digits
