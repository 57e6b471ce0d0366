#pragma once

#include <string_view>

namespace digits {

/// The instruction sets that kernels are compiled for. Each one includes those before it.
enum class InstructionSet {
    kBaseline,    ///< what the compiler may use on every processor: SSE2 on x86-64
    kAvx2,        ///< AVX2 and FMA: vectors of 8 floats
    kAvx512,      ///< AVX-512 F, BW, DQ and VL: vectors of 16 floats
    kAvx512Bf16,  ///< AVX512_BF16: conversion of float to bf16
    kAmx,         ///< AMX-TILE and AMX-BF16: products of bf16 tiles
};
inline constexpr InstructionSet kInstructionSets[]{InstructionSet::kBaseline, InstructionSet::kAvx2,
                                                   InstructionSet::kAvx512, InstructionSet::kAvx512Bf16,
                                                   InstructionSet::kAmx};

std::string_view instruction_set_name(InstructionSet set);

/// Whether kernels use this set: the processor has it, and limit_instruction_set() allows it. The first question for
/// kAmx asks the operating system for the tile registers.
bool has_instruction_set(InstructionSet set);
inline bool has_avx2() { return has_instruction_set(InstructionSet::kAvx2); }
inline bool has_avx512() { return has_instruction_set(InstructionSet::kAvx512); }
inline bool has_avx512_bf16() { return has_instruction_set(InstructionSet::kAvx512Bf16); }
inline bool has_amx() { return has_instruction_set(InstructionSet::kAmx); }

/// For tests: kernels use no set above `most`. Must not be called while kernels run.
void limit_instruction_set(InstructionSet most);

bool is_intel_processor();

}  // namespace digits
