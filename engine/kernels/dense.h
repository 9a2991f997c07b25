#pragma once
#include <cstdint>

#include "engine/kernels/gemm.h"

namespace lehr {

// db[cols] (+)= the column sums of dy[rows,cols], dense. Partial sums of 64 rows, added with compensation.
using BiasGradFn = void (*)(const float* dy, std::int64_t rows, std::int64_t cols, float* db, bool add);
BiasGradFn bias_grad_kernel();

// dx[n] (+)= dy * f'(y), f' told from y = f(x) (alpha >= 0). dx may be dy.
using ActivationBackwardFn = void (*)(Activation f, float alpha, const float* y, const float* dy, float* dx, std::int64_t n, bool add);
ActivationBackwardFn activation_backward_kernel();

// Both in one pass: dx[rows,cols] = dy * f'(y), db[cols] (+)= the column sums of dx. dx may be dy.
using ActivationBiasGradFn = void (*)(Activation f, float alpha, const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t cols, float* db,
                                      bool add);
ActivationBiasGradFn activation_bias_grad_kernel();

}  // namespace lehr
