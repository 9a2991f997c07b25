// torch.optim.lr_scheduler: closed forms in the number of scheduler.step() calls (`per`: one an update, or one an epoch).
#include "schedules/cycle.h"
#include "schedules/dialect.h"
#include "schedules/prefix_product.h"

namespace lehr {
namespace {
using Kind = Key::Kind;

Curve lambda(const Args& a) {
  return {[lr = a.number("lr"), f = a.schedule("lr_lambda"), counter = counter_of(a)](const Moment& m) {
    return lr * f.at(Moment{count(m, counter) * updates(m, counter), m.length, m.run});
  }};
}

Curve multiplicative(const Args& a) {
  return {[lr = a.number("lr"), product = std::make_shared<PrefixProduct>(a.schedule("lr_lambda")), epochs = counter_of(a) != Counter::step](const Moment& m) {
    return lr * product->until(m, epochs);
  }};
}

Curve step(const Args& a) {
  return counted(counter_of(a), [lr = a.number("lr"), size = a.number("step_size"), gamma = a.number("gamma")](double x) {
    return lr * std::pow(gamma, std::floor(x / size));
  });
}

// A milestone given twice multiplies twice.
Curve multistep(const Args& a) {
  const auto milestones = a.numbers("milestones");
  require_order(a, "milestones", milestones, false);
  return counted(counter_of(a), [lr = a.number("lr"), milestones, gamma = a.number("gamma")](double x) {
    return lr * std::pow(gamma, static_cast<double>(std::upper_bound(milestones.begin(), milestones.end(), x) - milestones.begin()));
  });
}

Curve constant(const Args& a) {
  return counted(counter_of(a),
                 [lr = a.number("lr"), factor = a.number("factor"), total = a.number("total_iters")](double x) { return x < total ? lr * factor : lr; });
}

Curve linear(const Args& a) {
  return counted(counter_of(a), [lr = a.number("lr"), start = a.number("start_factor"), end = a.number("end_factor"),
                                 total = a.number("total_iters")](double x) { return lr * (start + (end - start) * std::min(total, x) / total); });
}

Curve polynomial(const Args& a) {
  Curve curve = counted(counter_of(a), [lr = a.number("lr"), total = a.number("total_iters"), power = a.number("power")](double x) {
    return lr * std::pow(1 - std::min(x, total) / total, power);
  });
  curve.end = ends_after(a.number("total_iters"), counter_of(a));
  return curve;
}

// Not clamped: after T_max it climbs back.
Curve cosine(const Args& a) {
  const double length = a.number("T_max");
  Curve curve =
      counted(counter_of(a), [lr = a.number("lr"), length, low = a.number("eta_min")](double x) { return low + (lr - low) * half_cosine(x / length); });
  curve.check = [length, counter = counter_of(a)](const Moment& m, std::vector<Schedule::Finding>& findings) {
    if (m.length > length * updates(m, counter) + 0.5)
      findings.push_back(
          {false, cat("T_max is reached after ", length * updates(m, counter), " of ", m.length, " updates; from there the rate climbs again, as in torch")});
  };
  return curve;
}

Curve restarts(const Args& a) {
  Curve curve = counted(counter_of(a), [lr = a.number("lr"), first = a.number("T_0"), growth = a.number("T_mult"), low = a.number("eta_min")](double x) {
    return low + (lr - low) * half_cosine(cycle_at(x, first, growth).fraction);
  });
  curve.check = restarts_happen(a.number("T_0"), counter_of(a));
  return curve;
}

// From the optimizer's rate to swa_lr; the weight rises from 0 to 1.
Curve swa(const Args& a) {
  return counted(counter_of(a), [lr = a.number("lr"), target = a.number("swa_lr"), length = a.number("anneal_epochs"),
                                 linear_form = a.word("anneal_strategy") == "linear"](double x) {
    const double u = length == 0 ? 1 : std::min(1.0, x / length);
    return target + (lr - target) * (linear_form ? 1 - u : half_cosine(u));
  });
}
}  // namespace

std::vector<Type> torch_types() {
  const Key lr = lr_key(), per = per_key(), gamma = number_key("gamma", "factor at each drop", "0.1", positive);
  const std::string origin = "torch.optim.lr_scheduler";
  return {
      {"torch.LambdaLR", "lr * lr_lambda", origin, {lr, schedule_key("lr_lambda", "formula of step or epoch"), per}, lambda},
      {"torch.MultiplicativeLR",
       "lr * lr_lambda(1) * ... * lr_lambda(x)",
       origin,
       {lr, schedule_key("lr_lambda", "formula of step or epoch"), per},
       multiplicative},
      {"torch.StepLR", "lr * gamma ^ floor(x / step_size)", origin, {lr, count_key("step_size", "counts between two drops"), gamma, per}, step},
      {"torch.MultiStepLR",
       "lr * gamma ^ (milestones <= x)",
       origin,
       {lr, list_key("milestones", Kind::numbers, "counts, increasing", "", not_negative), gamma, per},
       multistep},
      {"torch.ConstantLR",
       "lr * (x < total_iters ? factor : 1)",
       origin,
       {lr, number_key("factor", "until total_iters", "1/3", fraction), count_key("total_iters", "length", "5"), per},
       constant},
      {"torch.LinearLR",
       "lr * (start + (end - start) * min(x, total_iters) / total_iters)",
       origin,
       {lr, number_key("start_factor", "factor at 0", "1/3", Range{0, 1}), number_key("end_factor", "factor at the end", "1", fraction),
        count_key("total_iters", "length", "5"), per},
       linear},
      {"torch.ExponentialLR",
       "lr * gamma ^ x",
       origin,
       {lr, number_key("gamma", "factor per count", "", positive), per},
       [](const Args& a) { return counted(counter_of(a), [r = a.number("lr"), g = a.number("gamma")](double x) { return r * std::pow(g, x); }); }},
      {"torch.PolynomialLR",
       "lr * (1 - min(x, total_iters) / total_iters) ^ power",
       origin,
       {lr, count_key("total_iters", "length", "5"), number_key("power", "exponent", "1", positive), per},
       polynomial},
      {"torch.CosineAnnealingLR",
       "eta_min + (lr - eta_min) * (1 + cos(pi * x / T_max)) / 2",
       origin,
       {lr, count_key("T_max", "length of the fall"), number_key("eta_min", "lowest value", "0"), per},
       cosine},
      {"torch.CosineAnnealingWarmRestarts",
       "eta_min + (lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2",
       origin,
       {lr, count_key("T_0", "length of the first cycle"), count_key("T_mult", "growth of the cycles", "1"), number_key("eta_min", "lowest value", "0"), per},
       restarts},
      {"torch.SWALR",
       "swa_lr * a + lr * (1 - a), a rising from 0 to 1 in anneal_epochs",
       "torch.optim.swa_utils",
       {lr, number_key("swa_lr", "the averaging's rate"), count_or_0_key("anneal_epochs", "length", "10"),
        word_key("anneal_strategy", "shape", "cos", {"cos", "linear"}), per},
       swa},
  };
}

}  // namespace lehr
