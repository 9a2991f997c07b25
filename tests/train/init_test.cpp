#include "engine/train/init.h"

#include <cmath>

#include "engine/train/initializers.h"
#include "tests/plan/net.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
constexpr std::int64_t in = 60, out = 200;

// One layer whose weight is read in the given way; fan_in is 60, fan_out 200 each time.
struct Layer { const char* name; Graph graph; };
std::vector<Layer> layers() {
  std::vector<Layer> all;
  const auto make = [&](const char* name, auto build) {
    Net net;
    build(net);
    all.push_back({name, std::move(net.graph)});
  };
  const auto zeros = [](const Shape& s) { return std::vector<float>(static_cast<std::size_t>(elements(s)), 9); };
  const auto weight = [&](Net& net, const Shape& s) { return net.parameter("w", s, zeros(s)); };
  const Attributes trans_b{{"transB", std::int64_t{1}}}, trans_a{{"transA", std::int64_t{1}}};
  make("Gemm", [&](Net& n) { n.node("Gemm", {n.rows("x", in), weight(n, {in, out}), n.parameter("b", {out}, zeros({out}))}, "y"); });
  make("Gemm transB", [&](Net& n) { n.node("Gemm", {n.rows("x", in), weight(n, {out, in}), n.parameter("b", {out}, zeros({out}))}, "y", trans_b); });
  make("FusedGemm transB", [&](Net& n) {
    n.node("FusedGemm", {n.rows("x", in), weight(n, {out, in}), n.parameter("b", {out}, zeros({out}))}, "y", trans_b, 1, "lehr");
  });
  make("MatMul and Add", [&](Net& n) {
    n.node("Add", {n.node("MatMul", {n.rows("x", in), weight(n, {in, out})}, "h"), n.parameter("b", {out}, zeros({out}))}, "y");
  });
  make("MatMul of a Transpose", [&](Net& n) { n.node("MatMul", {n.rows("x", in), n.node("Transpose", {weight(n, {out, in})}, "t")}, "y"); });
  make("Gemm transB of a Transpose", [&](Net& n) { n.node("Gemm", {n.rows("x", in), n.node("Transpose", {weight(n, {in, out})}, "t")}, "y", trans_b); });
  make("MatMul of an Identity", [&](Net& n) { n.node("MatMul", {n.rows("x", in), n.node("Identity", {weight(n, {in, out})}, "i")}, "y"); });
  make("Gemm from the left", [&](Net& n) { n.node("Gemm", {weight(n, {out, in}), n.input("x", {{in, ""}, {1, ""}})}, "y"); });
  make("Gemm from the left, transA", [&](Net& n) { n.node("Gemm", {weight(n, {in, out}), n.input("x", {{in, ""}, {1, ""}})}, "y", trans_a); });
  make("MatMul from the left", [&](Net& n) { n.node("MatMul", {weight(n, {out, in}), n.input("x", {{in, ""}, {1, ""}})}, "y"); });
  return all;
}

std::vector<float> drawn(const Graph& graph, const std::string& kind, std::uint64_t seed = 1, const std::string& tensor = "w") {
  const Weights weights(graph);
  initialize(weights, graph, {{"*", kind}}, seed);
  for (const Parameter& p : weights.parameters())
    if (p.name == tensor) {
      const auto v = weights.value(p);
      return {v.begin(), v.end()};
    }
  return {};
}
struct Moments { double mean = 0, variance = 0, kurtosis = 0, largest = 0; };
Moments moments(const std::vector<float>& values) {
  Moments m;
  const auto n = static_cast<double>(values.size());
  for (const float v : values) m.mean += v / n, m.largest = std::max(m.largest, std::fabs(double{v}));
  for (const float v : values) m.variance += std::pow(v - m.mean, 2) / n;
  for (const float v : values) m.kurtosis += std::pow(v - m.mean, 4) / n / m.variance / m.variance;
  return m;
}
}  // namespace

TEST_CASE("initial weights have the variance and range of their kind", "[train]") {
  struct Row { const char* kind; double variance; };
  const Row rows[] = {{"glorot_uniform", 2.0 / (in + out)}, {"glorot_normal", 2.0 / (in + out)}, {"he_uniform", 2.0 / in}, {"he_normal", 2.0 / in},
                      {"lecun_uniform", 1.0 / in}, {"lecun_normal", 1.0 / in}, {"uniform(0.3)", 0.03}, {"normal(0.3)", 0.09}};
  for (const Layer& layer : layers())
    for (const Row& row : rows) {
      INFO(layer.name << " " << row.kind);
      const auto values = drawn(layer.graph, row.kind);
      REQUIRE(values.size() == in * out);
      const Moments m = moments(values);
      const std::string kind = row.kind;
      const bool uniform = says(kind, "uniform"), cut = !uniform && !says(kind, "(");
      CHECK(std::fabs(m.mean) < 4 * std::sqrt(row.variance / (in * out)));
      CHECK(m.variance == Approx(row.variance).epsilon(0.06));
      CHECK(m.kurtosis == Approx(uniform ? 1.8 : cut ? 2.37 : 3).epsilon(0.06));
      const double edge = uniform ? std::sqrt(3 * row.variance) : cut ? 2 * std::sqrt(row.variance) / 0.8796256610342398 : 6 * std::sqrt(row.variance);
      CHECK(m.largest <= edge * (1 + 1e-6));
      CHECK(m.largest >= (uniform || cut ? 0.99 : 0.5) * edge);
    }
}

TEST_CASE("what is added starts at 0, what scales keeps the file's values", "[train]") {
  for (const Layer& layer : layers()) {
    const auto bias = drawn(layer.graph, "he_normal", 1, "b");
    INFO(layer.name);
    for (const float v : bias) CHECK(v == 0);
  }
  Net net;
  const ValueId x = net.rows("x", 4);
  const ValueId h = net.node("LayerNormalization", {x, net.parameter("scale", {4}, {1, 2, 3, 4}), net.parameter("shift", {4}, {5, 5, 5, 5})}, "h");
  net.node("PRelu", {h, net.parameter("slope", {4}, {0.25f, 0.25f, 0.25f, 0.25f})}, "y");
  CHECK(drawn(net.graph, "glorot_uniform", 1, "scale") == std::vector<float>{1, 2, 3, 4});
  CHECK(drawn(net.graph, "glorot_uniform", 1, "shift") == std::vector<float>(4, 0));
  CHECK(drawn(net.graph, "glorot_uniform", 1, "slope") == std::vector<float>(4, 0.25f));
  CHECK(drawn(net.graph, "ones", 1, "slope") == std::vector<float>(4, 1));
  CHECK(drawn(net.graph, "zeros", 1, "scale") == std::vector<float>(4, 0));
  CHECK(drawn(net.graph, "uniform(0)", 1, "scale") == std::vector<float>(4, 0));
}

TEST_CASE("a tensor's numbers depend on the seed and its name alone", "[train]") {
  const auto net = [](std::vector<std::string> order) {
    Net n;
    ValueId h = n.rows("x", 8);
    for (const std::string& name : order) h = n.node("MatMul", {h, n.parameter(name, {8, 8})}, name + ".out");
    return n.graph;
  };
  const Graph abc = net({"a", "b", "c"}), ca = net({"c", "a"});
  CHECK(drawn(abc, "he_normal", 5, "a") == drawn(ca, "he_normal", 5, "a"));
  CHECK(drawn(abc, "he_normal", 5, "c") == drawn(ca, "he_normal", 5, "c"));
  CHECK(drawn(abc, "he_normal", 5, "a") != drawn(abc, "he_normal", 5, "b"));
  CHECK(drawn(abc, "he_normal", 5, "a") != drawn(abc, "he_normal", 6, "a"));
}

TEST_CASE("a later rule wins, unmatched tensors stay", "[train]") {
  const Graph graph = layers()[0].graph;
  const Weights weights(graph);
  const auto of = [&](std::size_t i) { return weights.value(weights.parameters()[i])[0]; };
  initialize(weights, graph, {{"w", "ones"}}, 1);
  CHECK(of(0) == 1);
  CHECK(of(1) == 9);
  initialize(weights, graph, {{"*", "ones"}, {"b", "zeros"}}, 1);
  CHECK(of(0) == 1);
  CHECK(of(1) == 0);
  initialize(weights, graph, {{"b", "zeros"}, {"*", "ones"}}, 1);
  CHECK(of(1) == 1);
}

TEST_CASE("initializers that make no sense are refused", "[train]") {
  const Graph graph = layers()[0].graph;
  const Weights weights(graph);
  CHECK(error_of([&] {
          initialize(weights, graph, {{"*", "zeros"}, {"ww", "ones"}}, 1);
        }) == "init pattern 'ww' matches no parameter, did you mean 'w'? (parameters: w, b)");
  struct Row { const char *kind, *error; };
  for (const Row& row : {Row{"glorot_unifrom", "unknown initializer 'glorot_unifrom', did you mean 'glorot_uniform'?\n  known: glorot_normal, "},
                         {"", "unknown initializer ''"},
                         {"he_normal(2)", "initializer 'he_normal(2)' takes no argument"},
                         {"normal(-1)", "the argument is not a number of at least 0"},
                         {"normal(nan)", "is not a number of at least 0"},
                         {"uniform(inf)", "is not a number of at least 0"},
                         {"uniform(1,2)", "takes one argument"},
                         {"normal()", "is not a number of at least 0"},
                         {"normal(1", "unknown initializer 'normal(1'"}}) {
    INFO(row.kind);
    CHECK(says(error_of([&] { check_init(row.kind); }), row.error));
  }
  for (const std::string& kind : standard_initializers().names()) {
    const std::size_t takes = standard_initializers().find(kind).arguments.size();
    CHECK(error_of([&] { check_init(kind); }) == "");
    CHECK((error_of([&] { check_init(kind + "( 0.5 )"); }) == "") == (takes == 1));
  }
}
