#pragma once
#include <string>
#include <vector>

#include "experiments/cli/chart.h"
#include "experiments/spec/experiment.h"
#include "schedules/feedback.h"

namespace lehr::cli {

// One scheduled quantity of one variant, at one point of a sweep, on the clock of its run. What follows a metric is shown as if it never
// acted.
struct Curve {
  std::string variant, quantity;  // variant: with the point of the sweep, as a trial's folder
  Controlled schedule;
  Clock clock;
  std::string of = {}, point = {};  // the variant alone, and the point: "lr_scale=0.3"; empty without a sweep
  std::string label() const { return variant.empty() ? quantity : variant + "." + quantity; }
  std::int64_t steps() const { return clock.steps; }
  double at(std::int64_t step) const;
};

// The rates, and every other quantity that changes, and what is wrong or odd about them on the run's clock.
struct Curves {
  std::vector<Curve> all;
  std::vector<std::string> findings;
  std::int64_t steps() const;  // of the longest run
};
// With `steps_per_epoch` 0 the data's rows are counted, otherwise neither data nor model is looked at.
Curves curves(const std::string& file, std::int64_t steps_per_epoch, const spec::Overrides& overrides);

// Curves of one quantity of one variant that differ over a sweep by a factor only, as its first.
struct Scaled {
  const Curve* curve;
  std::vector<std::pair<double, std::vector<std::string>>> scales;  // factor on the first curve -> the points that have it; empty without a sweep
  std::string label() const;                                        // of all of them
  std::string told() const;                                         // "x 1: lr_scale=0.3, x 3: lr_scale=1"
};
std::vector<Scaled> scaled(const std::vector<Curve>& all);

// A panel a quantity with a curve a variant; phases are marked.
std::vector<Panel> panels(const std::vector<Curve>& all, std::int64_t first, std::int64_t end);

}  // namespace lehr::cli
