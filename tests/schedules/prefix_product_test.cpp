#include <cmath>

#include "schedules/prefix_product.h"
#include "tests/schedules/examples.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::clock_of;

namespace {
// 1 + sin(step)/1000, counting how often it is asked.
struct Counted : Schedule::Shape {
  std::shared_ptr<std::int64_t> asked = std::make_shared<std::int64_t>(0);
  double at(const Moment& m) const override {
    ++*asked;
    return 1 + std::sin(m.step) / 1000;
  }
  std::string text() const override { return "counted"; }
  std::shared_ptr<const Shape> clone() const override { return std::make_shared<Counted>(*this); }
};
}  // namespace

TEST_CASE("a running product costs the same at any update, in any order", "[schedules]") {
  constexpr std::int64_t updates = 3'000'000;  // more than were once kept one by one
  const auto counted = std::make_shared<Counted>();
  PrefixProduct product{Schedule(counted)};
  const Clock run = clock_of(0, updates, 1);
  const auto at = [&](PrefixProduct& p, std::int64_t step) { return p.until(Moment{static_cast<double>(step), static_cast<double>(updates), run}, false); };
  double wanted = 1;
  bool equal = true;
  for (std::int64_t step = 0; step < updates; ++step) {
    if (step > 0) wanted *= 1 + std::sin(static_cast<double>(step)) / 1000;
    equal = equal && at(product, step) == wanted;
  }
  CHECK(equal);
  CHECK(*counted->asked <= 2 * updates);

  *counted->asked = 0;
  for (int i = 0; i < 100; ++i) at(product, (i * 1'000'003L) % updates);
  CHECK(*counted->asked <= 100 * 1100);

  PrefixProduct late{Schedule(std::make_shared<Counted>())};  // asked about the end first, it has the same bits
  for (const std::int64_t step : {updates - 1, std::int64_t{0}, std::int64_t{1023}, std::int64_t{1024}, std::int64_t{1025}, updates / 2})
    CHECK(at(late, step) == at(product, step));
}

TEST_CASE("a running product of one number is a power, however far", "[schedules]") {
  const auto ask = [](const char* text, std::int64_t step) { return parse_schedule(text).at(clock_of(step, 4'000'000'000'000, 1)); };
  const char* product = "{type: torch.MultiplicativeLR, lr: 0.1, lr_lambda: 0.9999999}";
  CHECK(ask(product, 2'700'000) == Approx(0.1 * std::exp(2.7e6 * std::log(0.9999999))).epsilon(1e-12));
  CHECK(ask("{type: cumulative, initial: 2, factor: 0.999999999999, per: epoch}", 1'000'000'000'000) == Approx(2 * std::exp(-1.0)).epsilon(1e-4));
  CHECK(ask("{type: cumulative, initial: 1, factor: \"if(step < 3, 0.5, 0)\"}", 3'999'999'999'999) == 0);  // it ends where the product is 0
}
