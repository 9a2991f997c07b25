#include "experiments/report/expect.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/readable.h"
#include "base/text.h"
#include "experiments/report/compare.h"
#include "experiments/report/summary.h"

namespace lehr::report {

namespace {
bool holds(double value, const Expectation& e) {
  if (e.sign == ">=") return value >= e.bound;
  if (e.sign == ">") return value > e.bound;
  return e.sign == "<=" ? value <= e.bound : value < e.bound;
}
}  // namespace

std::vector<Fulfilment> fulfilments(const RunInfo& info, const std::vector<TrialResult>& results) {
  std::vector<Fulfilment> out;
  if (info.expect.empty() || std::ranges::any_of(results, [](const TrialResult& r) { return r.outcome == Outcome::interrupted; })) return out;
  const auto all = cells(info, results);
  const auto choices = choose(info, all);
  for (const Expectation& e : info.expect)
    for (const Choice& choice : choices) {
      Fulfilment v{e, choice.variant};
      double sum = 0;
      for (const TrialResult* r : choice.results) {
        ++v.of_seeds;
        if (r->outcome != Outcome::done) continue;
        for (const Final& f : finals(*r))
          if (f.quantity == e.quantity && !std::isnan(f.value)) sum += f.value, ++v.finished;
      }
      v.mean = v.finished > 0 ? sum / static_cast<double>(v.finished) : std::nan("");
      v.met = v.finished == v.of_seeds && v.finished > 0 && holds(v.mean, e);
      out.push_back(std::move(v));
    }
  return out;
}

std::string text(const Fulfilment& v) {
  return cat("expect ", v.variant.empty() ? "" : cat(printable(v.variant), ": "), v.of.quantity, " ", v.of.sign, " ", readable(v.of.bound), ": ",
             v.met ? "met" : "NOT met", ", ", std::isnan(v.mean) ? std::string("there is none")
                                                         : cat(v.of_seeds == 1 ? "it is " : "the mean is ", readable(v.mean, 6)),
             v.finished < v.of_seeds ? cat(" of the ", v.finished, " of ", v.of_seeds, v.of_seeds == 1 ? " run" : " runs", " that have one")
             : v.of_seeds > 1        ? cat(" of ", v.of_seeds, " runs")
                                     : "");
}

void Expectations::finish(const RunInfo& info, const std::vector<TrialResult>& results) {
  for (const Fulfilment& v : fulfilments(info, results)) std::fputs((text(v) + "\n").c_str(), json_ ? stderr : stdout);
}

}  // namespace lehr::report
