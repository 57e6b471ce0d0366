#pragma once

#include <filesystem>
#include <new>
#include <string_view>
#include <system_error>

#include "base/result.hpp"

namespace digits {

/// What `run` returns; the module's one place where exceptions of the standard library become errors. `doing` tells
/// what failed: "create the dataset".
template <class Run>
auto guarded(std::string_view doing, Run run) -> decltype(run()) {
    try {
        return run();
    } catch (const std::filesystem::filesystem_error& error) {
        return fail(errno_error(fmt::format("cannot {}: {}", doing, error.path1().string()), error.code().value()));
    } catch (const std::bad_alloc&) {
        return fail(make_error(ErrorCode::kResourceExhausted, "cannot {}: there is not enough memory", doing)
                        .advise("use fewer threads, or free memory"));
    } catch (const std::system_error& error) {
        return fail(ErrorCode::kResourceExhausted, "cannot {}: no thread can be started: {}", doing, error.what());
    } catch (const std::exception& error) {
        return fail(ErrorCode::kInternal, "cannot {}: {}", doing, error.what());
    }
}

}  // namespace digits
