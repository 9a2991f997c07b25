#pragma once

// Benchmarks whose names come from tables. One function a file.
namespace lehr::bench {
void register_compile();
void register_kernels();
void register_optimizers();
}  // namespace lehr::bench
