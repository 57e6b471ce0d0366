#pragma once

namespace digits {

/// Loads CUDA's part of libtorch where the one beside the program has it: a program that was linked to a libtorch for
/// CPUs then finds GPUs with one for CUDA of the same version. Nothing refers to that part by name; without it no CUDA
/// kernel is registered.
void load_cuda();

}  // namespace digits
