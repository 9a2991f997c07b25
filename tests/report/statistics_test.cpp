#include "experiments/report/statistics.h"

#include <cmath>
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
  CHECK_FALSE(p.significant());
  CHECK(paired(std::vector<double>{5, 6, 7.1}, std::vector<double>{1, 2, 3}).significant());
  CHECK(std::isnan(paired(std::vector<double>{5}, std::vector<double>{1}).low));
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
