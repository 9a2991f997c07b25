// Caffe's lr_policy: it counts updates.
#include "schedules/dialect.h"

namespace lehr {
namespace {

Curve multistep(const Args& a) {
  const auto values = a.numbers("stepvalue");
  require_order(a, "stepvalue", values, true);
  return counted(Counter::step, [lr = a.number("base_lr"), gamma = a.number("gamma"), values](double it) {
    return lr * std::pow(gamma, static_cast<double>(std::upper_bound(values.begin(), values.end(), it) - values.begin()));
  });
}

Curve poly(const Args& a) {
  Curve curve = counted(Counter::step, [lr = a.number("base_lr"), power = a.number("power"), length = a.number("max_iter")](double it) {
    return lr * std::pow(1 - std::min(it, length) / length, power);
  });
  curve.end = ends_after(a.number("max_iter"));
  return curve;
}
}  // namespace

std::vector<Type> caffe_types() {
  const Key lr = number_key("base_lr", "base rate"), gamma = number_key("gamma", "decay", "", positive), power = number_key("power", "exponent", "", positive);
  const std::string origin = "Caffe lr_policy";
  return {
      {"caffe.fixed", "base_lr", origin, {lr}, [](const Args& a) { return counted(Counter::step, [r = a.number("base_lr")](double) { return r; }); }},
      {"caffe.step",
       "base_lr * gamma ^ floor(it / stepsize)",
       origin,
       {lr, gamma, count_key("stepsize", "updates between two drops")},
       [](const Args& a) {
         return counted(Counter::step,
                        [r = a.number("base_lr"), g = a.number("gamma"), s = a.number("stepsize")](double it) { return r * std::pow(g, std::floor(it / s)); });
       }},
      {"caffe.exp",
       "base_lr * gamma ^ it",
       origin,
       {lr, gamma},
       [](const Args& a) { return counted(Counter::step, [r = a.number("base_lr"), g = a.number("gamma")](double it) { return r * std::pow(g, it); }); }},
      {"caffe.inv",
       "base_lr * (1 + gamma * it) ^ -power",
       origin,
       {lr, gamma, power},
       [](const Args& a) {
         return counted(Counter::step,
                        [r = a.number("base_lr"), g = a.number("gamma"), p = a.number("power")](double it) { return r * std::pow(1 + g * it, -p); });
       }},
      {"caffe.multistep",
       "base_lr * gamma ^ (stepvalues <= it)",
       origin,
       {lr, gamma, list_key("stepvalue", Key::Kind::numbers, "updates, increasing", "", not_negative)},
       multistep},
      {"caffe.poly", "base_lr * (1 - it / max_iter) ^ power", origin, {lr, power, count_key("max_iter", "length")}, poly},
      {"caffe.sigmoid",
       "base_lr / (1 + exp(-gamma * (it - stepsize)))",
       origin,
       {lr, gamma, count_key("stepsize", "update of the middle")},
       [](const Args& a) {
         return counted(Counter::step,
                        [r = a.number("base_lr"), g = a.number("gamma"), s = a.number("stepsize")](double it) { return r / (1 + std::exp(-g * (it - s))); });
       }},
  };
}

}  // namespace lehr
