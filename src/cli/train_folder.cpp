#include "cli/train_folder.hpp"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/evaluation_output.hpp"

namespace digits::cli {
namespace {

using nlohmann::json;

class FolderTraining {
  public:
    FolderTraining(std::string name, const CreateOptions& create, Session& session, const CommonOptions& options)
        : name_(std::move(name)), create_(create), session_(session), options_(options) {}

    Status run(const std::string& folder, const json& changes) {
        DIGITS_ASSIGN(auto plan, session_.client().post("/datasets/propose", {{"folder", folder}}));
        say(fmt::format("{} is a dataset for {}: {}.", folder, plan["task"].get<std::string>(),
                        plan["format"].get<std::string>()));
        for (const auto& reason : plan["reasons"]) say(reason.get<std::string>());
        DIGITS_ASSIGN(const auto dataset, make("/datasets", name_, plan["dataset"], "Dataset"));
        auto spec = std::move(plan["model"]);
        spec.merge_patch(changes);
        spec["dataset_id"] = dataset["id"];
        DIGITS_TRY(choose_start(plan["pretrained"], spec));
        DIGITS_ASSIGN(model_, make("/models", name_, spec, "Model"));
        const json wish{{"model_id", model_["id"]}, {"source", {{"type", "split"}, {"split", "val"}}}};
        DIGITS_ASSIGN(const auto test, make("/evaluations", name_ + ", validation set", wish, "Test"));
        DIGITS_ASSIGN(evaluation_, session_.client().get("/evaluations/" + test["id"].get<std::string>()));
        report();
        return {};
    }

  private:
    void say(const std::string& text) const {
        if (!options_.json && !create_.print_id) std::cout << "   " << text << std::endl;
    }

    Result<json> make(const std::string& path, const std::string& name, const json& spec, const char* what) {
        json body{{"name", name}, {"spec", spec}};
        if (!create_.group.empty()) body["group"] = create_.group;
        DIGITS_ASSIGN(const auto job, session_.client().create(path, body));
        say(fmt::format("{} {}", what, job["id"].get<std::string>()));
        return follow_job(session_, job["id"].get<std::string>(), options_);
    }

    /// A pretrained network that is not here yet comes from its store.
    Status choose_start(const json& pretrained, json& spec) {
        if (!pretrained.is_object()) return {};
        auto id = pretrained["job"];
        if (!id.is_string()) {
            DIGITS_ASSIGN(const auto job, session_.client().post("/stores/pull", {{"id", pretrained["store"]}}));
            id = job["id"];
            DIGITS_TRY(follow_job(session_, id.get<std::string>(), options_));
        }
        json start{{"pretrained", id}};
        if (spec.contains("network"))
            start["transfer"] = true;
        else
            spec["network"] = {{"pretrained", id}};
        spec["weights"] = json::array({std::move(start)});
        return {};
    }

    void report() const {
        if (create_.print_id) {
            std::cout << model_["id"].get<std::string>() << '\n';
        } else if (options_.json) {
            std::cout << json{{"model", model_}, {"evaluation", evaluation_}}.dump(2) << '\n';
        } else {
            std::cout << job_text(model_) << '\n';
            print_evaluation(evaluation_["evaluation"]);
            say(fmt::format("Its images, one by one: {}/evaluations/{}", session_.client().address(),
                            evaluation_["job"]["id"].get<std::string>()));
        }
    }

    const std::string name_;
    const CreateOptions& create_;
    Session& session_;
    const CommonOptions& options_;
    json model_, evaluation_;
};

}  // namespace

Status train_folder(const std::string& folder, const CreateOptions& create, const json& changes, Session& session,
                    const CommonOptions& options) {
    auto path = std::filesystem::absolute(folder).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    const auto name = create.name.empty() ? path.filename().string() : create.name;
    return FolderTraining(name, create, session, options).run(path.string(), changes);
}

}  // namespace digits::cli
