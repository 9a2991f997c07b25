#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/families.h"
#include "tests/cases/move_cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

namespace {
struct Family {
  const char* name;
  void (*add)(OpTable&);
  std::vector<OpCase> (*rows)();
};
const std::vector<Family> families{{"reshape", add_reshape, reshape_cases}, {"transpose", add_transpose, transpose_cases},
                                   {"concat", add_concat, concat_cases},    {"slice", add_slice, slice_cases},
                                   {"expand", add_expand, expand_cases},    {"gather", add_gather, gather_cases},
                                   {"where", add_where, where_cases},       {"select", add_select, select_cases},
                                   {"cast", add_cast, cast_cases},          {"shape_math", add_shape_math, shape_math_cases},
                                   {"cumsum", add_cumsum, cumsum_cases},    {"affine", add_affine, affine_cases},
                                   {"einsum", add_einsum, einsum_cases}};
}  // namespace

TEST_CASE("operators that move elements agree with double arithmetic, forward and backward", "[ops]") {
  for (const Family& family : families) {
    INFO(family.name);
    check_ops(family.rows());
  }
}

TEST_CASE("gradients of moved elements are written, whatever the memory held", "[ops]") {
  for (const Family& family : families)
    for (const OpCase& c : family.rows()) {
      if (c.graded == 0) continue;
      INFO(c.op << " " << c.opset << " " << c.variant);
      const Built b = build(c, c.in);
      const Weights weights(b.graph);
      CompileOptions options;
      options.loss = b.loss;
      Plan plan = compile(b.graph, test_ops(), weights, options);
      std::ranges::fill(weights.gradients(), std::nanf(""));
      plan.forward();
      plan.backward();
      for (const Parameter& p : weights.parameters()) CHECK(std::ranges::none_of(weights.gradient(p), [](float g) { return std::isnan(g); }));
    }
}

TEST_CASE("every operator and opset of the movement families has a row", "[ops]") {
  for (const Family& family : families) {
    INFO(family.name);
    CHECK(uncovered(family.add, family.rows()) == std::vector<std::string>{});
  }
}

TEST_CASE("a reshape, a cast between floats and a transpose of a 1 emit no step", "[ops]") {
  const auto steps = [](const OpCase& c) {
    const Built b = build(c, c.in);
    Weights weights(b.graph);
    CompileOptions options;
    options.loss = b.loss;
    std::vector<std::string> out;
    for (const auto& step : compile(b.graph, test_ops(), weights, options).steps())
      if (!step.backward && step.what != "project") out.push_back(step.what);
    return out;
  };
  const Reference none;
  CHECK(steps(row("Reshape", 14, "", {}, {parameter({2, 3}), integers({-1})}, none)).empty());
  CHECK(steps(row("Cast", 13, "", {{"to", ai(11)}}, {parameter({2, 3})}, none)).empty());
  CHECK(steps(row("Transpose", 13, "", {}, {parameter({1, 3})}, none)).empty());
  CHECK(steps(row("Transpose", 13, "", {}, {parameter({2, 3})}, none)).size() == 1);
}

TEST_CASE("large contractions run as matrix products of the library, in every role", "[ops]") {
  for (const OpCase& c : einsum_cases()) {
    if (c.in.size() < 2 || elements(c.in[0].shape) * elements(c.in[1].shape) < 1 << 17) continue;
    const Built b = build(c, c.in);
    Weights weights(b.graph);
    CompileOptions options;
    options.loss = b.loss;
    for (const auto& step : compile(b.graph, test_ops(), weights, options).steps()) {
      if (step.impl == "test") continue;
      INFO(c.variant << ", " << step.what);
      CHECK((step.impl == "loop") == (c.variant == "iaj,jbk->abik"));  // the one whose labels do not merge
    }
  }
}

namespace {
// A plan of the row alone whose outputs are read.
struct Running {
  Built built;
  Weights weights;
  Plan plan;
  explicit Running(const OpCase& c, bool trains = false)
      : built(build(c, c.in)), weights(built.graph), plan(compile(built.graph, test_ops(), weights, options(trains))) {}
  CompileOptions options(bool trains) const {
    CompileOptions o;
    o.outputs = built.out;
    if (trains) o.loss = built.loss;
    return o;
  }
};
}  // namespace

TEST_CASE("an index out of range at run time gives NaN in its row and touches nothing else", "[ops]") {
  const std::vector<double> bad{1, 5, -6, 1e18, -1e18, 4};
  for (const char* op : {"Gather", "GatherND"}) {
    const bool nd = op == std::string("GatherND");
    INFO(op);
    Running run(row(op, 13, "", {}, {parameter({5, 3}), data(nd ? Shape{6, 1} : Shape{6}, bad, Dtype::i64)}, {}), true);
    const auto index = run.plan.input_i64("in1");
    for (std::size_t i = 0; i < bad.size(); ++i) index[i] = static_cast<std::int64_t>(bad[i]);
    run.plan.forward();
    run.plan.backward();
    const auto out = run.plan.output_f32(run.built.out[0]);
    const Parameter& table = run.weights.parameters()[0];
    const auto w = run.weights.value(table), g = run.weights.gradient(table);
    for (std::size_t r = 0; r < bad.size(); ++r)
      for (std::size_t c = 0; c < 3; ++c) {
        INFO("row " << r << " column " << c);
        if (bad[r] == 1 || bad[r] == 4)
          CHECK(out[r * 3 + c] == w[static_cast<std::size_t>(bad[r]) * 3 + c]);
        else
          CHECK(std::isnan(out[r * 3 + c]));
      }
    for (std::size_t r = 0; r < 5; ++r)
      for (std::size_t c = 0; c < 3; ++c) {
        const double want = r == 1 ? projection(0, c) : r == 4 ? projection(0, 15 + c) : 0;
        CHECK(g[r * 3 + c] == Approx(want));
      }
    CHECK(run.plan.first_bad() == "out0");
  }
}

TEST_CASE("integers looked up out of range stay out of range", "[ops]") {
  Running run(ungraded(row("Gather", 13, "", {}, {data({3}, {7, 8, 9}, Dtype::i64), data({2}, {0, 0}, Dtype::i64)}, {})));
  run.plan.input_i64("in0")[2] = 9;
  run.plan.input_i64("in1")[0] = 2;
  run.plan.input_i64("in1")[1] = 3;
  run.plan.forward();
  CHECK(run.plan.output_i64(run.built.out[0])[0] == 9);
  CHECK(run.plan.output_i64(run.built.out[0])[1] < -1'000'000'000'000);
}

TEST_CASE("NaN neither breaks sorting nor an index made from it", "[ops]") {
  Running top(ungraded(row("TopK", 11, "", {}, {data({1, 40}), integers({40})}, {}), {Dtype::f32, Dtype::i64}));
  const auto x = top.plan.input_f32("in0");
  for (std::size_t i = 0; i < 40; ++i) x[i] = i % 3 == 0 ? std::nanf("") : static_cast<float>(i);
  top.plan.forward();
  const auto values = top.plan.output_f32(top.built.out[0]);
  for (std::size_t i = 0; i < 40; ++i) CHECK(std::isnan(values[i]) == (i < 14));
  CHECK(values[14] == 38);
  CHECK(values[39] == 1);

  Running cast(ungraded(row("Cast", 13, "", {{"to", ai(7)}}, {data({4})}, {})));
  const auto y = cast.plan.input_f32("in0");
  y[0] = std::nanf(""), y[1] = INFINITY, y[2] = -1e30f, y[3] = -3.9f;
  cast.plan.forward();
  const auto whole = cast.plan.output_i64(cast.built.out[0]);
  for (std::size_t i = 0; i < 3; ++i) CHECK(whole[i] == std::numeric_limits<std::int64_t>::min());
  CHECK(whole[3] == -3);
}
