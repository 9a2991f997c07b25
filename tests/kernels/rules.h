#pragma once
#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/kernels/update.h"
#include "tests/kernels/reference.h"

// An update rule against its formula in double, element by element, for odd lengths and several steps.
namespace lehr::test {

// One element in double: w and its states after a step with gradient g.
using Formula = std::function<void(double& w, double g, std::vector<double>& s)>;
using Kernel = std::function<void(const Spans&)>;

inline void compare(const std::string& name, std::size_t states, const Kernel& kernel, const Formula& formula) {
  each_target([&] {
    for (const std::size_t n : {1, 3, 7, 8, 9, 15, 16, 17, 31, 40, 64, 70, 150}) {
      std::vector<float> w = noise(n + 1, 1, 2);
      std::vector<std::vector<float>> state(states, std::vector<float>(n + 1, 0.0f));
      std::vector<double> want(w.begin(), w.end());
      std::vector<std::vector<double>> want_state(n, std::vector<double>(states));
      const float after = w[n];
      double worst = 0;
      for (std::uint64_t t = 1; t <= 5; ++t) {
        const auto g = noise(n, 10 + t);
        std::vector<float*> pointers;
        for (auto& s : state) pointers.push_back(s.data());
        kernel({w.data(), g.data(), pointers.data(), n});
        for (std::size_t i = 0; i < n; ++i) {
          formula(want[i], g[i], want_state[i]);
          worst = std::max(worst, std::abs(w[i] - want[i]));
          for (std::size_t k = 0; k < states; ++k) worst = std::max(worst, std::abs(state[k][i] - want_state[i][k]));
        }
      }
      INFO(name << " n " << n);
      CHECK(worst < 3e-6);
      CHECK(w[n] == after);
      for (const auto& s : state) CHECK(s[n] == 0);
    }
  });
}

// g + l2 w, then w = keep w.
inline double decay(double& w, double g, const Decay& d) {
  const double total = g + double(d.l2) * w;
  w *= d.keep;
  return total;
}
inline void toward(double& mean, double value, double share) { mean += (value - mean) * share; }

template <class Rule>
Rule decayed(Rule rule) {
  rule.l2 = 0.03f, rule.keep = 0.98f;
  return rule;
}

}  // namespace lehr::test
