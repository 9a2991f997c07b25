#include <algorithm>
#include <cmath>
#include <map>

#include "base/rng.h"
#include "engine/dnnl/convolution.h"
#include "engine/ops/families.h"
#include "engine/ops/primitive.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

namespace {
using List = std::vector<std::int64_t>;
void bad(const OpCase& c, const std::string& part) {
  const std::string text = op_error(c);
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
}
}  // namespace

TEST_CASE("convolutions agree with double arithmetic", "[ops]") { check_ops(conv_cases()); }
TEST_CASE("poolings agree with double arithmetic", "[ops]") { check_ops(pool_cases()); }

TEST_CASE("every convolution, pooling and opset has a row", "[ops]") {
  CHECK(uncovered(add_conv, conv_cases()) == std::vector<std::string>{});
  CHECK(uncovered(add_pool, pool_cases()) == std::vector<std::string>{});
}

namespace {
// Two convolutions of the same operands, the second added to the first.
class Twice final : public Op {
 public:
  explicit Twice(const NodeView& node) : x_(node.shape(0)), w_(node.shape(1)) {}
  std::vector<TensorType> infer() const override { return {{Dtype::f32, {x_[0], w_[0], x_[2], x_[3]}}}; }
  void forward(Emit& e) const override {
    const auto p = onednn::convolution({x_, w_, e.type_out(0).shape, 1, {1, 1}, {1, 1}, {0, 0}, {0, 0}}, false);
    Copies copies;
    for (const bool add : {false, true}) emit_primitive(e, {"conv", {}, 0}, p, {{"X", e.in(0)}, {"W", e.in(1)}, {"Y", e.out(0), true, add}}, copies);
  }

 private:
  Shape x_, w_;
};
}  // namespace

TEST_CASE("an operand is reordered once for all primitives that want the same layout; results are added to what is there", "[ops]") {
  OpTable table = test_ops();
  table.add("test.Twice", [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<Twice>(node); });
  std::vector<double> ones(16 * 16, 1.0);
  const OpCase c{.op = "Twice", .domain = "test", .in = {data({2, 16, 4, 4}), constant({16, 16, 1, 1}, ones)}, .graded = 0};
  const Built b = build(c, c.in);
  const Weights weights(b.graph);
  CompileOptions options;
  options.outputs = b.out;
  options.mode = Mode::evaluate;
  Plan plan = compile(b.graph, table, weights, options);
  const auto to = plan.input_f32(b.graph.value(b.in[0]).name);
  std::ranges::fill(to, 0.5f);
  plan.forward();
  for (const float y : plan.output_f32(b.out[0])) REQUIRE(y == 16);
  std::map<std::string, int> steps;
  for (const auto& step : plan.steps()) ++steps[step.what];
  CHECK(steps["conv"] == 2);
  CHECK(steps["add Y"] == 1);
  CHECK(steps["reorder X"] <= 1);
  CHECK(steps["reorder W"] <= 1);
}

TEST_CASE("the first of equal elements takes a maximum's gradient", "[ops]") {
  const OpCase c{.op = "MaxPool", .opset = 11, .attrs = {{"kernel_shape", List{2, 2}}}, .in = {parameter({1, 1, 2, 2}, {0, 3, 3, 3})}};
  const Built b = build(c, c.in);
  Weights weights(b.graph);
  CompileOptions options;
  options.loss = b.loss;
  Plan plan = compile(b.graph, test_ops(), weights, options);
  plan.forward();
  plan.backward();
  const auto g = weights.gradient(weights.parameters()[0]);
  CHECK(std::vector<float>(g.begin(), g.end()) == std::vector<float>{0, static_cast<float>(projection(0, 0)), 0, 0});
}

TEST_CASE("wrong shapes and attributes of convolutions are refused", "[ops]") {
  const auto conv = [](Shape x, Shape w, Attributes attrs = {}, Shape b = {}) {
    OpCase c{.op = "Conv", .opset = 11, .attrs = std::move(attrs), .in = {parameter(std::move(x)), parameter(std::move(w))}};
    if (!b.empty()) c.in.push_back(parameter(std::move(b)));
    return c;
  };
  const Shape x{1, 4, 6, 6}, w{6, 4, 3, 3};
  bad(conv({4, 6}, {6, 4}), "X is [4,6] and W is [6,4]: both must have the same one to three spatial axes");
  bad(conv({1, 4, 6}, w), "X is [1,4,6] and W is [6,4,3,3]");
  bad(conv({1, 1, 2, 2, 2, 2}, {1, 1, 1, 1, 1, 1}), "X is [1,1,2,2,2,2], [N,C,L]");
  bad(conv(x, {6, 3, 3, 3}), "X has 4 channels, W takes 3 for each group");
  bad(conv(x, w, {{"group", std::int64_t{2}}}), "in 2 groups: X has 4 channels, W takes 4");
  bad(conv(x, {6, 1, 3, 3}, {{"group", std::int64_t{4}}}), "'group' is 4, it does not divide the 6 channels");
  bad(conv(x, w, {{"group", std::int64_t{0}}}), "'group' is 0");
  bad(conv(x, w, {}, {4}), "B is [4]: [6] is needed");
  bad(conv(x, w, {{"kernel_shape", List{3, 2}}}), "'kernel_shape' is [3,2], W is [6,4,3,3]");
  bad(conv(x, w, {{"strides", List{1}}}), "'strides' is [1], X is [1,4,6,6]: 2 numbers are needed");
  bad(conv(x, w, {{"strides", List{1, 0}}}), "'strides' is [1,0], each must be at least 1");
  bad(conv(x, w, {{"dilations", List{0, 1}}}), "'dilations' is [0,1], each must be at least 1");
  bad(conv(x, w, {{"dilations", List{1, 3}}}), "a window of [3,3] with dilations [1,3] does not fit");
  bad(conv(x, w, {{"dilations", List{1 << 23, 1}}}), "under 2^24 elements");
  bad(conv(x, w, {{"pads", List{0, -1, 0, 0}}}), "'pads' is [0,-1,0,0], each must be at least 0");
  bad(conv(x, w, {{"pads", List{std::int64_t{1} << 62, 1, 1, 1}}}), "under 2^24");
  bad(conv(x, w, {{"auto_pad", std::string("SAME")}}), "'auto_pad' is 'SAME', NOTSET, SAME_UPPER");
  bad(conv(x, w, {{"auto_pad", std::string("VALID")}, {"pads", List{1, 1, 1, 1}}}), "they contradict each other");
  bad(conv({0, 4, 6, 6}, w), "every dimension must be at least 1");
}

TEST_CASE("wrong shapes and attributes of transposed convolutions are refused", "[ops]") {
  const auto conv = [](Shape w, Attributes attrs = {}, Shape b = {}) {
    OpCase c{.op = "ConvTranspose", .opset = 11, .attrs = std::move(attrs), .in = {parameter({1, 4, 3, 3}), parameter(std::move(w))}};
    if (!b.empty()) c.in.push_back(parameter(std::move(b)));
    return c;
  };
  const Shape w{4, 2, 3, 3};
  bad(conv({3, 2, 3, 3}), "X has 4 channels, W takes 3");
  bad(conv(w, {{"group", std::int64_t{3}}}), "'group' is 3, it does not divide the 4 channels");
  bad(conv(w, {{"group", std::int64_t{2}}}, {2}), "B is [2]: [4] is needed");
  bad(conv(w, {{"output_padding", List{0, 1}}}), "Y would be padded by 1 behind along axis 3, which must be under the stride 1");
  bad(conv(w, {{"output_shape", List{9, 5}}}), "Y would be padded by 4 behind along axis 2");
  bad(conv(w, {{"output_shape", List{9}}}), "'output_shape' is [9], X is [1,4,3,3]: 2 numbers are needed");
  bad(conv(w, {{"pads", List{3, 0, 3, 0}}}), "the padding 3 and 3 leaves nothing of Y along axis 2");
  bad(conv(w, {{"auto_pad", std::string("SAME")}}), "'auto_pad' is 'SAME'");
}

TEST_CASE("wrong shapes and attributes of poolings are refused", "[ops]") {
  const auto pool = [](const char* op, Shape x, Attributes attrs) {
    return OpCase{.op = op, .opset = 11, .attrs = std::move(attrs), .in = {parameter(std::move(x))}};
  };
  const Shape x{1, 2, 4, 4};
  bad(pool("MaxPool", x, {}), "'kernel_shape' is missing");
  bad(pool("AveragePool", x, {{"kernel_shape", List{2}}}), "'kernel_shape' is [2], X is [1,2,4,4]: 2 numbers are needed");
  bad(pool("AveragePool", {2, 4}, {{"kernel_shape", List{2}}}), "X is [2,4], [N,C,L]");
  bad(pool("MaxPool", x, {{"kernel_shape", List{5, 2}}}), "a window of [5,2] with dilations [1,1] does not fit");
  bad(pool("MaxPool", x, {{"kernel_shape", List{2, 2}}, {"pads", List{0, 2, 0, 0}}}), "window 0 along axis 3 holds no element of X");
  bad(pool("AveragePool", {1, 1, 3}, {{"kernel_shape", List{2}}, {"dilations", List{4}}, {"pads", List{2, 2}}}), "window 1 along axis 2 holds no element of X");
  OpCase indices = pool("MaxPool", x, {{"kernel_shape", List{2, 2}}});
  indices.outputs = {Dtype::f32, Dtype::i64};
  bad(indices, "the output Indices of a MaxPool is not supported");
}

TEST_CASE("whatever the attributes of a window, it is computed or refused", "[ops]") {
  Random random(7, Stream::data);
  const auto pick = [&](std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
  };
  const auto list = [&](std::size_t n, std::int64_t low, std::int64_t high) {
    List out(n);
    for (auto& v : out) v = pick(0, 40) == 0 ? std::int64_t{1} << pick(24, 62) : pick(low, high);
    return out;
  };
  int computed = 0, refused = 0;
  for (int i = 0; i < 240; ++i) {
    const auto axes = static_cast<std::size_t>(pick(1, 3));
    const std::int64_t group = pick(1, 3), in = group * pick(1, 3), out = group * pick(1, 3);
    OpCase c{.op = std::vector<const char*>{"Conv", "ConvTranspose", "MaxPool", "AveragePool"}[static_cast<std::size_t>(i % 4)], .opset = 22};
    Shape x{pick(1, 2), in}, w = i % 4 == 0 ? Shape{out, in / group} : Shape{in, out / group};
    for (std::size_t k = 0; k < axes; ++k) x.push_back(pick(1, 7)), w.push_back(pick(1, 3));
    c.in = {parameter(x)};
    if (i % 4 < 2)
      c.in.push_back(parameter(w)), c.in.push_back(parameter({out})), c.attrs["group"] = group;
    else
      c.attrs["kernel_shape"] = list(axes, 1, 4);
    if (pick(0, 1)) c.attrs["strides"] = list(axes, 1, 4);
    if (pick(0, 1)) c.attrs["dilations"] = list(axes, 1, 3);
    if (pick(0, 1)) c.attrs["pads"] = list(2 * axes, 0, 3);
    if (pick(0, 3) == 0) c.attrs["auto_pad"] = std::string(pick(0, 1) ? "SAME_UPPER" : "SAME_LOWER");
    if (pick(0, 1)) c.attrs["ceil_mode"] = std::int64_t{1}, c.attrs["count_include_pad"] = pick(0, 1);
    if (i % 4 == 1 && pick(0, 1)) c.attrs[pick(0, 1) ? "output_padding" : "output_shape"] = list(axes, 1, 6);
    try {
      const Built b = build(c, c.in);
      Weights weights(b.graph);
      CompileOptions options;
      options.loss = b.loss;
      Plan plan = compile(b.graph, test_ops(), weights, options);
      plan.forward();
      plan.backward();
      INFO(c.op << " " << i << " of " << cat(x));
      REQUIRE(std::isfinite(plan.loss()));
      REQUIRE(std::ranges::all_of(weights.gradients(), [](float v) { return std::isfinite(v); }));
      ++computed;
    } catch (const Error& error) {
      CHECK_FALSE(error.sentence().empty());
      ++refused;
    }
  }
  CHECK(computed > 60);
  CHECK(refused > 60);
}
