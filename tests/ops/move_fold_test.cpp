// Shape arithmetic is done when the graph is typed: the chains exporters leave before Reshape, for several batch sizes.
#include "tests/cases/move_cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

namespace {

class Chain {
 public:
  Graph graph;

  ValueId input(const std::string& name, std::vector<Dim> dims, Dtype dtype = Dtype::f32) {
    const ValueId id = graph.add(Value{.name = name, .role = Role::input, .type = DeclaredType{dtype, std::move(dims)}, .data = nullptr, .why = ""});
    graph.inputs.push_back(id);
    return id;
  }
  ValueId constant(Index values) { return constant(Tensor({static_cast<std::int64_t>(values.size())}, values)); }
  ValueId scalar(std::int64_t value) { return constant(Tensor({}, std::vector{value})); }
  ValueId constant(Tensor tensor) {
    return graph.add(Value{.name = "", .role = Role::constant, .type = {}, .data = std::make_shared<const Tensor>(std::move(tensor)), .why = ""});
  }
  ValueId node(const std::string& op, int opset, std::vector<ValueId> in, Attributes attrs = {}) {
    const ValueId out = graph.add(Value{.name = "", .role = Role::activation, .type = {}, .data = nullptr, .why = ""});
    graph.add(Node{.op = op, .domain = "", .name = "", .opset = opset, .attrs = std::move(attrs), .in = std::move(in), .out = {out}});
    return out;
  }
  Typing typed(ValueId wanted, std::int64_t batch) const {
    const ValueId ids[]{wanted};
    return type_graph(graph, test_ops(), batch, Mode::train, ids);
  }
  Shape shape(ValueId value, std::int64_t batch) const {
    const Typing t = typed(value, batch);
    REQUIRE(t.problems == std::vector<std::string>{});
    return t.types.at(static_cast<std::size_t>(value))->shape;
  }
  // Of a folded integer tensor.
  std::vector<std::int64_t> values(ValueId value, std::int64_t batch) const {
    const Typing t = typed(value, batch);
    REQUIRE(t.problems == std::vector<std::string>{});
    const auto tensor = t.constants.at(static_cast<std::size_t>(value));
    REQUIRE(tensor != nullptr);
    return tensor->integers();
  }
};

const std::vector<Dim> batched{{-1, "batch"}, {3, ""}, {4, ""}};

}  // namespace

TEST_CASE("Shape, Gather, Unsqueeze, Concat, Reshape fold for every batch size", "[ops]") {
  for (const int opset : {11, 13, 18}) {
    INFO("opset " << opset);
    Chain c;
    const ValueId x = c.input("x", batched), shape = c.node("Shape", opset, {x});
    const ValueId batch = c.node("Gather", opset, {shape, c.scalar(0)}, {{"axis", ai(0)}});
    const ValueId one = opset < 13 ? c.node("Unsqueeze", opset, {batch}, {{"axes", al({0})}}) : c.node("Unsqueeze", opset, {batch, c.constant(Index{0})});
    const ValueId target = c.node("Concat", opset, {one, c.constant(Index{-1})}, {{"axis", ai(0)}});
    const ValueId y = c.node("Reshape", opset, {x, target});
    for (const std::int64_t size : {1, 2, 28, 1000}) {
      CHECK(c.values(target, size) == Index{size, -1});
      CHECK(c.shape(y, size) == Shape{size, 12});
    }
  }
}

TEST_CASE("Shape, Cast, Slice, Squeeze, Concat through integers of other widths fold", "[ops]") {
  Chain c;
  const ValueId x = c.input("x", batched);
  const ValueId shape = c.node("Cast", 13, {c.node("Shape", 13, {x})}, {{"to", ai(6)}});
  const ValueId head = c.node("Slice", 13, {shape, c.constant(Index{0}), c.constant(Index{1}), c.constant(Index{0}), c.constant(Index{1})});
  const ValueId batch = c.node("Squeeze", 13, {head, c.constant(Index{0})});
  const ValueId vector = c.node("Reshape", 13, {batch, c.constant(Index{1})});
  const ValueId target = c.node("Cast", 13, {c.node("Concat", 13, {vector, c.constant(Index{2, 6})}, {{"axis", ai(0)}})}, {{"to", ai(7)}});
  const ValueId y = c.node("Reshape", 13, {c.node("Identity", 13, {x}), c.node("Identity", 13, {target})});
  for (const std::int64_t size : {1, 7, 64}) CHECK(c.shape(y, size) == Shape{size, 2, 6});
}

TEST_CASE("an Expand whose -1 are replaced by Where folds", "[ops]") {
  Chain c;
  const ValueId x = c.input("x", {{-1, "n"}, {1, ""}, {4, ""}});
  const ValueId batch = c.node("Slice", 13, {c.node("Shape", 15, {x}), c.constant(Index{0}), c.constant(Index{1})});
  const ValueId wanted = c.node("Concat", 13, {batch, c.constant(Index{5, -1})}, {{"axis", ai(0)}});
  const ValueId length = c.node("Shape", 13, {wanted});
  const ValueId ones = c.node("ConstantOfShape", 9, {length}, {{"value", std::make_shared<const Tensor>(Tensor({1}, std::vector<std::int64_t>{1}))}});
  Tensor last(TensorType{Dtype::boolean, {3}});
  last.as<std::uint8_t>()[2] = 1;
  const ValueId y = c.node("Expand", 13, {x, c.node("Where", 16, {c.constant(last), ones, wanted})});
  for (const std::int64_t size : {1, 3, 10}) CHECK(c.shape(y, size) == Shape{size, 5, 4});
}

TEST_CASE("positions made from the batch's shape fold", "[ops]") {
  Chain c;
  const ValueId x = c.input("x", batched);
  const ValueId batch = c.node("Gather", 13, {c.node("Shape", 13, {x}), c.scalar(0)});
  const ValueId range = c.node("Range", 11, {c.scalar(0), batch, c.scalar(1)});
  const ValueId column = c.node("Unsqueeze", 13, {range, c.constant(Index{1})});
  const ValueId both = c.node("Transpose", 13, {c.node("Tile", 13, {column, c.constant(Index{1, 2})})});
  const ValueId flat = c.node("Flatten", 13, {c.node("CumSum", 14, {both, c.scalar(0)})}, {{"axis", ai(0)}});
  CHECK(c.values(flat, 3) == Index{0, 1, 2, 0, 2, 4});
  const ValueId padded = c.node("Pad", 13, {range, c.constant(Index{1, 0})});
  CHECK(c.values(padded, 3) == Index{0, 0, 1, 2});
  CHECK(c.values(c.node("GatherND", 13, {range, c.constant(Tensor({2, 1}, Index{1, -1}))}), 4) == Index{1, 3});
  CHECK(c.values(c.node("Size", 13, {x}), 5) == Index{60});
  CHECK(c.values(c.node("ArgMax", 13, {range}), 5) == Index{4});
  CHECK(c.values(c.node("Trilu", 14, {c.node("Reshape", 13, {range, c.constant(Index{2, 2})})}), 4) == Index{0, 1, 0, 3});
}

TEST_CASE("an index out of range of folded shape arithmetic is an error with the numbers", "[ops]") {
  Chain c;
  const ValueId batch = c.node("Gather", 13, {c.node("Shape", 13, {c.input("x", batched)}), c.scalar(3)});
  const Typing t = c.typed(batch, 2);
  REQUIRE(t.problems.size() == 1);
  CHECK(t.problems[0].find("index 3 is outside [-3,3) of [3]") != std::string::npos);
}

TEST_CASE("what is too large is not folded, and a shape made from data cannot be", "[ops]") {
  Chain c;
  const ValueId big = c.node("ConstantOfShape", 9, {c.constant(Index{1025, 1024})});
  CHECK(c.typed(big, 1).constants.at(static_cast<std::size_t>(big)) == nullptr);
  CHECK(c.shape(big, 1) == Shape{1025, 1024});
  const ValueId spread = c.node("Expand", 13, {c.constant(Index{1}), c.constant(Index{1 << 20, 1 << 20})});
  CHECK(c.typed(spread, 1).constants.at(static_cast<std::size_t>(spread)) == nullptr);
  const ValueId n = c.input("n", {{2, ""}}, Dtype::i64);
  const ValueId y = c.node("Reshape", 13, {c.input("x", batched), n});
  const Typing t = c.typed(y, 2);
  REQUIRE(t.problems.size() == 1);
  CHECK(t.problems[0].find("('n') must be known before the run, it is computed from data") != std::string::npos);
}
