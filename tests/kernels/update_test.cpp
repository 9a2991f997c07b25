// Every update rule against its formula in double; those that need no schedule are in update_free_test.cpp.
#include "tests/kernels/rules.h"

using namespace lehr;
using namespace lehr::test;

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
          if (belief)
            toward(s[1], (g - s[0]) * (g - s[0]), r.one_minus_b2), s[1] += double(r.v_add);
          else
            s[1] -= double(r.one_minus_b2) * (difference > 0 ? 1 : difference < 0 ? -1 : 0) * g * g;
          w -= double(r.step) * s[0] / (std::sqrt(double(r.c) * s[1]) + double(r.epsilon));
        });
  }
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
