#include "kernels/isa/instruction_set.hpp"

#include "kernels/isa/simd.hpp"

#if defined(DIGITS_X86_KERNELS) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace digits {
namespace {

InstructionSet limit = InstructionSet::kAmx;

#ifdef DIGITS_X86_KERNELS
bool request_tile_registers() {
#ifdef __linux__
    // arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA): Linux enables the tile registers only on request.
    return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
           syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
    return false;
#endif
}

bool processor_has(InstructionSet set) {
    switch (set) {
        case InstructionSet::kBaseline: return true;
        case InstructionSet::kAvx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        case InstructionSet::kAvx512:
            return processor_has(InstructionSet::kAvx2) && __builtin_cpu_supports("avx512f") &&
                   __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                   __builtin_cpu_supports("avx512vl");
        case InstructionSet::kAvx512Bf16:
            return processor_has(InstructionSet::kAvx512) && __builtin_cpu_supports("avx512bf16");
        case InstructionSet::kAmx: {
            static const bool has = processor_has(InstructionSet::kAvx512Bf16) && request_tile_registers();
            return has;
        }
    }
    return false;
}
#else
bool processor_has(InstructionSet set) { return set == InstructionSet::kBaseline; }
#endif

}  // namespace

std::string_view instruction_set_name(InstructionSet set) {
    switch (set) {
        case InstructionSet::kBaseline: return "baseline";
        case InstructionSet::kAvx2: return "AVX2";
        case InstructionSet::kAvx512: return "AVX-512";
        case InstructionSet::kAvx512Bf16: return "AVX512_BF16";
        case InstructionSet::kAmx: return "AMX";
    }
    return "?";
}

bool has_instruction_set(InstructionSet set) { return set <= limit && processor_has(set); }

void limit_instruction_set(InstructionSet most) { limit = most; }

bool is_intel_processor() {
#ifdef DIGITS_X86_KERNELS
    return __builtin_cpu_is("intel");
#else
    return false;
#endif
}

}  // namespace digits
