#include "engine/optim/average.h"

#include <algorithm>
#include <cmath>

#include "base/familiar.h"
#include "engine/kernels/reduce.h"
#include "engine/optim/choices.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> ema_options{{"warmup", "none | timm | marian | optax"}};

std::vector<Hyper> with_moments(std::vector<Hyper> numbers) {
  constexpr double many = 1e15;
  numbers.push_back({"start", 1, false, 1, many, "the first update whose weights enter"});
  numbers.push_back({"every", 1, false, 1, many, "updates from one average to the next"});
  numbers.push_back({"overwrite_every", 0, false, 0, many, "the weights become the average after each of so many updates; 0: never"});
  return numbers;
}

std::map<std::string, double> checked(const std::string& type, const AverageRow& row, const std::map<std::string, double>& given) {
  std::map<std::string, double> out;
  std::vector<std::string> names;
  for (const Hyper& h : row.numbers) names.push_back(h.name), out[h.name] = h.fallback;
  for (const auto& [name, value] : given) {
    const auto known = std::ranges::find(row.numbers, name, &Hyper::name);
    if (known == row.numbers.end()) throw Error("average ", type, " has no number ", quote(name), with_known(did_you_mean(name, names), names));
    if (!(value >= known->low && value <= known->high))
      throw Error("average ", type, ": ", name, " is ", value, ", allowed are ", known->low, " to ", known->high);
    out[name] = value;
  }
  for (const char* name : {"start", "every", "overwrite_every"})
    if (out[name] != std::floor(out[name])) throw Error("average ", type, ": ", name, " is ", out[name], ", it counts updates and must be whole");
  return out;
}

}  // namespace

const AverageTable& standard_averages() {
  static const AverageTable table = [] {
    AverageTable t("average");
    t.add("ema", {"avg += (1 - decay) (w - avg), the first one copies", ema_options,
                  with_moments({beta_hyper("decay", 0.999, "share of the average kept"),
                                {"gamma", 1, false, 1e-9, 1e15, "warmup timm: updates by which it is stretched"},
                                {"power", 2.0 / 3, false, 0, 100, "warmup timm: exponent"}})});
    t.add("swa", {"the plain mean of the weights: avg += (w - avg)/(k + 1)", {}, with_moments({})});
    return t;
  }();
  return table;
}

Average::Average(const std::string& type, const OptimizerOptions& options, const std::map<std::string, double>& numbers, std::span<const float> initial)
    : mean_(type == "swa"), values_(initial.begin(), initial.end()) {
  const AverageRow& row = standard_averages().find(type);
  const Choices choices(row.options, options);
  const auto given = checked(type, row, numbers);
  start_ = static_cast<std::int64_t>(given.at("start")), every_ = static_cast<std::int64_t>(given.at("every"));
  overwrite_every_ = static_cast<std::int64_t>(given.at("overwrite_every"));
  if (mean_) return;
  const std::string& warmup = choices["warmup"];
  warmup_ = warmup == "timm" ? Warmup::timm : warmup == "marian" ? Warmup::marian : warmup == "optax" ? Warmup::optax : Warmup::none;
  decay_ = given.at("decay"), gamma_ = given.at("gamma"), power_ = given.at("power");
}

double Average::share(std::int64_t t) const {
  const auto k = static_cast<double>(count_), n = static_cast<double>(t);
  if (count_ == 0) return 1;
  if (mean_) return 1 / (k + 1);
  switch (warmup_) {
    case Warmup::timm:
      return 1 - std::min(decay_, 1 - std::pow(1 + k / gamma_, -power_));
    case Warmup::marian:
      return std::max(1 - decay_, 1 - (n + 1) / (n + 10));
    case Warmup::optax:
      return (1 - decay_) / (1 - std::pow(decay_, k + 1));
    case Warmup::none:
      break;
  }
  return 1 - decay_;
}

void Average::update(std::span<const float> w, std::int64_t t) {
  if (t < start_ || (t - start_) % every_ != 0) return;
  approach(values_, static_cast<float>(share(t)), w);
  ++count_;
}

void Average::restore(std::span<const float> values, std::int64_t count) {
  if (values.size() != values_.size()) throw Error("the saved average has ", values.size(), " values, this one has ", values_.size());
  if (count < 0) throw Error("the saved average's count is ", count);
  std::ranges::copy(values, values_.begin());
  count_ = count;
}

}  // namespace lehr
