// Rules with steps of the gradient's sign, follow-the-leader, and those that need no schedule or no rate.
#include "tests/kernels/rules.h"

using namespace lehr;
using namespace lehr::test;

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
