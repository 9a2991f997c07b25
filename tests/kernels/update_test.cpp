// Every update rule against its formula in double, element by element, for odd lengths and several steps.
#include "engine/kernels/update.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "tests/kernels/reference.h"

using namespace lehr;
using test::noise;

namespace {

// One element in double: w and its states after a step with gradient g.
using Formula = std::function<void(double& w, double g, std::vector<double>& s)>;
using Kernel = std::function<void(const Spans&)>;

void compare(const std::string& name, std::size_t states, const Kernel& kernel, const Formula& formula) {
  test::each_target([&] {
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
double decay(double& w, double g, const Decay& d) {
  const double total = g + double(d.l2) * w;
  w *= d.keep;
  return total;
}
void toward(double& mean, double value, double share) { mean += (value - mean) * share; }

template <class Rule>
Rule decayed(Rule rule) {
  rule.l2 = 0.03f, rule.keep = 0.98f;
  return rule;
}

}  // namespace

TEST_CASE("momentum rule", "[kernels]") {
  MomentumRule r = decayed(MomentumRule{});
  r.mu = 0.9f, r.a = -0.1f, r.p = 0.7f, r.q = -0.05f;
  compare(
      "momentum", 1, [&](const Spans& s) { update(s, r); },
      [&](double& w, double g, std::vector<double>& s) {
        g = decay(w, g, r);
        s[0] = double(r.mu) * s[0] + double(r.a) * g;
        w += double(r.p) * s[0] + double(r.q) * g;
      });
}

TEST_CASE("adam rule", "[kernels]") {
  for (const bool maximum : {false, true}) {
    AdamRule r = decayed(AdamRule{});
    r.one_minus_b1 = 0.1f, r.one_minus_b2 = 0.05f, r.c = 1.5f, r.root = 0.01f, r.s = 0.8f, r.epsilon = 0.02f, r.step = 0.1f;
    r.m_share = 0.9f, r.g_share = 0.3f, r.maximum = maximum;
    compare(
        maximum ? "amsgrad" : "adam", maximum ? 3 : 2, [&](const Spans& s) { update(s, r); },
        [&](double& w, double g, std::vector<double>& s) {
          g = decay(w, g, r);
          toward(s[0], g, r.one_minus_b1);
          toward(s[1], g * g, r.one_minus_b2);
          double u = double(r.c) * s[1];
          if (maximum) u = s[2] = std::max(s[2], u);
          w -= double(r.step) * (double(r.m_share) * s[0] + double(r.g_share) * g) / (std::sqrt(u + double(r.root)) * double(r.s) + double(r.epsilon));
        });
  }
}

TEST_CASE("adamax, adagrad, adadelta and lion rules", "[kernels]") {
  AdamaxRule adamax = decayed(AdamaxRule{});
  adamax.one_minus_b1 = 0.1f, adamax.b2 = 0.9f, adamax.inside = 0.01f, adamax.outside = 0.02f, adamax.step = 0.1f;
  compare(
      "adamax", 2, [&](const Spans& s) { update(s, adamax); },
      [&](double& w, double g, std::vector<double>& s) {
        g = decay(w, g, adamax);
        toward(s[0], g, adamax.one_minus_b1);
        s[1] = std::max(double(adamax.b2) * s[1], std::abs(g) + double(adamax.inside));
        w -= double(adamax.step) * s[0] / (s[1] + double(adamax.outside));
      });
  AdagradRule adagrad = decayed(AdagradRule{});
  adagrad.inside = 0.01f, adagrad.outside = 0.02f, adagrad.step = 0.1f;
  compare(
      "adagrad", 1, [&](const Spans& s) { update(s, adagrad); },
      [&](double& w, double g, std::vector<double>& s) {
        g = decay(w, g, adagrad);
        s[0] += g * g;
        w -= double(adagrad.step) * g / (std::sqrt(s[0] + double(adagrad.inside)) + double(adagrad.outside));
      });
  AdadeltaRule adadelta = decayed(AdadeltaRule{});
  adadelta.one_minus_rho = 0.1f, adadelta.epsilon = 0.01f, adadelta.step = 0.5f;
  compare(
      "adadelta", 2, [&](const Spans& s) { update(s, adadelta); },
      [&](double& w, double g, std::vector<double>& s) {
        g = decay(w, g, adadelta);
        toward(s[0], g * g, adadelta.one_minus_rho);
        const double d = std::sqrt(s[1] + double(adadelta.epsilon)) / std::sqrt(s[0] + double(adadelta.epsilon)) * g;
        toward(s[1], d * d, adadelta.one_minus_rho);
        w -= double(adadelta.step) * d;
      });
  LionRule lion = decayed(LionRule{});
  lion.l2 = 0, lion.one_minus_b1 = 0.1f, lion.one_minus_b2 = 0.01f, lion.step = 0.1f;
  compare(
      "lion", 1, [&](const Spans& s) { update(s, lion); },
      [&](double& w, double g, std::vector<double>& s) {
        g = decay(w, g, lion);
        double c = s[0];
        toward(c, g, lion.one_minus_b1);
        w -= double(lion.step) * (c > 0 ? 1 : c < 0 ? -1 : 0);
        toward(s[0], g, lion.one_minus_b2);
      });
}

TEST_CASE("rmsprop rule in its four forms", "[kernels]") {
  for (const bool centered : {false, true})
    for (const bool nesterov : {false, true}) {
      RmsRule r = decayed(RmsRule{});
      r.one_minus_rho = 0.1f, r.c = 1.2f, r.inside = 0.02f, r.outside = 0.03f, r.a_lr = 0.1f, r.mu = 0.8f, r.p = 0.9f;
      r.centered = centered, r.nesterov = nesterov;
      compare(
          "rmsprop", centered ? 3 : 2, [&](const Spans& s) { update(s, r); },
          [&](double& w, double g, std::vector<double>& s) {
            g = decay(w, g, r);
            toward(s[0], g * g, r.one_minus_rho);
            double u = double(r.c) * s[0];
            if (centered) toward(s[2], g, r.one_minus_rho), u = std::max(u - std::pow(double(r.c) * s[2], 2), 0.0);
            const double d = double(r.a_lr) * g / (std::sqrt(u + double(r.inside)) + double(r.outside));
            s[1] = double(r.mu) * s[1] + d;
            w -= double(r.p) * (nesterov ? double(r.mu) * s[1] + d : s[1]);
          });
    }
}

TEST_CASE("lamb's moments, norms and step", "[kernels]") {
  LambRule r = decayed(LambRule{});
  r.one_minus_b1 = 0.1f, r.one_minus_b2 = 0.05f, r.c1 = 1.4f, r.c2 = 1.5f, r.epsilon = 0.02f, r.inner = 0.1f, r.step = 0.1f;
  const auto direction = [&](double w, const std::vector<double>& s) {
    return double(r.c1) * s[0] / (std::sqrt(double(r.c2) * s[1]) + double(r.epsilon)) + double(r.inner) * w;
  };
  compare(
      "lamb", 2, [&](const Spans& s) { lamb_moments(s, r), lamb_step(s, r); },
      [&](double& w, double g, std::vector<double>& s) {
        g = decay(w, g, r);
        toward(s[0], g, r.one_minus_b1);
        toward(s[1], g * g, r.one_minus_b2);
        w -= double(r.step) * direction(w, s);
      });
  test::each_target([&] {
    for (const std::size_t n : {1, 7, 17, 2000}) {
      auto w = noise(n, 1), m = noise(n, 2), v = noise(n, 3);
      for (float& x : v) x = std::abs(x);
      const auto g = noise(n, 4);
      double ww = 0, rr = 0;
      for (std::size_t i = 0; i < n; ++i) {
        double x = w[i];
        std::vector<double> s{m[i], v[i]};
        const double total = decay(x, g[i], r);
        toward(s[0], total, r.one_minus_b1);
        toward(s[1], total * total, r.one_minus_b2);
        ww += x * x;
        rr += std::pow(direction(x, s), 2);
      }
      float* const states[] = {m.data(), v.data()};
      const SquaredNorms norms = lamb_moments({w.data(), g.data(), states, n}, r);
      CHECK(norms.w == Approx(ww).epsilon(1e-5));
      CHECK(norms.r == Approx(rr).epsilon(1e-5));
    }
  });
}

TEST_CASE("other second moments", "[kernels]") {
  for (const auto second : {AdamRule::Second::belief, AdamRule::Second::yogi}) {
    const bool belief = second == AdamRule::Second::belief;
    AdamRule r = decayed(AdamRule{});
    r.one_minus_b1 = 0.1f, r.one_minus_b2 = 0.3f, r.c = 1.5f, r.epsilon = 0.02f, r.step = 0.1f, r.second = second;
    if (belief) r.v_add = 0.01f;
    compare(
        belief ? "belief" : "yogi", 2, [&](const Spans& s) { update(s, r); },
        [&](double& w, double g, std::vector<double>& s) {
          g = decay(w, g, r);
          toward(s[0], g, r.one_minus_b1);
          const double difference = s[1] - g * g;
          if (belief) toward(s[1], (g - s[0]) * (g - s[0]), r.one_minus_b2), s[1] += double(r.v_add);
          else s[1] -= double(r.one_minus_b2) * (difference > 0 ? 1 : difference < 0 ? -1 : 0) * g * g;
          w -= double(r.step) * s[0] / (std::sqrt(double(r.c) * s[1]) + double(r.epsilon));
        });
  }
}

TEST_CASE("sign, rprop and ftrl rules", "[kernels]") {
  const auto sign_of = [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; };
  SignRule sign;
  sign.keep = 0.98f, sign.step = 0.1f;
  compare(
      "sign", 0, [&](const Spans& s) { update(s, sign); },
      [&](double& w, double g, std::vector<double>&) { w = double(sign.keep) * w - double(sign.step) * sign_of(g); });
  for (const bool delayed : {false, true}) {
    RpropRule r;
    r.shrink = 0.5f, r.grow = 1.25f, r.low = 0.1f, r.high = 0.4f, r.delayed = delayed;
    compare(
        delayed ? "rprop delayed" : "rprop", 2, [&](const Spans& s) { update(s, r); },
        [&](double& w, double g, std::vector<double>& s) {
          const double agreement = sign_of(g) * sign_of(s[0]), before = s[0];
          if (agreement != 0) s[1] = std::clamp(s[1] * double(agreement > 0 ? r.grow : r.shrink), double(r.low), double(r.high));
          if (agreement < 0) g = 0;
          s[0] = delayed ? s[1] * sign_of(g) : g;
          w -= !delayed ? s[1] * sign_of(g) : agreement < 0 ? 0 : before;
        });
  }
  FtrlRule ftrl;
  ftrl.keep = 0, ftrl.l2_shrink = 0.1f, ftrl.rate = 2, ftrl.l1 = 0.3f, ftrl.add = 0.5f;
  compare(
      "ftrl", 2, [&](const Spans& s) { update(s, ftrl); },
      [&](double& w, double g, std::vector<double>& s) {
        const double n = s[0] + g * g;
        s[1] += g + double(ftrl.l2_shrink) * w - (std::sqrt(n) - std::sqrt(s[0])) * double(ftrl.rate) * w;
        w = (std::clamp(s[1], -double(ftrl.l1), double(ftrl.l1)) - s[1]) / (std::sqrt(n) * double(ftrl.rate) + double(ftrl.add));
        s[0] = n;
      });
}

TEST_CASE("schedule-free rule", "[kernels]") {
  for (const bool adaptive : {false, true}) {
    ScheduleFreeRule r = decayed(ScheduleFreeRule{});
    r.one_minus_b2 = 0.1f, r.c = 1.5f, r.epsilon = 0.02f, r.inner = 0.1f, r.z_share = 0.3f, r.u_share = 0.2f, r.step = 0.1f, r.adaptive = adaptive;
    compare(
        "schedule-free", adaptive ? 2 : 1, [&](const Spans& s) { update(s, r); },
        [&](double& w, double g, std::vector<double>& s) {
          const double before = w;
          double u = decay(w, g, r);
          if (adaptive) toward(s[1], u * u, r.one_minus_b2), u = u / (std::sqrt(double(r.c) * s[1]) + double(r.epsilon)) + double(r.inner) * before;
          w += double(r.z_share) * s[0] - double(r.u_share) * u;
          s[0] -= double(r.step) * u;
        });
  }
}

TEST_CASE("what estimates the distance to the solution", "[kernels]") {
  test::each_target([] {
    for (const bool from_sum : {false, true})
      for (const std::size_t n : {1, 7, 17, 2000}) {
        DistanceRule r;
        r.m_keep = 0.9f, r.m_add = 0.2f, r.v_keep = 0.8f, r.v_add = 0.3f, r.s_keep = 0.7f, r.s_add = 0.4f, r.epsilon = 0.1f, r.from_sum = from_sum;
        const auto w = noise(n, 1), g = noise(n, 2), start = noise(n, 6);
        auto kept = w, m = noise(n, 3), v = noise(n, 4), s = noise(n, 5), begin = start;
        for (float& x : v) x = std::abs(x);
        const auto m0 = m, v0 = v, s0 = s;
        float* const states[] = {m.data(), v.data(), s.data(), begin.data()};
        const Distance sums = estimate_distance({kept.data(), g.data(), states, n}, r);
        double product = 0, size = 0;
        for (std::size_t i = 0; i < n; ++i) {
          product += g[i] * (from_sum ? s0[i] / (std::sqrt(double(v0[i])) + double(r.epsilon)) : double(start[i]) - w[i]);
          size += std::abs(double(r.s_keep) * s0[i] + double(r.s_add) * g[i]);
          CHECK(m[i] == Approx(double(r.m_keep) * m0[i] + double(r.m_add) * g[i]).margin(1e-6));
          CHECK(v[i] == Approx(double(r.v_keep) * v0[i] + double(r.v_add) * g[i] * g[i]).margin(1e-6));
        }
        CHECK(sums.product == Approx(product).epsilon(1e-5).margin(1e-4));
        CHECK(sums.size == Approx(size).epsilon(1e-5));
        CHECK(kept == w);
        CHECK(begin == start);
      }
  });
}

TEST_CASE("without epsilon a zero gradient moves nothing", "[kernels]") {
  test::each_target([] {
    std::vector<float> w(9, 0.0f), g(9, 0.0f), a(9), b(9), c(9);
    float* const states[] = {a.data(), b.data(), c.data()};
    const Spans s{w.data(), g.data(), states, w.size()};
    AdamRule adam;
    adam.step = 1;
    update(s, adam);
    update(s, AdamaxRule{{}, 0.1f, 0.9f, 0, 0, 1});
    update(s, RmsRule{});
    update(s, AdagradRule{{}, 0, 0, 1});
    update(s, AdadeltaRule{{}, 0.1f, 0, 1});
    update(s, LionRule{{}, 0.1f, 0.1f, 1});
    for (const auto second : {AdamRule::Second::belief, AdamRule::Second::yogi}) adam.second = second, update(s, adam);
    update(s, SignRule{{}, 1});
    update(s, RpropRule{{}, 0.5f, 2, 0.1f, 1});
    update(s, FtrlRule{});
    ScheduleFreeRule free;
    free.adaptive = true, free.step = free.u_share = 1;
    update(s, free);
    CHECK(w == std::vector<float>(9));
  });
}
