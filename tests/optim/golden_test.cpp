#include "tests/optim/golden.h"

#include <cmath>
#include <iostream>

#include "engine/kernels/reduce.h"
#include "tests/optim/driver.h"
#include "tests/support/catch.h"

using namespace lehr;
using nlohmann::json;
using Floats = std::vector<float>;

namespace {

struct Count {
  int runs = 0, failed = 0;
  std::map<std::string, int> skipped;
};

double rate(const json& run, const test::Translated& as, int n) {
  const json& lr = run.at("lr");
  const int last = lr.is_array() ? std::min(n, static_cast<int>(lr.size()) - 1) : 0;
  return as.rate(n, lr.is_array() ? lr[static_cast<std::size_t>(last)].get<double>() : lr.is_number() ? lr.get<double>() : 0.0);
}

// Largest distance of a run's weights, and evaluated weights where it has them, from the library's float64 run, over its tolerance
// (tests/golden/README.md).
double distance(const json& problem, const json& run, const test::Translated& as) {
  const json& start = problem.at(run.value("start", "") == "zero_b" ? "start_zero_b" : "start");
  test::Driver ours(as.name, as.options, as.hypers);
  auto state = ours.start({{start.at("W").get<Floats>(), {3, 4}}, {start.at("b").get<Floats>(), {5}}});
  const double tolerance =
      std::max(8 * run.at("f32_f64_max_abs").get<double>(), run.value("f64_tolerance", 0.0)) + 1e-6 * run.at("max_abs_value").get<double>();
  double worst = 0;
  const auto compare = [&](const std::string& key, const Floats& got, std::size_t n) {
    if (!run.at("f64").contains(key)) return;
    const auto want = run.at("f64").at(key)[n].get<std::vector<double>>();
    for (std::size_t i = 0; i < want.size(); ++i) {
      const double off = std::abs(got[i] - want[i]) / tolerance;
      worst = std::isnan(off) ? 1e9 : std::max(worst, off);
    }
  };
  std::vector<Floats> sum;
  for (std::size_t n = 0; n < problem.at("grads_W").size(); ++n) {
    std::vector<Floats> g{problem.at("grads_W")[n].get<Floats>(), problem.at("grads_b")[n].get<Floats>()};
    if (as.maximize)
      for (auto& part : g) scale(part, -1);
    if (as.accumulate > 1) {
      const int seen = static_cast<int>(n) % as.accumulate;
      if (seen == 0) sum = {Floats(g[0].size()), Floats(g[1].size())};
      for (std::size_t i = 0; i < g.size(); ++i) axpy(1 / static_cast<float>(as.accumulate), g[i], sum[i]);
      if (seen + 1 == as.accumulate)
        g = sum;
      else
        g.clear();
    }
    const int at = static_cast<int>(n);
    if (!g.empty()) {
      if (as.clip_norm > 0) {
        const std::vector<std::span<float>> both{g[0], g[1]};
        clip_by_global_norm(both, as.clip_norm, as.clip_form);
      }
      ours.set("lr", rate(run, as, at));
      if (as.decay) ours.set("weight_decay", as.decay(at));
      ours.step(state, g, rate(run, as, at + 1));
    }
    compare("W", state.tensors[0].w, n);
    compare("b", state.tensors[1].w, n);
    compare("eval_W", ours.evaluated(state, 0), n);
    compare("eval_b", ours.evaluated(state, 1), n);
  }
  return worst;
}

void check_file(const std::string& file, const json& problem, Count& count) {
  const json golden = test::read_json(test::golden(file));
  if (golden.is_null()) return;
  for (const json& run : golden.at("runs")) {
    const auto as = test::translate(run);
    if (as.name.empty()) {
      ++count.skipped[run.at("class").get<std::string>() + " (" + as.why + ")"];
      continue;
    }
    ++count.runs;
    INFO(file << ": " << run.at("id").get<std::string>());
    const double worst = distance(problem, run, as);
    if (!(worst <= 1)) ++count.failed;
    CHECK(worst <= 1);
  }
}

}  // namespace

TEST_CASE("optimizers follow the libraries' traces", "[optim][golden]") {
  const json problem = test::read_json(test::golden("problem.json"));
  REQUIRE(problem.is_object());
  Count count;
  for (const std::string library : {"keras", "keras_jax", "torch", "optax", "hf", "timm"}) check_file(library + ".json", problem, count);
  std::cout << "golden optimizers: " << count.runs - count.failed << " of " << count.runs << " runs agree";
  for (const auto& [what, runs] : count.skipped) std::cout << "\n  not run: " << what << ", " << runs;
  std::cout << "\n";
  CHECK(count.runs >= 69);
  CHECK(count.skipped.empty());
}

namespace {

// One clipped pair of gradients, beside their weights.
void clip(const json& args, Floats& w, Floats& b, const json& weights, const std::string& id) {
  std::vector<std::span<float>> both{w, b};
  const auto form = id.starts_with("keras") ? ClipForm::keras : id.starts_with("optax") ? ClipForm::optax : ClipForm::torch;
  const auto has = [&](const char* key) { return args.contains(key); };
  if (has("clipvalue") || has("clip_value") || has("max_delta")) {
    const double limit = args.at(has("clipvalue") ? "clipvalue" : has("clip_value") ? "clip_value" : "max_delta");
    for (const auto& g : both) clip_by_value(g, limit);
  } else if (has("clipnorm")) {
    for (const auto& g : both) clip_by_norm(g, args.at("clipnorm"));
  } else if (has("threshold")) {
    for (const auto& g : both) clip_by_rms(g, args.at("threshold"));
  } else if (has("clipping")) {  // optax keeps outputs on the last axis
    const Shape matrix{3, 4}, vector{5};
    clip_adaptive(w, weights.at("W").get<Floats>(), matrix, Units::last, args.at("clipping"), args.at("eps"));
    clip_adaptive(b, weights.at("b").get<Floats>(), vector, Units::last, args.at("clipping"), args.at("eps"));
  } else if (id.find("one call a parameter") != std::string::npos) {
    for (auto& g : both) clip_by_global_norm({&g, 1}, args.at("max_norm"), form);
  } else {
    clip_by_global_norm(both, args.at(has("max_norm") ? "max_norm" : "global_clipnorm"), form, has("norm_type") ? Norm::max : Norm::l2);
  }
}

}  // namespace

TEST_CASE("gradient clipping follows the libraries' traces", "[optim][golden]") {
  const json problem = test::read_json(test::golden("problem.json"));
  REQUIRE(problem.is_object());
  int runs = 0;
  for (const std::string library : {"keras", "torch", "optax"}) {
    const json golden = test::read_json(test::golden(library + "_clipping.json"));
    if (golden.is_null()) continue;
    for (const json& run : golden.at("runs")) {
      double worst = 0;
      for (std::size_t n = 0; n < problem.at("grads_W").size(); ++n) {
        Floats w = problem.at("grads_W")[n].get<Floats>(), b = problem.at("grads_b")[n].get<Floats>();
        clip(run.at("args"), w, b, problem.at("start"), run.at("id"));
        const auto want_w = run.at("f64").at("W")[n].get<std::vector<double>>(), want_b = run.at("f64").at("b")[n].get<std::vector<double>>();
        for (std::size_t i = 0; i < w.size(); ++i) worst = std::max(worst, std::abs(w[i] - want_w[i]));
        for (std::size_t i = 0; i < b.size(); ++i) worst = std::max(worst, std::abs(b[i] - want_b[i]));
      }
      ++runs;
      INFO(library << ": " << run.at("id").get<std::string>());
      CHECK(worst <= 8 * run.at("f32_f64_max_abs").get<double>() + 1e-6 * run.at("max_abs_value").get<double>());
    }
  }
  std::cout << "golden clipping: " << runs << " runs\n";
  CHECK(runs >= 11);
}
