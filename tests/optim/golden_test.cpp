#include "tests/support/golden_optimizer.h"

#include <cmath>
#include <iostream>

#include "base/error.h"
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

void clip(const test::GoldenClip& how, Floats& w, Floats& b, const json& weights) {
  std::vector<std::span<float>> both{w, b};
  for (auto& g : both) {
    if (how.value) clip_by_value(g, *how.value);
    if (how.tensor_norm) clip_by_norm(g, *how.tensor_norm);
    if (how.rms) clip_by_rms(g, *how.rms);
    if (how.norm && how.apart) clip_by_global_norm({&g, 1}, *how.norm, how.form, how.kind);
  }
  if (how.norm && !how.apart) clip_by_global_norm(both, *how.norm, how.form, how.kind);
  if (!how.adaptive) return;
  const Shape matrix{3, 4}, vector{5};  // optax keeps outputs on the last axis
  clip_adaptive(w, weights.at("W").get<Floats>(), matrix, Units::last, *how.adaptive, how.epsilon);
  clip_adaptive(b, weights.at("b").get<Floats>(), vector, Units::last, *how.adaptive, how.epsilon);
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
      clip(as.clip, g[0], g[1], start);
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
// What a reader makes of a run: "nadam decay=decoupled form=torch weight_decay=0.1", or why it is refused.
std::string read(const std::string& class_name, const json& args) {
  const auto as = test::translate({{"class", class_name}, {"args", args}, {"lr", 0.1}});
  if (as.name.empty()) return "refused: " + as.why;
  std::string out = as.name;
  for (const auto& [key, value] : as.options) out += cat(" ", key, "=", value);
  for (const auto& [key, value] : as.hypers) out += cat(" ", key, "=", value);
  if (as.clip.norm) out += cat(" clip.norm=", *as.clip.norm);
  if (as.clip.tensor_norm) out += cat(" clip.tensor_norm=", *as.clip.tensor_norm);
  if (as.clip.value) out += cat(" clip.value=", *as.clip.value);
  if (as.maximize) out += " maximize";
  if (as.accumulate > 1) out += cat(" accumulate=", as.accumulate);
  return out;
}
}  // namespace

TEST_CASE("an argument of a library's optimizer is read or refused by its name, never passed over", "[optim][golden]") {
  const struct { const char *class_name, *args, *wanted;
  } rows[] = {
      {"torch.optim.NAdam", R"({"weight_decay": 0.1, "decoupled_weight_decay": true})", "nadam decay=decoupled form=torch weight_decay=0.1"},
      {"torch.optim.RAdam", R"({"decoupled_weight_decay": false})", "radam decay=coupled form=torch"},
      {"torch.optim.Adam", R"({"decoupled_weight_decay": true, "weight_decay": 0.2})", "adamw form=torch weight_decay=0.2"},
      {"torch.optim.Adam", R"({"decoupled_weight_decay": true})", "adamw form=torch weight_decay=0"},
      {"torch.optim.Adagrad", R"({"initial_accumulator_value": 0.37})", "adagrad form=torch initial_accumulator=0.37"},
      {"keras.optimizers.Ftrl", R"({"initial_accumulator_value": 0.5, "l2_shrinkage_regularization_strength": 0.1})",
       "ftrl initial_accumulator=0.5 l2_shrinkage=0.1"},
      {"keras.optimizers.Ftrl", R"({"learning_rate_power": -0.7})", "refused: argument learning_rate_power -0.7"},
      {"torch.optim.SGD", R"({"foreach": false, "fused": true, "maximize": true})", "sgd form=torch maximize"},
      {"torch.optim.SGD", R"({"momentun": 0.9})", "refused: argument momentun 0.9"},
      {"torch.optim.SGD", R"({"amsgrad": true})", "refused: argument amsgrad true"},
      {"torch.optim.Rprop", R"({"etas": [0.4, 1.3], "step_sizes": [1e-5, 40]})", "rprop form=torch grow=1.3 shrink=0.4 step_max=40 step_min=1e-05"},
      {"torch.optim.ASGD", R"({"alpha": 0.6, "lambd": 0.01})", "asgd alpha=0.6 lambda=0.01"},
      {"torch.optim.RMSprop", R"({"alpha": 0.6})", "rmsprop form=torch rho=0.6"},
      {"torch.optim.Adafactor", R"({"eps": [null, 0.01], "beta2_decay": -0.5, "d": 2})", "adafactor form=torch clip_threshold=2 decay_rate=0.5 epsilon2=0.01"},
      {"transformers.optimization.Adafactor", R"({"relative_step": false, "lr": 0.01, "decay_rate": -0.7})", "adafactor form=hf decay_rate=0.7 lr=0.01"},
      {"transformers.optimization.Adafactor", R"({"relative_step": true, "lr": 0.01})", "refused: arguments lr and relative_step"},
      {"optax.adafactor", R"({"min_dim_size_to_factor": 64, "decay_rate": 0.7, "clipping_threshold": null})",
       "adafactor factor=large factor_from=64 form=optax clip_threshold=1e+30 decay_rate=0.7"},
      {"optax.adafactor", R"({"factored": false, "decay_offset": 3})", "refused: argument decay_offset 3"},
      {"keras.optimizers.Muon", R"({"rms_rate": 0.3, "ns_steps": 4, "adam_beta_1": 0.8})",
       "muon form=keras iterations=4 scale=rms adam_beta1=0.8 rms_rate=0.3"},
      {"torch.optim.Muon", R"({"adjust_lr_fn": "original"})", "muon form=torch scale=aspect"},
      {"torch.optim.Muon", R"({"ns_coefficients": [3, -4, 2]})", "refused: argument ns_coefficients [3,-4,2]"},
      {"keras.optimizers.Adam", R"({"clipnorm": 1, "clipvalue": 0.5, "use_ema": false})", "adam form=keras clip.tensor_norm=1 clip.value=0.5"},
      {"keras.optimizers.Adam", R"({"use_ema": true})", "refused: argument use_ema true"},
      {"keras.optimizers.SGD", R"({"gradient_accumulation_steps": 3, "learning_rate": 0.2})", "sgd form=keras lr=0.2 accumulate=3"},
      {"optax.adam", R"({"nesterov": true, "b1": 0.8})", "nadam form=optax beta1=0.8 weight_decay=0"},
      {"optax.adam", R"({"nesterov": true, "eps_root": 0.1})", "refused: argument eps_root 0.1"},
      {"optax.adamw", R"({"nesterov": false, "mu_dtype": "bfloat16"})", "refused: argument mu_dtype \"bfloat16\""},
      {"optax.rmsprop", R"({"initial_scale": 0.2, "decay": 0.8})", "rmsprop form=optax initial_accumulator=0.2 rho=0.8"},
      {"optax.MultiSteps", R"j({"opt": "optax.adam(0.01, b1=0.8)", "every_k_schedule": 4})j", "adam form=optax beta1=0.8 lr=0.01 accumulate=4"},
      {"optax.MultiSteps", R"j({"opt": "optax.chain(optax.sgd(1))", "every_k_schedule": 4})j", "refused: argument opt"},
      {"timm.optim.Lamb", R"({"grad_averaging": true, "max_grad_norm": 2})", "lamb form=timm clip.norm=2"},
      {"timm.optim.Lamb", R"({"caution": true})", "refused: argument caution true"},
      {"optax.contrib.schedule_free_sgd", R"({"warmup_steps": 5, "weight_lr_power": 1})", "schedule_free_sgd power=1"},
      {"torch.optim.LBFGS", R"({})", "refused: not offered"},
  };
  for (const auto& row : rows) {
    INFO(row.class_name << " " << row.args);
    CHECK(read(row.class_name, json::parse(row.args)) == row.wanted);
  }
  CHECK_THROWS_WITH(test::golden_clip("torch.nn.utils.clip_grad_norm_", {{"max_norm", 1}, {"norm_type", 1}}),
                    test::contains("argument norm_type 1 is not read"));
}

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
        clip(test::golden_clip(run.at("id"), run.at("args")), w, b, problem.at("start"));
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
