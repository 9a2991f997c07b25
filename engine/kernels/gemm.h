#pragma once
#include <cstddef>
#include <cstdint>

namespace lehr {

// What follows a dense layer; alpha is the slope of leaky_relu and the scale of elu.
enum class Activation : std::uint8_t { none, relu, leaky_relu, tanh, sigmoid, elu };

// C[m,n] = act(scale * op(A)[m,k] * op(B)[k,n] + bias[n] + (add ? C : 0)), row-major, ld in floats. op(A) = A[m,k], or
// A[k,m] transposed; B likewise. bias may be null. C overlaps neither A, B nor scratch. k = 0 gives a zero product.
struct GemmArgs {
  std::int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  std::int64_t lda = 0;
  bool trans_a = false;
  const float* b = nullptr;
  std::int64_t ldb = 0;
  bool trans_b = false;
  float* c = nullptr;
  std::int64_t ldc = 0;
  const float* bias = nullptr;
  bool add = false;
  Activation activation = Activation::none;
  float scale = 1, alpha = 0;
  float* scratch = nullptr;  // gemm_scratch() floats, any alignment
};

// For layers up to about 64x128x128 (B is not packed beyond a transpose). The sum over k runs in a fixed order for given
// sizes and CPU target, so repeats are bitwise equal. Never allocates.
using GemmFn = void (*)(const GemmArgs&);
GemmFn gemm_kernel();                            // for this CPU; look it up once
std::size_t gemm_scratch(const GemmArgs& args);  // floats; looks at sizes, ld and flags, not at pointers
inline void gemm(const GemmArgs& args) { gemm_kernel()(args); }

}  // namespace lehr
