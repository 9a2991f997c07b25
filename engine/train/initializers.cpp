#include "engine/train/initializers.h"

#include <algorithm>
#include <cmath>

namespace lehr {

namespace {
using Out = std::span<float>;

void uniform(Out out, double a, Random& random) {
  for (float& v : out) v = static_cast<float>((2 * random.uniform() - 1) * a);
}
void normal(Out out, double s, Random& random) {
  for (float& v : out) v = static_cast<float>(random.normal() * s);
}
// Cut at two deviations and rescaled to deviation s, as Keras does.
void truncated(Out out, double s, Random& random) {
  const double scaled = s / 0.87962566103423978;  // deviation of a standard normal cut at +-2
  for (float& v : out) {
    double z = random.normal();
    while (std::fabs(z) > 2) z = random.normal();
    v = static_cast<float>(z * scaled);
  }
}

// The variances.
double glorot(const InitSite& s) { return 2 / (s.fan_in + s.fan_out); }
double he(const InitSite& s) { return 2 / s.fan_in; }
double lecun(const InitSite& s) { return 1 / s.fan_in; }

template <double variance(const InitSite&)>
void uniform_of(Out out, const InitSite& s, Random& random) { uniform(out, std::sqrt(3 * variance(s)), random); }
template <double variance(const InitSite&)>
void normal_of(Out out, const InitSite& s, Random& random) { truncated(out, std::sqrt(variance(s)), random); }

constexpr double keras = 0.05;  // of RandomNormal and RandomUniform
}  // namespace

const InitializerTable& standard_initializers() {
  static const InitializerTable table = [] {
    InitializerTable t("initializer");
    t.add("glorot_uniform", {"uniform in +-sqrt(6 / (fan_in + fan_out)); biases 0", true, {}, uniform_of<glorot>});
    t.add("glorot_normal", {"normal of deviation sqrt(2 / (fan_in + fan_out)), cut at two deviations; biases 0", true, {}, normal_of<glorot>});
    t.add("he_uniform", {"uniform in +-sqrt(6 / fan_in); biases 0", true, {}, uniform_of<he>});
    t.add("he_normal", {"normal of deviation sqrt(2 / fan_in), cut at two deviations; biases 0", true, {}, normal_of<he>});
    t.add("lecun_uniform", {"uniform in +-sqrt(3 / fan_in); biases 0", true, {}, uniform_of<lecun>});
    t.add("lecun_normal", {"normal of deviation sqrt(1 / fan_in), cut at two deviations; biases 0", true, {}, normal_of<lecun>});
    t.add("normal",
          {"normal(s): deviation s, 0.05 if left out", false, {keras}, [](Out out, const InitSite& s, Random& r) { normal(out, s.arguments[0], r); }});
    t.add("uniform",
          {"uniform(a): in [-a, a], 0.05 if left out", false, {keras}, [](Out out, const InitSite& s, Random& r) { uniform(out, s.arguments[0], r); }});
    t.add("zeros", {"0", false, {}, [](Out out, const InitSite&, Random&) { std::ranges::fill(out, 0.0f); }});
    t.add("ones", {"1", false, {}, [](Out out, const InitSite&, Random&) { std::ranges::fill(out, 1.0f); }});
    return t;
  }();
  return table;
}

}  // namespace lehr
