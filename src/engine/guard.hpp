#pragma once

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <string>

#include "base/result.hpp"
#include "engine/net/layer.hpp"

namespace digits {

/// Runs `work` without autograd; what it throws becomes a Status. The one place where the engine's exceptions end.
template <class Work>
Status guarded(Work&& work) {
    try {
        c10::InferenceMode mode;
        work();
        return {};
    } catch (EngineError& failure) {
        return fail(std::move(failure.error));
    } catch (const c10::OutOfMemoryError& failure) {
        return fail(
            make_error(ErrorCode::kResourceExhausted, "out of memory on the GPU: {}", failure.what_without_backtrace())
                .advise("Use a smaller batch size (batch accumulation keeps the effective one)"));
    } catch (const c10::Error& failure) {
        const std::string text = failure.what_without_backtrace();
        const bool memory =
            text.find("not enough memory") != std::string::npos || text.find("alloc") != std::string::npos;
        return memory ? fail(make_error(ErrorCode::kResourceExhausted, "out of memory: {}", text)
                                 .advise("Use a smaller batch size (batch accumulation keeps the effective one)"))
                      : fail(ErrorCode::kInternal, "{}", text);
    } catch (const std::bad_alloc&) {
        return fail(make_error(ErrorCode::kResourceExhausted, "out of memory")
                        .advise("Use a smaller batch size (batch accumulation keeps the effective one)"));
    } catch (const std::exception& failure) {
        return fail(ErrorCode::kInternal, "{}", failure.what());
    }
}

/// Puts the layer's name in front of what `work` throws.
template <class Work>
void in_layer(const std::string& name, Work&& work) {
    const auto rethrow = [&](ErrorCode code, const std::string& text) {
        throw EngineError{make_error(code, "[{}] {}", name, text)};
    };
    try {
        work();
    } catch (EngineError& failure) {
        failure.error.message = "[" + name + "] " + failure.error.message;
        throw;
    } catch (const c10::OutOfMemoryError&) {
        throw;
    } catch (const c10::Error& failure) {
        rethrow(ErrorCode::kInternal, failure.what_without_backtrace());
    }
}

}  // namespace digits
