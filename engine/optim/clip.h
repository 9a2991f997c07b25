#pragma once
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
double global_norm(std::span<const std::span<float>> gradients);
double clip_by_global_norm(std::span<const std::span<float>> gradients, double limit, ClipForm form = ClipForm::torch);
// Each span by its own norm: g limit/max(n, limit).
void clip_by_norm(std::span<float> gradient, double limit);
// Every element to [-limit, limit].
void clip_by_value(std::span<float> gradient, double limit);

}  // namespace lehr
