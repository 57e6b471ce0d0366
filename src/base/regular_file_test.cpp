#include "base/regular_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/file.hpp"
#include "base/named_file.hpp"

namespace digits {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RegularFiles : public testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(root());
        std::ofstream(folder_.path() / "secret") << "secret";
        std::ofstream(root() / "plain") << "plain";
    }
    fs::path root() const { return folder_.path() / "root"; }
    Error error_of(const fs::path& path, const ReadableRoots& roots = {},
                   NameOrigin origin = NameOrigin::kGiven) const {
        const auto file = RegularFile::open(path.string(), roots, origin);
        return file ? make_error(ErrorCode::kInternal, "it was opened") : file.error();
    }

    TemporaryFolder folder_;
};

TEST_F(RegularFiles, AreRead) {
    const auto path = (root() / "plain").string();
    EXPECT_EQ(RegularFile::open(path).value().read(path, 100).value(), "plain");
    EXPECT_EQ(RegularFile::open(path, ReadableRoots({root().string()})).value().read(path, 100).value(), "plain");
    EXPECT_EQ(RegularFile::open(path).value().read(path, 4).error().code, ErrorCode::kTooLarge);
    EXPECT_EQ(error_of(root() / "none").code, ErrorCode::kNotFound);
    fs::create_symlink("plain", root() / "link");
    for (const auto* name : {"plain", "link"}) {
        const auto walked = (root() / name).string();
        EXPECT_EQ(RegularFile::open(walked, {}, NameOrigin::kWalk).value().read(walked, 100).value(), "plain");
    }
}

TEST_F(RegularFiles, NothingElseIsAndNobodyWaits) {
    ASSERT_EQ(::mkfifo((root() / "pipe").c_str(), 0600), 0);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto name = (root() / "socket").string();
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const auto begin = std::chrono::steady_clock::now();
    for (const auto& roots : {ReadableRoots(), ReadableRoots({root().string()})}) {
        EXPECT_THAT(error_of(root() / "pipe", roots).message, HasSubstr("is a pipe, not a file"));
        EXPECT_THAT(error_of(root() / "socket", roots).message, HasSubstr("is a socket, not a file"));
        EXPECT_THAT(error_of(root(), roots).message, HasSubstr("is a folder, not a file"));
    }
    for (const auto* changed : {"pipe", "socket"})
        EXPECT_EQ(error_of(root() / changed, {}, NameOrigin::kWalk).code, ErrorCode::kInvalidArgument);
    fs::create_symlink("/dev/zero", root() / "zeros");
    EXPECT_THAT(error_of(root() / "zeros", {}, NameOrigin::kWalk).message, HasSubstr("is a device, not a file"));
    EXPECT_THAT(error_of("/dev/zero").message, HasSubstr("is a device, not a file"));
    EXPECT_THAT(error_of("/proc/self/environ").message, HasSubstr("belongs to a file system of the kernel"));
    fs::create_symlink("/proc/self/environ", root() / "environment");
    EXPECT_THAT(error_of(root() / "environment").message, HasSubstr("belongs to a file system of the kernel"));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
    ::close(socket);
    // What reads files in general keeps to it.
    EXPECT_EQ(read_file(root() / "pipe").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(RegularFiles, OutsideOfRootsAreNotOpened) {
    const ReadableRoots roots({root().string()});
    fs::create_symlink("plain", root() / "inside");
    fs::create_symlink("../secret", root() / "outside");
    fs::create_symlink(folder_.path(), root() / "up");
    fs::create_directories(folder_.path() / "roots-sibling");
    std::ofstream(folder_.path() / "roots-sibling/x") << "secret";
    EXPECT_TRUE(RegularFile::open((root() / "inside").string(), roots).has_value());
    for (const auto* path :
         {"root/outside", "root/up/secret", "root/../secret", "secret", "roots-sibling/x", "none", "root/../none"}) {
        const auto error = error_of(folder_.path() / path, roots);
        EXPECT_EQ(error.code, ErrorCode::kPermissionDenied) << path;
        EXPECT_THAT(error.message, HasSubstr("is outside the folders that Digits may use")) << path;
    }
    EXPECT_EQ(error_of(root() / "none", roots).code, ErrorCode::kNotFound);
}

/// Somebody exchanges a file of the root for a link to the secret, and back, as fast as he can.
TEST_F(RegularFiles, LinksThatChangeMeanwhileLeadNowhere) {
    const ReadableRoots roots({root().string()});
    const auto name = root() / "moving";
    std::atomic<bool> stop = false;
    std::thread attacker([&] {
        while (!stop) {
            std::ofstream(root() / "a") << "plain";
            fs::rename(root() / "a", name);
            fs::create_symlink("../secret", root() / "b");
            fs::rename(root() / "b", name);
        }
    });
    int read = 0, refused = 0;
    bool stolen = false;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while ((read < 500 || refused < 500) && !stolen && std::chrono::steady_clock::now() < end) {
        const auto bytes = read_named_file(name.string(), 100, roots);
        ++(bytes ? read : refused);
        stolen = bytes && *bytes == "secret";
    }
    stop = true;
    attacker.join();
    EXPECT_FALSE(stolen);
    EXPECT_GT(read, 0);
    EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace digits
