#include "schedules/feedback.h"

#include <cmath>
#include <limits>

#include "tests/schedules/examples.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::tutorial_clock;

namespace {
const double not_a_number = std::numeric_limits<double>::quiet_NaN();

// The factors after each of the metrics, one an epoch.
std::vector<double> factors(const std::string& text, const std::vector<double>& metrics) {
  Controlled controlled = parse_controlled(text);
  std::vector<double> out;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    controlled.feedback()[0].observe(metrics[i], tutorial_clock(9 * (static_cast<std::int64_t>(i) + 1)));
    out.push_back(controlled.feedback()[0].factor());
  }
  return out;
}

// Numbers (1-based) of the observations at which the factor changed.
std::vector<int> changes(const std::string& text, const std::vector<double>& metrics) {
  std::vector<int> out;
  double before = 1;
  int at = 0;
  for (const double factor : factors(text, metrics)) {
    ++at;
    if (factor != before) out.push_back(at);
    before = factor;
  }
  return out;
}
const std::vector<double> flat(14, 1.0);
}  // namespace

TEST_CASE("Where the plateaus of the libraries cut on a flat metric", "[schedules]") {
  CHECK(changes("{type: torch.ReduceLROnPlateau, lr: 1, factor: 0.5, patience: 2}", flat) == std::vector{4, 7, 10, 13});
  CHECK(changes("{type: keras.ReduceLROnPlateau, lr: 1, factor: 0.5, patience: 2}", flat) == std::vector{3, 5, 7, 9, 11, 13});
  CHECK(changes("{type: torch.ReduceLROnPlateau, lr: 1, factor: 0.5, patience: 2, cooldown: 2}", flat) == std::vector{4, 9, 14});
  CHECK(changes("{type: keras.ReduceLROnPlateau, lr: 1, factor: 0.5, patience: 2, cooldown: 2}", flat) == std::vector{3, 6, 9, 12});
  CHECK(changes("{type: optax.reduce_on_plateau, factor: 0.5, patience: 2, cooldown: 2}", flat) == std::vector{3, 7, 11});
}

TEST_CASE("The one plateau spells the libraries' differences out", "[schedules]") {
  const std::string head = "{type: plateau, initial: 1, on: val_loss, factor: 0.5, patience: 2 epochs";
  CHECK(changes(head + "}", flat) == std::vector{3, 5, 7, 9, 11, 13});
  CHECK(changes(head + ", count: after}", flat) == std::vector{4, 7, 10, 13});
  CHECK(changes(head + ", count: after, cooldown: 2 epochs}", flat) == std::vector{4, 9, 14});
  CHECK(changes(head + ", cooldown: 2 epochs, cooldown_mode: minus1}", flat) == std::vector{3, 6, 9, 12});
  CHECK(changes(head + ", cooldown: 2 epochs}", flat) == std::vector{3, 7, 11});
  // Spans count observations: two epochs of an observation every half epoch are four.
  CHECK(changes(head + ", every: 0.5 epochs}", flat) == std::vector{5, 9, 13});

  // A gain is a share of the best, with its magnitude: a negative metric counts like a positive one.
  CHECK(changes(head + "}", {-1, -1.0002, -1.0004, -1.0006, -1.0008}).empty());
  CHECK(changes(head + "}", {-1, -1.00002, -1.00004, -1.00006, -1.00008}) == std::vector{3, 5});
  CHECK(changes(head + ", threshold_mode: rel_signed}", {-1, -0.99995, -0.9999, -0.99985, -0.9998}).empty());
  CHECK(changes(head + ", threshold_mode: rel}", {-1, -0.99995, -0.9999, -0.99985, -0.9998}) == std::vector{3, 5});
  CHECK(changes(head + ", threshold_mode: abs, threshold: 0.1}", {1, 0.95, 0.85, 0.8, 0.76}) == std::vector{5});

  CHECK(factors(head + ", min: 0.3}", flat).back() == 0.3);
  CHECK(changes(head + ", mean: 2}", {1, 2, 2, 1, 1, 2, 2, 1, 5, 5}) == std::vector{6, 10});
  CHECK(changes(head + "}", {1, 0.5, 0.6, 0.6, 0.6}) == std::vector{4});
  CHECK(changes(head + ", ema: 0.5}", {1, 0.5, 0.6, 0.6, 0.6}).empty());
  // More is better: said, or read from the name.
  const std::vector<double> rising = {0.5, 0.6, 0.7, 0.8, 0.9};
  CHECK(changes("{type: plateau, on: val_accuracy, patience: 2 epochs}", rising).empty());
  CHECK(changes("{type: plateau, on: val_accuracy, mode: min, patience: 2 epochs}", rising) == std::vector{3, 5});
  CHECK(changes("{type: plateau, on: profit, mode: max, patience: 2 epochs}", rising).empty());
}

TEST_CASE("A missing metric is an error unless it is said to be skipped", "[schedules]") {
  const std::string head = "{type: plateau, on: val_loss, factor: 0.5, patience: 2 epochs";
  try {
    factors(head + "}", {1, not_a_number});
    FAIL("was accepted");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("metric 'val_loss' is missing or not a number in epoch 2") != std::string::npos);
  }
  CHECK(changes(head + ", on_missing: skip}", {1, not_a_number, not_a_number, not_a_number, 1, 1}) == std::vector{6});
  CHECK(changes(head + ", on_missing: bad}", {1, not_a_number, not_a_number, 1, 1}) == std::vector{3, 5});
  CHECK(changes("{type: torch.ReduceLROnPlateau, lr: 1, factor: 0.5, patience: 1}", {not_a_number, not_a_number, not_a_number, 1, 0.5}) == std::vector{2});
}

TEST_CASE("GreedyLR goes both ways", "[schedules]") {
  const std::string head = "{type: greedy, initial: 0.1, on: val_loss, factor: 0.5, patience: 1";
  const auto up = factors(head + "}", {1, 0.9, 0.8, 0.7});
  CHECK(up == std::vector<double>{1, 2, 2, 4});
  CHECK(factors(head + ", max: 0.3}", {1, 0.9, 0.8, 0.7}).back() == Approx(3).epsilon(1e-14));
  CHECK(factors(head + "}", {1, 2, 2, 2, 2}) == std::vector<double>{1, 1, 0.5, 0.5, 0.25});
  CHECK(factors(head + ", cooldown: 2}", {1, 2, 2, 2, 2, 2, 2}) == std::vector<double>{1, 1, 0.5, 0.5, 0.5, 0.5, 0.25});
  // At the lowest value the cuts are counted, also where rounding stops an ulp above it.
  CHECK(factors("{type: greedy, initial: 0.1, on: loss, factor: 0.1, patience: 0, min: 0.01, reset_start: 2}", {1, 1, 1, 1}).back() == 1);
}

TEST_CASE("Stalled decay and bold driver", "[schedules]") {
  CHECK(changes("{type: stalled, on: val_loss, start: 2}", {1, 1, 1, 1, 1, 0.5, 0.5, 0.5}) == std::vector{3, 5, 8});
  Feedback bold = parse_controlled("{type: bold_driver, initial: 0.1, on: loss, max: 0.105}").feedback()[0];
  const Clock clock = tutorial_clock(9);
  CHECK_FALSE(bold.observe(1, clock).raised);
  Reaction reaction = bold.observe(0.9, clock);
  CHECK(reaction.raised);
  CHECK(bold.factor() == Approx(1.05).epsilon(1e-14));
  bold.observe(0.8, clock);
  CHECK(bold.factor() == Approx(1.05).epsilon(1e-14));  // the highest value
  reaction = bold.observe(0.85, clock);
  CHECK(reaction.lowered);
  CHECK(reaction.restore_previous);
  CHECK(bold.factor() == Approx(0.525).epsilon(1e-14));
  CHECK(bold.observe(0.82, clock).lowered);  // still above the last accepted loss
  CHECK_FALSE(parse_controlled("{type: plateau, on: loss, patience: 1 epoch}").feedback()[0].observe(1, clock).restore_best);
  Feedback best = parse_controlled("{type: plateau, on: loss, patience: 1 epoch, restore_best: true}").feedback()[0];
  best.observe(1, clock);
  CHECK(best.observe(1, clock).restore_best);
}

TEST_CASE("Every feedback saves, loads into a fresh one and goes on identically", "[schedules]") {
  std::vector<double> metrics;
  for (int i = 0; i < 60; ++i) metrics.push_back(1.0 / (1 + i / 7) + 0.05 * std::sin(i * i));
  for (const std::string& text : feedback_examples()) {
    INFO(text);
    const Controlled fresh = parse_controlled(text);
    CHECK(parse_controlled(fresh.text()).text() == fresh.text());
    REQUIRE(fresh.feedback().size() == 1);
    Controlled whole = fresh, broken = fresh;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      const Clock clock = tutorial_clock(static_cast<std::int64_t>(i) * 7);
      whole.feedback()[0].observe(metrics[i], clock);
      Controlled next = parse_controlled(text);
      next.feedback()[0].load(broken.feedback()[0].save());
      broken = next;
      broken.feedback()[0].observe(metrics[i], clock);
      if (broken.at(clock) != whole.at(clock) || broken.feedback()[0].save() != whole.feedback()[0].save()) FAIL("observation " << i);
    }
    CHECK(whole.feedback()[0].factor() != 1);
    CHECK(fresh.feedback()[0].factor() == 1);
  }
}

TEST_CASE("A state of another feedback is refused", "[schedules]") {
  Feedback one = parse_controlled("{type: plateau, on: loss, patience: 1 epoch}").feedback()[0];
  Feedback two = parse_controlled("{type: plateau, on: loss, patience: 2 epochs}").feedback()[0];
  one.observe(1, tutorial_clock());
  one.observe(1, tutorial_clock());
  CHECK_THROWS_AS(two.load(one.save()), Error);
  two.load(one.save(), true);
  CHECK(two.factor() == Approx(0.1).epsilon(1e-14));
  for (const char* broken : {"", "{}", "{of: x}", "0.1", "{of: x, factor: y}"}) CHECK_THROWS_AS(two.load(broken, true), Error);
}

TEST_CASE("A plateau multiplies a warm-up", "[schedules]") {
  Controlled lr =
      parse_controlled("{product: [{type: warmup, of: 0.1, for: 5 epochs, from: 0.01}, {type: plateau, on: val_loss, factor: 0.5, patience: 1 epoch}]}");
  CHECK(lr.at(tutorial_clock(0)) == Approx(0.01));
  CHECK(lr.at(tutorial_clock(45)) == Approx(0.1));
  lr.feedback()[0].observe(1, tutorial_clock(9));
  lr.feedback()[0].observe(1, tutorial_clock(18));
  CHECK(lr.at(tutorial_clock(0)) == Approx(0.005));
  CHECK(lr.at(tutorial_clock(45)) == Approx(0.05));
  CHECK(lr.feedback()[0].metric() == "val_loss");
  CHECK(lr.schedule().at(tutorial_clock(45)) == Approx(0.1));
  CHECK(parse_controlled("0.1").feedback().empty());
  CHECK(parse_controlled("{product: [0.1, 0.5]}").at(tutorial_clock()) == Approx(0.05));
}

TEST_CASE("A plateau that can never cut is found", "[schedules]") {
  const auto found = [](const char* text) { return parse_controlled(text).check(tutorial_clock(), 0, 1); };
  REQUIRE(found("{type: plateau, initial: 0.1, on: loss, patience: 60 epochs}").size() == 1);
  CHECK(found("{type: plateau, initial: 0.1, on: loss, patience: 60 epochs}")[0].what.find("never cuts") != std::string::npos);
  CHECK(found("{type: plateau, initial: 0.1, on: loss, patience: 5 epochs}").empty());
  REQUIRE(found("{type: plateau, initial: 2, on: loss, patience: 5 epochs}").size() == 1);
  CHECK(found("{type: plateau, initial: 2, on: loss, patience: 5 epochs}")[0].error);
}

TEST_CASE("A wrong feedback is refused when it is read", "[schedules]") {
  struct Row {
    const char* text;
    const char* says;
  };
  const Row rows[] = {
      {"{type: plateau, patience: 3 epochs}", "needs the key 'on'"},
      {"{type: plateau, on: val_loss}", "needs the key 'patience'"},
      {"{type: plateau, on: val_loss, patience: 3}", "has no unit"},
      {"{type: plateau, on: loss, patience: 3 epochs, factor: 1.5}", "between 0 and 1"},
      {"{type: plateau, on: loss, patience: 3 epochs, factor: 0}", "between 0 and 1"},
      {"{type: plateau, on: loss, patience: 3 epochs, min: 2}", "above `initial`"},
      {"{type: plateau, on: loss, patience: 3 epochs, mean: 2, ema: 0.5}", "not both"},
      {"{type: plateau, on: loss, patince: 3 epochs}", "did you mean 'patience'"},
      {"{type: platau, on: loss, patience: 3 epochs}", "did you mean 'plateau'"},
      {"{type: torch.ReduceLROnPlateau, lr: -1}", "above 0"},
      {"{type: hf.greedy, lr: 0.1, min_lr: 2}", "above the highest"},
      {"[{type: plateau, on: loss, patience: 3 epochs, for: 5 epochs}, 0.1]", "can only stand alone or as a factor"},
      {"{type: clamp, of: {type: plateau, on: loss, patience: 3 epochs}, low: 0}", "can only stand alone or as a factor"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    try {
      parse_controlled(row.text);
      FAIL("was accepted");
    } catch (const Error& error) {
      INFO(error.what());
      CHECK(std::string(error.what()).find(row.says) != std::string::npos);
    }
  }
  std::string all;
  for (const std::string& text : feedback_examples()) all += parse_controlled(text).text();
  for (const ScheduleType& type : feedback_types()) {
    INFO(type.name);
    CHECK(all.find("type: " + type.name + ",") != std::string::npos);
  }
}

TEST_CASE("A metric whose name does not tell its direction is found before the run", "[schedules]") {
  const Clock clock{.step = 0, .steps_per_epoch = 9, .steps = 450, .epochs = 50};
  const auto error = [&](const char* text) {
    std::string out;
    for (const auto& finding : parse_controlled(text).check(clock, 0, 1))
      if (finding.error) out += finding.what;
    return out;
  };
  CHECK(error("{type: plateau, on: gizmo, patience: 3 epochs}").find("the name of metric 'gizmo' does not tell whether more or less") == 0);
  CHECK(error("{type: stalled, on: gizmo}").find("does not tell") != std::string::npos);
  CHECK(error("{type: plateau, on: gizmo, mode: max, patience: 3 epochs}").empty());
  CHECK(error("{type: keras.ReduceLROnPlateau, lr: 0.1, monitor: gizmo}").empty());
}
