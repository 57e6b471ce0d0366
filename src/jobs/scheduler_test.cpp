#include "jobs/scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace digits {
namespace {

using testing::ElementsAre;

JobKind kind(const char* noun, const char* pool, DeviceUse devices = DeviceUse::kNone) {
    return {.name = noun, .worker_kind = noun, .noun = noun, .pool = pool, .devices = devices};
}
const JobKind kDataset = kind("dataset", "dataset");
const JobKind kImport = kind("import", "dataset");
const JobKind kTraining = kind("training", "train", DeviceUse::kOwn);
const JobKind kEvaluation = kind("evaluation", "evaluate", DeviceUse::kIdle);

TEST(Scheduler, GivesTheSlotsOfAPoolToAllItsKinds) {
    Scheduler scheduler({{{"dataset", 2}}, {}});
    EXPECT_TRUE(scheduler.place("a", kDataset).placement);
    EXPECT_TRUE(scheduler.place("b", kImport).placement);
    EXPECT_EQ(scheduler.place("c", kDataset).wait_reason, "waiting for another dataset to finish");
    EXPECT_EQ(scheduler.slots(kImport).used, 2);
    scheduler.release("a");
    EXPECT_TRUE(scheduler.place("c", kDataset).placement);
}

TEST(Scheduler, APoolThatIsNotNamedHasOneSlot) {
    Scheduler scheduler({});
    EXPECT_TRUE(scheduler.place("a", kTraining).placement);
    EXPECT_EQ(scheduler.place("b", kTraining).wait_reason, "waiting for another training to finish");
}

TEST(Scheduler, GivesEachTrainingADeviceOfItsOwnWhereThereAreDevices) {
    Scheduler scheduler({{{"train", 1}}, {"0", "1"}});
    EXPECT_EQ(scheduler.slots(kTraining).total, 2);
    EXPECT_THAT(scheduler.place("a", kTraining).placement->devices, ElementsAre("0"));
    EXPECT_THAT(scheduler.place("b", kTraining).placement->devices, ElementsAre("1"));
    EXPECT_EQ(scheduler.place("c", kTraining).wait_reason, "waiting for a free GPU");
    scheduler.release("a");
    EXPECT_THAT(scheduler.place("c", kTraining).placement->devices, ElementsAre("0"));
}

TEST(Scheduler, AnEvaluationTakesAnIdleDeviceAndElseTheCpu) {
    Scheduler scheduler({{{"evaluate", 2}}, {"0"}});
    EXPECT_THAT(scheduler.place("a", kEvaluation).placement->devices, ElementsAre("0"));
    EXPECT_THAT(scheduler.place("b", kEvaluation).placement->devices, ElementsAre());
    EXPECT_EQ(scheduler.place("c", kTraining).wait_reason, "waiting for a free GPU") << "the evaluation has it";
    scheduler.release("a");
    EXPECT_TRUE(scheduler.place("c", kTraining).placement);
}

TEST(Scheduler, ATrainingGetsTheDeviceThatItAsksFor) {
    Scheduler scheduler({{{"train", 1}}, {"0", "GPU-7"}});
    EXPECT_THAT(scheduler.place("a", kTraining, "cuda:1").placement->devices, ElementsAre("GPU-7"));
    EXPECT_EQ(scheduler.place("b", kTraining, "cuda:1").wait_reason, "waiting for the device cuda:1 to become free");
    EXPECT_THAT(scheduler.place("c", kTraining, "cpu").placement->devices, ElementsAre());
    EXPECT_EQ(scheduler.place("d", kTraining, "cpu").wait_reason, "waiting for another training on the CPU to finish");
    EXPECT_THAT(scheduler.place("d", kTraining).placement->devices, ElementsAre("0"));
    EXPECT_EQ(scheduler.place("e", kTraining, "cuda:2").wait_reason,
              "waiting for the device cuda:2, which is not there");
}

TEST(JobResources, SaysWhichDevicesThereAre) {
    const JobResources two{{}, {"0", "1"}};
    for (const auto* wanted : {"", "cpu", "cuda:0", "cuda:1"}) EXPECT_TRUE(two.check_device(wanted)) << wanted;
    EXPECT_EQ(two.check_device("cuda:2").error().message,
              "There is no device \"cuda:2\"; choose cpu, or cuda:0 to cuda:1");
    for (const auto* wanted : {"gpu", "cuda:", "cuda:1x", "cuda:-1", "CPU"})
        EXPECT_FALSE(two.check_device(wanted)) << wanted;
    EXPECT_EQ(JobResources{}.check_device("cuda:0").error().message,
              "There is no device \"cuda:0\": this machine has no GPU, only cpu");
}

TEST(Scheduler, CountsWhatRunsAlready) {
    Scheduler scheduler({{}, {"0"}});
    scheduler.hold("a", kTraining, {"", {"0"}, 1});
    scheduler.hold("b", kTraining, {"", {"7"}, 1});
    EXPECT_EQ(scheduler.slots(kTraining).used, 2);
    EXPECT_FALSE(scheduler.place("c", kTraining).placement);
    scheduler.release("b");
    EXPECT_FALSE(scheduler.place("c", kTraining).placement);
    scheduler.release("a");
    EXPECT_TRUE(scheduler.place("c", kTraining).placement);
}

TEST(Scheduler, OldestJobsComeFirst) {
    Job older, newer, same;
    older.id = "b";
    older.created = 1;
    newer.id = "a";
    newer.created = 2;
    same.id = "c";
    same.created = 1;
    std::vector<const Job*> waiting{&newer, &same, &older};
    sort_queue(waiting);
    EXPECT_THAT(waiting, ElementsAre(&older, &same, &newer));
}

}  // namespace
}  // namespace digits
