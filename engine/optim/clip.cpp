#include "engine/optim/clip.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/reduce.h"

namespace lehr {

double clip_factor(ClipForm form, double norm, double limit) {
  switch (form) {
    case ClipForm::torch:
      return std::min(1.0, limit / (norm + 1e-6));
    case ClipForm::keras:
      return limit * std::min(1 / norm, 1 / limit);
    case ClipForm::optax:
      break;
  }
  return norm < limit ? 1.0 : limit / norm;
}

double global_norm(std::span<const std::span<float>> gradients) {
  double sum = 0;
  for (const auto& g : gradients) sum += sum_of_squares(g);
  return std::sqrt(sum);
}

double clip_by_global_norm(std::span<const std::span<float>> gradients, double limit, ClipForm form) {
  const double norm = global_norm(gradients), factor = clip_factor(form, norm, limit);
  if (factor != 1)
    for (const auto& g : gradients) scale(g, float(factor));
  return norm;
}

void clip_by_norm(std::span<float> gradient, double limit) {
  const double norm = std::sqrt(sum_of_squares(gradient));
  if (norm > limit) scale(gradient, float(limit / norm));
}

void clip_by_value(std::span<float> gradient, double limit) { clamp(gradient, float(limit)); }

}  // namespace lehr
