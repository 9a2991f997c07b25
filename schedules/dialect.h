#pragma once
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "schedules/type.h"

namespace lehr {

// What the dialects of other libraries share. Their spans are plain counts; what they count is the library's counter.
inline double half_cosine(double u) { return 0.5 * (1 + std::cos(std::numbers::pi * u)); }

inline Key lr_key() { return number_key("lr", "the optimizer's base rate"); }
inline Key count_key(std::string name, std::string meaning, std::string fallback = "") {
  return integer_key(std::move(name), std::move(meaning), std::move(fallback), Range{1});
}
inline Key count_or_0_key(std::string name, std::string meaning, std::string fallback = "") {
  return integer_key(std::move(name), std::move(meaning), std::move(fallback), not_negative);
}

// The library's counter at a moment: updates, whole epochs or the fractional epoch.
enum class Counter { step, epoch, t };
inline Key per_key() { return word_key("per", "what the counter counts", "step", {"step", "epoch", "t"}); }
inline Counter counter_of(const Args& a) {
  const std::string& per = a.word("per");
  return per == "epoch" ? Counter::epoch : per == "t" ? Counter::t : Counter::step;
}
inline double count(const Moment& m, Counter counter) { return counter == Counter::step ? m.step : counter == Counter::epoch ? m.epoch() : m.t(); }
// Updates that one count lasts.
inline double updates(const Moment& m, Counter counter) { return counter == Counter::step ? 1 : static_cast<double>(m.run.steps_per_epoch); }

// f(x) of the counter.
template <class F>
Curve counted(Counter counter, F f) {
  if (counter == Counter::step) return {[f](const Moment& m) { return f(m.step); }};
  return {[f, counter](const Moment& m) { return f(count(m, counter)); }};
}

// Lasts `total` counts and then holds.
inline std::function<std::optional<double>(const Moment&)> ends_after(double total, Counter counter = Counter::step) {
  return [total, counter](const Moment& m) { return std::optional(total * updates(m, counter)); };
}

// The warm-up must be shorter than the run; a cycle as long as the run never restarts.
inline std::function<void(const Moment&, std::vector<Schedule::Finding>&)> warmup_fits(double warmup, Counter counter = Counter::step) {
  return [warmup, counter](const Moment& m, std::vector<Schedule::Finding>& findings) {
    if (const double length = warmup * updates(m, counter); length > 0 && length >= m.length)
      findings.push_back({true, cat("the warm-up of ", length, " updates is not shorter than the ", m.length, " there are")});
  };
}
inline std::function<void(const Moment&, std::vector<Schedule::Finding>&)> restarts_happen(double cycle, Counter counter = Counter::step) {
  return [cycle, counter](const Moment& m, std::vector<Schedule::Finding>& findings) {
    if (cycle * updates(m, counter) >= m.length)
      findings.push_back({false, cat("a cycle of ", cycle * updates(m, counter), " updates never restarts within ", m.length)});
  };
}

// a, a, b: not falling; Error at `key` otherwise.
void require_order(const Args& a, std::string_view key, const std::vector<double>& values, bool strict);

std::vector<Type> keras_types();
std::vector<Type> torch_types();
std::vector<Type> torch_cycle_types();
std::vector<Type> torch_combining_types();
std::vector<Type> optax_types();
std::vector<Type> timm_types();
std::vector<Type> hf_types();
std::vector<Type> caffe_types();

}  // namespace lehr
