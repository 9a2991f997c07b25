// Integer arithmetic in the types a file gives it. Expected values: numpy 2 in those types.
#include "engine/ops/standard.h"
#include "engine/plan/plan.h"
#include "engine/plan/unsupported.h"
#include "graph/onnx/signatures.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"
#include "tests/support/graph_build.h"

using namespace lehr;
using namespace lehr::test;
using Integers = std::vector<std::int64_t>;

namespace {
constexpr std::int64_t least32 = -2147483648LL, most32 = 2147483647;

struct Row {
  const char* op;
  Dtype dtype;  // of the inputs and the result
  std::vector<Integers> in;
  Integers expected;
  Attributes attrs = {};
};
const Row rows[] = {
    {"Add", Dtype::u8, {{250, 1}, {10, 2}}, {4, 3}},
    {"Add", Dtype::i8, {{127}, {1}}, {-128}},
    {"Add", Dtype::i32, {{most32, 5}, {1, 6}}, {least32, 11}},
    {"Sub", Dtype::u8, {{3}, {5}}, {254}},
    {"Sub", Dtype::u32, {{0}, {1}}, {4294967295}},
    {"Mul", Dtype::u8, {{20}, {20}}, {144}},
    {"Mul", Dtype::i32, {{65536, 46341}, {65536, 46341}}, {0, -2147479015}},
    {"Mul", Dtype::i16, {{300}, {300}}, {24464}},
    {"Div", Dtype::i8, {{-128, 7}, {-1, 2}}, {-128, 3}},
    {"Pow", Dtype::u8, {{3}, {6}}, {217}},
    {"Pow", Dtype::i32, {{2}, {31}}, {least32}},
    {"Neg", Dtype::i8, {{-128, 5}}, {-128, -5}},
    {"Abs", Dtype::i8, {{-128, -5}}, {-128, 5}},
    {"Abs", Dtype::i64, {{-5}}, {5}},
    {"ReduceSum", Dtype::i32, {{most32, 1, 1}}, {least32 + 1}, {{"keepdims", std::int64_t{0}}}},
    {"ReduceProd", Dtype::u8, {{16, 17}}, {16}, {{"keepdims", std::int64_t{0}}}},
    {"Add", Dtype::i64, {{9223372036854775807}, {1}}, {std::numeric_limits<std::int64_t>::min()}},
};

Tensor stored(Dtype dtype, const Integers& values) {
  return convert(Tensor(Shape{static_cast<std::int64_t>(values.size())}, std::span<const std::int64_t>(values)), dtype);
}

// The op on constants, folded, or on graph inputs, run.
struct Built {
  GraphBuild build;
  ValueId out = no_value;
  Built(const Row& row, bool known) {
    std::vector<ValueId> in;
    for (std::size_t i = 0; i < row.in.size(); ++i) {
      const std::string name = cat("in", i);
      in.push_back(known ? build.stored(name, Role::constant, stored(row.dtype, row.in[i]))
                         : build.input(name, {{static_cast<std::int64_t>(row.in[i].size()), ""}}, row.dtype));
    }
    if (row.op == std::string("ReduceSum")) in.push_back(build.integers("axes", {0}));
    out = build.nodes(row.op, in, {"out"}, row.attrs, 13).front();
    build.graph.value(out).type = DeclaredType{row.dtype, std::nullopt};  // as the reader has it from the operator
    build.graph.outputs = {out};
  }
  Integers run(const Row& row) const {
    const Weights weights(build.graph);
    CompileOptions options;
    options.outputs = {out};
    Plan plan = compile(build.graph, standard_ops(), weights, options);
    for (std::size_t i = 0; i < row.in.size(); ++i)
      if (build.graph.value(build.graph.find(cat("in", i))).role == Role::input) std::ranges::copy(row.in[i], plan.input_i64(cat("in", i)).begin());
    plan.forward();
    const auto y = plan.output_i64(out);
    return {y.begin(), y.end()};
  }
  std::string refusal() const {
    const ValueId wanted[] = {out};
    return told(type_graph(build.graph, standard_ops(), 1, Mode::evaluate, wanted).problems);
  }
};
}  // namespace

TEST_CASE("integer arithmetic wraps in the file's type", "[ops]") {
  for (const Row& row : rows)
    for (const bool known : {true, false}) {
      INFO(row.op << " of " << name(row.dtype) << (known ? ", folded" : ", run"));
      CHECK(Built(row, known).run(row) == row.expected);
    }
}

TEST_CASE("CastLike takes the narrow type of what it is like", "[ops]") {
  const struct {
    Tensor from;
    Dtype like;
    Integers expected;
  } casts[] = {{stored(Dtype::i64, {300, -1}), Dtype::u8, {44, 255}},
               {tensor({1}, {200.7f}), Dtype::i8, {-56}},
               {stored(Dtype::i64, {300}), Dtype::i64, {300}},
               {stored(Dtype::i32, {-1}), Dtype::u32, {4294967295}}};
  for (const auto& c : casts) {
    GraphBuild b;
    const ValueId from = b.stored("from", Role::constant, c.from), like = b.input("like", {{1, ""}}, c.like);
    b.graph.outputs = {b.nodes("CastLike", {from, like}, {"out"}, {}, 15).front()};
    const ValueId wanted[] = {b.graph.outputs[0]};
    const Typing typing = type_graph(b.graph, standard_ops(), 1, Mode::evaluate, wanted);
    REQUIRE(told(typing.problems).empty());
    CHECK(typing.constants.at(static_cast<std::size_t>(wanted[0]))->integers() == c.expected);
  }
}

TEST_CASE("what does not fit into int64 is refused", "[ops]") {
  CHECK_THAT(Built({"Add", Dtype::u64, {{1}, {2}}, {}}, false).refusal(), contains("computes in uint64") && contains("below 2^63"));
  CHECK_THAT(Built({"Less", Dtype::u64, {{1}, {2}}, {}}, false).refusal(), !contains("uint64"));  // values below 2^63 compare as they are

  GraphBuild large;
  Tensor t(TensorType{Dtype::u64, {1}});
  t.as<std::uint64_t>()[0] = std::uint64_t{1} << 63;
  const ValueId limit = large.stored("limit", Role::constant, t), x = large.input("x", {{1, ""}}, Dtype::u64);
  const ValueId less[] = {large.nodes("Less", {x, limit}, {"y"}, {}, 13).front()};
  CHECK_THAT(told(type_graph(large.graph, standard_ops(), 1, Mode::evaluate, less).problems), contains("9223372036854775808") && contains("'limit'"));

  GraphBuild cast;
  const ValueId from = cast.input("x", {{1, ""}});
  const ValueId to[] = {cast.nodes("Cast", {from}, {"y"}, {{"to", std::int64_t{13}}}, 13).front()};
  CHECK_THAT(told(type_graph(cast.graph, standard_ops(), 1, Mode::evaluate, to).problems), contains("a cast of float32 to uint64"));
}

TEST_CASE("messages name the types of the file", "[ops]") {
  GraphBuild b;
  const ValueId x = b.rows("x", 2), e = b.input("e", {{2, ""}}, Dtype::i32);
  const ValueId y[] = {b.nodes("Pow", {x, e}, {"y"}, {}, 13).front()};
  CHECK_THAT(told(type_graph(b.graph, standard_ops(), 1, Mode::evaluate, y).problems), contains("input 1 is int32[2]"));
}

TEST_CASE("unknown operators are one sentence a distinct name, problems at most 20 lines", "[ops]") {
  GraphBuild b;
  ValueId at = b.rows("x", 2);
  for (int i = 0; i < 4096; ++i) at = b.nodes(i % 2 ? "Mystery" : "Relux", {at}, {cat("h", i)}).front();
  const ValueId wanted[] = {at};
  const std::string text = told(type_graph(b.graph, standard_ops(), 1, Mode::train, wanted).problems);
  CHECK(text ==
        "operator 'Relux' (opset 13) is not supported, did you mean 'Relu'?\n  in 2,048 nodes, the first is Relux node of 'h0'\n"
        "operator 'Mystery' (opset 13) is not supported\n  in 2,048 nodes, the first is Mystery node of 'h1'");

  GraphBuild many;
  at = many.rows("x", 2);
  for (int i = 0; i < 50; ++i) at = many.nodes(cat("Unknown", i), {at}, {cat("h", i)}).front();
  const ValueId last[] = {at};
  const std::string cut = told(type_graph(many.graph, standard_ops(), 1, Mode::train, last).problems);
  CHECK(std::ranges::count(cut, '\n') < 20);
  CHECK_THAT(cut, contains("and 41 problems more"));
}

TEST_CASE("every operator the engine knows has a signature", "[ops]") {
  for (const std::string& op : standard_ops().names()) {
    if (op.starts_with("lehr.")) continue;
    INFO(op);
    CHECK(onnx::signatures().lookup(op) != nullptr);
  }
}
