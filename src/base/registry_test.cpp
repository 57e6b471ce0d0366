#include "base/registry.hpp"

#include <gmock/gmock.h>

namespace digits {
namespace {

struct Described {
    std::string_view name;
};
class Spoken {
  public:
    explicit Spoken(std::string name) : name_(std::move(name)) {}
    std::string_view name() const { return name_; }

  private:
    std::string name_;
};

constexpr Described kFolder{"folder"}, kLists{"lists"};

TEST(Registry, finds_by_name_and_keeps_the_order) {
    Registry<Described> registry{&kFolder, &kLists};
    EXPECT_EQ(registry.find("lists"), &kLists);
    EXPECT_EQ(registry.find("list"), nullptr);
    EXPECT_THAT(registry.all(), testing::ElementsAre(&kFolder, &kLists));
    EXPECT_EQ(registry.names(), "folder, lists");
}

TEST(Registry, takes_entries_of_classes_later) {
    const Spoken one("one"), two("two");
    Registry<Spoken> registry{&one};
    EXPECT_EQ(registry.find("two"), nullptr);
    registry.add(two);
    EXPECT_EQ(registry.find("two"), &two);
}

TEST(RegistryDeathTest, refuses_a_name_twice) {
    Registry<Described> registry{&kFolder};
    constexpr Described kAgain{"folder"};
    EXPECT_DEATH(registry.add(kAgain), "");
}

}  // namespace
}  // namespace digits
