#include "graph/check.h"
#include "graph/passes/prepare.h"
#include "tests/graph/passes_build.h"
#include "tests/support/catch.h"

namespace lehr {
namespace {

using Rewrite = std::size_t (*)(Graph&);
struct Row {
  const char* what;
  Rewrite pass;
  ValueId (*build)(Build&);
  const char* before;
  const char* after;
};

ValueId x(Build& b) { return b.rows("x", 3); }
ValueId dense(Build& b) { return b.linear("h", x(b), 3, 4); }
Attributes to(std::int64_t code) { return {{"to", code}}; }

const std::vector<Row> table = {
    {"Identity between layers", normalize, [](Build& b) { return b.node("Relu", {b.node("Identity", {dense(b)}, "i")}, "y"); }, "Gemm Identity Relu",
     "Gemm Relu"},
    {"an output keeps its Identity", normalize, [](Build& b) { return b.node("Identity", {dense(b)}, "y"); }, "Gemm Identity", "Gemm Identity"},
    {"Cast of floats", normalize, [](Build& b) { return b.node("Relu", {b.node("Cast", {b.node("Cast", {dense(b)}, "c", to(11))}, "d", to(1))}, "y"); },
     "Gemm Cast Cast Relu", "Gemm Relu"},
    {"Cast of integers", normalize,
     [](Build& b) {
       return b.node("Relu", {b.node("Cast", {b.input("k", {{-1, "N"}, {3, ""}}, Dtype::i32)}, "c", to(1))}, "y");
     },
     "Cast Relu", "Cast Relu"},
    {"Cast to integers", normalize, [](Build& b) { return b.node("Abs", {b.node("Cast", {dense(b)}, "c", to(7))}, "y"); }, "Gemm Cast Abs", "Gemm Cast Abs"},
    {"x sigmoid(x)", normalize,
     [](Build& b) {
       const ValueId h = dense(b);
       return b.node("Mul", {b.node("Sigmoid", {h}, "s"), h}, "y");
     },
     "Gemm Sigmoid Mul", "Gemm lehr.Swish"},
    {"the sigmoid of something else", normalize,
     [](Build& b) {
       const ValueId h = dense(b);
       return b.node("Mul", {b.node("Sigmoid", {b.node("Neg", {h}, "n")}, "s"), h}, "y");
     },
     "Gemm Neg Sigmoid Mul", "Gemm Neg Sigmoid Mul"},
    {"log of softmax", normalize, [](Build& b) { return b.node("Log", {b.node("Softmax", {dense(b)}, "p")}, "y"); }, "Gemm Softmax Log", "Gemm LogSoftmax"},
    {"fast gelu with bias", normalize,
     [](Build& b) {
       return b.node("FastGelu", {dense(b), b.weight("b2", {4})}, "y", {}, "com.microsoft");
     },
     "Gemm com.microsoft.FastGelu", "Gemm Add Gelu"},
    {"bias gelu", normalize,
     [](Build& b) {
       return b.node("BiasGelu", {dense(b), b.weight("b2", {4})}, "y", {}, "com.microsoft");
     },
     "Gemm com.microsoft.BiasGelu", "Gemm Add Gelu"},
    {"gelu", normalize, [](Build& b) { return b.node("Gelu", {dense(b)}, "y", {}, "com.microsoft"); }, "Gemm com.microsoft.Gelu", "Gemm Gelu"},
    {"quick gelu", normalize, [](Build& b) { return b.node("QuickGelu", {dense(b)}, "y", {}, "com.microsoft"); }, "Gemm com.microsoft.QuickGelu",
     "Gemm lehr.Swish"},
    {"fused gemm", normalize,
     [](Build& b) {
       return b.node("FusedGemm", {x(b), b.weight("w", {3, 4})}, "y", {{"activation", std::string("Elu")}, {"activation_alpha", 2.0f}}, "com.microsoft");
     },
     "com.microsoft.FusedGemm", "Gemm Elu"},
    {"fused conv", normalize,
     [](Build& b) {
       return b.node("FusedConv", {x(b), b.weight("w", {4, 3, 3, 3})}, "y", {{"activation", std::string("Relu")}}, "com.microsoft");
     },
     "com.microsoft.FusedConv", "Conv Relu"},
    {"fused conv and the activation's numbers", normalize,
     [](Build& b) {
       return b.node("FusedConv", {x(b), b.weight("w", {4, 3, 3, 3})}, "y",
                     {{"activation", std::string("Clip")}, {"activation_params", std::vector<float>{0, 6}}}, "com.microsoft");
     },
     "com.microsoft.FusedConv", "Conv Clip"},
    {"fused conv and numbers nobody knows", normalize,
     [](Build& b) {
       return b.node("FusedConv", {x(b), b.weight("w", {4, 3, 3, 3})}, "y",
                     {{"activation", std::string("Clip")}, {"activation_params", std::vector<float>{0}}}, "com.microsoft");
     },
     "com.microsoft.FusedConv", "com.microsoft.FusedConv"},
    {"batch normalisation by computed statistics", normalize,
     [](Build& b) {
       const ValueId h = dense(b), axes = b.integers("axes", {0});
       const ValueId mean = b.node("ReduceMean", {h, axes}, "mean", {{"keepdims", std::int64_t{0}}}, "", 18);
       const ValueId variance = b.node("ReduceMean", {b.node("Mul", {h, h}, "q"), axes}, "variance", {{"keepdims", std::int64_t{0}}}, "", 18);
       return b.node("BatchNormalization", {h, b.weight("s", {4}), b.weight("t", {4}), mean, variance}, "y");
     },
     "Gemm ReduceMean Mul ReduceMean BatchNormalization", "Gemm ReduceMean Mul ReduceMean Sub Add Sqrt Div Mul Add"},
    {"batch normalisation by running statistics", normalize,
     [](Build& b) {
       return b.node("BatchNormalization", {dense(b), b.weight("s", {4}), b.weight("t", {4}), b.weight("m", {4}), b.weight("v", {4})}, "y");
     },
     "Gemm BatchNormalization", "Gemm BatchNormalization"},
    {"others of com.microsoft", normalize, [](Build& b) { return b.node("Rfft", {dense(b)}, "y", {}, "com.microsoft"); }, "Gemm com.microsoft.Rfft",
     "Gemm com.microsoft.Rfft"},
    {"bias behind", fuse_bias,
     [](Build& b) {
       return b.node("Add", {b.node("MatMul", {x(b), b.weight("w", {3, 4})}, "m"), b.weight("b", {4})}, "y");
     },
     "MatMul Add", "Gemm"},
    {"bias in front, one row", fuse_bias,
     [](Build& b) {
       return b.node("Add", {b.weight("b", {1, 4}), b.node("MatMul", {x(b), b.weight("w", {3, 4})}, "m")}, "y");
     },
     "MatMul Add", "Gemm"},
    {"transposed weight", fuse_bias,
     [](Build& b) {
       const ValueId w = b.node("Transpose", {b.weight("w", {4, 3})}, "t", {{"perm", std::vector<std::int64_t>{1, 0}}});
       return b.node("Add", {b.node("MatMul", {x(b), w}, "m"), b.weight("b", {4})}, "y");
     },
     "Transpose MatMul Add", "Transpose Gemm"},
    {"rank 3", fuse_bias,
     [](Build& b) {
       const ValueId in = b.input("t", {{-1, "N"}, {5, ""}, {3, ""}});
       return b.node("Add", {b.node("MatMul", {in, b.weight("w", {3, 4})}, "m"), b.weight("b", {4})}, "y");
     },
     "MatMul Add", "MatMul Add"},
    {"a scalar is no bias row", fuse_bias,
     [](Build& b) {
       return b.node("Add", {b.node("MatMul", {x(b), b.weight("w", {3, 4})}, "m"), b.weight("b", {1})}, "y");
     },
     "MatMul Add", "MatMul Add"},
    {"the product is read twice", fuse_bias,
     [](Build& b) {
       const ValueId m = b.node("MatMul", {x(b), b.weight("w", {3, 4})}, "m");
       return b.node("Mul", {m, b.node("Add", {m, b.weight("b", {4})}, "a")}, "y");
     },
     "MatMul Add Mul", "MatMul Add Mul"},
    {"relu", fuse_activation, [](Build& b) { return b.node("Relu", {dense(b)}, "y"); }, "Gemm Relu", "lehr.FusedGemm"},
    {"leaky relu", fuse_activation, [](Build& b) { return b.node("LeakyRelu", {dense(b)}, "y"); }, "Gemm LeakyRelu", "lehr.FusedGemm"},
    {"softplus is not fused", fuse_activation, [](Build& b) { return b.node("Softplus", {dense(b)}, "y"); }, "Gemm Softplus", "Gemm Softplus"},
    {"the logits are read twice", fuse_activation,
     [](Build& b) {
       const ValueId h = dense(b);
       return b.node("Add", {b.node("Tanh", {h}, "t"), h}, "y");
     },
     "Gemm Tanh Add", "Gemm Tanh Add"},
    {"weights behind Identity and Cast", fold_weights,
     [](Build& b) {
       const ValueId w = b.node("Cast", {b.node("Identity", {b.weight("w", {3, 4})}, "i")}, "c", to(1));
       return b.node("MatMul", {x(b), w}, "y");
     },
     "Identity Cast MatMul", "MatMul"},
};

}  // namespace

TEST_CASE("rewrites", "[passes]") {
  for (const Row& row : table) {
    INFO(row.what);
    Build b;
    b.output(row.build(b));
    REQUIRE(ops(b.graph) == row.before);
    const std::string output = b.graph.value(b.graph.outputs[0]).name;
    const std::size_t changes = row.pass(b.graph);
    check(b.graph);
    CHECK(ops(b.graph) == row.after);
    CHECK((changes > 0) == (std::string(row.before) != row.after));
    CHECK(b.graph.value(b.graph.outputs[0]).name == output);
  }
}

TEST_CASE("an output between Gemm and its activation forbids fusing", "[passes]") {
  Build b;
  const ValueId h = dense(b);
  b.output(b.node("Relu", {h}, "y")).output(h);
  CHECK(fuse_activation(b.graph) == 0);
  CHECK(ops(b.graph) == "Gemm Relu");
}

TEST_CASE("fused nodes keep what the plain ones said", "[passes]") {
  Build b;
  const ValueId w = b.weight("w", {4, 3}), bias = b.weight("b", {4});
  const ValueId h = b.node("Gemm", {x(b), w, bias}, "h", {{"transB", std::int64_t{1}}, {"alpha", 0.5f}});
  b.output(b.node("LeakyRelu", {h}, "y", {{"alpha", 0.25f}}));
  CHECK(fuse_activation(b.graph) == 1);
  const Node& node = b.graph.nodes()[0];
  CHECK(std::get<std::string>(node.attrs.at("activation")) == "LeakyRelu");
  CHECK(std::get<float>(node.attrs.at("activation_alpha")) == 0.25f);
  CHECK(std::get<float>(node.attrs.at("alpha")) == 0.5f);
  CHECK(std::get<std::int64_t>(node.attrs.at("transB")) == 1);
  CHECK(node.in == std::vector{b.graph.inputs[0], w, bias});

  Build t;
  const ValueId wt = t.weight("w", {4, 3});
  const ValueId m = t.node("MatMul", {x(t), t.node("Transpose", {wt}, "t")}, "m");
  t.output(t.node("Add", {m, t.weight("b", {4})}, "y"));
  CHECK(fuse_bias(t.graph) == 1);
  CHECK(t.graph.nodes().back().in[1] == wt);
  CHECK(std::get<std::int64_t>(t.graph.nodes().back().attrs.at("transB")) == 1);
}

TEST_CASE("prune keeps what is wanted and drops the label tail", "[passes]") {
  Build b;
  const ValueId h = dense(b), unused = b.rows("unused", 2);
  b.node("ArgMax", {h}, "label");
  b.node("Relu", {unused}, "r");
  const ValueId y = b.node("Softmax", {h}, "y");
  b.output(y);
  CHECK(prune(b.graph, std::vector{y}) == 2);
  CHECK(ops(b.graph) == "Gemm Softmax");
  CHECK(b.graph.inputs.size() == 1);
}

TEST_CASE("freeze", "[passes]") {
  Build b;
  b.output(b.linear("conv1", b.linear("fc1", x(b), 3, 4), 4, 2));
  trainable(b.graph, b.graph.outputs);
  CHECK(freeze(b.graph, std::vector<std::string>{"fc1.*", "*.bias"}) == 3);
  const Value& w = b.graph.value(b.graph.find("fc1.weight"));
  CHECK(w.role == Role::constant);
  CHECK(says(w.why, "frozen by 'fc1.*': weight of Gemm"));
  CHECK(b.graph.value(b.graph.find("conv1.weight")).role == Role::parameter);
  const std::string error = error_of([&] { freeze(b.graph, std::vector<std::string>{"conv1.wieght"}); });
  CHECK(says(error, "the pattern 'conv1.wieght' matches no parameter, did you mean 'conv1.weight'?"));
}

TEST_CASE("passes run in order, are timed and can be left out", "[passes]") {
  Build b;
  b.output(b.node("Relu", {dense(b)}, "y"));
  std::string order;
  const std::vector<Pass> passes = {{"first", true, [&](Graph&) { return order += "1", 0u; }},
                                    {"second", true, [&](Graph&) { return order += "2", 3u; }},
                                    {"third", false, [&](Graph&) { return order += "3", 0u; }}};
  const auto reports = run_passes(b.graph, passes, std::vector<std::string>{"first"});
  CHECK(order == "23");
  CHECK(reports.size() == 3);
  CHECK_FALSE(reports[0].ran);
  CHECK(reports[1].changes == 3);
  CHECK(reports[1].seconds >= 0);
  CHECK(says(error_of([&] { run_passes(b.graph, passes, std::vector<std::string>{"secnd"}); }), "did you mean 'second'?"));
  CHECK(says(error_of([&] { run_passes(b.graph, passes, std::vector<std::string>{"third"}); }), "cannot be left out"));
  const std::vector<Pass> broken = {{"breaks", true, [](Graph& g) { return g.node(1).in[0] = 99, 1u; }}};
  CHECK(says(error_of([&] { run_passes(b.graph, broken, {}); }), "in the graph after the pass breaks"));
}

TEST_CASE("prepare makes a model ready to train", "[passes]") {
  Build b;
  const ValueId p = b.node("Softmax", {b.linear("fc2", b.node("Relu", {dense(b)}, "r"), 4, 3)}, "p");
  b.output(b.node("ArgMax", {p}, "label", {{"axis", std::int64_t{1}}})).output(p);
  PrepareOptions options;
  options.losses.emplace_back();
  options.losses[0].kind = LossKind::cross_entropy;
  options.freeze = {"h.*"};
  const Prepared ready = prepare(b.graph, options);
  CHECK(ops(ready.graph) == "lehr.FusedGemm Gemm Softmax lehr.SoftmaxCrossEntropy");
  std::vector<std::string> outputs;
  for (const ValueId id : ready.graph.outputs) outputs.push_back(ready.graph.value(id).name);
  CHECK(outputs == std::vector<std::string>{"p", "fc2"});
  CHECK(ready.dropped == std::vector<std::string>{"label"});
  CHECK(ready.graph.value(ready.graph.find("fc2.weight")).role == Role::parameter);
  CHECK(says(ready.graph.value(ready.graph.find("h.weight")).why, "frozen"));
  CHECK(says(join(ready.notes, "\n"), "the loss is attached to 'fc2' (logits) in front of Softmax"));

  options.off = {"fuse_activation"};
  options.outputs = {"label"};
  CHECK(ops(prepare(b.graph, options).graph) == "Gemm Relu Gemm Softmax ArgMax lehr.SoftmaxCrossEntropy");
  options.outputs = {"lable"};
  CHECK(says(error_of([&] { prepare(b.graph, options); }), "did you mean 'label'?"));
}

TEST_CASE("an input without a shape takes that of the layer that reads it", "[passes]") {
  Build b;
  const ValueId in = b.input("x", {});
  b.graph.value(in).type->dims.reset();
  b.output(b.node("Gemm", {in, b.weight("w", {4, 3}), b.weight("b", {4})}, "y", {{"transB", std::int64_t{1}}}));
  Notes notes;
  CHECK(input_shapes(b.graph, notes) == 1);
  CHECK(b.graph.value(in).type->dims->at(0).size == -1);
  CHECK(b.graph.value(in).type->dims->at(1).size == 3);
  CHECK(notes.size() == 1);
}

}  // namespace lehr
