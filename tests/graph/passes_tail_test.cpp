#include "graph/check.h"
#include "graph/passes/loss.h"
#include "graph/passes/prepare.h"
#include "tests/graph/passes_build.h"
#include "tests/support/catch.h"

// Softmax and sigmoid as people and exporters write them.
namespace lehr {
namespace {

constexpr LossKind bce = LossKind::binary_cross_entropy, ce = LossKind::cross_entropy;

struct Hand : Build {
  int count = 0;
  ValueId op(const std::string& name, std::vector<ValueId> in, Attributes attrs = {}, int opset = 13) {
    return node(name, std::move(in), cat(name, "_", count++), std::move(attrs), "", opset);
  }
  ValueId number(float value) { return weight(cat("number_", count++), {}, {value}); }
  ValueId exp(ValueId x) { return op("Exp", {x}); }
  ValueId neg(ValueId x) { return op("Neg", {x}); }
  ValueId add(ValueId a, ValueId b) { return op("Add", {a, b}); }
  ValueId sub(ValueId a, ValueId b) { return op("Sub", {a, b}); }
  ValueId mul(ValueId a, ValueId b) { return op("Mul", {a, b}); }
  ValueId div(ValueId a, ValueId b) { return op("Div", {a, b}); }
  ValueId sum(ValueId x, std::int64_t axis = 1, std::int64_t keep = 1) {
    return op("ReduceSum", {x, integers(cat("axes_", count++), {axis})}, {{"keepdims", keep}});
  }
  ValueId top(ValueId x, std::int64_t axis = 1) { return op("ReduceMax", {x}, {{"axes", std::vector<std::int64_t>{axis}}}); }
};

struct Row {
  const char* what;
  LossKind kind;
  ValueId (*build)(Hand& b, ValueId z);
  const char* value;  // "": the output itself
  Form form;
  const char* tail;
};
constexpr const char* untouched = "";

const std::vector<Row> rows = {
    {"stable softmax", ce,
     [](Hand& b, ValueId z) {
       const ValueId e = b.exp(b.sub(z, b.top(z)));
       return b.div(e, b.sum(e));
     },
     "z", Form::logits, "a softmax written as ReduceMax, Sub, Exp, ReduceSum, Div"},
    {"plain softmax, two exponentials", ce,
     [](Hand& b, ValueId z) {
       const ValueId top = b.exp(z);
       return b.div(top, b.sum(b.exp(z), -1));
     },
     "z", Form::logits, "a softmax written as Exp, Exp, ReduceSum, Div"},
    {"the sum loses its axis and gets it back", ce,
     [](Hand& b, ValueId z) {
       const ValueId e = b.exp(z);
       return b.div(e, b.op("Unsqueeze", {b.sum(e, 1, 0), b.integers("back", {1})}));
     },
     "z", Form::logits, "a softmax written as Exp, ReduceSum, Unsqueeze, Div"},
    {"times the reciprocal", ce,
     [](Hand& b, ValueId z) {
       const ValueId e = b.exp(z);
       return b.mul(b.op("Reciprocal", {b.sum(e)}), e);
     },
     "z", Form::logits, "a softmax written as Exp, ReduceSum, Reciprocal, Mul"},
    {"minus the log of the sum", ce, [](Hand& b, ValueId z) { return b.sub(z, b.op("Log", {b.sum(b.exp(z))})); }, "z", Form::logits,
     "a log-softmax written as Exp, ReduceSum, Log, Sub"},
    {"exp of it, by ReduceLogSumExp", ce,
     [](Hand& b, ValueId z) {
       return b.exp(b.sub(z, b.op("ReduceLogSumExp", {z}, {{"axes", std::vector<std::int64_t>{1}}})));
     },
     "z", Form::logits, "a log-softmax written as ReduceLogSumExp, Sub Exp"},
    {"a stable log of the sum", ce,
     [](Hand& b, ValueId z) {
       const ValueId m = b.top(z);
       return b.sub(z, b.add(b.op("Log", {b.sum(b.exp(b.sub(z, m)))}), m));
     },
     "z", Form::logits, "a log-softmax written as ReduceMax, Sub, Exp, ReduceSum, Log, Add, Sub"},
    {"exp of log-softmax, clipped", ce,
     [](Hand& b, ValueId z) {
       return b.op("Clip", {b.exp(b.op("LogSoftmax", {z})), b.number(1e-7f), b.number(1)});
     },
     "z", Form::logits, "LogSoftmax Exp Clip"},
    {"log of softmax and a little", ce, [](Hand& b, ValueId z) { return b.op("Log", {b.add(b.op("Softmax", {z}), b.number(1e-8f))}); }, "z", Form::logits,
     "Softmax Add Log"},
    {"not along one axis: the sum meets the wrong one", ce, [](Hand& b, ValueId z) { return b.div(b.exp(z), b.sum(b.exp(z), 1, 0)); }, untouched, Form::logits,
     ""},
    {"another function over its sum", ce,
     [](Hand& b, ValueId z) {
       const ValueId q = b.op("Softplus", {z});
       return b.div(q, b.sum(q));
     },
     untouched, Form::logits, ""},
    {"exponentials of one, the sum of another", ce, [](Hand& b, ValueId z) { return b.div(b.exp(z), b.sum(b.exp(b.neg(z)))); }, untouched, Form::logits, ""},

    {"1 / (1 + exp(-z))", bce, [](Hand& b, ValueId z) { return b.div(b.number(1), b.add(b.number(1), b.exp(b.neg(z)))); }, "z", Form::logits,
     "a sigmoid written as Neg, Exp, Add, Div"},
    {"its reciprocal, the sum the other way round", bce,
     [](Hand& b, ValueId z) { return b.op("Reciprocal", {b.add(b.exp(b.mul(b.number(-1), z)), b.number(1))}); }, "z", Form::logits,
     "a sigmoid written as Mul, Exp, Add, Reciprocal"},
    {"exp(z) / (1 + exp(z))", bce,
     [](Hand& b, ValueId z) {
       const ValueId e = b.exp(z);
       return b.div(e, b.add(e, b.number(1)));
     },
     "z", Form::logits, "a sigmoid written as Exp, Add, Div"},
    {"by tanh", bce, [](Hand& b, ValueId z) { return b.mul(b.number(0.5f), b.add(b.number(1), b.op("Tanh", {b.mul(z, b.number(0.5f))}))); }, "z", Form::logits,
     "a sigmoid written as Mul, Tanh, Add, Mul"},
    {"tanh of all of it: no tensor holds 2z", bce, [](Hand& b, ValueId z) { return b.mul(b.number(0.5f), b.add(b.number(1), b.op("Tanh", {z}))); }, untouched,
     Form::probabilities, ""},
    {"the other class", bce, [](Hand& b, ValueId z) { return b.sub(b.number(1), b.op("Sigmoid", {z})); }, untouched, Form::probabilities, ""},
    {"1 / (1 + exp(z))", bce, [](Hand& b, ValueId z) { return b.div(b.number(1), b.add(b.number(1), b.exp(z))); }, untouched, Form::probabilities, ""},
    {"1 / (2 + exp(-z)) is no sigmoid", bce, [](Hand& b, ValueId z) { return b.div(b.number(1), b.add(b.number(2), b.exp(b.neg(z)))); }, untouched,
     Form::logits, ""},
    {"log of a sigmoid", bce, [](Hand& b, ValueId z) { return b.neg(b.op("Softplus", {b.neg(z)})); }, "z", Form::logits,
     "a log-sigmoid written as Neg, Softplus, Neg"},
    {"two columns of a sigmoid by hand", bce,
     [](Hand& b, ValueId z) {
       const ValueId p = b.div(b.number(1), b.add(b.number(1), b.exp(b.neg(z))));
       return b.op("Concat", {b.sub(b.number(1), p), p}, {{"axis", std::int64_t{1}}});
     },
     "z", Form::logits, "a sigmoid written as Neg, Exp, Add, Div Sub Concat"},
};

ValueId layer(Hand& b, std::int64_t width = 3) { return b.linear("z", b.rows("x", 3), 3, width); }

std::string refusal(const std::function<ValueId(Hand&)>& build, LossKind kind = ce) {
  Hand b;
  b.output(build(b));
  return error_of([&] { find_head(b.graph, kind); });
}

}  // namespace

TEST_CASE("the loss stands in front of a softmax or sigmoid however it is written", "[passes]") {
  for (const Row& row : rows) {
    INFO(row.what);
    Hand b;
    b.output(row.build(b, layer(b)));
    check(b.graph);
    const Head head = find_head(b.graph, row.kind);
    const std::string output = b.graph.value(b.graph.outputs.front()).name;
    CHECK(b.graph.value(head.value).name == (std::string(row.value).empty() ? output : row.value));
    CHECK(head.form == row.form);
    CHECK(join(head.tail, " ") == row.tail);
    CHECK(head.answer == b.graph.outputs.front());
  }
}

TEST_CASE("a softmax over something else than the classes is refused", "[passes]") {
  const std::string batch = refusal([](Hand& b) { return b.op("Softmax", {layer(b)}, {{"axis", std::int64_t{0}}}); });
  CHECK(says(batch, "ends in Softmax over axis 0 of 'z' [batch,3]: that is over the batch"));
  const auto hand = [](Hand& b) {
    const ValueId e = b.exp(layer(b));
    return b.div(e, b.sum(e, 0));
  };
  CHECK(says(refusal(hand), "ends in a softmax written as Exp, ReduceSum, Div over axis 0"));
  const auto all = [](Hand& b) {
    const ValueId e = b.exp(layer(b));
    return b.div(e, b.op("ReduceSum", {e}));
  };
  CHECK(says(refusal(all), "over the axes 0, 1"));
  const auto rank3 = [](Hand& b, std::int64_t axis, int opset) {
    return b.op("Softmax", {b.op("Relu", {b.input("x", {{-1, "N"}, {3, ""}, {7, ""}})})}, {{"axis", axis}}, opset);
  };
  CHECK(says(refusal([&](Hand& b) { return rank3(b, 1, 13); }),
             "over axis 1 of 'Relu_0' [batch,3,7]: categorical_crossentropy has the classes in the last axis"));
  CHECK(says(refusal([&](Hand& b) { return rank3(b, 1, 11); }), "over the axes 1, 2"));  // before opset 13: all from the axis on
  CHECK(refusal([&](Hand& b) { return rank3(b, 2, 11); }).empty());
  CHECK(refusal([&](Hand& b) { return rank3(b, -1, 13); }).empty());
}

TEST_CASE("classes in the only axis that is longer than 1 are taken as the last", "[passes]") {
  for (const int opset : {11, 13}) {
    Hand b;
    const ValueId z = b.op("Relu", {b.input("x", {{-1, "N"}, {5, ""}, {1, ""}, {1, ""}})});
    b.output(b.op("Flatten", {b.op("Softmax", {z}, {{"axis", std::int64_t{1}}}, opset)}));
    LossSpec spec;
    spec.kind = ce;
    const Attached attached = attach_losses(b.graph, {spec});
    check(b.graph);
    CHECK(attached.heads[0].value == z);
    const Value& target = b.graph.value(attached.targets[0]);
    CHECK(target.type->dims->size() == 1);  // one class index a row
    CHECK(b.graph.nodes().back().op == "SoftmaxCrossEntropy");
    CHECK(b.graph.nodes()[b.graph.nodes().size() - 2].op == "Flatten");
  }
}

TEST_CASE("a tail of the other loss is refused however it is written", "[passes]") {
  const std::string sigmoid = refusal([](Hand& b) { return b.div(b.number(1), b.add(b.number(1), b.exp(b.neg(layer(b))))); });
  CHECK(says(sigmoid, "ends in a sigmoid written as Neg, Exp, Add, Div, which does not go with categorical_crossentropy; use binary_crossentropy"));
  const std::string softmax = refusal([](Hand& b) { return b.exp(b.op("LogSoftmax", {layer(b)})); }, bce);
  CHECK(says(softmax, "ends in LogSoftmax, which does not go with binary_crossentropy; use categorical_crossentropy"));
}

TEST_CASE("what the caller says of the scores goes before what their nodes say", "[passes]") {
  Hand b;
  const ValueId z = layer(b), p = b.op("Softmax", {z}), label = b.op("ArgMax", {p});
  b.output(label);
  const Head found = find_head(b.graph, ce), probabilities = find_head(b.graph, ce, "", Form::probabilities), logits = find_head(b.graph, ce, "", Form::logits);
  CHECK(found.value == z);
  CHECK(found.answer == p);
  CHECK(found.answer_form == Form::probabilities);
  CHECK(probabilities.value == p);
  CHECK(probabilities.form == Form::probabilities);
  CHECK(logits.value == z);
  CHECK(logits.form == Form::logits);

  PrepareOptions options;
  options.losses.emplace_back();
  options.losses[0].kind = ce;
  options.losses[0].scores = Form::probabilities;
  const Prepared said = prepare(b.graph, options);
  CHECK(std::ranges::count(said.notes, cat("the loss is attached to 'Softmax_0' (probabilities, as model.scores says) in front of ArgMax")) == 1);
}

TEST_CASE("a target takes a name no tensor of the model has", "[passes]") {
  Hand b;
  const ValueId hidden = b.linear("target", b.rows("loss", 3), 3, 3);
  b.output(b.linear("target_1", hidden, 3, 2));
  LossSpec first, second;
  first.kind = second.kind = LossKind::mse;
  const Attached attached = attach_losses(b.graph, {first, second});
  check(b.graph);
  CHECK(b.graph.inputs.size() == 3);
  CHECK(b.graph.value(attached.targets[0]).name != b.graph.value(attached.targets[1]).name);
  CHECK(b.graph.value(attached.targets[0]).name.starts_with("target"));
}

TEST_CASE("a chain of operators longer than any tail ends the comparison", "[passes]") {
  Hand b;
  ValueId at = layer(b);
  const ValueId z = at;
  for (int i = 0; i < 5000; ++i) at = b.op("Max", {at, at});
  const ValueId e = b.exp(b.sub(z, at));
  b.output(b.div(e, b.sum(e)));
  CHECK(b.graph.value(find_head(b.graph, ce).value).name.starts_with("Sub"));
  Hand c;
  at = layer(c);
  for (int i = 0; i < 5000; ++i) at = c.op(i % 2 ? "Exp" : "Log", {at});
  c.output(at);
  CHECK(find_head(c.graph, ce).value == at);
}

}  // namespace lehr
