#pragma once
// Included before Highway in every file of kernels: which Highway targets are built. AVX-512, AVX2, SSE4 and the compiler's own
// baseline (x86); the in-between ones (bits 0-7 and 12 are x86 targets beyond AVX3, and SSSE3) would only cost build time.
#define HWY_DISABLED_TARGETS ((1LL << 12) | 0xFFLL)
