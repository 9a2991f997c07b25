#include "experiments/run/find_lr.h"
#include "experiments/run/job.h"

#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

TEST_CASE("suggestions of a curve that is known", "[train]") {
  // Flat at 1 up to 1e-3, down to 0.2 at 1e-1, then up: one value a hundredth of a decade.
  run::RangeResult r;
  for (int i = 0; i <= 600; ++i) {
    const double decade = -6 + i * 0.01, x = decade < -3 ? 1 : decade < -1 ? 1 - 0.4 * (decade + 3) : 0.2 + 2 * (decade + 1);
    r.rates.push_back(std::pow(10, decade)), r.losses.push_back(x);
  }
  run::suggest(r);
  REQUIRE((r.steepest && r.valley && r.tenth));
  CHECK(std::log10(*r.tenth) == Approx(-2).margin(0.15));   // the mean lags behind by a tenth of a decade
  CHECK(std::log10(*r.valley) == Approx(-2).margin(0.15));
  CHECK((*r.steepest > 1e-3 && *r.steepest < 1e-1));
  r.losses.assign(r.losses.size(), 1.0);
  for (std::size_t i = 0; i < r.losses.size(); ++i) r.losses[i] += 0.01 * static_cast<double>(i);
  run::suggest(r);
  CHECK_FALSE((r.steepest || r.valley || r.tenth));
  r.rates.resize(2), r.losses.resize(2);
  run::suggest(r);
  CHECK_FALSE(r.tenth);
}

TEST_CASE("a range test raises the rate evenly, stops where the loss blows up and leaves the weights alone", "[train]") {
  Training t({.norm = true});
  t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes);
  const auto before = t.weights();
  const std::vector<float> state(t.bench->weights().state().begin(), t.bench->weights().state().end());
  run::TrialJob job;
  job.job = t.job;
  const auto r = run::find_lr(*t.bench, job, {1e-4, 1, 13});
  CHECK(t.weights() == before);
  CHECK(std::equal(state.begin(), state.end(), t.bench->weights().state().begin()));
  REQUIRE(r.rates.size() == 13);
  CHECK_FALSE(r.blew_up);
  for (std::size_t i = 0; i < 13; ++i) CHECK(r.rates[i] == Approx(1e-4 * std::pow(10, static_cast<double>(i) / 3)).epsilon(1e-12));
  Training wild;
  wild.bench = std::make_unique<Workbench>(wild.model, standard_ops(), wild.sizes);
  job.job = wild.job;
  const auto far = run::find_lr(*wild.bench, job, {1e-3, 1e30, 60});
  CHECK(far.blew_up);
  CHECK(far.rates.size() < 60);
}
