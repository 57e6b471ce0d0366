#include "cli/serve_settings.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <deque>

#include "base/file.hpp"
#include "base/json_binding.hpp"
#include "base/json_depth.hpp"
#include "cli/session.hpp"

namespace digits::cli {

constexpr std::uint16_t kDefaultPort = 5000;

/// The options of `digits serve`. Flags, variables of the environment, members of the configuration file, defaults and
/// help follow from the binding.
struct ServeOptions {
    std::string data_dir = default_data_dir();
    std::string host = "127.0.0.1";
    std::uint16_t port = kDefaultPort;
    std::vector<std::string> roots;
    bool allow_python_layers = false;
    std::optional<bool> allow_url_fetch;
    std::vector<std::string> url_hosts;
    std::string mnist, models;
    std::vector<std::string> model_stores;
    std::string rie_url = "http://localhost:5055";
    int train_slots = 1;
    std::string launcher = "local";
};

}  // namespace digits::cli

namespace digits {

template <>
struct JsonBinding<cli::ServeOptions> {
    static Fields fields() {
        using S = cli::ServeOptions;
        return {
            // Options of all commands: `digits --data-dir DIR serve`.
            json_field("data_dir", &S::data_dir).help("Folder of datasets and models").cli(""),
            json_field("host", &S::host).help("Address to listen on; without passwords only the loopback is safe"),
            json_field("port", &S::port).help("0: any free port"),
            json_field("roots", &S::roots)
                .help("Folder that images may be taken from (repeatable; default: all that you may read)")
                .cli("root")
                .path(PlaceKind::kFolder),
            json_field("allow_python_layers", &S::allow_python_layers)
                .help("Run Python layers: code of everybody who may make models")
                .cli(""),
            json_field("allow_url_fetch", &S::allow_url_fetch)
                .help("Fetch images that are to be classified from public web addresses; default: where only this "
                      "machine reaches the server"),
            json_field("url_hosts", &S::url_hosts)
                .help("Host that may also be fetched from if it is in a private network (repeatable)")
                .cli("allow-url-host"),
            json_field("mnist", &S::mnist)
                .help("Folder of MNIST's four IDX files, to try Digits with")
                .path(PlaceKind::kFolder),
            json_field("models", &S::models)
                .help("Model store on this machine, a folder that scripts/pretrained or digits store init made")
                .path(PlaceKind::kFolder),
            json_field("model_stores", &S::model_stores)
                .help("Address of a model store (repeatable)")
                .cli("model-store"),
            json_field("rie_url", &S::rie_url)
                .help("Inference server that models are published to, as DIGITS does: it gets POST URL/models"),
            json_field("train_slots", &S::train_slots)
                .help("Trainings that may run at the same time, where there is no GPU")
                .range(1, 64),
            json_field("launcher", &S::launcher).help("How tasks are started"),
        };
    }
};

}  // namespace digits

namespace digits::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kMostFile_bytes = 1 << 20;
constexpr int kMostDepth = 8;
constexpr const char* kHere = ".config/digits/config.json";
constexpr const char* kSystem = "/etc/digits/config.json";

const FieldList& declared() { return json_detail::object_table<ServeOptions>().list; }

std::string upper(std::string text) {
    for (auto& c : text) c = c == '-' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    return text;
}

/// Those that DIGITS or earlier versions named otherwise.
std::string variable_of(const FieldFacts& field) {
    if (field.name == "data_dir") return "DIGITS_DATA";
    if (field.name == "model_stores") return "DIGITS_MODEL_STORE_URL";
    if (field.name == "rie_url") return "RIE_URL";
    return "DIGITS_" + upper(field.name);
}

std::string flag_of(const FieldFacts& field) {
    if (!field.cli.empty()) return "--" + field.cli;
    std::string flag = "--" + field.name;
    std::ranges::replace(flag, '_', '-');
    return flag;
}

/// "--no-url-fetch" of "--allow-url-fetch".
std::string off_flag_of(const FieldFacts& field) { return "--no-" + field.cli.substr(std::string("allow-").size()); }

bool is_list(const FieldFacts& field) { return field.value.type == FieldType::kList; }

/// As a person types it: "1" and "yes" turn a switch on.
Result<json> value_of_text(const FieldFacts& field, const std::string& text) {
    if (field.value.type == FieldType::kBoolean) {
        for (const auto* word : {"1", "true", "yes", "on"})
            if (text == word) return json(true);
        for (const auto* word : {"0", "false", "no", "off"})
            if (text == word) return json(false);
    }
    return parse_field_text(field, text);
}

Result<json> read_file_values(const fs::path& file) {
    if (file.empty()) return json::object();
    DIGITS_ASSIGN(const auto text, read_file(file, kMostFile_bytes));
    // Comments are allowed: people write it.
    auto values = is_json_deeper_than(text, kMostDepth) ? json() : json::parse(text, nullptr, false, true);
    if (!values.is_object())
        return fail(make_error(ErrorCode::kInvalidArgument, "The configuration file is not a JSON object.")
                        .at(file.string())
                        .advise("Write it like {\"port\": 5000}; digits config show lists the names"));
    return values;
}

Result<json> read_environment() {
    auto values = json::object();
    for (const auto& field : declared().fields) {
        const auto variable = variable_of(field);
        const char* text = std::getenv(variable.c_str());
        if (!text || !*text) continue;
        auto value = value_of_text(field, text);
        if (!value) return fail(Error(value.error()).at("$" + variable));
        values[field.name] = std::move(*value);
    }
    return values;
}

/// What was given at one level, if all of it is right.
Status check(const json& values, const std::string& place) {
    ServeOptions checked;
    const auto status = from_json(values, checked, "");
    if (status) return {};
    auto error = status.error();
    error.where = error.where.empty() || error.where == "/" ? place : place + " " + error.where;
    return fail(std::move(error));
}

ApiServerOptions server_options(const ServeOptions& o) {
    ApiServerOptions options;
    options.data_dir = o.data_dir;
    options.host = o.host;
    options.port = o.port;
    options.roots.assign(o.roots.begin(), o.roots.end());
    options.allow_python_layers = o.allow_python_layers;
    options.allow_url_fetch = o.allow_url_fetch;
    options.url_hosts = o.url_hosts;
    options.mnist = o.mnist;
    options.included_models = o.models;
    options.model_stores = o.model_stores;
    options.rie_url = o.rie_url;
    options.train_slots = o.train_slots;
    options.launcher = o.launcher;
    return options;
}

}  // namespace

struct ServeFlags::State {
    struct Entry {
        const FieldFacts* field = nullptr;
        CLI::Option* option = nullptr;
        CLI::Option* off = nullptr;
        std::vector<std::string> values;
    };
    std::deque<Entry> entries;  // CLI11 keeps their addresses.
};

ServeFlags::ServeFlags(CLI::App& command) : state_(std::make_unique<State>()) {
    for (const auto& field : declared().fields) {
        if (field.cli.empty()) continue;
        auto& entry = state_->entries.emplace_back();
        entry.field = &field;
        if (field.value.type == FieldType::kBoolean) {
            const auto off_help = "The opposite of " + flag_of(field);
            entry.option = command.add_flag(flag_of(field), field.help);
            entry.off = command.add_flag(off_flag_of(field), off_help)->excludes(entry.option);
            continue;
        }
        const auto help = field.name == "launcher" ? field.help + ": " + launcher_names() : field.help;
        entry.option = command.add_option(flag_of(field), entry.values, help);
        if (!is_list(field)) entry.option->expected(1);
        entry.option->type_name(field.value.type == FieldType::kInteger ? "INT" : "TEXT");
        if (field.place == PlaceKind::kFolder) {
            entry.option->type_name("FOLDER");
            entry.option->check(CLI::Validator(CLI::ExistingDirectory).description(""));
        } else if (!is_list(field)) {
            if (!field.fallback.is_null() && field.fallback != "")
                entry.option->default_str(field.fallback.is_string() ? field.fallback.get<std::string>()
                                                                     : field.fallback.dump());
            entry.option->check([&field](const std::string& text) {
                const auto value = parse_field_text(field, text);
                const auto status = value ? check({{field.name, *value}}, "") : Status(fail(value.error()));
                return status ? std::string() : status.error().message;
            });
        }
    }
}

ServeFlags::~ServeFlags() = default;
ServeFlags::ServeFlags(ServeFlags&&) noexcept = default;

json ServeFlags::given() const {
    auto values = json::object();
    for (const auto& entry : state_->entries) {
        const auto& name = entry.field->name;
        if (entry.off) {
            if (entry.option->count() > 0 || entry.off->count() > 0) values[name] = entry.option->count() > 0;
        } else if (entry.option->count() > 0) {
            if (is_list(*entry.field))
                values[name] = entry.values;
            else if (auto value = parse_field_text(*entry.field, entry.values.back()))
                values[name] = std::move(*value);
        }
    }
    return values;
}

Result<fs::path> find_config_file(const std::string& named) {
    std::error_code error;
    const char* variable = std::getenv("DIGITS_CONFIG");
    const std::string wanted = !named.empty() ? named : variable ? variable : "";
    if (!wanted.empty()) {
        if (fs::is_regular_file(wanted, error)) return fs::path(wanted);
        return fail(make_error(ErrorCode::kNotFound, "There is no configuration file {}.", wanted)
                        .at(named.empty() ? "$DIGITS_CONFIG" : "--config"));
    }
    const char* home = std::getenv("HOME");
    for (const auto& place : {home ? fs::path(home) / kHere : fs::path(), fs::path(kSystem)})
        if (!place.empty() && fs::is_regular_file(place, error)) return place;
    return fs::path();
}

Result<ServeSettings> read_serve_settings(const json& flags, const std::string& config) {
    ServeSettings read;
    DIGITS_ASSIGN(read.file, find_config_file(config));
    DIGITS_ASSIGN(const auto in_file, read_file_values(read.file));
    DIGITS_TRY(check(in_file, read.file.string()));
    DIGITS_ASSIGN(const auto in_environment, read_environment());
    DIGITS_TRY(check(in_environment, "environment"));
    auto values = in_file;
    values.update(in_environment);
    values.update(flags);
    ServeOptions options;
    DIGITS_TRY(from_json(values, options, ""));
    for (const auto& field : declared().fields) {
        Setting setting{field.name, flag_of(field), variable_of(field), SettingOrigin::kDefault, ""};
        if (flags.contains(field.name)) {
            setting.origin = SettingOrigin::kFlag;
            const bool is_off = field.value.type == FieldType::kBoolean && flags[field.name] == false;
            setting.place = is_off ? off_flag_of(field) : setting.flag;
        } else if (in_environment.contains(field.name)) {
            setting.origin = SettingOrigin::kEnvironment;
            setting.place = "$" + setting.environment;
        } else if (in_file.contains(field.name)) {
            setting.origin = SettingOrigin::kFile;
            setting.place = read.file.string();
        }
        read.settings.push_back(std::move(setting));
    }
    read.options = server_options(options);
    return read;
}

json values_of(const ServeSettings& settings) {
    const auto& o = settings.options;
    ServeOptions options;
    options.data_dir = o.data_dir.string();
    options.host = o.host;
    options.port = o.port;
    for (const auto& root : o.roots) options.roots.push_back(root.string());
    options.allow_python_layers = o.allow_python_layers;
    options.allow_url_fetch = o.allow_url_fetch;
    options.url_hosts = o.url_hosts;
    options.mnist = o.mnist.string();
    options.models = o.included_models.string();
    options.model_stores = o.model_stores;
    options.rie_url = o.rie_url;
    options.train_slots = o.train_slots;
    options.launcher = o.launcher;
    return to_json(options);
}

}  // namespace digits::cli
