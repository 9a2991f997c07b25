#include <map>

#include "graph/check.h"
#include "graph/passes/passes.h"
#include "graph/passes/roles.h"
#include "tests/graph/passes_build.h"
#include "tests/support/catch.h"

namespace lehr {
namespace {

struct Expected {
  std::string name;
  Role role;
  std::string why;  // part of the reason
};
struct Row {
  const char* what;
  void (*build)(Build&);
  std::vector<Expected> expected;
};

constexpr Role parameter = Role::parameter, constant = Role::constant, state = Role::state;

ValueId bn(Build& b, ValueId x, ValueId mean, ValueId var, const std::string& out) {
  return b.node("BatchNormalization", {x, b.weight(out + ".scale", {4}), b.weight(out + ".shift", {4}), mean, var}, out);
}

const std::vector<Row> table = {
    {"a layer and its activation",
     [](Build& b) { b.output(b.linear("fc2", b.node("Relu", {b.linear("fc1", b.rows("x", 3), 3, 4)}, "r"), 4, 2)); },
     {{"fc1.weight", parameter, "weight of Gemm node of 'fc1'"}, {"fc1.bias", parameter, "bias of Gemm"}, {"fc2.weight", parameter, "weight"}}},
    {"matmul and bias of one number, in either order",
     [](Build& b) {
       b.output(b.node("Add", {b.weight("b", {1}), b.node("MatMul", {b.rows("x", 3), b.weight("w", {3, 1})}, "m")}, "y"));
     },
     {{"w", parameter, "weight of MatMul"}, {"b", parameter, "bias in Add"}}},
    {"a subtracted bias",
     [](Build& b) {
       b.output(b.node("Sub", {b.node("MatMul", {b.rows("x", 3), b.weight("w", {3, 4})}, "m"), b.weight("b", {4})}, "y"));
     },
     {{"b", parameter, "bias in Sub"}}},
    {"scalars of a formula",
     [](Build& b) {
       const ValueId h = b.linear("fc", b.rows("x", 3), 3, 4);
       b.output(b.node("Mul", {b.weight("half", {}, {0.5f}), b.node("Add", {h, b.weight("one", {}, {1})}, "a")}, "y"));
     },
     {{"half", constant, "scalar constant of Mul"}, {"one", constant, "scalar constant of Add"}, {"fc.weight", parameter, ""}}},
    {"a learned scalar under a module's name",
     [](Build& b) {
       const ValueId h = b.linear("fc", b.rows("x", 3), 3, 4);
       b.output(b.node("Mul", {b.node("Mul", {h, b.weight("gate", {1}, {0.5f})}, "a"), b.weight("block.alpha", {}, {2})}, "y"));
     },
     {{"gate", parameter, "scale in Mul"}, {"block.alpha", parameter, "scale in Mul"}}},
    {"batch normalisation",
     [](Build& b) { b.output(bn(b, b.linear("fc", b.rows("x", 3), 3, 4), b.weight("m", {4}), b.weight("v", {4}), "n")); },
     {{"n.scale", parameter, "scale of BatchNormalization"},
      {"n.shift", parameter, "shift of BatchNormalization"},
      {"m", state, "running mean of BatchNormalization node of 'n'"},
      {"v", state, "running variance"}}},
    {"not on the way to the loss",
     [](Build& b) {
       const ValueId h = b.linear("fc", b.rows("x", 3), 3, 4);
       b.node("Add", {h, b.weight("elsewhere", {4})}, "unused");
       b.weight("spare", {2});
       b.output(b.node("Where", {b.node("Greater", {h, b.weight("limit", {4})}, "c"), h, b.weight("other", {4})}, "y"));
     },
     {{"elsewhere", constant, "not on the way to the loss"},
      {"spare", constant, "not on the way"},
      {"limit", constant, "not on the way"},
      {"other", constant, "what is chosen or filled in by Where"}}},
    {"integers",
     [](Build& b) {
       b.output(b.node("Reshape", {b.linear("fc", b.rows("x", 3), 3, 4), b.integers("shape", {-1, 2, 2})}, "y"));
     },
     {{"shape", constant, "integer data"}}},
    {"standardised inputs",
     [](Build& b) {
       const ValueId x = b.node("Div", {b.node("Sub", {b.rows("x", 3), b.weight("mean", {1, 3})}, "c"), b.weight("deviation", {1, 3})}, "s");
       b.output(b.linear("fc", x, 3, 4));
     },
     {{"mean", constant, "normalisation constant of the input"}, {"deviation", constant, "normalisation constant"}, {"fc.weight", parameter, ""}}},
    {"inputs scaled to a range",
     [](Build& b) {
       const ValueId x = b.node("Add", {b.node("Mul", {b.rows("x", 3), b.weight("scale", {3})}, "c"), b.weight("low", {3})}, "s");
       b.output(b.linear("fc", x, 3, 4));
     },
     {{"scale", constant, "normalisation constant"}, {"low", constant, "normalisation constant"}}},
    {"a bias added to the input itself",
     [](Build& b) {
       b.output(b.linear("fc", b.node("Add", {b.rows("x", 3), b.weight("b", {3})}, "s"), 3, 4));
     },
     {{"b", parameter, "bias in Add"}}},
    {"layer normalisation of the input in single operators",
     [](Build& b) {
       const ValueId x = b.rows("x", 3), axes = b.integers("axes", {-1});
       const ValueId c = b.node("Sub", {x, b.node("ReduceMean", {x, axes}, "mean", {}, "", 18)}, "c");
       const ValueId v = b.node("ReduceMean", {b.node("Mul", {c, c}, "q"), axes}, "v", {}, "", 18);
       const ValueId n = b.node("Div", {c, b.node("Sqrt", {b.node("Add", {v, b.weight("eps", {}, {1e-5f})}, "ve")}, "sd")}, "n");
       b.output(b.node("Add", {b.node("Mul", {n, b.weight("gamma", {3})}, "g"), b.weight("beta", {3})}, "y"));
     },
     {{"gamma", parameter, "scale in Mul"}, {"beta", parameter, "bias in Add"}, {"eps", constant, "scalar"}}},
    {"batch normalisation in single operators",
     [](Build& b) {
       const ValueId h = b.linear("fc", b.rows("x", 3), 3, 4);
       const ValueId sd = b.node("Sqrt", {b.node("Add", {b.weight("var", {4}), b.weight("eps", {}, {1e-3f})}, "ve")}, "sd");
       const ValueId factor = b.node("Mul", {b.node("Div", {b.weight("one", {}, {1}), sd}, "rsd"), b.weight("gamma", {4})}, "factor");
       const ValueId shift = b.node("Sub", {b.weight("beta", {4}), b.node("Mul", {b.weight("mean", {4}), factor}, "mf")}, "shift");
       b.output(b.node("Add", {b.node("Mul", {h, factor}, "hf"), shift}, "y"));
     },
     {{"var", constant, "variance of a normalisation"},
      {"mean", constant, "mean of a normalisation"},
      {"gamma", parameter, "scale in Mul"},
      {"beta", parameter, "bias in Add"},
      {"one", constant, "scalar"}}},
    {"a product without a bias, centred, scaled and shifted",
     [](Build& b) {
       const ValueId m = b.node("Conv", {b.input("x", {{-1, "N"}, {3, ""}, {5, ""}}), b.weight("w", {4, 3, 2})}, "m");
       const ValueId s = b.node("Mul", {b.node("Sub", {m, b.weight("mean", {4, 1})}, "c"), b.weight("factor", {4, 1})}, "s");
       b.output(b.node("Add", {s, b.weight("beta", {4, 1})}, "y"));
     },
     {{"w", parameter, "weight of Conv"}, {"mean", constant, "mean of a normalisation"}, {"factor", parameter, "scale"}, {"beta", parameter, "bias"}}},
    {"a centred and scaled activation",
     [](Build& b) {
       const ValueId c = b.node("Sub", {b.linear("fc", b.rows("x", 3), 3, 4), b.weight("mean", {4})}, "c");
       b.output(b.node("Add", {b.node("Mul", {c, b.weight("factor", {4})}, "s"), b.weight("beta", {4})}, "y"));
     },
     {{"mean", constant, "mean of a normalisation"}, {"factor", parameter, "scale"}, {"beta", parameter, "bias"}}},
    {"a masked weight",
     [](Build& b) {
       b.output(b.node("MatMul", {b.rows("x", 2), b.node("Mul", {b.weight("w", {2, 2}), b.weight("mask", {2, 2}, {0, 1, 1, 0})}, "mw")}, "y"));
     },
     {{"w", parameter, "weight of MatMul"}, {"mask", constant, "mask of zeros and ones"}}},
    {"a weight with a learned length",
     [](Build& b) {
       b.output(b.node("MatMul", {b.rows("x", 2), b.node("Mul", {b.weight("v", {2, 2}), b.weight("g", {1, 2})}, "w")}, "y"));
     },
     {{"v", parameter, "weight of MatMul"}, {"g", parameter, "weight of MatMul"}}},
    {"an embedding",
     [](Build& b) {
       b.output(b.node("Gather", {b.weight("table", {5, 2}), b.input("tokens", {{-1, "N"}}, Dtype::i64)}, "y"));
     },
     {{"table", parameter, "embedding table of Gather"}}},
    {"a slope",
     [](Build& b) {
       b.output(b.node("PRelu", {b.linear("fc", b.rows("x", 3), 3, 4), b.weight("slope", {}, {0.1f})}, "y"));
     },
     {{"slope", parameter, "slope of PRelu"}}},
    {"behind Cast, Identity, Reshape and Transpose",
     [](Build& b) {
       const ValueId w = b.node("Transpose", {b.node("Identity", {b.node("Cast", {b.weight("w", {4, 3})}, "wc", {{"to", std::int64_t{1}}})}, "wi")}, "wt");
       const ValueId bias = b.node("Reshape", {b.weight("b", {1, 4}), b.integers("s", {4})}, "br");
       b.output(b.node("Gemm", {b.rows("x", 3), w, bias}, "y"));
     },
     {{"w", parameter, "weight of Gemm"}, {"b", parameter, "bias of Gemm"}}},
    {"the exporter's neutral scale",
     [](Build& b) {
       const ValueId h = b.linear("fc", b.rows("x", 3), 3, 2);
       b.output(b.node("LayerNormalization",
                       {b.node("LayerNormalization", {h, b.weight("val_3", {2}, {1, 1})}, "n1", {}, "", 17), b.weight("norm.weight", {2}, {1, 1})}, "n2", {},
                       "", 17));
     },
     {{"val_3", constant, "made by the exporter"}, {"norm.weight", parameter, "scale of LayerNormalization"}}},
    {"one weight used twice",
     [](Build& b) {
       const ValueId w = b.weight("w", {3, 3});
       b.output(b.node("MatMul", {b.node("MatMul", {b.rows("x", 3), w}, "h"), w}, "y"));
     },
     {{"w", parameter, "weight of MatMul node of 'h', weight of MatMul node of 'y'"}}},
};

}  // namespace

TEST_CASE("every weight gets its role and the reason", "[passes]") {
  for (const Row& row : table) {
    INFO(row.what);
    Build b;
    row.build(b);
    trainable(b.graph, b.graph.outputs);
    check(b.graph);
    std::map<std::string, ParameterRow> rows;
    for (const ParameterRow& r : parameter_table(b.graph)) rows[r.name] = r;
    for (const Expected& e : row.expected) {
      INFO(e.name << ": " << rows[e.name].why);
      CHECK(rows.contains(e.name));
      CHECK(rows[e.name].role == e.role);
      CHECK(says(rows[e.name].why, e.why));
    }
  }
}

TEST_CASE("a tensor stored once for a bias and running means becomes several", "[passes]") {
  Build b;
  const ValueId zero = b.weight("zeros", {4}, {0, 0, 0, 0}), one = b.weight("ones", {4}, {1, 1, 1, 1});
  const ValueId mean1 = b.node("Identity", {zero}, "bn1.mean"), mean2 = b.node("Identity", {zero}, "bn2.mean");
  const ValueId h = b.node("BatchNormalization", {b.linear("fc", b.rows("x", 3), 3, 4), one, zero, mean1, one}, "n1");
  b.output(b.node("BatchNormalization", {h, one, zero, mean2, one}, "n2"));
  trainable(b.graph, b.graph.outputs);
  check(b.graph);
  std::map<std::string, Role> roles;
  for (const ParameterRow& row : parameter_table(b.graph)) roles[row.name] = row.role;
  CHECK(roles["zeros"] == Role::parameter);
  CHECK(roles["ones"] == Role::parameter);
  const auto nodes = b.graph.nodes();
  const Node &first = nodes[nodes.size() - 2], &second = nodes[nodes.size() - 1];
  for (const Node* node : {&first, &second})
    for (const std::size_t slot : {3u, 4u}) {
      CHECK(b.graph.value(node->in[slot]).role == Role::state);
      CHECK(b.graph.value(node->in[slot]).data != nullptr);
    }
  CHECK(first.in[3] != second.in[3]);  // two names in the source, two statistics
  CHECK(b.graph.value(first.in[3]).name == "bn1.mean_state");
  CHECK(first.in[2] == second.in[2]);  // a shared parameter stays one
}

TEST_CASE("single numbers under a name of the source are told, whichever way they were taken", "[passes]") {
  Build b;
  const ValueId h = b.linear("fc", b.rows("x", 3), 3, 4);
  const ValueId cooled = b.node("Div", {h, b.weight("temperature", {1}, {1.5f})}, "c");
  b.output(b.node("Mul", {b.node("Add", {cooled, b.weight("val_3", {1}, {1})}, "a"), b.weight("gate", {1}, {0.5f})}, "y"));
  Notes notes;
  trainable(b.graph, b.graph.outputs, {}, notes);
  INFO(join(notes, "\n"));
  REQUIRE(notes.size() == 2);
  CHECK(says(notes[0], "taken for constants: 'temperature' (the divisor in Div node of 'c')"));
  CHECK(says(notes[1], "single numbers taken for parameters by their names: 'gate'"));
  CHECK_FALSE(says(notes[0], "val_3"));
}

TEST_CASE("a weight that the exporter computed from others is told, one that it turned is not", "[passes]") {
  Build b;
  const auto folded = [&](const std::string& name, const Shape& shape, const std::string& of) {
    const ValueId id = b.weight(name, shape);
    b.graph.value(id).origin = {.said = Said::folded, .of = of};
    return id;
  };
  const ValueId masked = folded("mul", {3, 4}, "['mask', 'w']"), turned = folded("val_0", {4, 4}, "['h.weight', 'val_7']");
  const ValueId normed = folded("mul_1", {4, 3}, "['g', 'div', 'linalg_vector_norm']"), squashed = folded("sigmoid", {3, 2}, "['gate']");
  ValueId h = b.rows("x", 3);
  for (const ValueId w : {masked, turned, normed, squashed}) h = b.node("MatMul", {h, w}, cat("y", w));
  b.output(h);
  Notes notes;
  trainable(b.graph, b.graph.outputs, {}, notes);
  INFO(join(notes, "\n"));
  REQUIRE(notes.size() == 1);
  CHECK(says(notes[0], "computed by the exporter and trained as they stand, without what made them: 'mul' (of mask, w), 'mul_1' (of g), 'sigmoid' (of gate); params"));
}

TEST_CASE("a tensor that the file stores twice, once turned, is told", "[passes]") {
  Build b;
  const ValueId w = b.weight("w", {3, 2}, {1, 2, 3, 4, 5, 6}), twin = b.weight("t", {2, 3}, {1, 3, 5, 2, 4, 6});
  const ValueId other = b.weight("other", {3, 2}, {1, 2, 3, 4, 6, 5}), ones = b.weight("ones", {2, 3}, {1, 1, 1, 1, 1, 1});
  ValueId h = b.rows("x", 3);
  for (const ValueId weight : {w, twin, other, ones}) h = b.node("MatMul", {h, weight}, cat("y", weight));
  b.output(b.node("MatMul", {h, b.weight("more", {3, 2}, {1, 1, 1, 1, 1, 1})}, "y"));
  Notes notes;
  trainable(b.graph, b.graph.outputs, {}, notes);
  INFO(join(notes, "\n"));
  REQUIRE(notes.size() == 1);
  CHECK(says(notes[0], "stored twice in the file, trained apart from here on: 't' ('w' turned); the source may have one tensor there"));
}

}  // namespace lehr
