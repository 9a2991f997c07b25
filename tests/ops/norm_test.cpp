#include <cmath>

#include "engine/ops/batch_norm.h"
#include "engine/ops/families.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

TEST_CASE("normalisations agree with double arithmetic", "[ops]") { check_ops(norm_cases()); }

TEST_CASE("every normalisation and opset has a row", "[ops]") { CHECK(uncovered(add_norm, norm_cases()) == std::vector<std::string>{}); }

namespace {
// [4,2] in two channels; the averages are states.
OpCase small() {
  return {
      .op = "BatchNormalization",
      .opset = 9,
      .attrs = {{"momentum", 0.75f}},
      .in = {parameter({4, 2}, {1, 10, 2, 10, 3, 14, 6, 14}), parameter({2}, {1, 2}), parameter({2}, {0, 1}), constant({2}, {1, 2}), constant({2}, {4, 9})}};
}
Built with_states(const OpCase& c) {
  Built b = build(c, c.in);
  for (const std::size_t i : {3u, 4u}) b.graph.value(b.in[i]).role = Role::state;
  return b;
}
}  // namespace

TEST_CASE("batch norm moves its averages by the population variance in training only", "[ops]") {
  const OpCase c = small();
  const Built b = with_states(c);
  Weights weights(b.graph);
  const auto state = [&](std::size_t i) { return weights.state(weights.states()[i]); };
  CompileOptions options;
  options.loss = b.loss;
  options.outputs = b.out;
  {
    options.mode = Mode::evaluate;
    Plan plan = compile(b.graph, test_ops(), weights, options);
    plan.forward();
    CHECK(plan.output_f32(b.out[0])[0] == Approx((1 - 1) / std::sqrt(4 + 1e-5)));
    CHECK(plan.output_f32(b.out[0])[1] == Approx((10 - 2) / std::sqrt(9 + 1e-5) * 2 + 1));
    CHECK(state(0)[0] == 1);
  }
  {
    options.mode = Mode::train;
    Plan plan = compile(b.graph, test_ops(), weights, options);
    plan.forward();  // means 3 and 12, variances 3.5 and 4
    CHECK(state(0)[0] == Approx(0.75 * 1 + 0.25 * 3));
    CHECK(state(0)[1] == Approx(0.75 * 2 + 0.25 * 12));
    CHECK(state(1)[0] == Approx(0.75 * 4 + 0.25 * 3.5));
    CHECK(state(1)[1] == Approx(0.75 * 9 + 0.25 * 4));
    plan.forward();
    CHECK(state(0)[0] == Approx(0.75 * 1.5 + 0.25 * 3));
  }
}

TEST_CASE("batch norm without batch statistics uses its averages and leaves them", "[ops]") {
  const Built b = with_states(small());
  Weights weights(b.graph);
  CompileOptions options;
  options.loss = b.loss;
  options.outputs = b.out;
  options.batch_statistics = false;
  Plan plan = compile(b.graph, test_ops(), weights, options);
  plan.forward();
  plan.backward();
  CHECK(plan.output_f32(b.out[0])[0] == Approx(0).margin(1e-6));
  CHECK(weights.state(weights.states()[0])[0] == 1);
  double dscale = 0;
  const double values[] = {1, 2, 3, 6};
  for (std::size_t n = 0; n < 4; ++n) {
    CHECK(weights.gradient(weights.parameters()[0])[2 * n] == Approx(projection(0, 2 * n) / std::sqrt(4 + 1e-5)));
    dscale += projection(0, 2 * n) * (values[n] - 1) / std::sqrt(4 + 1e-5);
  }
  CHECK(weights.gradient(weights.parameters()[1])[0] == Approx(dscale));
}

TEST_CASE("batch norm's running variance moves by the unbiased variance where asked to", "[ops]") {
  const Built b = with_states(small());
  Weights weights(b.graph);
  CompileOptions options;
  options.loss = b.loss;
  options.unbiased_variance = true;
  Plan plan = compile(b.graph, test_ops(), weights, options);
  plan.forward();  // 4 values a channel, squared distances 14 and 16
  CHECK(weights.state(weights.states()[0])[0] == Approx(0.75 * 1 + 0.25 * 3));
  CHECK(weights.state(weights.states()[1])[0] == Approx(0.75 * 4 + 0.25 * 14 / 3));
  CHECK(weights.state(weights.states()[1])[1] == Approx(0.75 * 9 + 0.25 * 16 / 3));
  CHECK(plan.loss() == [&] {
    options.unbiased_variance = false;
    Plan same = compile(b.graph, test_ops(), weights, options);
    return same.forward(), same.loss();
  }());
}

TEST_CASE("batch norm of one value a channel does not train on the batch's statistics", "[ops]") {
  for (const Shape& shape : {Shape{1, 3}, Shape{1, 3, 1, 1}, Shape{1, 3, 1, 2}, Shape{2, 3}}) {
    OpCase c{.op = "BatchNormalization", .opset = 15, .in = {parameter(shape), parameter({3}), parameter({3}), data({3}), data({3}, 1, 2)}};
    const bool one = elements(shape) == 3;
    INFO(cat(shape));
    const std::string text = op_error(c);
    CHECK((text.find("one value a channel has no variance") != std::string::npos) == one);
    const Built b = build(c, c.in);
    CHECK(norm_of_one_value(b.graph, test_ops(), b.loss, 1).has_value() == one);
    Weights weights(b.graph);
    CompileOptions options;
    options.loss = b.loss;
    options.batch_statistics = false;
    CHECK_NOTHROW(compile(b.graph, test_ops(), weights, options));
  }
}

TEST_CASE("batch norm gives its further outputs", "[ops]") {
  OpCase c = small();
  c.outputs.resize(5, Dtype::f32);
  const Built b = with_states(c);
  Weights weights(b.graph);
  CompileOptions options;
  options.loss = b.loss;
  options.outputs = b.out;
  Plan plan = compile(b.graph, test_ops(), weights, options);
  plan.forward();
  const double wanted[] = {0.75 * 1 + 0.25 * 3, 0.75 * 4 + 0.25 * 3.5, 3, 3.5};
  for (std::size_t i = 0; i < 4; ++i) CHECK(plan.output_f32(b.out[i + 1])[0] == Approx(wanted[i]));
}

TEST_CASE("a norm of 0 normalises to 0", "[ops]") {
  const OpCase c{.op = "LpNormalization", .opset = 22, .in = {parameter({2, 2}, {0, 0, 3, 4})}};
  const Built b = build(c, c.in);
  Weights weights(b.graph);
  CompileOptions options;
  options.loss = b.loss;
  options.outputs = b.out;
  Plan plan = compile(b.graph, test_ops(), weights, options);
  plan.forward();
  plan.backward();
  CHECK(plan.output_f32(b.out[0])[0] == 0);
  CHECK(plan.output_f32(b.out[0])[3] == Approx(0.8));
  for (const float g : weights.gradient(weights.parameters()[0])) CHECK(std::isfinite(g));
}

TEST_CASE("wrong attributes and shapes of normalisations are refused", "[ops]") {
  const auto bad = [](const OpCase& c, const std::string& part) {
    const std::string text = op_error(c);
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  const auto batch = [](Shape x, std::int64_t c, Attributes attrs = {}, int opset = 15) {
    return OpCase{.op = "BatchNormalization", .opset = opset, .attrs = std::move(attrs),
                  .in = {parameter(std::move(x)), parameter({c}), parameter({c}), data({c}), data({c}, 1, 2)}};
  };
  bad(batch({4}, 4), "[N,C] or [N,C,…] is needed");
  bad(batch({4, 3}, 2), "3 numbers are needed");
  bad(batch({4, 3, 2}, 3, {{"spatial", std::int64_t{0}}}, 7), "'spatial' is 0");
  bad(batch({4, 3}, 3, {{"momentum", 1.5f}}), "'momentum' is 1.5");
  bad(batch({4, 3}, 3, {{"epsilon", -1.0f}}), "'epsilon' is -1");
  bad({.op = "LayerNormalization", .opset = 17, .in = {parameter({2, 3}), parameter({2})}}, "the scale is [2]: 3 numbers are needed");
  bad({.op = "LayerNormalization", .opset = 17, .attrs = {{"axis", std::int64_t{2}}}, .in = {parameter({2, 3}), parameter({2})}}, "axis 2 is outside");
  bad({.op = "GroupNormalization", .opset = 21, .attrs = {{"num_groups", std::int64_t{3}}}, .in = {parameter({2, 4, 2}), parameter({4}), parameter({4})}},
      "does not divide the 4 channels");
  bad({.op = "InstanceNormalization", .opset = 22, .in = {parameter({2, 4}), parameter({4}), parameter({4})}}, "at least one more axis");
  bad({.op = "LpNormalization", .opset = 22, .attrs = {{"p", std::int64_t{3}}}, .in = {parameter({2, 4})}}, "'p' is 3, 1 or 2 is needed");
}
