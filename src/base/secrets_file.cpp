#include "base/secrets_file.hpp"

#include <nlohmann/json.hpp>
#include <system_error>

#include "base/file.hpp"

namespace digits {
namespace {

constexpr std::uint64_t kMostSecrets_bytes = 1 << 20;

std::filesystem::path secrets_of(const std::filesystem::path& job_dir) { return job_dir / "uploads" / kSecretsFile; }

}  // namespace

Status put_back_secrets(nlohmann::json& spec, const std::filesystem::path& job_dir) {
    using nlohmann::json;
    const auto file = secrets_of(job_dir);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return {};
    DIGITS_ASSIGN(const auto text, read_file(file, kMostSecrets_bytes));
    const auto secrets = json::parse(text, nullptr, false);
    if (!secrets.is_object()) return fail(make_error(ErrorCode::kDataLoss, "the file is damaged").at(file.string()));
    for (const auto& [place, value] : secrets.items()) spec[json::json_pointer(place)] = value;
    return {};
}

void remove_secrets(const std::filesystem::path& job_dir) {
    std::error_code ignored;
    std::filesystem::remove(secrets_of(job_dir), ignored);
}

}  // namespace digits
