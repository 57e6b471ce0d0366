#include "jobs/manager.hpp"

#include "jobs/manager_fixture.hpp"

namespace digits {
namespace {

using namespace test;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(ManagerTest, RunsAJobAndKeepsWhatItTold) {
    const auto id = submit_script(
        {emit({{"event", "progress"}, {"step", "s"}, {"unit", "u"}, {"done", 3}, {"total", 4}}), metric(0, 2),
         metric(10, 1), metric(10, 0.5, "val"), emit({{"event", "network"}, {"parameters", 5}}),
         emit({{"event", "result"}, {"data", {{"answer", 42}}}})});
    expect_state(id, JobState::kDone);
    const auto ended = job(id);
    EXPECT_THAT(states(id), ElementsAre("init", "wait", "run", "done"));
    EXPECT_EQ(ended.attempt, 1);
    EXPECT_EQ(ended.pid, 0);
    EXPECT_EQ(ended.device, "fake");
    ASSERT_TRUE(ended.result);
    EXPECT_EQ(*ended.result, (json{{"answer", 42}}));
    EXPECT_EQ(*ended.network, (json{{"parameters", 5}}));
    EXPECT_EQ(ended.progress->done, 3u);
    EXPECT_THAT(points(id), ElementsAre("0:2", "10:1"));
    EXPECT_THAT(points(id, "val/loss"), ElementsAre("10:0.5"));
    stop();
    start();
    EXPECT_EQ(job(id).state, JobState::kDone);
    EXPECT_THAT(points(id), ElementsAre("0:2", "10:1"));
}

TEST_F(ManagerTest, TellsSubscribersTheEventsThatAKindRelays) {
    const json saved{{"event", "saved"}, {"weights", "a"}, {"secret", 1}};
    const json damaged{{"event", "saved"}, {"weights", 7}};
    const auto id = submit_script({emit(damaged), emit(saved), emit({{"event", "unknown"}})}, "model");
    const auto other = submit_script({emit(saved)}, "dataset");
    expect_state(id, JobState::kDone);
    expect_state(other, JobState::kDone);
    std::vector<std::string> told;
    const auto replay = manager_->replay(0);
    for (const auto& event : replay->events)
        if (event.type == "saved" || event.type == "unknown")
            told.push_back((event.job_id == id ? "model " : "dataset ") + event.data->dump());
    EXPECT_THAT(told, ElementsAre("model {\"weights\":\"a\"}")) << "one cannot be read, and datasets relay none";
}

TEST_F(ManagerTest, KeepsWarningsAlsoOfAJobThatFails) {
    json steps{emit({{"event", "log"}, {"level", "warning"}, {"text", "a class is left out"}}),
               emit({{"event", "log"}, {"level", "info"}, {"text", "nothing to warn of"}}),
               emit({{"event", "log"}, {"level", "warning"}, {"text", "a class is left out"}})};
    for (int i = 0; i < 120; ++i)
        steps.push_back(emit({{"event", "log"}, {"level", "warning"}, {"text", "number " + std::to_string(i)}}));
    steps.push_back(emit({{"event", "failed"}, {"code", "data_loss"}, {"message", "no image"}}));
    const auto id = submit_script(steps);
    expect_state(id, JobState::kError);
    const auto expect_kept = [&] {
        const auto warnings = job(id).warnings;
        ASSERT_EQ(warnings.size(), kMostWarnings);
        EXPECT_THAT(warnings, testing::Contains("a class is left out").Times(1));
        EXPECT_EQ(warnings.back(), "number 98");
    };
    expect_kept();
    stop();
    start();
    expect_kept();
}

TEST_F(ManagerTest, TakesFilesIntoTheJobsFolder) {
    const auto list = folder_.path() / "list";
    ASSERT_TRUE(write_file_atomic(list, "a.png 0\n"));
    JobRequest request;
    request.kind = "dataset";
    request.name = "with a list";
    request.spec =
        std::make_shared<const json>(json{{"source", {{"train", list.string()}}}, {"script", json::array()}});
    request.files = {{"/source/train", list, "train.txt"}};
    const auto submitted = manager_->submit(request);
    ASSERT_TRUE(submitted) << submitted.error().to_string();
    std::filesystem::remove(list);
    const auto copy = manager_->job_dir(submitted->id) / "uploads/train.txt";
    EXPECT_EQ((*job(submitted->id).spec)["source"]["train"], copy.string());
    EXPECT_EQ(read_file(copy).value(), "a.png 0\n");
    expect_state(submitted->id, JobState::kDone);

    // The file is gone: no job is left behind.
    const auto refused = manager_->submit(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(manager_->list({})->total, 1);
}

TEST_F(ManagerTest, FailsWithTheWorkersWords) {
    const auto id = submit_script({emit(
        {{"event", "failed"},
         {"error",
          {{"code", "not_found"}, {"message", "no such folder"}, {"where", "/source/path"}, {"advice", "Make it"}}}})});
    expect_state(id, JobState::kError);
    const auto error = job(id).error->error;
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_EQ(error.to_string(), "/source/path: no such folder. Make it");
}

TEST_F(ManagerTest, ExplainsADeathBySignalWithTheLastLines) {
    const auto id = submit_script({step("say", "the last words"), step("signal", "SIGSEGV")});
    expect_state(id, JobState::kError);
    const auto error = *job(id).error;
    EXPECT_THAT(error.error.to_string(), AllOf(HasSubstr("signal 11"), HasSubstr("resume the job")));
    EXPECT_THAT(error.log_tail, HasSubstr("the last words\n"));
    EXPECT_THAT(*manager_->log_tail(id), HasSubstr("the last words\n"));
}

TEST_F(ManagerTest, ExplainsADeathForWantOfMemory) {
    std::ofstream(folder_.path() / "memory.events") << "oom_kill 3\n";
    const auto id = submit_script({step("until", "go"), step("signal", "SIGKILL")});
    expect_state(id, JobState::kRun);
    std::ofstream(folder_.path() / "memory.events") << "oom_kill 4\n";
    touch(id, "go");
    expect_state(id, JobState::kError);
    EXPECT_EQ(job(id).error->error.code, ErrorCode::kResourceExhausted);
}

TEST_F(ManagerTest, ExplainsAnExitWithoutWords) {
    const auto id = submit_script({json{{"exit", 3}}});
    expect_state(id, JobState::kError);
    EXPECT_THAT(job(id).error->error.message, HasSubstr("exit code 3"));
}

TEST_F(ManagerTest, SaysWhatToDoWithoutAWorkerProgram) {
    stop();
    JobManagerOptions options;
    options.data_dir = folder_.path();
    options.kinds = test_kinds();
    options.worker_path = folder_.path() / "nowhere";
    manager_ = *JobManager::create(options);
    const auto id = submit_script({});
    expect_state(id, JobState::kError);
    EXPECT_THAT(job(id).error->error.to_string(), AllOf(HasSubstr("nowhere"), HasSubstr("in the folder of digits")));
}

TEST_F(ManagerTest, AbortsARunningJob) {
    const auto id = submit_script({step("touch", "here"), step("hear", "abort"), aborted()});
    expect_file(id, "here");
    EXPECT_TRUE(manager_->abort(id));
    expect_state(id, JobState::kAbort);
    const auto again = manager_->abort(id);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(ManagerTest, KillsAWorkerThatDoesNotListen) {
    stop();
    JobManagerOptions options;
    options.data_dir = folder_.path();
    options.kinds = test_kinds();
    options.worker_path = fs::path(DIGITS_SOURCE_DIR) / "tests/fakes/fake_worker.py";
    options.abort_grace = std::chrono::milliseconds(50);
    manager_ = *JobManager::create(options);
    const auto id = submit_script({step("touch", "here"), step("until", "never")});
    expect_file(id, "here");
    EXPECT_TRUE(manager_->abort(id));
    expect_state(id, JobState::kAbort);
    EXPECT_EQ(job(id).history.back().reason, "the worker did not stop in time and was killed");
}

TEST_F(ManagerTest, AsksARunningTrainingForASnapshot) {
    const auto id = submit_script({step("touch", "here"), step("hear", "snapshot")}, "model");
    expect_file(id, "here");
    const auto unknown = manager_->command(id, "dance");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("has no command \"dance\""));
    EXPECT_TRUE(manager_->command(id, "snapshot"));
    expect_state(id, JobState::kDone);
    EXPECT_THAT(manager_->command(id, "snapshot").error().message, HasSubstr("only a running training"));
}

TEST_F(ManagerTest, AModelWaitsForItsDataset) {
    const auto dataset = submit_script({step("until", "go")});
    const auto model = submit_script({}, "model", {dataset});
    expect_state(dataset, JobState::kRun);
    EXPECT_TRUE(wait_until([&] { return job(model).wait_reason == "waiting for the dataset \"a test\""; }));
    touch(dataset, "go");
    expect_state(model, JobState::kDone);
    const auto task = json::parse(*read_file(task_dir(model, "train") / "task.json"));
    EXPECT_EQ(task["format"], 2);
    EXPECT_EQ(task["grant"]["dataset_dir"], (folder_.path() / "jobs" / dataset).string());
    EXPECT_EQ(task["spec"], *job(model).spec) << "it is the user's";
}

TEST_F(ManagerTest, AModelFailsWithItsDatasetAndIsResumedAfterIt) {
    const auto dataset = submit({{"attempts", {{step("until", "go"), json{{"exit", 1}}}, json::array()}}});
    const auto model = submit_script({}, "model", {dataset});
    touch(dataset, "go");
    expect_state(model, JobState::kError);
    EXPECT_THAT(job(model).error->error.to_string(), HasSubstr("the dataset \"a test\", which it needs, failed"));
    EXPECT_TRUE(manager_->resume(dataset));
    EXPECT_TRUE(manager_->resume(model));
    expect_state(model, JobState::kDone);
    EXPECT_EQ(job(dataset).attempt, 2);
}

TEST_F(ManagerTest, RunsNoMoreAtOnceThanThereAreSlots) {
    stop();
    start({.slots = {{"dataset", 2}}, .devices = {}});
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(submit_script({step("touch", "here"), step("until", "go")}));
    const auto training = submit_script({step("touch", "here"), step("until", "go")}, "model");
    expect_file(ids[0], "here");
    expect_file(ids[1], "here");
    expect_file(training, "here");
    EXPECT_TRUE(wait_until([&] { return job(ids[2]).wait_reason == "waiting for another dataset to finish"; }));
    EXPECT_EQ(job(ids[2]).state, JobState::kWait);
    touch(ids[1], "go");
    expect_file(ids[2], "here");
    EXPECT_EQ(job(ids[0]).state, JobState::kRun);
    for (const auto& id : ids) touch(id, "go");
    touch(training, "go");
    for (const auto& id : ids) expect_state(id, JobState::kDone);
}

/// Where a user may have two jobs that have not ended.
class FewJobsTest : public ManagerTest {
  protected:
    void adjust(JobManagerOptions& options) override { options.most_unfinished = 2; }
    Result<Job> ask_for_one(const std::string& owner) {
        return manager_->submit({.kind = "dataset",
                                 .name = "one more",
                                 .group = "",
                                 .notes = "",
                                 .owner = owner,
                                 .spec = std::make_shared<const json>(json{{"script", json::array()}}),
                                 .parents = {},
                                 .files = {},
                                 .key = {}});
    }
};

TEST_F(FewJobsTest, OfOneUserWaitOrRun) {
    const auto first = submit_script({step("touch", "here"), step("until", "go")});
    const auto second = submit_script({step("until", "go")});
    const auto third = ask_for_one(job(first).owner);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, ErrorCode::kResourceExhausted);
    EXPECT_THAT(third.error().to_string(), AllOf(HasSubstr("2 jobs"), HasSubstr("abort some")));
    const auto of_another = ask_for_one("bob");
    ASSERT_TRUE(of_another);
    for (const auto& id : {first, second}) {
        touch(id, "go");
        expect_state(id, JobState::kDone);
    }
    expect_state(of_another->id, JobState::kDone);
    const auto later = ask_for_one(job(first).owner);
    ASSERT_TRUE(later);
    expect_state(later->id, JobState::kDone);
}

TEST_F(ManagerTest, GivesEachTrainingAGpuOfItsOwn) {
    stop();
    start({.slots = {}, .devices = {"0", "1"}});
    std::vector<std::string> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(submit_script({step("touch", "here"), step("until", "go")}, "model"));
    expect_file(ids[0], "here");
    expect_file(ids[1], "here");
    EXPECT_TRUE(wait_until([&] { return job(ids[2]).wait_reason == "waiting for a free GPU"; }));
    EXPECT_EQ(manager_->slots("model").total, 2);
    EXPECT_EQ(manager_->slots("model").used, 2);
    touch(ids[0], "go");
    expect_file(ids[2], "here");
    const auto devices_of = [&](const std::string& id) {
        return json::parse(*read_file(task_dir(id, "train") / "task.json"))["grant"]["placement"]["devices"];
    };
    EXPECT_EQ(devices_of(ids[0]), json({"0"}));
    EXPECT_EQ(devices_of(ids[1]), json({"1"}));
    EXPECT_EQ(devices_of(ids[2]), json({"0"}));
    // A new server knows which GPU is taken.
    stop();
    start({.slots = {}, .devices = {"0", "1"}});
    const auto next = submit_script({}, "model");
    EXPECT_TRUE(wait_until([&] { return job(next).wait_reason == "waiting for a free GPU"; }));
    for (const auto& id : ids) touch(id, "go");
    for (const auto& id : ids) expect_state(id, JobState::kDone);
    expect_state(next, JobState::kDone);
}

TEST_F(ManagerTest, AWarmRequestIsAnsweredWithoutAJob) {
    WarmTask task;
    task.key = "questions";
    task.noun = "the helper";
    task.kind = "assist";
    task.folder = folder_.path() / "assist";
    task.spec = std::make_shared<const json>(json::object());
    const auto answer = manager_->ask({task, std::make_shared<const json>(json{{"answer", 42}}), kPatience});
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ((**answer)["answer"], 42);
    EXPECT_TRUE(running_ids().empty());
}

TEST_F(ManagerTest, AnEvaluationWaitsOnlyWhileItsWeightsAreMissing) {
    const auto dataset = submit_script({});
    const auto model = submit_script({step("touch", "here"), step("until", "go"), step("touch", kWeights),
                                      emit({{"event", "saved"}, {"weights", kWeights}}), step("until", "end")},
                                     "model", {dataset});
    expect_file(model, "here");
    const auto evaluation = submit_script({}, "evaluation", {model, dataset});
    EXPECT_TRUE(wait_until([&] { return job(evaluation).wait_reason == "waiting for the training \"a test\""; }));
    touch(model, "go");
    expect_state(evaluation, JobState::kDone);
    EXPECT_EQ(job(model).state, JobState::kRun);
    const auto task = json::parse(*read_file(task_dir(evaluation, "evaluate") / "task.json"));
    EXPECT_EQ(task["grant"]["weights"], kWeights);
    touch(model, "end");
    expect_state(model, JobState::kDone);
}

TEST_F(ManagerTest, ExtendsAnEndedJobWithAnotherSpecThatOutlivesTheManager) {
    const auto id = submit_script({step("until", "go")}, "model");
    const auto longer = std::make_shared<const json>(json{{"script", {step("touch", "more"), metric(20, 0.5)}}});
    EXPECT_THAT(manager_->extend(id, longer, "longer").error().to_string(), HasSubstr("only a job that has ended"));
    touch(id, "go");
    expect_state(id, JobState::kDone);
    ASSERT_TRUE(manager_->extend(id, longer, "longer"));
    expect_file(id, "more");
    expect_state(id, JobState::kDone);
    EXPECT_EQ(job(id).attempt, 2);
    EXPECT_THAT(states(id), ElementsAre("init", "wait", "run", "done", "wait", "run", "done"));
    stop();
    start();
    EXPECT_EQ(*job(id).spec, *longer);
    EXPECT_THAT(points(id), ElementsAre("20:0.5"));
}

TEST_F(ManagerTest, LinksFilesOfTheDataFolderAndCopiesOthers) {
    const auto source = submit_script({step("touch", "weights")}, "model");
    expect_state(source, JobState::kDone);
    const TemporaryFolder elsewhere;
    std::ofstream(elsewhere.path() / "list.txt") << "a 0\n";
    JobRequest request;
    request.kind = "pretrained";
    request.name = "a test";
    request.spec = std::make_shared<const json>(json{{"script", json::array()}});
    request.files = {{"/weights", file(source, "weights"), "weights"},
                     {"/list", elsewhere.path() / "list.txt", "list.txt"}};
    const auto made = manager_->submit(std::move(request));
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ((*made->spec)["weights"], file(made->id, "uploads/weights").string());
    EXPECT_EQ(fs::hard_link_count(file(made->id, "uploads/weights")), 2U);
    EXPECT_EQ(fs::hard_link_count(file(made->id, "uploads/list.txt")), 1U);
    EXPECT_TRUE(manager_->remove(source));
    EXPECT_TRUE(fs::exists(file(made->id, "uploads/weights")));
    expect_state(made->id, JobState::kDone);
    JobQuery query;
    query.mentions = made->id;
    EXPECT_EQ(manager_->list(query)->total, 1);
    query.mentions = source;
    EXPECT_EQ(manager_->list(query)->total, 0);
}

TEST_F(ManagerTest, RefusesASecondManagerOnTheSameFolder) {
    JobManagerOptions options;
    options.data_dir = folder_.path();
    const auto second = JobManager::create(options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(ManagerTest, RemovesOnlyWhatNobodyNeeds) {
    const auto dataset = submit_script({});
    const auto model = submit_script({step("until", "go")}, "model", {dataset});
    expect_state(model, JobState::kRun);
    EXPECT_THAT(manager_->remove(model).error().to_string(), HasSubstr("Abort it first"));
    EXPECT_THAT(manager_->remove(dataset).error().to_string(), HasSubstr("other jobs need"));
    touch(model, "go");
    expect_state(model, JobState::kDone);
    EXPECT_TRUE(manager_->remove(model));
    EXPECT_TRUE(manager_->remove(dataset));
    EXPECT_FALSE(manager_->get(dataset));
    EXPECT_FALSE(fs::exists(manager_->job_dir(dataset)));
}

TEST_F(ManagerTest, BringsBackFromTheTrashWhatAJobNeeds) {
    const auto dataset = submit_script({});
    const auto model = submit_script({}, "model", {dataset});
    expect_state(model, JobState::kDone);
    EXPECT_THAT(manager_->trash(dataset).error().to_string(), HasSubstr("other jobs need"));
    ASSERT_TRUE(manager_->trash(model));
    ASSERT_TRUE(manager_->trash(dataset)) << "nothing that is in sight needs it";
    for (const auto& id : {dataset, model}) {
        EXPECT_EQ(manager_->get(id).error().code, ErrorCode::kNotFound);
        EXPECT_FALSE(manager_->edit(id, {.name = "x"}));
        EXPECT_FALSE(manager_->resume(id));
        EXPECT_FALSE(manager_->trash(id)) << "it is there already";
        EXPECT_TRUE(manager_->get_trashed(id));
        EXPECT_TRUE(fs::exists(manager_->job_dir(id)));
    }
    EXPECT_EQ(manager_->list({})->total, 0);
    stop();
    start();
    EXPECT_EQ(manager_->list({})->total, 0) << "a new server leaves them there";
    ASSERT_TRUE(manager_->restore(model));
    EXPECT_EQ(manager_->get(model)->state, JobState::kDone);
    EXPECT_EQ(manager_->get(dataset)->state, JobState::kDone);
    EXPECT_EQ(manager_->list({})->total, 2);
    EXPECT_EQ(manager_->restore(model).error().code, ErrorCode::kNotFound);
}

TEST_F(ManagerTest, BringsBackTheEvaluationsThatWentWithAModel) {
    const auto dataset = submit_script({});
    const auto model = submit_script({}, "model", {dataset});
    const auto alone = submit_script({}, "evaluation", {model, dataset});
    const auto along = submit_script({}, "evaluation", {model, dataset});
    // The training wrote no weights that they could evaluate; they have ended all the same.
    expect_state(alone, JobState::kError);
    expect_state(along, JobState::kError);
    ASSERT_TRUE(manager_->trash(alone));
    ASSERT_TRUE(manager_->trash(model));
    EXPECT_FALSE(manager_->get(along)) << "it goes with its model";
    const auto restored = manager_->restore(model);
    ASSERT_TRUE(restored) << restored.error().to_string();
    EXPECT_EQ(restored->id, model);
    EXPECT_TRUE(manager_->get(along));
    EXPECT_FALSE(manager_->get(alone)) << "it was removed for itself";
    EXPECT_TRUE(manager_->restore(alone));
}

TEST_F(ManagerTest, KeepsTheKeyOfTheRequestWithTheJob) {
    JobRequest request;
    request.kind = "dataset";
    request.name = "asked for once";
    request.spec = std::make_shared<const nlohmann::json>(nlohmann::json::object());
    request.key = RequestKey{"ada", "k1", "what was asked"};
    const auto job = manager_->submit(request);
    ASSERT_TRUE(job) << job.error().to_string();
    for (int start_again = 0; start_again < 2; ++start_again) {
        const auto made = manager_->find_made("ada", "k1");
        ASSERT_TRUE(made && *made);
        EXPECT_EQ((*made)->job_id, job->id);
        EXPECT_EQ((*made)->fingerprint, "what was asked");
        EXPECT_FALSE(*manager_->find_made("eve", "k1"));
        EXPECT_FALSE(*manager_->find_made("ada", "k2"));
        if (start_again == 0) {
            stop();
            start();
        }
    }
}

TEST_F(ManagerTest, DoesNotBringBackWithoutWhatAJobNeeds) {
    const auto dataset = submit_script({});
    const auto model = submit_script({}, "model", {dataset});
    expect_state(model, JobState::kDone);
    ASSERT_TRUE(manager_->trash(model));
    ASSERT_TRUE(manager_->remove(dataset));
    EXPECT_THAT(manager_->restore(model).error().to_string(), HasSubstr("which is gone"));
}

TEST_F(ManagerTest, EmptiesTheTrash) {
    stop();
    trash_grace_ = std::chrono::milliseconds(50);
    start();
    const auto dataset = submit_script({});
    expect_state(dataset, JobState::kDone);
    ASSERT_TRUE(manager_->trash(dataset));
    const auto dir = manager_->job_dir(dataset);
    EXPECT_TRUE(wait_until([&] { return !manager_->get_trashed(dataset) && !fs::exists(dir); }));
    EXPECT_EQ(manager_->restore(dataset).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace digits
