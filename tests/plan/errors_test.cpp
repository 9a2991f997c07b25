#include <limits>

#include "tests/plan/net.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
CompileOptions reading(std::vector<ValueId> outputs, std::int64_t batch = 1) {
  CompileOptions options;
  options.outputs = std::move(outputs), options.batch = batch;
  return options;
}
std::string refusal(const Net& net, const CompileOptions& options) {
  return error_of([&] { Trained(net.graph, options); });
}
}  // namespace

TEST_CASE("a loss must be one float that a parameter reaches", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 2), w = net.parameter("w", {2, 2});
  const ValueId y = net.node("Gemm", {x, w}, "y");
  CHECK(says(refusal(net, training(y, {}, 3)), "the loss 'y' is float32[3,2], it must be one float"));
  const ValueId best = net.node("ArgMax", {y}, "best", {{"axis", std::int64_t{0}}, {"keepdims", std::int64_t{0}}});
  const ValueId index = net.node("ReduceMax", {best}, "index", {{"keepdims", std::int64_t{0}}});
  CHECK(says(refusal(net, training(index)), "the loss 'index' is int64[], it must be one float"));
  CHECK(refusal(net, training(net.sum(x, "s"))) == "no parameter reaches the loss 's': nothing can be trained");
  CHECK(says(refusal(net, training(net.sum(net.node("Cast", {index}, "f", {{"to", std::int64_t{1}}}), "cut"))), "no parameter reaches the loss 'cut'"));
  CHECK(says(refusal(net, training(x)), "it must be one float"));
  CHECK(refusal(net, training(net.parameter("one", {1}))) == "");  // d(one)/d(one) = 1
  CHECK(refusal(net, training(net.node("Reshape", {net.sum(y, "t"), net.integers("shape", {1, 1})}, "t11"))) == "");
}

TEST_CASE("a parameter may be the loss itself", "[plan]") {
  Net net;
  const ValueId w = net.parameter("w", {1}, {3}), view = net.node("Reshape", {w, net.integers("s", {1, 1})}, "view");
  Trained t(net.graph, training(view));
  t.step();
  CHECK(t.plan.loss() == 3);
  CHECK(t.gradient("w") == std::vector<float>{1});
}

TEST_CASE("all gaps of a graph are told at once", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 4);
  const ValueId a = net.node("Tahn", {x}, "a");
  const ValueId b = net.node("Gemm", {x, net.parameter("w", {3, 2})}, "b");
  const ValueId c = net.node("Softmax", {x}, "c", {}, 0);
  const ValueId d = net.node("FooBarBaz", {net.node("Relu", {a}, "r")}, "d", {}, 3, "acme");
  const ValueId e = net.node("Concat", {a, b}, "e", {{"axis", std::int64_t{1}}});  // only a consequence
  const std::string all = refusal(net, reading({b, c, d, e}));
  CHECK(says(all, "operator 'Tahn' (opset 13) is not supported, did you mean 'Tanh'?\n  in Tahn node"));
  CHECK(says(all, "in Gemm node"));
  CHECK(says(all, "operator 'Softmax' is supported from opset 1, the node has opset 0"));
  CHECK(says(all, "operator 'acme.FooBarBaz' (opset 1) is not supported"));
  CHECK_FALSE(says(all, "Concat"));
  CHECK_FALSE(says(all, "Relu"));
  const Typing typing = type_graph(net.graph, standard_ops(), 2, Mode::train, std::vector{b, c, d, e});
  CHECK(typing.problems.size() == 4);
  CHECK(typing.types[static_cast<std::size_t>(x)] == TensorType{Dtype::f32, {2, 4}});
  CHECK_FALSE(typing.types[static_cast<std::size_t>(e)]);
}

TEST_CASE("a misfit of data and model has the exit code for it", "[plan]") {
  Net net;
  const ValueId y = net.node("Nothing", {net.rows("x", 4)}, "y");
  try {
    Trained(net.graph, reading({y}));
    FAIL();
  } catch (const Error& error) {
    CHECK(error.code() == Exit::mismatch);
  }
}

TEST_CASE("a graph of too many nodes is refused", "[plan]") {
  for (const int count : {20000, 20001}) {
    Net net;
    ValueId v = net.rows("x", 1);
    for (int i = 0; i < count; ++i) v = net.node("Identity", {v}, cat("v", i));
    CHECK(refusal(net, reading({v})) == (count > 20000 ? "the graph has 20001 nodes, the limit is 20000" : ""));
  }
}

TEST_CASE("only the batch may be free", "[plan]") {
  const auto of = [](std::vector<Dim> dims) {
    Net net;
    return refusal(net, reading({net.node("Neg", {net.input("x", std::move(dims))}, "y")}, 5));
  };
  CHECK(of({{-1, "N"}, {4, ""}}) == "");
  CHECK(of({{-1, ""}, {4, ""}}) == "");
  CHECK(of({{-1, "N"}, {-1, "N"}}) == "");
  CHECK(of({}) == "");
  CHECK(says(of({{-1, "N"}, {-1, "seq\x1b"}}), "dimension 1 of input 'x' is the symbol 'seq\\x1b', only the batch (dimension 0) may be free"));
  CHECK(says(of({{-1, "N"}, {-1, ""}}), "dimension 1 of input 'x' is unknown"));
  Net net;
  const ValueId unknown = net.graph.add(Value{"u", Role::input, std::nullopt, nullptr, ""});
  net.graph.inputs.push_back(unknown);
  CHECK(says(refusal(net, reading({net.node("Neg", {unknown}, "y")})), "input 'u' does not declare its shape"));
  const ValueId words = net.input("words", {{-1, "N"}}, Dtype::string);
  CHECK(says(refusal(net, reading({net.node("Identity", {words}, "z")})), "a string tensor cannot be computed with"));
}

TEST_CASE("tensors without elements are computed like others", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 0), w = net.parameter("w", {0, 3}, {}), b = net.parameter("b", {3}, {1, 2, 3});
  const ValueId y = net.node("Gemm", {x, w, b}, "y");
  const ValueId empty = net.node("Tanh", {net.node("Add", {x, x}, "twice")}, "empty");
  Trained t(net.graph, training(net.sum(y), {y, empty}, 2));
  t.step();
  CHECK(t.output(y) == std::vector<float>{1, 2, 3, 1, 2, 3});
  CHECK(t.output(empty).empty());
  CHECK(t.plan.loss() == 12);
  CHECK(t.gradient("b") == std::vector<float>{2, 2, 2});
  CHECK(t.gradient("w").empty());
}

TEST_CASE("sizes no machine has are refused before anything is allocated", "[plan]") {
  const auto of = [](std::vector<Dim> dims, std::int64_t batch) {
    Net net;
    const ValueId x = net.input("x", std::move(dims));
    return refusal(net, reading({net.node("Neg", {x}, "y")}, batch));
  };
  CHECK(says(of({{-1, "N"}, {std::int64_t{1} << 40, ""}}, 1 << 20), "more than 2^47 elements"));
  CHECK(says(of({{std::numeric_limits<std::int64_t>::max(), ""}, {2, ""}}, 1), "more than 2^47 elements"));
  CHECK(says(of({{-1, "N"}, {std::int64_t{1} << 27, ""}}, 1 << 20), "GiB of memory, the machine has"));
  CHECK(says(of({{-1, "N"}, {4, ""}}, std::numeric_limits<std::int64_t>::max()), "more than 2^47 elements"));
  for (const std::int64_t batch : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()})
    CHECK(refusal(Net(), reading({}, batch)) == cat("batch ", batch, ": at least 1 is needed"));
  Net grown;  // each doubles the last
  ValueId v = grown.rows("x", 1024);
  for (int i = 0; i < 40; ++i) v = grown.node("Concat", {v, v}, cat("v", i), {{"axis", std::int64_t{1}}});
  const std::string refused = refusal(grown, reading({v}));
  CHECK((says(refused, "2^47") || says(refused, "GiB of memory")));
}

TEST_CASE("inputs and outputs are asked for by name and type", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 2), ids = net.input("ids", {{-1, "N"}}, Dtype::i32);
  const ValueId y = net.node("Gather", {net.parameter("table", {3, 2}), ids}, "y"),
                best = net.node("ArgMax", {net.node("Add", {x, y}, "s")}, "best", {{"axis", std::int64_t{1}}});
  Trained t(net.graph, reading({y, best}, 2));
  CHECK(t.plan.input_names() == std::vector<std::string>{"ids", "x"});
  CHECK(t.plan.input_i64("ids").size() == 2);
  CHECK(error_of([&] { t.plan.input_f32("ids"); }) == "tensor 'ids' is int64[2], asked for as float32");
  CHECK(error_of([&] { t.plan.input_i64("x"); }) == "tensor 'x' is float32[2,2], asked for as int64");
  CHECK(error_of([&] { t.plan.input_f32("xs"); }) == "the model has no input 'xs', did you mean 'x'? (it has ids, x)");
  CHECK(error_of([&] { (void)t.plan.output_f32(best); }) == "tensor 'best' is int64[2,1], asked for as float32");
  CHECK(says(error_of([&] { (void)t.plan.output_f32(x); }), "is not among the outputs the plan was compiled for"));
  CHECK(says(error_of([&] { (void)t.plan.type(x); }), "is not among the outputs"));
  CHECK(error_of([&] { (void)t.plan.loss(); }) == "the plan was compiled without a loss");
  t.feed("x", {0, 0, 1, 0});
  t.plan.input_i64("ids")[0] = 2, t.plan.input_i64("ids")[1] = 0;
  t.plan.forward();
  CHECK(t.output(y) == std::vector<float>{0.5f, 0.6f, 0.1f, 0.2f});
  CHECK(std::vector<std::int64_t>(t.plan.output_i64(best).begin(), t.plan.output_i64(best).end()) == std::vector<std::int64_t>{1, 0});
}

TEST_CASE("a weight the engine cannot read is named", "[plan]") {
  Net net;
  const ValueId lost = net.graph.add(Value{"lost", Role::constant, std::nullopt, nullptr, ""});
  CHECK(says(refusal(net, reading({net.node("Neg", {lost}, "y")})), "tensor 'lost' holds no numbers the engine can use"));
  net.graph.add(Value{"empty", Role::parameter, std::nullopt, nullptr, ""});
  CHECK(says(refusal(net, reading({})), "tensor 'empty' is to be trained but has no data"));
}
