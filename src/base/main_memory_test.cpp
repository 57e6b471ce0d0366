#include "base/main_memory.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/file.hpp"

namespace digits {
namespace {

constexpr std::int64_t kMega = 1 << 20;

class MainMemoryTest : public testing::Test {
  protected:
    void SetUp() override {
        write("proc/meminfo", "MemTotal:       8192000 kB\nMemFree:  10 kB\nMemAvailable:   4096000 kB\n");
    }
    void write(const std::string& name, const std::string& text) const {
        const auto file = system_.path() / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    MemoryRoom room() const { return main_memory(system_.path()); }

    TemporaryFolder system_;
};

TEST_F(MainMemoryTest, IsTheMachinesWithoutGroups) {
    EXPECT_EQ(room().free, 4000 * kMega);
    EXPECT_EQ(room().total, 8000 * kMega);
}

TEST_F(MainMemoryTest, IsNotKnownWithoutProc) {
    const TemporaryFolder nothing;
    EXPECT_EQ(main_memory(nothing.path()).free, 0);
    EXPECT_EQ(main_memory(nothing.path()).total, 0);
}

TEST_F(MainMemoryTest, IsLimitedByTheGroupAndThoseAboveIt) {
    write("proc/self/cgroup", "0::/outer/inner\n");
    write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
    write("sys/fs/cgroup/outer/inner/memory.current", std::to_string(10 * kMega));
    EXPECT_EQ(room().free, 4000 * kMega);
    write("sys/fs/cgroup/outer/memory.max", std::to_string(1000 * kMega));
    write("sys/fs/cgroup/outer/memory.current", std::to_string(700 * kMega));
    EXPECT_EQ(room().free, 300 * kMega);
    EXPECT_EQ(room().total, 1000 * kMega);
}

TEST_F(MainMemoryTest, CountsFileCacheAsFree) {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/memory.max", std::to_string(1000 * kMega));
    write("sys/fs/cgroup/memory.current", std::to_string(900 * kMega));
    write("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file " + std::to_string(500 * kMega) + "\nactive_file " +
                                           std::to_string(100 * kMega) + "\n");
    EXPECT_EQ(room().free, 700 * kMega);
}

TEST_F(MainMemoryTest, KnowsGroupsOfVersionOneInsideAContainer) {
    write("proc/self/cgroup", "5:cpu:/docker/1\n4:memory:/docker/1\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", std::to_string(512 * kMega));
    write("sys/fs/cgroup/memory/memory.usage_in_bytes", std::to_string(12 * kMega));
    EXPECT_EQ(room().free, 500 * kMega);
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
    EXPECT_EQ(room().free, 4000 * kMega) << "no limit";
}

}  // namespace
}  // namespace digits
