#include "engine/optim/average.h"

#include <cmath>
#include <iostream>
#include <regex>

#include "base/error.h"
#include "engine/kernels/reduce.h"
#include "tests/support/golden_optimizer.h"
#include "tests/support/catch.h"

using namespace lehr;
using nlohmann::json;
using Floats = std::vector<float>;

namespace {

double off(std::span<const float> ours, const json& want) {
  double worst = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const double d = std::abs(ours[i] - want[i].get<double>());
    worst = std::isnan(d) ? 1e9 : std::max(worst, d);
  }
  return worst;
}
double tolerance(const json& run) { return 8 * run.at("f32_f64_max_abs").get<double>() + 1e-6 * run.at("max_abs_value").get<double>(); }

struct Described {
  std::string type;
  std::map<std::string, double> numbers;
};
// Error at an argument that is not read.
Described describe(const json& args) {
  static const std::regex call(R"(^get_ema_(?:multi_)?avg_fn\(([0-9.eE+-]+)\)$)");
  Described out{"swa", {}};
  for (const auto& item : args.items()) {
    const std::string& key = item.key();
    const json& value = item.value();
    std::smatch decay;
    const std::string text = value.is_string() ? value.get<std::string>() : "";
    if (key == "use_ema" && value == true) out.type = "ema", out.numbers.emplace("decay", 0.99);  // Keras' default momentum
    else if (key == "ema_momentum") out.numbers["decay"] = value;
    else if (key == "ema_overwrite_frequency" && value.is_number()) out.numbers["overwrite_every"] = value;
    else if ((key == "avg_fn" || key == "multi_avg_fn") && std::regex_match(text, decay, call)) out = {"ema", {{"decay", std::stod(decay[1])}}};
    else if (key == "every") out.numbers["every"] = value, out.numbers["start"] = value;
    else if (!(key == "use_buffers" || (key == "ema_overwrite_frequency" && value.is_null()))) throw Error("argument ", key, " ", value.dump(), " is not read");
  }
  return out;
}

// The averages of SGD at a rate of 0.05 as a library's trace has them.
double distance(const json& problem, const json& run, bool keras) {
  Floats w = problem.at("start").at("W").get<Floats>();
  const std::size_t matrix = w.size();
  const auto b = problem.at("start").at("b").get<Floats>();
  w.insert(w.end(), b.begin(), b.end());
  const Described described = describe(run.at("args"));
  Average average(described.type, {}, described.numbers, w);
  double worst = 0;
  for (std::size_t n = 0; n < problem.at("grads_W").size(); ++n) {
    axpy(-0.05f, problem.at("grads_W")[n].get<Floats>(), std::span(w).first(matrix));
    axpy(-0.05f, problem.at("grads_b")[n].get<Floats>(), std::span(w).subspan(matrix));
    const auto t = static_cast<std::int64_t>(n) + 1;
    average.update(w, t);
    if (average.overwrites(t)) std::ranges::copy(average.values(), w.begin());
    const json& want = run.at("f64");
    worst = std::max(worst, off(average.values().first(matrix), want.at(keras ? "avg_W" : "W")[n]));
    worst = std::max(worst, off(average.values().subspan(matrix), want.at(keras ? "avg_b" : "b")[n]));
    if (keras) worst = std::max(worst, off(std::span(w).first(matrix), want.at("W")[n]));
  }
  return worst;
}

// Averages of a one-element weight with the values 1, 2, 4, 8, ….
std::vector<double> powers(const std::string& type, const OptimizerOptions& options, const std::map<std::string, double>& numbers, int n) {
  Average average(type, options, numbers, std::vector<float>{-1});
  std::vector<double> out;
  for (int t = 1; t <= n; ++t) {
    average.update(std::vector<float>{std::ldexp(1.0f, t - 1)}, t);
    out.push_back(average.values()[0]);
  }
  return out;
}

}  // namespace

TEST_CASE("averages follow the libraries' traces", "[optim][golden]") {
  const json problem = test::read_json(test::golden("problem.json"));
  REQUIRE(problem.is_object());
  int runs = 0;
  for (const std::string library : {"keras", "torch"}) {
    const json golden = test::read_json(test::golden(library + "_averaging.json"));
    if (golden.is_null()) continue;
    for (const json& run : golden.at("runs")) {
      INFO(library << ": " << run.at("id").get<std::string>());
      CHECK(distance(problem, run, library == "keras") <= tolerance(run));
      ++runs;
    }
  }
  std::cout << "golden averages: " << runs << " runs\n";
  CHECK(runs >= 3);
}

TEST_CASE("what warms an average up", "[optim]") {
  // timm: shares 1, 2^-2/3, 3^-2/3; decay .9 would be a share of .1
  const double s1 = std::pow(2, -2.0 / 3), s2 = std::pow(3, -2.0 / 3);
  auto a = powers("ema", {{"warmup", "timm"}}, {{"decay", 0.9}}, 3);
  CHECK(a[0] == 1);
  CHECK(a[1] == Approx(1 + s1));
  CHECK(a[2] == Approx(a[1] + s2 * (4 - a[1])));
  CHECK(powers("ema", {{"warmup", "timm"}}, {{"decay", 0.2}}, 2)[1] == Approx(1.8));  // the decay is the limit
  CHECK(powers("ema", {{"warmup", "timm"}}, {{"gamma", 2}, {"power", 1}}, 2)[1] == Approx(1 + 1 / 1.5));
  // marian: share 1 - 3/12 at t = 2
  CHECK(powers("ema", {{"warmup", "marian"}}, {{"decay", 0.9}}, 2)[1] == Approx(1 + 0.75));
  CHECK(powers("ema", {{"warmup", "marian"}}, {{"decay", 0.1}}, 2)[1] == Approx(1 + 0.9));
  // optax: a start at 0, divided by 1 - decay^t
  CHECK(powers("ema", {{"warmup", "optax"}}, {{"decay", 0.9}}, 3)[2] == Approx((0.1 * (0.81 * 1 + 0.9 * 2 + 4)) / (1 - 0.729)));
}

TEST_CASE("an average begins at its start and takes every k-th update", "[optim]") {
  CHECK(powers("swa", {}, {{"start", 2}, {"every", 2}}, 6) == std::vector<double>{-1, 2, 2, 5, 5, (2 + 8 + 32) / 3.0f});
  Average never("ema", {}, {{"overwrite_every", 2}, {"start", 3}}, std::vector<float>{1});
  never.update(std::vector<float>{5}, 2);
  CHECK_FALSE(never.overwrites(2));  // nothing is averaged yet
  never.update(std::vector<float>{5}, 3);
  CHECK_FALSE(never.overwrites(3));
  CHECK(never.overwrites(4));
}

TEST_CASE("every average continues from its state to the bit", "[optim]") {
  for (const auto& name : standard_averages().names()) {
    std::vector<OptimizerOptions> variants{{}};
    for (const auto& [option, values] : standard_averages().find(name).options)
      for (const auto& value : split(values, '|')) variants.push_back({{option, std::string(trim(value))}});
    for (const auto& options : variants) {
      INFO(name << (options.empty() ? "" : " " + options.begin()->second));
      const Floats start{1, -2, 0.3f};
      Average whole(name, options, {}, start), first(name, options, {}, start), resumed(name, options, {}, start);
      Floats w = start;
      const auto advance = [&](Average& average, int from, int to) {
        for (int t = from; t <= to; ++t) {
          for (std::size_t i = 0; i < w.size(); ++i) w[i] = std::sin(float(t * int(i + 1)));
          average.update(w, t);
        }
      };
      advance(whole, 1, 20);
      advance(first, 1, 7);
      resumed.restore(first.values(), first.count());
      advance(resumed, 8, 20);
      CHECK(std::ranges::equal(whole.values(), resumed.values()));
      CHECK(resumed.count() == 20);
    }
  }
}

TEST_CASE("what an average cannot be is said in a sentence", "[optim]") {
  const auto message = [](const std::string& type, const OptimizerOptions& options, const std::map<std::string, double>& numbers) -> std::string {
    try {
      Average(type, options, numbers, std::vector<float>(1));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const auto contains = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };
  CHECK(contains(message("emma", {}, {}), "unknown average 'emma', did you mean 'ema'?"));
  CHECK(contains(message("ema", {{"warmup", "tim"}}, {}), "did you mean 'timm'?"));
  CHECK(contains(message("ema", {}, {{"dekay", 0.5}}), "average ema has no number 'dekay', did you mean 'decay'?"));
  CHECK(contains(message("ema", {}, {{"decay", 1}}), "decay is 1"));
  CHECK(contains(message("swa", {}, {{"every", 2.5}}), "every is 2.5, it counts updates and must be whole"));
  Average two("swa", {}, {}, std::vector<float>(2));
  CHECK_THROWS_WITH(two.restore(std::vector<float>(3), 1), "the saved average has 3 values, this one has 2");
}
