#include "base/threads.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

namespace {
struct Result {
  std::vector<float> out, gradients;
  bool operator==(const Result&) const = default;
};
Result run(const OpCase& c, int threads) {
  const Built b = build(c, c.in);
  Weights weights(b.graph);
  CompileOptions options;
  options.loss = b.loss;
  options.outputs = b.out;
  options.threads = threads;
  Plan plan = compile(b.graph, test_ops(), weights, options);
  plan.seed() = 3;
  plan.forward();
  plan.backward();
  const auto y = plan.output_f32(b.out[0]);
  const auto g = weights.gradients();
  return {{y.begin(), y.end()}, {g.begin(), g.end()}};
}
}  // namespace

TEST_CASE("the number of threads does not change a bit of elementwise and row operators", "[ops]") {
  const Shape wide{300, 101}, image{40, 30, 21};
  const auto norm = [](const char* op, int opset, Shape x, std::int64_t c, Attributes attrs = {}) {
    return OpCase{.op = op, .opset = opset, .attrs = std::move(attrs), .in = {parameter(std::move(x)), parameter({c}), parameter({c})}};
  };
  std::vector<OpCase> rows{{.op = "Tanh", .opset = 13, .in = {parameter(wide)}},
                           {.op = "Gelu", .opset = 20, .in = {parameter({20003})}},
                           {.op = "Add", .opset = 13, .in = {parameter(wide), parameter({101})}},
                           {.op = "Mul", .opset = 13, .in = {parameter({7, 5000}), parameter({7, 5000})}},
                           {.op = "Div", .opset = 13, .in = {parameter(wide), parameter({300, 1}, 1, 2)}},
                           {.op = "Max", .opset = 13, .in = {parameter(wide), parameter({1}), parameter({101})}},
                           {.op = "Softmax", .opset = 13, .in = {parameter(wide)}},
                           {.op = "LogSoftmax", .opset = 13, .attrs = {{"axis", std::int64_t{1}}}, .in = {parameter(image)}},
                           {.op = "Dropout", .opset = 13, .in = {parameter(wide), constant({}, {0.5})}},
                           {.op = "ReduceMean", .opset = 18, .in = {parameter(wide), integers({0})}}};
  rows.push_back(norm("LayerNormalization", 17, wide, 101));
  rows.push_back(norm("GroupNormalization", 21, image, 30, {{"num_groups", std::int64_t{3}}}));
  for (const Shape& x : {wide, image}) {
    rows.push_back(norm("BatchNormalization", 15, x, x[1]));
    for (int i = 0; i < 2; ++i) rows.back().in.push_back(constant({x[1]}, std::vector<double>(static_cast<std::size_t>(x[1]), 1)));
  }
  for (const OpCase& c : rows) {
    INFO(c.op);
    const Result alone = run(c, 1);
    CHECK(run(c, 1) == alone);
    CHECK(run(c, 2) == alone);
    CHECK(run(c, 3) == alone);
  }
}

TEST_CASE("convolutions and poolings repeat bit by bit with the same threads", "[ops]") {
  const Attributes padded{{"pads", std::vector<std::int64_t>{1, 1, 1, 1}}}, window{{"kernel_shape", std::vector<std::int64_t>{3, 3}}};
  const Shape x{5, 19, 13, 12};
  const std::vector<OpCase> rows{{.op = "Conv", .opset = 11, .attrs = padded, .in = {parameter(x), parameter({33, 19, 3, 3}), parameter({33})}},
                                 {.op = "MaxPool", .opset = 11, .attrs = window, .in = {parameter(x)}},
                                 {.op = "AveragePool", .opset = 11, .attrs = window, .in = {parameter(x)}}};
  for (const OpCase& c : rows)
    for (const int threads : {1, 2}) {
      INFO(c.op);
      const Result first = run(c, threads);
      for (int repeat = 0; repeat < 3; ++repeat) CHECK(run(c, threads) == first);
    }
}
