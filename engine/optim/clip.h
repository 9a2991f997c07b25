#pragma once
#include <cstdint>
#include <span>

namespace lehr {

// By what gradients of norm n are multiplied where `limit` is allowed:
//   torch  min(1, limit/(n + 1e-6))     the default: also n just below the limit shrinks by 1e-6/n
//   keras  limit min(1/n, 1/limit)
//   optax  1 where n < limit, else limit/n
// A norm that is not finite gives a factor that is NaN or 0: look at the norm first.
enum class ClipForm { torch, keras, optax };
double clip_factor(ClipForm form, double norm, double limit);

// The norm over all spans together (sums in double), and what clip_by_global_norm returns: the norm before.
enum class Norm { l2, max };  // max: the largest magnitude
double global_norm(std::span<const std::span<float>> gradients, Norm norm = Norm::l2);
double clip_by_global_norm(std::span<const std::span<float>> gradients, double limit, ClipForm form = ClipForm::torch, Norm norm = Norm::l2);
// Each tensor by its own norm: g limit/max(n, limit).
void clip_by_norm(std::span<float> gradient, double limit);
// Each tensor by its root mean square: g / max(1, rms(g)/limit) (optax.clip_by_block_rms).
void clip_by_rms(std::span<float> gradient, double limit);
// Every element to [-limit, limit].
void clip_by_value(std::span<float> gradient, double limit);

// Adaptive clipping (Brock et al. 2021, arXiv:2102.06171): the gradient of each output unit of a layer to at most
// limit max(|w|, epsilon), w the unit's weights. Units lie along the first axis (Conv, Gemm with transB) or the last one (MatMul);
// a tensor of one axis, or with one axis longer than 1, is one unit.
enum class Units { first, last };
void clip_adaptive(std::span<float> gradient, std::span<const float> w, std::span<const std::int64_t> shape, Units units, double limit, double epsilon = 1e-3);

}  // namespace lehr
