#include "experiments/report/statistics.h"

#include <cmath>
#include <limits>
#include <vector>

#include "tests/support/catch.h"

using namespace lehr::report;

TEST_CASE("summary of a sample", "[report]") {
  const std::vector<double> v{2, 4, 4, 4, 5, 5, 7, 9};
  const Summary s = summary(v);
  CHECK(s.count == 8);
  CHECK(s.mean == 5);
  CHECK(s.deviation == Approx(std::sqrt(32.0 / 7)));
  CHECK((s.low == 2 && s.high == 9));
  CHECK(std::isnan(summary(std::vector<double>{1}).deviation));
  CHECK(summary({}).count == 0);
}

TEST_CASE("paired differences have Student's interval", "[report]") {
  // Differences 1, 2, 3: mean 2, deviation 1, t(0.975; 2) = 4.302652729911275.
  const std::vector<double> a{2, 4, 6}, b{1, 2, 3};
  const Paired p = paired(a, b);
  CHECK(p.mean == Approx(2));
  CHECK(p.low == Approx(2 - 4.302652729911275 / std::sqrt(3.0)));
  CHECK(p.high == Approx(2 + 4.302652729911275 / std::sqrt(3.0)));
  CHECK((p.greater == 3 && p.smaller == 0));
  // t = 2 sqrt(3), with 2 degrees of freedom p = 1 - t / sqrt(2 + t^2).
  CHECK(p.p == Approx(1 - std::sqrt(12.0 / 14)));
  CHECK(paired(std::vector<double>{5, 6, 7.1}, std::vector<double>{1, 2, 3}).p < 0.001);
  CHECK(std::isnan(paired(std::vector<double>{5}, std::vector<double>{1}).low));
  CHECK(paired(a, a).p == 1);
  CHECK(paired(std::vector<double>{3, 4}, std::vector<double>{1, 2}).p == 0);
  // Splits that share rows: 3 test rows for 2 training rows.
  const Paired shared = paired(a, b, 1.5);
  CHECK(shared.mean == p.mean);
  CHECK(shared.high - shared.mean == Approx(4.302652729911275 * std::sqrt(1 / 3.0 + 1.5)));
  CHECK(shared.p == Approx(1 - std::sqrt((4 / (1 / 3.0 + 1.5)) / (2 + 4 / (1 / 3.0 + 1.5)))));
}

TEST_CASE("Holm's correction", "[report]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto adjusted = holm(std::vector<double>{0.01, nan, 0.04, 0.03, 0.005});
  CHECK(adjusted[4] == Approx(0.02));  // 4 * 0.005
  CHECK(adjusted[0] == Approx(0.03));  // 3 * 0.01
  CHECK(adjusted[3] == Approx(0.06));  // 2 * 0.03
  CHECK(adjusted[2] == Approx(0.06));  // 0.04, not below the one before
  CHECK(std::isnan(adjusted[1]));
  CHECK(holm(std::vector<double>{0.7, 0.9})[0] == 1);
  CHECK(holm(std::vector<double>{0.03})[0] == 0.03);
  CHECK(holm({}).empty());
}

TEST_CASE("Welch's test", "[report]") {
  const std::vector<double> a{27.5, 21.0, 19.0, 23.6, 17.0}, b{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8};
  CHECK(welch_p(a, a) == Approx(1));
  CHECK(welch_p(a, b) == Approx(welch_p(b, a)));
  CHECK(welch_p(std::vector<double>{1, 1}, std::vector<double>{1, 1}) == 1);
  CHECK(welch_p(std::vector<double>{1, 1}, std::vector<double>{2, 2}) == 0);
  // Two against two: t = -2 with 2 degrees of freedom, p = 1 - 2/sqrt(2 + 4).
  CHECK(welch_p(std::vector<double>{0, 2}, std::vector<double>{2 * std::sqrt(2.0), 2 + 2 * std::sqrt(2.0)}) == Approx(1 - 2 / std::sqrt(6.0)));
}
