#include <cmath>

#include "tests/schedules/refused.h"

using namespace lehr;
using namespace lehr::test;

TEST_CASE("A dialect takes its library's arguments and no others", "[schedules]") {
  check_refused("{type: keras.CosineDecay, initial_learning_rate: 0.1, decay_step: 5}", "did you mean 'decay_steps'");
  check_refused("{type: keras.CosinDecay, initial_learning_rate: 0.1}", "did you mean 'keras.CosineDecay'");
  check_refused("{type: keras.ExponentialDecay, initial_learning_rate: 0.1, decay_steps: 0, decay_rate: 0.5}", "'decay_steps' must be above 0");
  check_refused("{type: keras.ExponentialDecay, initial_learning_rate: 0.1, decay_steps: 1, decay_rate: -0.5}", "'decay_rate' must be above 0");
  check_refused("{type: keras.PiecewiseConstantDecay, boundaries: [20, 10], values: [1, 2, 3]}", "must rise, but 10 follows 20");
  check_refused("{type: keras.PiecewiseConstantDecay, boundaries: [10, 20], values: [1, 2]}", "2 boundaries need 3 values");
  check_refused("{type: keras.CosineDecayRestarts, initial_learning_rate: 0.1, first_decay_steps: 0}", "above 0");
  check_refused("{type: torch.StepLR, step_size: 10}", "needs the key 'lr'");
  check_refused("{type: torch.StepLR, lr: 0.1, step_size: 0}", "at least 1");
  check_refused("{type: torch.StepLR, lr: 0.1, step_size: 2.5}", "whole number");
  check_refused("{type: torch.StepLR, lr: 0.1, step_size: 10, gamma: 0}", "above 0");
  check_refused("{type: torch.MultiStepLR, lr: 0.1, milestones: [80, 30]}", "must rise");
  check_refused("{type: torch.CosineAnnealingLR, lr: 0.1, T_max: 0}", "at least 1");
  check_refused("{type: torch.CosineAnnealingWarmRestarts, lr: 0.1, T_0: 5, T_mult: 1.5}", "whole number");
  check_refused("{type: torch.LambdaLR, lr: 0.1, lr_lambda: 0.95 ^ epoc}", "did you mean 'epoch'");
  check_refused("{type: torch.OneCycleLR, max_lr: 1, epochs: 5}", "belong together");
  check_refused("{type: torch.OneCycleLR, max_lr: 1, pct_start: 0.6, three_phase: true}", "must be below 0.5");
  check_refused("{type: torch.SequentialLR, lr: 0.1, schedulers: [{type: torch.ConstantLR}], milestones: [5]}", "1 schedulers need 0 milestones");
  check_refused("{type: torch.SequentialLR, lr: 0.1, schedulers: [{type: torch.ConstantLR, facto: 1}, 0.1], milestones: [5]}", "did you mean 'factor'");
  check_refused("{type: torch.ChainedScheduler, lr: 0, schedulers: [{type: torch.ConstantLR}]}", "must not be 0");
  check_refused("{type: optax.warmup_cosine_decay_schedule, init_value: 0, peak_value: 1, warmup_steps: 20, decay_steps: 20}", "nothing is left");
  check_refused("{type: optax.piecewise_constant_schedule, init_value: 1, boundaries_and_scales: {1.5: 0.5}}", "'1.5' is no whole, non-negative boundary");
  check_refused("{type: optax.linear_onecycle_schedule, transition_steps: 2, peak_value: 1}", "the peak is never reached");
  check_refused("{type: optax.join_schedules, schedules: [1, 2, 3], boundaries: [5]}", "3 schedules need 2 boundaries");
  check_refused("{type: optax.sgdr_schedule, cosine_kwargs: [{init_value: 0, peak_value: 1, warmup_steps: 1}]}", "needs the key 'decay_steps'");
  check_refused("{type: timm.WSDLRScheduler, lr: 0.1, t_initial: 10, decay_t: 20}", "longer than t_initial 10");
  check_refused("{type: timm.WSDLRScheduler, lr: 0.1, t_initial: 10, decay_t: 5, stable_fn: rsqrt}", "stable_timescale");
  check_refused("{type: timm.CosineLRScheduler, lr: 0.1, t_initial: 10, cycle_mul: 0.5}", "at least 1");
  check_refused("{type: hf.linear, lr: 0.1, num_warmup_steps: 20, num_training_steps: 10}", "longer than num_training_steps 10");
  check_refused("{type: hf.polynomial, lr: 1e-8, num_warmup_steps: 0}", "must be smaller");
  check_refused("{type: hf.cosine_with_min_lr, lr: 0.1, num_warmup_steps: 0}", "either `min_lr` or `min_lr_rate`");
  check_refused("{type: hf.warmup_stable_decay, lr: 0.1, num_warmup_steps: 5, num_decay_steps: 10, num_training_steps: 12}", "longer than num_training_steps");
  check_refused("{type: hf.get_scheduler, num_warmup_steps: 5}", "needs the key 'name'");
  check_refused("{type: hf.get_scheduler, name: lineal, lr: 0.1}", "did you mean 'hf.linear'");
}

TEST_CASE("An argument that is null in the library's way is not given", "[schedules]") {
  for (const char* nothing : {"null", "None", "none", "~"})
    CHECK(parse_schedule(cat("{type: torch.OneCycleLR, max_lr: 1, total_steps: 450, epochs: ", nothing, "}")) ==
          parse_schedule("{type: torch.OneCycleLR, max_lr: 1, total_steps: 450}"));
}

TEST_CASE("Children of torch's schedulers take over rate and counter", "[schedules]") {
  const Schedule schedule = parse_schedule(
      "{type: torch.SequentialLR, lr: 0.1, per: epoch, schedulers: [{type: torch.ConstantLR, factor: 0.5, total_iters: 5}, "
      "{type: torch.StepLR, step_size: 2, gamma: 0.5}], milestones: [3]}");
  CHECK(schedule.at(tutorial_clock(26)) == Approx(0.05));
  CHECK(schedule.at(tutorial_clock(27)) == Approx(0.1));
  CHECK(schedule.at(tutorial_clock(27 + 17)) == Approx(0.1));
  CHECK(schedule.at(tutorial_clock(27 + 18)) == Approx(0.05));
  CHECK(parse_schedule(schedule.text()) == schedule);
}

TEST_CASE("A counter may be updates, epochs or the fractional epoch", "[schedules]") {
  const auto at = [](const char* per, std::int64_t step) {
    return parse_schedule(cat("{type: torch.ExponentialLR, lr: 1, gamma: 0.5, per: ", per, "}")).at(tutorial_clock(step));
  };
  CHECK(at("step", 10) == Approx(std::exp2(-10)));
  CHECK(at("epoch", 10) == Approx(0.5));
  CHECK(at("t", 9) == Approx(0.5));
  CHECK(at("t", 18 + 3) == Approx(std::exp2(-7.0 / 3)));
  const auto timm = [](const char* more, std::int64_t step) {
    return parse_schedule(cat("{type: timm.StepLRScheduler, lr: 1, decay_t: 2, decay_rate: 0.5", more, "}")).at(tutorial_clock(step));
  };
  CHECK(timm("", 17) == 1);
  CHECK(timm("", 18) == 0.5);
  CHECK(timm(", t_in_epochs: false", 2) == 0.5);
}

TEST_CASE("get_scheduler names its schedule by argument", "[schedules]") {
  CHECK(parse_schedule(
            "{type: hf.get_scheduler, name: polynomial, lr: 0.1, num_warmup_steps: 10, num_training_steps: 100, scheduler_specific_kwargs: {power: 2}}") ==
        parse_schedule("{type: hf.polynomial, lr: 0.1, num_warmup_steps: 10, num_training_steps: 100, power: 2}"));
  // Without a length of its own it has the run's.
  CHECK(parse_schedule("{type: hf.linear, lr: 1, num_warmup_steps: 0}").at(tutorial_clock(225)) == Approx(0.5));
  CHECK(parse_schedule("{type: torch.OneCycleLR, max_lr: 1}").at(tutorial_clock(449)) == Approx(4e-6));
}

TEST_CASE("A dialect's schedule that does not fit the run is found before it starts", "[schedules]") {
  check_found("{type: keras.CosineDecay, initial_learning_rate: 0.1, decay_steps: 400}", "warning: it ends after 400 of 450 updates");
  check_found("{type: keras.CosineDecay, initial_learning_rate: 0, decay_steps: 400, warmup_target: 0.1, warmup_steps: 50}",
              "warning: it is 0 at the first update");
  check_found("{type: keras.CosineDecay, initial_learning_rate: 0.01, decay_steps: 400, warmup_target: 0.1, warmup_steps: 500}", "error: the warm-up of 500");
  check_found("{type: keras.CosineDecayRestarts, initial_learning_rate: 0.1, first_decay_steps: 450}", "warning: a cycle of 450 updates never restarts");
  check_found("{type: torch.CosineAnnealingLR, lr: 0.1, T_max: 40, per: epoch}", "climbs again");
  check_found("{type: torch.CosineAnnealingLR, lr: 0.1, T_max: 50, per: epoch}", "");
  check_found("{type: torch.CosineAnnealingWarmRestarts, lr: 0.1, T_0: 60, per: epoch}", "never restarts");
  check_found("{type: torch.PolynomialLR, lr: 0.1, total_iters: 40, per: epoch}", "ends after 360 of 450");
  check_found("{type: torch.OneCycleLR, max_lr: 0.1, total_steps: 450}", "");
  check_found("{product: [{type: torch.OneCycleLR, max_lr: 0.1, total_steps: 450}, 0.5]}", "also cycles the momentum in torch");
  check_found("{type: torch.OneCycleLR, max_lr: 0.1, total_steps: 450, cycle_momentum: false}", "");
  check_found("{type: torch.OneCycleLR, max_lr: 0.1, total_steps: 450, drives: momentum}", "", 0, 1);
  check_found("{type: torch.OneCycleLR, max_lr: 0.1, total_steps: 400, cycle_momentum: false}", "error: its total_steps end after 400");
  check_found("{type: torch.OneCycleLR, max_lr: 0.1, total_steps: 4500, cycle_momentum: false}", "error: the peak is never reached");
  check_found("{type: torch.OneCycleLR, max_lr: 0.1, pct_start: 0.001, cycle_momentum: false}", "error: the peak is never reached");
  check_found("{type: torch.OneCycleLR, max_lr: 0.1, pct_start: 0.25, cycle_momentum: false}", "warning: the peak falls between two steps");
  check_found("[{type: torch.CyclicLR, base_lr: 0.01, max_lr: 0.1}]", "also cycles the momentum");
  check_found("{type: optax.warmup_constant_schedule, init_value: 0.01, peak_value: 0.1, warmup_steps: 500}", "error: the warm-up of 500");
  check_found("{type: optax.cosine_decay_schedule, init_value: 0.1, decay_steps: 400}", "ends after 400");
  check_found("{type: timm.CosineLRScheduler, lr: 0.1, t_initial: 50, warmup_t: 60}", "error: the warm-up of 540 updates");
  check_found("{type: hf.linear, lr: 0.1, num_warmup_steps: 500}", "error: the warm-up of 500");
  check_found("{type: hf.linear, lr: 0.1, num_warmup_steps: 10}", "warning: it is 0 at the first update");
  check_found("{type: hf.cosine, lr: 0.1, num_warmup_steps: 0, num_training_steps: 300}", "rises again");
  check_found("{type: hf.warmup_stable_decay, lr: 0.1, num_warmup_steps: 300, num_decay_steps: 300}", "error: warm-up, stable part and decay last 600");
  check_found("{type: caffe.poly, base_lr: 0.1, power: 1, max_iter: 100}", "ends after 100");
}
