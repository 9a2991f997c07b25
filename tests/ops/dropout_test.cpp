#include <cmath>

#include "engine/ops/families.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

TEST_CASE("dropout with ratio 0 changes nothing", "[ops]") { check_ops(dropout_cases()); }

TEST_CASE("every dropout opset has a row", "[ops]") { CHECK(uncovered(add_dropout, dropout_cases()) == std::vector<std::string>{}); }

namespace {
OpCase dropping(double ratio = 0.25, Shape shape = {40, 101}) {
  return {.op = "Dropout", .opset = 13, .in = {parameter(std::move(shape), 1, 2), constant({}, {ratio}), left_out()}};
}
struct Result { std::vector<float> y, gradient; };
Result run(Plan& plan, const Built& b, const Weights& weights) {
  plan.forward();
  plan.backward();
  const auto y = plan.output_f32(b.out[0]);
  const auto g = weights.gradient(weights.parameters()[0]);
  return {{y.begin(), y.end()}, {g.begin(), g.end()}};
}
Plan compiled(const Built& b, const Weights& weights, Mode mode, int threads = 1) {
  CompileOptions options;
  options.mode = mode;
  options.loss = b.loss;
  options.outputs = b.out;
  options.threads = threads;
  return compile(b.graph, test_ops(), weights, options);
}
}  // namespace

TEST_CASE("dropout keeps the right share, scaled, and its gradient follows the mask", "[ops]") {
  const OpCase c = dropping();
  const Built b = build(c, c.in);
  const auto x = fill(c)[0].values;
  Weights weights(b.graph);
  Plan plan = compiled(b, weights, Mode::train);
  plan.seed() = 7;
  const Result r = run(plan, b, weights);
  double kept = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (r.y[k] == 0) {
      CHECK(r.gradient[k] == 0);
      continue;
    }
    kept += 1;
    CHECK(r.y[k] == Approx(x[k] / 0.75));
    CHECK(r.gradient[k] == Approx(projection(0, k) / 0.75));
  }
  const double n = static_cast<double>(x.size()), deviation = std::sqrt(0.25 * 0.75 / n);
  CHECK(std::abs(kept / n - 0.75) < 4 * deviation);
}

TEST_CASE("the mask is a function of the seed, the node and the place alone", "[ops]") {
  const OpCase c = dropping();
  const Built b = build(c, c.in);
  Weights weights(b.graph);
  Plan one = compiled(b, weights, Mode::train), two = compiled(b, weights, Mode::train, 2);
  one.seed() = two.seed() = 7;
  const Result first = run(one, b, weights);
  CHECK(run(two, b, weights).y == first.y);
  CHECK(run(one, b, weights).y == first.y);
  one.seed() = 8;
  CHECK(run(one, b, weights).y != first.y);

  const OpCase fewer = dropping(0.25, {20, 101});  // the first half of the elements, whatever the batch
  const Built small = build(fewer, fewer.in);
  Weights small_weights(small.graph);
  Plan plan = compiled(small, small_weights, Mode::train);
  plan.seed() = 7;
  const Result beginning = run(plan, small, small_weights);
  for (std::size_t k = 0; k < beginning.y.size(); ++k) CHECK((beginning.y[k] == 0) == (first.y[k] == 0));

  Built other = build(c, c.in);
  const ValueId another = other.graph.add([] { Value v; v.name = "another"; return v; }());
  other.graph.node(*other.graph.producer(other.out[0])).out[0] = another;
  other.graph.replace_uses(other.out[0], another);
  other.out[0] = another;
  Weights other_weights(other.graph);
  Plan renamed = compiled(other, other_weights, Mode::train);
  renamed.seed() = 7;
  CHECK(run(renamed, other, other_weights).y != first.y);
}

TEST_CASE("dropout does nothing in evaluation or when the plan switches it off", "[ops]") {
  const OpCase c = dropping(0.75);
  const Built b = build(c, c.in);
  const auto x = fill(c)[0].values;
  Weights weights(b.graph);
  Plan evaluation = compiled(b, weights, Mode::evaluate), training = compiled(b, weights, Mode::train);
  evaluation.forward();
  training.dropout(0);
  const Result r = run(training, b, weights);
  for (std::size_t k = 0; k < x.size(); ++k) {
    CHECK(evaluation.output_f32(b.out[0])[k] == static_cast<float>(x[k]));
    CHECK(r.y[k] == static_cast<float>(x[k]));
    CHECK(r.gradient[k] == static_cast<float>(projection(0, k)));
  }
  training.dropout(std::nullopt);
  CHECK(run(training, b, weights).y != r.y);
}

TEST_CASE("the mask output shows what was kept", "[ops]") {
  OpCase c = dropping();
  c.outputs.push_back(Dtype::boolean);
  Built b = build(c, c.in);
  const ValueId shown = b.graph.add(Value{});
  b.graph.add(Node{.op = "ToFloat", .domain = "test", .name = "", .opset = 1, .attrs = {}, .in = {b.out[1]}, .out = {shown}});
  b.out[1] = shown;
  Weights weights(b.graph);
  Plan plan = compiled(b, weights, Mode::train);
  plan.forward();
  const auto y = plan.output_f32(b.out[0]), mask = plan.output_f32(shown);
  for (std::size_t k = 0; k < y.size(); ++k) CHECK((mask[k] != 0) == (y[k] != 0));
}

TEST_CASE("a ratio that drops everything or is no number is refused", "[ops]") {
  for (const double ratio : {1.0, -0.1, std::nan("")}) CHECK(op_error(dropping(ratio)).find("it must be in [0, 1)") != std::string::npos);
  OpCase c = dropping();
  c.in[1] = data({}, 0, 1);
  CHECK(op_error(c).find("must be known before the run") != std::string::npos);
}
