#include "remote/aws_identity.hpp"

#include <cstdlib>
#include <map>

#include "base/file.hpp"

namespace digits::remote {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostFile_bytes = 1 << 20;
constexpr const char* kLastRegion = "us-east-1";

using Members = std::map<std::string, std::string>;

std::string trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r";
    const auto begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

/// The members of a section of an INI file; none: it has no such section.
std::optional<Members> find_section(const fs::path& file, const std::string& section) {
    const auto text = read_file(file, kMostFile_bytes);
    if (!text) return std::nullopt;
    std::optional<Members> members;
    bool inside = false;
    for (std::size_t begin = 0; begin < text->size();) {
        const auto end = std::min(text->find('\n', begin), text->size());
        const auto line = trimmed(std::string_view(*text).substr(begin, end - begin));
        begin = end + 1;
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            inside = line == "[" + section + "]";
            if (inside && !members) members.emplace();
        } else if (const auto equals = line.find('='); inside && equals != std::string::npos) {
            (*members)[trimmed(line.substr(0, equals))] = trimmed(line.substr(equals + 1));
        }
    }
    return members;
}

struct Profile {
    AwsKey key;
    std::string region, endpoint;
};

class Files {
  public:
    explicit Files(const AwsPlaces& places)
        : credentials_(place(places, "AWS_SHARED_CREDENTIALS_FILE", "credentials")),
          config_(place(places, "AWS_CONFIG_FILE", "config")) {}

    const fs::path& credentials() const { return credentials_; }

    std::optional<Profile> find(const std::string& name) const {
        auto secret = find_section(credentials_, name);
        const auto config = find_section(config_, name == "default" ? name : "profile " + name);
        if (!secret && !config) return std::nullopt;
        Members all = config.value_or(Members{});
        for (auto& [member, value] : secret.value_or(Members{})) all[member] = value;
        return Profile{{all["aws_access_key_id"], all["aws_secret_access_key"], all["aws_session_token"]},
                       all["region"],
                       all["endpoint_url"]};
    }

  private:
    static fs::path place(const AwsPlaces& places, const char* variable, const char* usual) {
        const auto given = places.variable(variable);
        return given.empty() ? places.home / ".aws" / usual : fs::path(given);
    }

    fs::path credentials_, config_;
};

std::string first_of(std::initializer_list<std::string> texts) {
    for (const auto& text : texts)
        if (!text.empty()) return text;
    return {};
}

}  // namespace

AwsPlaces AwsPlaces::of_this_process() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return value ? std::string(value) : std::string();
    };
    return {variable, variable("HOME")};
}

Result<AwsIdentity> find_aws_identity(const AwsWish& wish, const AwsPlaces& places) {
    const Files files(places);
    const auto in_environment =
        first_of({wish.region, places.variable("AWS_REGION"), places.variable("AWS_DEFAULT_REGION")});
    const auto endpoint =
        first_of({wish.endpoint, places.variable("AWS_ENDPOINT_URL_S3"), places.variable("AWS_ENDPOINT_URL")});
    if (!wish.key.id.empty() || !wish.key.secret.empty()) {
        if (wish.key.id.empty() || wish.key.secret.empty())
            return fail(ErrorCode::kInvalidArgument,
                        "an access key and its secret key belong together; one is missing");
        return AwsIdentity{wish.key, first_of({in_environment, kLastRegion}), endpoint};
    }
    if (!wish.profile.empty()) {
        const auto profile = files.find(wish.profile);
        if (!profile || profile->key.id.empty() || profile->key.secret.empty())
            return fail(make_error(ErrorCode::kInvalidArgument, "{} has no keys of a profile \"{}\"",
                                   files.credentials().string(), wish.profile)
                            .advise("The file belongs to the user that the server runs as"));
        return AwsIdentity{profile->key, first_of({wish.region, profile->region, in_environment, kLastRegion}),
                           first_of({wish.endpoint, profile->endpoint, endpoint})};
    }
    const auto fallback = files.find("default").value_or(Profile{});
    const auto region = first_of({in_environment, fallback.region, kLastRegion});
    AwsKey key{places.variable("AWS_ACCESS_KEY_ID"), places.variable("AWS_SECRET_ACCESS_KEY"),
               places.variable("AWS_SESSION_TOKEN")};
    if (key.id.empty() || key.secret.empty()) key = fallback.key;
    if (key.id.empty() || key.secret.empty()) key = {};
    return AwsIdentity{std::move(key), region, first_of({endpoint, fallback.endpoint})};
}

}  // namespace digits::remote
