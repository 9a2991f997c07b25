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

double global_norm(std::span<const std::span<float>> gradients, Norm norm) {
  double total = 0;
  for (const auto& g : gradients) {
    if (norm == Norm::l2)
      total += sum_of_squares(g);
    else if (const double largest = max_abs(g); !(largest <= total))
      total = std::isnan(total) ? total : largest;
  }
  return norm == Norm::l2 ? std::sqrt(total) : total;
}

double clip_by_global_norm(std::span<const std::span<float>> gradients, double limit, ClipForm form, Norm kind) {
  const double norm = global_norm(gradients, kind), factor = clip_factor(form, norm, limit);
  if (factor != 1)
    for (const auto& g : gradients) scale(g, float(factor));
  return norm;
}

void clip_by_norm(std::span<float> gradient, double limit) {
  const double norm = std::sqrt(sum_of_squares(gradient));
  if (norm > limit) scale(gradient, float(limit / norm));
}

void clip_by_rms(std::span<float> gradient, double limit) { clip_by_norm(gradient, limit * std::sqrt(static_cast<double>(gradient.size()))); }

namespace {
// What a unit's gradient of squared norm gg is multiplied by.
float adaptive_factor(double gg, double ww, double limit, double epsilon) {
  constexpr double smallest = 1e-6;  // optax' bound on the divisor
  const double norm = std::sqrt(gg), most = limit * std::max(std::sqrt(ww), epsilon);
  return norm < most ? 1.0f : float(most / std::max(norm, smallest));
}

void clip_columns(std::span<float> g, std::span<const float> w, std::size_t columns, double limit, double epsilon) {
  constexpr std::size_t block = 64;
  for (std::size_t begin = 0; begin < columns; begin += block) {
    const std::size_t count = std::min(block, columns - begin);
    double gg[block] = {}, ww[block] = {};
    for (std::size_t at = begin; at < g.size(); at += columns)
      for (std::size_t j = 0; j < count; ++j) gg[j] += double{g[at + j]} * double{g[at + j]}, ww[j] += double{w[at + j]} * double{w[at + j]};
    float factor[block];
    bool any = false;
    for (std::size_t j = 0; j < count; ++j) factor[j] = adaptive_factor(gg[j], ww[j], limit, epsilon), any |= factor[j] != 1;
    if (!any) continue;
    for (std::size_t at = begin; at < g.size(); at += columns)
      for (std::size_t j = 0; j < count; ++j) g[at + j] *= factor[j];
  }
}
}  // namespace

void clip_adaptive(std::span<float> gradient, std::span<const float> w, std::span<const std::int64_t> shape, Units units, double limit, double epsilon) {
  if (gradient.empty()) return;
  const bool whole = std::ranges::count_if(shape, [](std::int64_t n) { return n != 1; }) <= 1;
  if (!whole && units == Units::last) return clip_columns(gradient, w, static_cast<std::size_t>(shape.back()), limit, epsilon);
  const std::size_t length = whole ? gradient.size() : gradient.size() / static_cast<std::size_t>(shape.front());
  for (std::size_t at = 0; at < gradient.size(); at += length) {
    const auto g = gradient.subspan(at, length);
    const float factor = adaptive_factor(sum_of_squares(g), sum_of_squares(w.subspan(at, length)), limit, epsilon);
    if (factor != 1) scale(g, factor);
  }
}

void clip_by_value(std::span<float> gradient, double limit) { clamp(gradient, float(limit)); }

}  // namespace lehr
