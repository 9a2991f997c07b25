#pragma once
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/kernels/gemm.h"
#include "engine/kernels/targets.h"
#include "tests/support/catch.h"

namespace lehr::test {

// Runs body once per instruction set of this CPU that the kernels were built for.
template <class Body>
void each_target(Body&& body) {
  for (const auto& name : kernel_targets()) {
    use_kernel_target(name);
    INFO("target " << name);
    body();
  }
  use_kernel_target("");
}

// The same numbers in [-scale, scale] for the same seed.
inline std::vector<float> noise(std::size_t n, std::uint64_t seed, float scale = 1) {
  std::vector<float> out(n);
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ull + 1;
  for (float& v : out) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    v = scale * (float(state >> 40) / float(1 << 23) - 1);
  }
  return out;
}

// An activation in double.
inline double value(Activation f, double x, double alpha) {
  switch (f) {
    case Activation::relu:
      return x < 0 ? 0 : x;
    case Activation::leaky_relu:
      return x < 0 ? alpha * x : x;
    case Activation::tanh:
      return std::tanh(x);
    case Activation::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Activation::elu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case Activation::none:
      break;
  }
  return x;
}

}  // namespace lehr::test
