#include "engine/block_cache.hpp"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>

#include "engine/free_blocks.hpp"

namespace digits {
namespace {

/// Before each tensor stands the block's size; this much keeps the alignment that libtorch wants.
constexpr std::size_t kHeader = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

class BlockCache final : public c10::Allocator {
    using Free = FreeBlocks<char*>;

  public:
    explicit BlockCache(c10::Allocator* small) : small_(small) {}

    c10::DataPtr allocate(std::size_t bytes) override {
        char* block = bytes < kLeastBlockBytes ? take_small(bytes) : take(block_size(bytes));
        void* data = block + kHeader;
        return {data, data, &free_data, c10::Device(c10::DeviceType::CPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return &free_data; }
    void copy_data(void* to, const void* from, std::size_t count) const override { std::memcpy(to, from, count); }

    std::size_t bytes() {
        const std::lock_guard lock(mutex_);
        return bytes_;
    }

    static BlockCache*& instance() {
        static BlockCache* cache = nullptr;
        return cache;
    }

  private:
    static void free_data(void* data) {
        if (data == nullptr) return;
        char* block = static_cast<char*>(data) - kHeader;
        std::size_t size = 0;
        std::memcpy(&size, block, sizeof(size));
        if (size == 0) {
            instance()->small_->raw_deallocate(block);
        } else {
            instance()->give(block, size);
        }
    }

    char* take_small(std::size_t bytes) {
        auto* block = static_cast<char*>(small_->raw_allocate(bytes + kHeader));
        std::memset(block, 0, sizeof(std::size_t));
        return block;
    }

    char* take(std::size_t size) {
        const std::lock_guard lock(mutex_);
        const auto choice = free_.choose(size);
        if (choice.how == Free::How::kTake) return choice.block;
        if (choice.how == Free::How::kGrow) {
            void* grown = mremap(choice.block, choice.size, size, MREMAP_MAYMOVE);
            if (grown != MAP_FAILED) {
                bytes_ += size - choice.size;
                ask_for_huge_pages(grown, size);
                return label(grown, size);
            }
            free_.give(choice.size, choice.block);
        }
        char* fresh = map(size);
        bytes_ += size;
        return label(fresh, size);
    }

    void give(char* block, std::size_t size) {
        const std::lock_guard lock(mutex_);
        free_.give(size, block);
    }

    /// Fresh zeroed pages. Those of a large block begin where a huge page can.
    static char* map(std::size_t size) {
        const std::size_t more = size >= kHugePage ? kHugePage : 0;
        void* mapped = mmap(nullptr, size + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED) throw std::bad_alloc();
        auto* begin = static_cast<char*>(mapped);
        if (more == 0) return begin;
        const std::size_t before = (kHugePage - reinterpret_cast<std::uintptr_t>(begin) % kHugePage) % kHugePage;
        if (before > 0) munmap(begin, before);
        if (before < more) munmap(begin + before + size, more - before);
        ask_for_huge_pages(begin + before, size);
        return begin + before;
    }

    /// A large block takes hundreds of pages at a time, whose addresses a processor finds slowly: passes over memory
    /// are a fifth to a half faster on huge ones. Where the system gives none, all stays as it is.
    static void ask_for_huge_pages(void* block, std::size_t size) {
        if (size >= kHugePage) madvise(block, size, MADV_HUGEPAGE);
    }

    static char* label(void* block, std::size_t size) {
        std::memcpy(block, &size, sizeof(size));
        return static_cast<char*>(block);
    }

    c10::Allocator* const small_;
    std::mutex mutex_;
    Free free_;
    std::size_t bytes_ = 0;
};

}  // namespace

std::size_t block_size(std::size_t bytes) {
    constexpr std::size_t kPage = 4096;
    return (bytes + kHeader + kPage - 1) / kPage * kPage;
}

void use_block_cache() {
    static std::once_flag once;
    std::call_once(once, [] {
        // Never destroyed: tensors may outlive everything.
        BlockCache::instance() = new BlockCache(c10::GetCPUAllocator());
        c10::SetCPUAllocator(BlockCache::instance(), 255);
    });
}

std::size_t block_cache_bytes() { return BlockCache::instance() ? BlockCache::instance()->bytes() : 0; }

}  // namespace digits
