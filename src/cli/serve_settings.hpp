#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/server.hpp"
#include "base/result.hpp"

namespace CLI {
class App;
}

namespace digits::cli {

/// Where the value of an option comes from, the strongest first.
enum class SettingOrigin { kFlag, kEnvironment, kFile, kDefault };

struct Setting {
    std::string name;         ///< in the configuration file
    std::string flag;         ///< "--port"
    std::string environment;  ///< "DIGITS_PORT"
    SettingOrigin origin = SettingOrigin::kDefault;
    std::string place;  ///< of the origin: the flag, the variable or the file
};

/// The options of a server, as flags, environment, configuration file and defaults make them together.
struct ServeSettings {
    ApiServerOptions options;
    std::vector<Setting> settings;  ///< in the order of the declaration
    std::filesystem::path file;     ///< that was read; empty: there is none
};
/// Its values by name.
nlohmann::json values_of(const ServeSettings& settings);

/// The flags of the options, of a command that takes them. Lives until the command line is parsed.
class ServeFlags {
  public:
    explicit ServeFlags(CLI::App& command);
    ~ServeFlags();
    ServeFlags(ServeFlags&&) noexcept;

    /// What was given, by name.
    nlohmann::json given() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The configuration file: the one that is named, else $DIGITS_CONFIG, else ~/.config/digits/config.json, else
/// /etc/digits/config.json; empty: none is there. Errors: kNotFound for one that was named.
Result<std::filesystem::path> find_config_file(const std::string& named);

/// `flags`: values by name, as ServeFlags::given(). `config`: as find_config_file() takes it. Errors: kInvalidArgument,
/// which names the flag, the variable or the file.
Result<ServeSettings> read_serve_settings(const nlohmann::json& flags, const std::string& config);

}  // namespace digits::cli
