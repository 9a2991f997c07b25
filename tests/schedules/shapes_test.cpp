#include <cmath>

#include "tests/schedules/examples.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::tutorial_clock;

namespace {
struct Row {
  const char* text;
  std::int64_t step;
  double value;
};

void check_values(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    INFO(row.text << " at update " << row.step);
    CHECK(parse_schedule(row.text).at(tutorial_clock(row.step)) == Approx(row.value).epsilon(1e-12).margin(1e-15));
  }
}
const double half_way = 0.5 * (1 + std::cos(std::acos(-1.0) * 0.25));  // cosine a quarter in
}  // namespace

TEST_CASE("Staircases drop where they say", "[schedules]") {
  check_values({
      {"{type: step, initial: 0.1, factor: 0.5, every: 10 epochs}", 89, 0.1},
      {"{type: step, initial: 0.1, factor: 0.5, every: 10 epochs}", 90, 0.05},
      {"{type: step, initial: 0.1, factor: 0.5, every: 10 epochs, offset: 1}", 80, 0.1},
      {"{type: step, initial: 0.1, factor: 0.5, every: 10 epochs, offset: 1}", 81, 0.05},
      {"{type: step, initial: 0.1, factor: 0.5, every: 10%}", 44, 0.1},
      {"{type: step, initial: 0.1, factor: 0.5, every: 10%}", 45, 0.05},
      {"{type: multistep, initial: 1, at: [10 steps, 2 epochs]}", 9, 1},
      {"{type: multistep, initial: 1, at: [10 steps, 2 epochs]}", 10, 0.1},
      {"{type: multistep, initial: 1, at: [10 steps, 2 epochs]}", 18, 0.01},
      {"{type: multistep, initial: 1, at: [10 steps, 20 steps], boundary: old}", 10, 1},
      {"{type: multistep, initial: 1, at: [10 steps, 20 steps], boundary: old}", 11, 0.1},
      {"{type: table, at: [10 steps], values: [3, 7]}", 9, 3},
      {"{type: table, at: [10 steps], values: [3, 7]}", 10, 7},
      {"{type: table, at: [10 steps, 20 steps], values: [3, 7], between: linear}", 0, 3},
      {"{type: table, at: [10 steps, 20 steps], values: [3, 7], between: linear}", 15, 5},
      {"{type: table, at: [10 steps, 20 steps], values: [3, 7], between: linear}", 30, 7},
      {"{type: table, at: [10 steps, 20 steps], values: [1, 100], between: geometric}", 15, 10},
  });
}

TEST_CASE("Decays follow their formulas", "[schedules]") {
  check_values({
      {"{type: exponential, initial: 0.1, rate: 0.5, every: 90 steps}", 45, 0.1 * std::sqrt(0.5)},
      {"{type: exponential, initial: 0.1, rate: 0.5, every: 90 steps, staircase: true}", 89, 0.1},
      {"{type: natural_exp, initial: 0.1, rate: 2, every: 90 steps}", 45, 0.1 * std::exp(-1.0)},
      {"{type: inverse_time, initial: 0.1, rate: 0.5, every: 10 steps}", 5, 0.08},
      {"{type: inverse_time, initial: 0.1, rate: 0.5, every: 10 steps, staircase: true}", 9, 0.1},
      {"{type: inverse_time, initial: 0.1, rate: 3, power: 0.5}", 1, 0.05},
      {"{type: linear, from: 1, to: 0, for: 100 steps}", 25, 0.75},
      {"{type: linear, from: 1, to: 0, for: 100 steps}", 200, 0},
      {"{type: linear, from: 0, to: 0.45}", 100, 0.1},
      {"{type: polynomial, from: 1, to: 0.2, power: 2, for: 100 steps}", 50, 0.4},
      {"{type: geometric, from: 1, to: 0.0001, for: 100 steps}", 50, 0.01},
      {"{type: k_decay, from: 1, to: 0, k: 2, for: 100 steps}", 50, half_way},
      {"{type: rex, from: 1, to: 0, for: 100 steps}", 50, 0.5 / 0.75},
      {"{type: tanh, from: 1, to: 0, lower: -2, upper: 2, for: 100 steps}", 50, 0.5},
      {"{type: sigmoid, from: 1, to: 0, for: 100 steps}", 50, 0.5},
      {"{type: sigmoid, from: 1, to: 0, for: 100 steps}", 0, 1},
      {"{type: sigmoid, from: 1, to: 0, for: 100 steps}", 100, 0},
      {"{type: power, initial: 0.02, scale: 0.04, exponent: -0.5, every: 1 step}", 16, 0.01},
      {"{type: power, initial: 0.02, scale: 0.04, exponent: -0.5, every: 1 step}", 1, 0.02},
      {"{type: inverse_sqrt, initial: 0.1, scale: 25 steps}", 20, 0.1},
      {"{type: inverse_sqrt, initial: 0.1, scale: 25 steps}", 100, 0.05},
      {"{type: noam, width: 512, warmup: 4000 steps}", 0, 1.746928107421711e-07},
      {"{type: noam, width: 4, warmup: 4 steps}", 8, 0.5 / 3},
      {"{type: cumulative, initial: 1, factor: \"if(step % 2 == 0, 0.5, 1)\"}", 5, 0.25},
      {"{type: cumulative, initial: 1, factor: 0.5, per: epoch}", 26, 0.25},
  });
}

TEST_CASE("Cycles turn exactly on their boundaries", "[schedules]") {
  check_values({
      {"{type: cosine, from: 1, to: 0, for: 100 steps}", 25, half_way},
      {"{type: cosine, from: 1, to: 0.2, for: 100 steps}", 300, 0.2},
      {"{type: cosine, from: 1, to: 0, for: 100 steps, exponent: 2}", 25, half_way * half_way},
      {"{type: cosine, from: 1, to: 0, cycle: 100 steps, peak_decay: 0.5}", 125, half_way / 2},
      {"{type: cosine, from: 1, to: 0, cycle: 2 epochs}", 17, 0.5 * (1 + std::cos(std::acos(-1.0) * 17 / 18))},
      {"{type: cosine, from: 1, to: 0, cycle: 2 epochs}", 18, 1},
      {"{type: cosine, from: 1, to: 0.1, cycle: 50 steps, for: 100 steps}", 100, 0.1},
      {"{type: restarts, from: 1, to: 0, cycle: 10 steps, growth: 2}", 30, 1},
      {"{type: restarts, from: 1, to: 0, cycle: 10 steps, growth: 2, shape: linear}", 40, 0.75},
      {"{type: restarts, from: 1, to: 0, cycle: 10 steps, cycles: 2}", 20, 0},
      {"{type: restarts, from: 1, to: 0.1, cycle: 10 steps, floor_decay: 0.5, peak_decay: 0.5, shape: linear}", 15, 0.275},
      {"{type: restarts, from: 1, to: 0.2, cycle: 10 steps, amplitude_decay: 0.5, shape: linear}", 10, 0.6},
      {"{type: triangular, low: 0.1, high: 0.9, up: 4 steps}", 4, 0.9},
      {"{type: triangular, low: 0.1, high: 0.9, up: 4 steps}", 6, 0.5},
      {"{type: triangular, low: 0.1, high: 0.9, up: 4 steps, down: 2 steps}", 5, 0.5},
      {"{type: triangular2, low: 0.1, high: 0.9, up: 4 steps}", 12, 0.5},
      {"{type: exp_range, low: 0, high: 1, up: 4 steps, gamma: 0.5}", 4, 0.0625},
      {"{type: one_cycle, peak: 1, for: 101 steps}", 0, 0.04},
      {"{type: one_cycle, peak: 1, for: 101 steps}", 30, 1},
      {"{type: one_cycle, peak: 1, for: 101 steps}", 100, 4e-6},
      {"{type: one_cycle, peak: 1, from: 0.2, to: 0, phases: 3, shape: linear, for: 101 steps}", 45, 0.6},
      {"{type: one_cycle, peak: 1, from: 0.2, to: 0, phases: 3, shape: linear, for: 101 steps}", 80, 0.1},
      {"{type: warmup_stable_decay, peak: 1, warmup: 10 steps, decay: 50 steps, to: 0.1}", 5, 0.5},
      {"{type: warmup_stable_decay, peak: 1, warmup: 10 steps, decay: 50 steps, to: 0.1}", 400, 1},
      {"{type: warmup_stable_decay, peak: 1, warmup: 10 steps, decay: 50 steps, to: 0.1}", 425, 0.55},
      {"{type: trapezoid, peak: 1, warmup: 0 steps, decay: 50 steps}", 0, 1},
  });
  // 3872 = 32 * 121 begins a cycle; a floor of a logarithm puts it into the one before.
  CHECK(parse_schedule("{type: restarts, from: 1, to: 0, cycle: 32 steps, growth: 3}").at(test::clock_of(3872, 5000, 100)) == 1);
  for (std::int64_t begin = 0, length = 2; begin < 4'000'000; begin += length, length *= 3) {
    const Schedule schedule = parse_schedule("{type: restarts, from: 1, to: 0, cycle: 2 steps, growth: 3}");
    CHECK(schedule.at(test::clock_of(begin, 5'000'000, 100)) == 1);
    CHECK(schedule.at(test::clock_of(begin + length - 1, 5'000'000, 100)) < 0.51);
  }
}

TEST_CASE("Schedules combine", "[schedules]") {
  check_values({
      {"{product: [0.5, {type: linear, from: 1, to: 0, for: 100 steps}]}", 50, 0.25},
      {"{type: product, of: [0.5, 0.5]}", 50, 0.25},
      {"{sum: [0.5, 0.25]}", 50, 0.75},
      {"{min: [0.3, {type: linear, from: 1, to: 0, for: 100 steps}]}", 50, 0.3},
      {"{max: [0.3, {type: linear, from: 1, to: 0, for: 100 steps}]}", 50, 0.5},
      {"{type: clamp, of: step, low: 3, high: 5}", 1, 3},
      {"{type: clamp, of: step, low: 3, high: 5}", 100, 5},
      {"{type: warmup, of: {type: linear, from: 1, to: 0, for: 100 steps}, for: 10 steps}", 5, 0.5},
      {"{type: warmup, of: {type: linear, from: 1, to: 0, for: 100 steps}, for: 10 steps}", 10, 1},
      {"{type: warmup, of: {type: linear, from: 1, to: 0, for: 100 steps}, for: 10 steps, mode: overlap}", 10, 0.9},
      {"{type: warmup, of: {type: linear, from: 1, to: 0, for: 100 steps}, for: 10 steps, mode: overlap}", 5, 0.45},
      {"{type: warmup, of: {type: linear, from: 1, to: 0, for: 100 steps}, for: 10 steps, mode: multiply}", 5, 0.475},
      {"{type: warmup, of: 1, for: 10 steps, first_update_counts: true}", 0, 0.1},
      {"{type: shift, of: {type: linear, from: 1, to: 0, for: 100 steps}, by: 10 steps}", 60, 0.5},
      {"{type: shift, of: {type: linear, from: 1, to: 0, for: 100 steps}, by: 10 steps}", 5, 1},
      {"{type: stretch, of: {type: linear, from: 1, to: 0, for: 100 steps}, by: 2}", 100, 0.5},
  });
  const Schedule jitter = parse_schedule("{type: jitter, of: 1, deviation: 0.1, limit: 0.2}");
  double sum = 0, largest = 0;
  for (std::int64_t step = 0; step < 450; ++step) {
    const double noise = jitter.at(tutorial_clock(step)) - 1;
    sum += noise, largest = std::max(largest, std::abs(noise));
  }
  CHECK(std::abs(sum / 450) < 0.02);
  CHECK(largest > 0.15);
  CHECK(largest <= 0.2 + 1e-12);
  CHECK_FALSE(jitter.at(tutorial_clock(1)) == parse_schedule("{type: jitter, of: 1, deviation: 0.1, limit: 0.2, seed: 1}").at(tutorial_clock(1)));
}

TEST_CASE("The boundaries of phases are known", "[schedules]") {
  CHECK(parse_schedule("[{type: constant, value: 1, for: 3.3 epochs}, {type: constant, value: 1, for: 10%}, 1]").boundaries(tutorial_clock()) ==
        std::vector<double>{30, 75});
  CHECK(parse_schedule("0.1").boundaries(tutorial_clock()).empty());
}

TEST_CASE("Phases run in their own time and a boundary belongs to the next", "[schedules]") {
  const char* text =
      "[{type: linear, from: 0, to: 0.1, for: 5 epochs}, {type: cosine, from: 0.1, to: 1e-3, for: 40 epochs, cycle: 10 epochs, peak_decay: 0.8}, "
      "{type: constant, value: 1e-3}]";
  check_values({
      {text, 0, 0},
      {text, 9, 0.02},
      {text, 44, 0.1 * 44 / 45},
      {text, 45, 0.1},
      {text, 45 + 90, 0.08},
      {text, 45 + 270, 0.1 * 0.512},
      {text, 404, 0.001 + (0.0512 - 0.001) * 0.5 * (1 + std::cos(std::acos(-1.0) * 89 / 90))},
      {text, 405, 0.001},
      {text, 449, 0.001},
  });
  check_values({
      {"[{type: formula, formula: epoch, for: 7 steps}, {type: formula, formula: epoch}]", 6, 0},
      {"[{type: formula, formula: epoch, for: 7 steps}, {type: formula, formula: epoch}]", 15, 0},
      {"[{type: formula, formula: epoch, for: 7 steps}, {type: formula, formula: epoch}]", 16, 1},
      {"[{type: formula, formula: progress, for: 50%}, {type: formula, formula: progress}]", 224, 224.0 / 225},
      {"[{type: formula, formula: progress, for: 50%}, {type: formula, formula: progress}]", 225, 0},
      {"[{type: formula, formula: steps, for: 10%}, {type: formula, formula: steps}]", 0, 45},
      {"[{type: formula, formula: steps, for: 10%}, {type: formula, formula: steps}]", 45, 405},
      // A share of the run stays a share of the run inside a phase.
      {"[{type: constant, value: 1, for: 50%}, {type: step, initial: 1, factor: 0.5, every: 10%}]", 225 + 45, 0.5},
      // Boundaries are whole: 3.3 epochs are 29.7 updates.
      {"[{type: formula, formula: step, for: 3.3 epochs}, {type: formula, formula: 100 + step}]", 29, 29},
      {"[{type: formula, formula: step, for: 3.3 epochs}, {type: formula, formula: 100 + step}]", 30, 100},
  });
}
