#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "api/stores/store_logo.hpp"
#include "base/file.hpp"
#include "base/ids.hpp"
#include "base/sha256.hpp"
#include "cli/commands.hpp"
#include "cli/job_output.hpp"
#include "cli/store_card.hpp"
#include "cli/terminal.hpp"
#include "models/unpack.hpp"
#include "remote/fetch_place.hpp"
#include "remote/http_client.hpp"

namespace digits::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char *kIndex = "master.json", *kInfo = "info.json";
constexpr std::uint64_t kMostIndex_bytes = 1 << 20, kMostMember_bytes = std::uint64_t{2} << 30;

struct StoreArguments {
    std::string store;  ///< a folder, or s3://bucket/folder
    std::string message = "Models of this store", model, name, snapshot, license, note, to;
    fs::path logo;
    bool refresh = false, without_previews = false;
    CreateOptions create;
};

/// Where a store of one's own is.
class StorePlace {
  public:
    virtual ~StorePlace() = default;
    /// kNotFound without one.
    virtual Result<std::string> read_index() const = 0;
    virtual Status write_index(const json& index) const = 0;
    /// Puts the files of a folder, which it may take away, in the place of the model of this name.
    virtual Status put_model(const std::string& name, const fs::path& files) const = 0;
    /// For people.
    virtual std::string address(const std::string& name) const = 0;
    /// Where files may be on their way.
    virtual fs::path scratch() const = 0;
};

class StoreFolder final : public StorePlace {
  public:
    explicit StoreFolder(fs::path folder) : folder_(std::move(folder)) {}
    Result<std::string> read_index() const override { return read_file(folder_ / kIndex, kMostIndex_bytes); }
    Status write_index(const json& index) const override {
        std::error_code error;
        fs::create_directories(folder_, error);
        if (error) return fail(errno_error("cannot make " + folder_.string(), error.value()));
        return write_file_atomic(folder_ / kIndex, index.dump(4) + "\n");
    }
    Status put_model(const std::string& name, const fs::path& files) const override {
        std::error_code error;
        fs::remove_all(folder_ / name, error);
        fs::rename(files, folder_ / name, error);
        if (error) return fail(errno_error("cannot make " + (folder_ / name).string(), error.value()));
        return {};
    }
    std::string address(const std::string& name) const override { return (folder_ / name).string(); }
    fs::path scratch() const override { return folder_; }

  private:
    const fs::path folder_;
};

/// It is asked with the keys of the user that runs this command.
class StoreBucket final : public StorePlace {
  public:
    static Result<std::unique_ptr<StorePlace>> open(const std::string& url) {
        std::string prefix;
        DIGITS_ASSIGN(auto bucket, remote::open_own_bucket(url, prefix));
        while (prefix.ends_with('/')) prefix.pop_back();
        return std::unique_ptr<StorePlace>(new StoreBucket(std::move(bucket), prefix.empty() ? prefix : prefix + "/"));
    }
    Result<std::string> read_index() const override {
        auto limits = limits_;
        limits.max_bytes = kMostIndex_bytes;
        return bucket_.get(prefix_ + kIndex, limits);
    }
    Status write_index(const json& index) const override {
        const auto file = scratch_.path() / kIndex;
        DIGITS_TRY(write_file_atomic(file, index.dump(4) + "\n"));
        return bucket_.put(prefix_ + kIndex, file, limits_);
    }
    /// What tells of the model goes last, so that nobody finds half of one.
    Status put_model(const std::string& name, const fs::path& files) const override {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(files)) names.push_back(entry.path().filename().string());
        std::ranges::sort(names, {}, [](const std::string& file) { return std::pair(file == kInfo, file); });
        for (const auto& file : names) DIGITS_TRY(bucket_.put(prefix_ + name + "/" + file, files / file, limits_));
        return {};
    }
    std::string address(const std::string& name) const override { return bucket_.address(prefix_ + name); }
    fs::path scratch() const override { return scratch_.path(); }

  private:
    StoreBucket(remote::S3Bucket bucket, std::string prefix) : bucket_(std::move(bucket)), prefix_(std::move(prefix)) {
        limits_.timeout = std::chrono::hours(1);
    }

    const remote::S3Bucket bucket_;
    const std::string prefix_;  ///< with a slash at its end, or empty
    remote::TransferLimits limits_;
    const TemporaryFolder scratch_;
};

Result<std::unique_ptr<StorePlace>> open_place(const std::string& store) {
    if (store.starts_with("s3:")) return StoreBucket::open(store);
    return std::make_unique<StoreFolder>(store);
}

Result<json> read_index(const StorePlace& place, const std::string& store) {
    const auto text = place.read_index();
    if (!text && text.error().code != ErrorCode::kNotFound) return fail(text.error());
    auto index = text ? json::parse(*text, nullptr, false) : json();
    if (!index.is_object() || !index.contains("children") || !index["children"].is_array())
        return fail(
            make_error(ErrorCode::kNotFound, "{} is not a model store: it has no {} that lists models", store, kIndex)
                .advise("Make one with: digits store init " + store));
    return index;
}

Status init(const StoreArguments& a) {
    DIGITS_ASSIGN(const auto place, open_place(a.store));
    const auto found = place->read_index();
    if (found) return fail(ErrorCode::kFailedPrecondition, "{} is a model store already", a.store);
    if (found.error().code != ErrorCode::kNotFound) return fail(found.error());
    DIGITS_TRY(place->write_index({{"msg", a.message}, {"children", json::array()}}));
    std::cout << fmt::format(
        "   {} is a model store. Add models with: digits store add MODEL --store {}\n"
        "   Any web server or bucket that serves this folder offers it: digits serve --model-store ADDRESS\n",
        a.store, a.store);
    return {};
}

/// A name for a folder and for addresses.
std::string plain_name(const std::string& name) {
    std::string plain;
    for (const char c : name) {
        const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        const char lower = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        if (kept || lower != c)
            plain += lower;
        else if (!plain.empty() && plain.back() != '-')
            plain += '-';
    }
    while (plain.ends_with('-')) plain.pop_back();
    return plain.empty() ? "model" : plain;
}

Result<std::string> checksum(const fs::path& file) {
    DIGITS_ASSIGN(const auto bytes, read_file(file, kMostMember_bytes));
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

/// Checksums of what a person may pull, and what is known of the model.
Status complete_info(const StoreArguments& a, const json& job, const fs::path& folder, Session& session) {
    DIGITS_ASSIGN(const auto text, read_file(folder / kInfo, kMostIndex_bytes));
    auto info = json::parse(text, nullptr, false);
    if (!info.is_object()) return fail(ErrorCode::kDataLoss, "the archive's info.json is not a JSON object");
    auto sums = json::object();
    for (const auto* key :
         {"snapshot file", "model file", "labels file", "mean file", "train_val file", "deploy file"}) {
        const auto name = info.value(key, json());
        if (!name.is_string() || name.get_ref<const std::string&>().empty()) continue;
        DIGITS_ASSIGN(sums[name.get<std::string>()], checksum(folder / name.get<std::string>()));
    }
    json aux{{"license", a.license}, {"previews", json::array()}};
    if (const auto card = dataset_card(job, session); !card.is_null()) {
        aux["dataset"] = card["name"];  // as stores of DIGITS name it
        aux["dataset card"] = card;
    }
    if (!a.without_previews) aux["previews"] = save_previews(job, folder, session);
    for (const auto& preview : aux["previews"]) {
        const auto name = preview.get<std::string>();
        DIGITS_ASSIGN(sums[name], checksum(folder / name));
    }
    info["sha256"] = std::move(sums);
    if (!a.license.empty()) info["license"] = a.license;
    if (!a.note.empty()) info["note"] = a.note;
    if (job.value("best", json()).is_object()) info["metrics"] = job["best"];
    if (!a.name.empty()) info["name"] = a.name;
    DIGITS_TRY(write_file_atomic(folder / kInfo, info.dump(4) + "\n"));
    if (!a.logo.empty()) {
        DIGITS_ASSIGN(const auto bytes, read_file(a.logo, api::kMostLogo_bytes));
        const auto type = api::logo_type(bytes);
        if (type.empty())
            return fail(ErrorCode::kUnsupported, "The logo {} is not an image of PNG, JPEG, GIF or WebP",
                        a.logo.string());
        aux["logo"] = "logo." + std::string(type.substr(type.find('/') + 1));
        DIGITS_TRY(write_file_atomic(folder / aux["logo"].get<std::string>(), bytes));
    }
    return write_file_atomic(folder / "aux.json", aux.dump(4) + "\n");
}

Status add(const StoreArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(const auto place, open_place(a.store));
    DIGITS_ASSIGN(auto index, read_index(*place, a.store));
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto job, session.find_job("", a.model));
    const auto kind = job["kind"].get<std::string>();
    if (kind != "model" && kind != "pretrained")
        return fail(ErrorCode::kInvalidArgument, "{} is a {}, not a model or a pretrained model", a.model, kind);
    const auto name = plain_name(a.name.empty() ? job["name"].get<std::string>() : a.name);
    const auto fresh = place->scratch() / ("." + name + ".new"),
               archive = place->scratch() / ("." + random_hex(8) + ".tar.gz");
    std::error_code ignored;
    fs::remove_all(fresh, ignored);
    fs::create_directories(fresh, ignored);
    const auto path = "/" + std::string(kind == "model" ? "models" : "pretrained") + "/" +
                      job["id"].get<std::string>() + "/archive" +
                      (a.snapshot.empty() ? "" : "?snapshot=" + remote::escape_url(a.snapshot));
    const auto done = [&]() -> Status {
        DIGITS_TRY(session.client().download(path, archive, [](std::uint64_t) {}));
        DIGITS_ASSIGN([[maybe_unused]] const auto members,
                      unpack_archive(archive, fresh, UnpackLimits{}, [] { return false; }));
        DIGITS_TRY(complete_info(a, job, fresh, session));
        return place->put_model(name, fresh);
    }();
    fs::remove(archive, ignored);
    fs::remove_all(fresh, ignored);
    DIGITS_TRY(done);
    auto& children = index["children"];
    if (std::ranges::find(children, json(name)) == children.end()) children.push_back(name);
    DIGITS_TRY(place->write_index(index));
    std::cout << fmt::format("   {}\n", place->address(name));
    return {};
}

/// The server asks the other one, so that the weights go the shortest way.
Status push(const StoreArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto job, session.find_job("", a.model));
    const auto kind = job["kind"].get<std::string>();
    if (kind != "model" && kind != "pretrained")
        return fail(ErrorCode::kInvalidArgument, "{} is a {}, not a model or a pretrained model", a.model, kind);
    json body{{"to", a.to}};
    if (!a.name.empty()) body["name"] = a.name;
    const auto path =
        fmt::format("/{}/{}/push{}", kind == "model" ? "models" : "pretrained", job["id"].get<std::string>(),
                    kind == "model" && !a.snapshot.empty() ? "?snapshot=" + remote::escape_url(a.snapshot) : "");
    DIGITS_ASSIGN(const auto made, session.client().post(path, body));
    std::cout << (options.json ? made.dump(2) : "   " + made["page"].get<std::string>()) << '\n';
    return {};
}

Result<json> stores(Session& session, bool refresh) {
    return session.client().get(refresh ? "/stores?refresh=true" : "/stores");
}

Status list(const StoreArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto found, stores(session, a.refresh));
    if (options.json) {
        std::cout << found.dump(2) << '\n';
        return {};
    }
    std::vector<std::vector<std::string>> rows{{"STORE", "MODEL", "LICENSE", "NAME"}};
    for (const auto& store : found["items"]) {
        if (store["error"].is_string()) rows.push_back({store["url"], "", "", store["error"]});
        for (const auto& model : store["models"])
            rows.push_back({store["url"], model["folder"], model["license"].is_string() ? model["license"] : json(""),
                            model["name"]});
    }
    if (rows.size() == 1)
        std::cout << "   There are no models. The command scripts/pretrained adds those that come with Digits; others "
                     "come from stores: digits serve --model-store ADDRESS\n";
    else
        std::cout << table_text(rows);
    return {};
}

Status pull(const StoreArguments& a, const CommonOptions& options) {
    DIGITS_ASSIGN(auto session, Session::open(options));
    DIGITS_ASSIGN(const auto found, stores(session, false));
    for (const auto& store : found["items"])
        for (const auto& model : store["models"]) {
            if (model["folder"] != a.model && model["name"] != a.model) continue;
            json body{{"id", model["id"]}};
            if (!a.name.empty()) body["name"] = a.name;
            DIGITS_ASSIGN(auto job, session.client().post("/stores/pull", body));
            DIGITS_ASSIGN(job, follow_job(session, job["id"].get<std::string>(), options));
            std::cout << (a.create.print_id ? job["id"].get<std::string>() + "\n"
                          : options.json    ? job.dump(2) + "\n"
                                            : job_text(job));
            return {};
        }
    return fail(make_error(ErrorCode::kNotFound, "No store has a model \"{}\"", a.model)
                    .advise("See what there is: digits store list --refresh"));
}

}  // namespace

void add_store(CLI::App& app, Invocation& invocation) {
    auto* store = app.add_subcommand("store", "Model stores: take models from them, and make your own");
    store->require_subcommand(1);
    store->fallthrough();
    auto a = std::make_shared<StoreArguments>();

    auto* listing = store->add_subcommand("list", "The models of all stores");
    listing->add_flag("--refresh", a->refresh, "Ask the stores again");
    listing->callback([a, &invocation] { invocation.status = list(*a, invocation.options); });

    auto* pulling = store->add_subcommand("pull", "Make a pretrained model of one of a store");
    pulling->add_option("model", a->model, "Its name, or that of its folder")->required();
    pulling->add_option("--name", a->name, "Name of the pretrained model; default: that in the store");
    pulling->add_flag("--print-id", a->create.print_id, "Print only the id");
    pulling->callback([a, &invocation] { invocation.status = pull(*a, invocation.options); });

    auto* pushing = store->add_subcommand("push", "Give a trained or pretrained model to another server of Digits");
    pushing->add_option("model", a->model, "Id or name of the model")->required();
    pushing->add_option("--to", a->to, "Address of the other server")->required();
    pushing->add_option("--name", a->name, "Name of the pretrained model there; default: the model's");
    pushing->add_option("--snapshot", a->snapshot, "An iteration, best or last; default: the best");
    pushing->callback([a, &invocation] { invocation.status = push(*a, invocation.options); });

    auto* making = store->add_subcommand("init", "Make a folder or a bucket a model store");
    making->add_option("folder", a->store, "Folder to make, or s3://bucket/folder")->required();
    making->add_option("--message", a->message, "What its page says at the top")->capture_default_str();
    making->callback([a, &invocation] { invocation.status = init(*a); });

    auto* adding = store->add_subcommand("add", "Add a trained or pretrained model to a store of your own");
    adding->add_option("model", a->model, "Id or name of the model")->required();
    adding->add_option("--store", a->store, "Folder of the store, or s3://bucket/folder")->required();
    adding->add_option("--name", a->name, "Name in the store; default: the model's");
    adding->add_option("--snapshot", a->snapshot, "An iteration, best or last; default: the best");
    adding->add_option("--license", a->license, "License under which others may use it");
    adding->add_option("--logo", a->logo, "Image for the page of stores: PNG, JPEG, GIF or WebP, at most 256 kB")
        ->check(CLI::ExistingFile);
    adding->add_flag("--no-previews", a->without_previews, "Show no images of the dataset in the store");
    adding->add_option("--note", a->note, "What it is good for");
    adding->callback([a, &invocation] { invocation.status = add(*a, invocation.options); });
}

}  // namespace digits::cli
