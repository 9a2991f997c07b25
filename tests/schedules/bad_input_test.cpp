#include "tests/schedules/refused.h"

using namespace lehr;
using namespace lehr::test;

namespace {
constexpr double inf = std::numeric_limits<double>::infinity();
}

TEST_CASE("A wrong schedule is refused when it is read", "[schedules]") {
  check_refused("{type: stp, initial: 0.1}", "did you mean 'step'", 8);
  check_refused("{type: zzzzzzzz, initial: 0.1}", "and the libraries' own under keras. torch.");
  check_refused("{type: caffe.zzzzzzzz, initial: 0.1}", "known: caffe.fixed, caffe.step");
  check_refused("{type: [a]}", "takes a name");
  check_refused("{initial: 0.1}", "needs the key 'type'", 1);
  check_refused("{type: step, initial: 0.1, factor: 0.5, evry: 10 epochs}", "no key 'evry', did you mean 'every'", 47);
  check_refused("{type: step, initial: 0.1, factor: 0.5}", "needs the key 'every'", 1);
  check_refused("{type: step, initial: 0.1, factor: 0.5, every: 10}", "'10' has no unit: write `10 epochs`", 48);
  check_refused("{type: step, initial: 0.1, factor: 0.5, every: 0 epochs}", "must be above 0");
  check_refused("{type: step, initial: 0.1, factor: 0, every: 5 epochs}", "'factor' must be above 0, but it is 0");
  check_refused("{type: step, initial: 0.1, factor: -1, every: 5 epochs}", "must be above 0, but it is -1");
  check_refused("{type: step, initial: nan, factor: 0.5, every: 5 epochs}", "unknown name 'nan'");
  check_refused("{type: step, initial: 1 / 0, factor: 0.5, every: 5 epochs}", "must be a finite number");
  check_refused("{type: step, initial: [1], factor: 0.5, every: 5 epochs}", "takes a number");
  check_refused("{type: step, initial: 0.1 * step, factor: 0.5, every: 5 epochs}", "changes during the run");
  check_refused("{type: exponential, initial: 1, rate: 0.5, every: 1 step, staircase: yes}", "takes true or false, not 'yes'");
  check_refused("{type: multistep, initial: 1, at: [20 steps, 10 steps]}", "milestones must rise, but 10 steps follows 20 steps");
  check_refused("{type: multistep, initial: 1, at: []}", "takes a list");
  check_refused("{type: multistep, initial: 1, at: [1 step], boundary: odl}", "did you mean 'old'");
  check_refused("{type: table, at: [1 step], values: [1]}", "need 2 values");
  check_refused("{type: table, at: [1 step, 2 steps], values: [1, 0], between: geometric}", "above 0");
  check_refused("{type: inverse_time, initial: 0.1}", "either `rate` or");
  check_refused("{type: inverse_time, initial: 0.1, rate: 1, decay: 1}", "either `rate` or");
  check_refused("{type: inverse_time, initial: 0.1, rate: 1, every: 1 step, per: epoch}", "either `every` or `per`");
  check_refused("{type: inverse_time, initial: 0.1, rate: -1}", "at least 0");
  check_refused("{type: geometric, from: 0, to: 1}", "above 0");
  check_refused("{type: cosine, from: 1, to: 0, cycle: 0%}", "above 0");
  check_refused("{type: cosine, from: 1, to: 0, growth: 2}", "needs the key 'cycle'");
  check_refused("{type: restarts, from: 1, to: 0, cycle: 5 steps, growth: 0.5}", "at least 1");
  check_refused("{type: restarts, from: 1, to: 0, cycle: 5 steps, cycles: 2.5}", "whole number");
  check_refused("{type: one_cycle, peak: 1, rise: 1.5}", "between 0 and 1");
  check_refused("{type: one_cycle, peak: 1, rise: 0.6, phases: 3}", "leaves nothing");
  check_refused("{type: clamp, of: 1}", "`low`, `high` or both");
  check_refused("{type: clamp, of: 1, low: 2, high: 1}", "above `high`");
  check_refused("[{type: linear, from: 0, to: 1}, 0.1]", "needs the key 'for'", 2);
  check_refused("[]", "at least one");
  check_refused("[{type: linear, from: 0, to: 1, for: 5}, 0.1]", "has no unit", 38);
  check_refused("[{type: linear, from: 0, to: 1, for: 0 steps}, 0.1]", "longer than nothing");
  check_refused("[{type: linear, from: 0, to: 1, for: 5 steps}, {type: constant, value: 0.1, jump: yes}]", "takes only `ok`");
  check_refused("{product: 3}", "takes a list");
  check_refused("{type: \"\\\"\", initial: 1}", "unknown schedule type");
}

TEST_CASE("A schedule too deep or too long is refused", "[schedules]") {
  std::string deep = "0.1";
  for (int i = 0; i < 30; ++i) deep = "{product: [" + deep + "]}";
  check_refused(deep, "levels");
  Term term;
  term.scalar = "1";
  for (int i = 0; i < 100; ++i) {
    Term list;
    list.kind = Term::Kind::list;
    list.items.push_back(std::move(term));
    term = std::move(list);
  }
  CHECK_THROWS_AS(parse_schedule(term), TermError);
}

TEST_CASE("A schedule that does not fit the run is found before it starts", "[schedules]") {
  check_found("0.1", "");
  check_found("0", "");
  check_found("0.1 / (1 + 0.002 * step)", "");
  check_found("{type: cosine, from: 0.1, to: 0}", "");
  check_found("{type: linear, from: 0.1, to: 0, for: 40 epochs}", "warning: it ends after 360 of 450 updates");
  check_found("{type: linear, from: 0.1, to: 0, for: 50 epochs}", "");
  check_found("{product: [0.5, {type: linear, from: 0.1, to: 0, for: 40 epochs}]}", "warning: it ends after 360");
  check_found("{type: warmup, of: {type: linear, from: 0.1, to: 0, for: 30 epochs}, for: 10 epochs, from: 0.01}", "warning: it ends after 360");
  check_found("{type: linear, from: 0, to: 0.1}", "warning: it is 0 at the first update");
  check_found("0.1 * step", "warning: it is 0 at the first update");
  check_found("{type: linear, from: 0.1, to: -0.1}", "error: it is -0.0004", 0);
  check_found("{type: linear, from: 0.1, to: -0.1}", "at update 226 (epoch 25) but must be at least 0");
  check_found("-0.1", "error: it is -0.1 at update 0");
  check_found("1.5", "must be from 0 to 1", 0, 1);
  check_found("0.1 / step", "error: it is inf at update 0");
  check_found("sqrt(200 - step)", "error: it is nan at update 201");
  check_found("{type: cosine, from: 0.1, to: 0.01, cycle: 50 epochs}", "never restarts");
  check_found("{type: multistep, initial: 0.1, at: [60 epochs]}", "never reached");
  check_found("{type: multistep, initial: 0.1, at: [100 steps, 1 epoch]}", "error: milestone 1 epoch does not come after 100 steps");
  check_found("{type: noam, width: 4, warmup: 1000 steps}", "error: the warm-up");
  check_found("{type: trapezoid, peak: 1, warmup: 30 epochs, decay: 30 epochs, from: 0.1}", "error: warm-up (270 updates) and decay (270)");
  check_found("{type: warmup, of: 0.1, for: 60 epochs}", "error: the warm-up of 60 epochs");
  check_found("{type: one_cycle, peak: 1, rise: 0.001}", "error: the peak comes at the first update");
  check_found("{type: triangular, low: 0.1, high: 1, up: 60 epochs}", "top is never reached");
}

TEST_CASE("Phases are checked against the run", "[schedules]") {
  const std::string rise = "{type: linear, from: 0.01, to: 0.1, for: 5 epochs}";
  check_found("[" + rise + ", {type: cosine, from: 0.1, to: 0}]", "");
  check_found("[" + rise + ", {type: constant, value: 0.1, for: 20 epochs}]", "error: the phases end after 225 of 450 updates");
  check_found("[" + rise + ", {type: constant, value: 0.1, for: 60 epochs}]", "error: the phases last 585 updates, but there are 450");
  check_found("[" + rise + ", {type: constant, value: 0.1, for: 46 epochs}, 0.1]", "error: phase 3 never begins");
  check_found("[" + rise + ", {type: constant, value: 0.1, for: 0.01 epochs}, 0.1]", "error: phase 2 lasts no whole update");
  check_found("[" + rise + ", 0.05]", "warning: it jumps from 0.098 to 0.05 at update 45 (epoch 5), where phase 2 begins");
  check_found("[" + rise + ", {type: constant, value: 0.05, jump: ok}]", "");
  check_found("[" + rise + ", 0.1005]", "");
  check_found("[" + rise + ", {type: multistep, initial: 0.1, at: [46 epochs]}]", "never reached: there are 405 updates");
  check_found("{product: [0.5, [" + rise + ", 0.05]]}", "jumps from");
  CHECK(found("[{type: constant, value: 1, for: 1 step}, 1]", 0, inf, clock_of(0, 2, 1)).empty());
}
