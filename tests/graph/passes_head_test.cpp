#include "graph/passes/loss.h"
#include "tests/graph/passes_build.h"
#include "tests/support/catch.h"

namespace lehr {
namespace {

constexpr LossKind bce = LossKind::binary_cross_entropy, ce = LossKind::cross_entropy, mse = LossKind::mse;

struct Row {
  const char* what;
  LossKind kind;
  ValueId (*build)(Build&, ValueId z);  // z: the last layer's result; returns the output
  const char* value;
  Form form;
  const char* tail;
};

ValueId concat_pair(Build& b, ValueId p) {
  return b.node("Concat", {b.node("Sub", {b.weight("unity", {1}, {1}), p}, "q"), p}, "pq", {{"axis", std::int64_t{1}}});
}
ValueId label(Build& b, ValueId p) {
  const ValueId best = b.node("ArgMax", {p}, "best", {{"axis", std::int64_t{1}}});
  const ValueId picked = b.node("ArrayFeatureExtractor", {b.integers("classes", {0, 1, 2}), best}, "picked", {}, "ai.onnx.ml");
  return b.node("Cast", {b.node("Reshape", {picked, b.integers("flat", {-1})}, "r")}, "label", {{"to", std::int64_t{7}}});
}

const std::vector<Row> table = {
    {"logits as they are", ce, [](Build&, ValueId z) { return z; }, "z", Form::logits, ""},
    {"softmax", ce, [](Build& b, ValueId z) { return b.node("Softmax", {z}, "p"); }, "z", Form::logits, "Softmax"},
    {"log softmax", ce, [](Build& b, ValueId z) { return b.node("LogSoftmax", {z}, "p"); }, "z", Form::logits, "LogSoftmax"},
    {"sigmoid", bce, [](Build& b, ValueId z) { return b.node("Sigmoid", {z}, "p"); }, "z", Form::logits, "Sigmoid"},
    {"sigmoid, reshaped and cast", bce,
     [](Build& b, ValueId z) {
       return b.node("Cast", {b.node("Squeeze", {b.node("Sigmoid", {z}, "p"), b.integers("axes", {1})}, "s")}, "c", {{"to", std::int64_t{11}}});
     },
     "z", Form::logits, "Sigmoid Squeeze Cast"},
    {"a reshape alone hides nothing", ce, [](Build& b, ValueId z) { return b.node("Identity", {z}, "y"); }, "y", Form::logits, ""},
    {"log of softmax", ce, [](Build& b, ValueId z) { return b.node("Log", {b.node("Softmax", {z}, "p")}, "lp"); }, "z", Form::logits, "Softmax Log"},
    {"clipped probabilities", bce,
     [](Build& b, ValueId z) {
       return b.node("Clip", {b.node("Sigmoid", {z}, "p"), b.weight("lo", {}, {1e-7f})}, "c");
     },
     "z", Form::logits, "Sigmoid Clip"},
    {"probabilities cut where that shows", bce,
     [](Build& b, ValueId z) {
       return b.node("Clip", {b.node("Sigmoid", {z}, "p"), b.weight("lo", {}, {0.1f}), b.weight("hi", {}, {0.9f})}, "c");
     },
     "c", Form::probabilities, ""},
    {"a sigmoid fused by an optimizer", bce,
     [](Build& b, ValueId z) {
       return b.node("FusedGemm", {z, b.weight("w2", {3, 1})}, "p", {{"activation", std::string("Sigmoid")}}, "com.microsoft");
     },
     "p", Form::probabilities, ""},
    {"a binary classifier's two columns and map", bce,
     [](Build& b, ValueId z) { return b.node("ZipMap", {concat_pair(b, b.node("Sigmoid", {z}, "p"))}, "map", {}, "ai.onnx.ml"); }, "z", Form::logits,
     "Sigmoid Sub Concat ZipMap"},
    {"a label", ce, [](Build& b, ValueId z) { return label(b, b.node("Softmax", {z}, "p")); }, "z", Form::logits,
     "Softmax ArgMax ArrayFeatureExtractor Reshape Cast"},
    {"a label of logits", ce, [](Build& b, ValueId z) { return b.node("ArgMax", {z}, "label"); }, "z", Form::logits, "ArgMax"},
    {"mse keeps the tail", mse, [](Build& b, ValueId z) { return b.node("Sigmoid", {z}, "p"); }, "p", Form::logits, ""},
};

ValueId layer(Build& b) { return b.linear("z", b.rows("x", 3), 3, 3); }

}  // namespace

TEST_CASE("the loss finds the logits", "[passes]") {
  for (const Row& row : table) {
    INFO(row.what);
    Build b;
    b.output(row.build(b, layer(b)));
    const Head head = find_head(b.graph, row.kind);
    CHECK(b.graph.value(head.value).name == row.value);
    CHECK(head.form == row.form);
    CHECK(join(head.tail, " ") == row.tail);
    CHECK(head.output == b.graph.outputs.front());
  }
}

TEST_CASE("several outputs that lead to one place need no choice", "[passes]") {
  Build b;
  const ValueId z = layer(b), p = b.node("Softmax", {z}, "p");
  b.output(label(b, p)).output(p);
  const Head head = find_head(b.graph, ce);
  CHECK(b.graph.value(head.value).name == "z");
  CHECK(b.graph.value(head.output).name == "p");

  Build c;
  const ValueId logits = layer(c);
  c.output(c.node("Softmax", {logits}, "p")).output(c.node("Identity", {logits}, "y"));
  CHECK(c.graph.value(find_head(c.graph, ce).value).name == "y");
}

TEST_CASE("weights and running statistics are no candidates", "[passes]") {
  Build b;
  const ValueId z = layer(b), w = b.weight("w2", {3});
  const ValueId y = b.node("BatchNormalization", {z, w, b.weight("s", {3}), b.weight("m", {3}), b.weight("v", {3})}, "y");
  const ValueId rm = b.graph.add(Value{"rm", Role::activation, std::nullopt, nullptr, ""});
  b.graph.node(1).out.push_back(rm);
  b.output(rm).output(y).output(w);
  CHECK(find_head(b.graph, mse).value == y);
}

TEST_CASE("a head that cannot be found says why", "[passes]") {
  Build b;
  const ValueId z = layer(b);
  b.output(b.node("Softmax", {z}, "probabilities")).output(b.linear("value", b.graph.inputs[0], 3, 1));
  const std::string ambiguous = error_of([&] { find_head(b.graph, ce); });
  CHECK(says(ambiguous, "2 outputs"));
  CHECK(says(ambiguous, "'probabilities', 'value'"));
  const std::string misspelt = error_of([&] { find_head(b.graph, ce, "probabilites"); });
  CHECK(says(misspelt, "did you mean 'probabilities'?"));
  const std::string unfit = error_of([&] { find_head(b.graph, bce, "probabilities"); });
  CHECK(says(unfit, "ends in Softmax"));
  CHECK(says(unfit, "use categorical_crossentropy"));

  Build none;
  none.output(none.weight("w", {2}));
  CHECK(says(error_of([&] { find_head(none.graph, mse); }), "no output that depends on an input"));
}

TEST_CASE("one number for all scores makes no layer of a probability", "[passes]") {
  const auto smoothed = [](Build& b, ValueId p) {
    return b.node("Add", {b.node("Mul", {p, b.weight("most", {1}, {0.98f})}, "m"), b.weight("least", {}, {0.01f})}, "y");
  };
  Build sigmoid, layer;
  sigmoid.output(smoothed(sigmoid, sigmoid.node("Sigmoid", {sigmoid.linear("z", sigmoid.rows("x", 3), 3, 1)}, "p")));
  layer.output(smoothed(layer, layer.linear("z", layer.rows("x", 3), 3, 1)));
  CHECK_FALSE(find_head(sigmoid.graph, LossKind::binary_cross_entropy).affine);
  CHECK(find_head(layer.graph, LossKind::binary_cross_entropy).affine);
}

}  // namespace lehr
