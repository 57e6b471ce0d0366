#pragma once

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <new>
#include <stdexcept>
#include <string>

#include "base/result.hpp"
#include "engine/net/layer.hpp"

namespace digits {

/// What ATen says, as an Error: kResourceExhausted with the size where memory is lacking, else kInternal.
Error engine_error(const c10::Error& failure);
/// What the standard library throws for what no memory can hold.
Error out_of_memory();

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
        return fail(engine_error(failure));
    } catch (const std::bad_alloc&) {
        return fail(out_of_memory());
    } catch (const std::length_error&) {
        return fail(out_of_memory());
    } catch (const std::exception& failure) {
        return fail(ErrorCode::kInternal, "{}", failure.what());
    }
}

/// Puts the layer's name in front of what `work` throws.
template <class Work>
void in_layer(const std::string& name, Work&& work) {
    const auto rethrow = [&](Error error) {
        error.message = "[" + name + "] " + error.message;
        throw EngineError{std::move(error)};
    };
    try {
        work();
    } catch (EngineError& failure) {
        failure.error.message = "[" + name + "] " + failure.error.message;
        throw;
    } catch (const c10::OutOfMemoryError&) {
        throw;
    } catch (const c10::Error& failure) {
        rethrow(engine_error(failure));
    } catch (const std::bad_alloc&) {
        rethrow(out_of_memory());
    } catch (const std::length_error&) {
        rethrow(out_of_memory());
    }
}

}  // namespace digits
