#include <cmath>

#include "graph/check.h"
#include "graph/passes/loss.h"
#include "tests/graph/passes_build.h"
#include "tests/support/catch.h"

namespace lehr {
namespace {

std::string dims(const Value& value) {
  std::vector<std::string> out;
  for (const Dim& dim : *value.type->dims) out.push_back(dim.size >= 0 ? cat(dim.size) : dim.symbol);
  return join(out, " ");
}

struct Row {
  LossSpec spec;
  const char* op;
  Dtype target;
  const char* dims;
};
LossSpec spec(LossKind kind) {
  LossSpec out;
  out.kind = kind;
  return out;
}
LossSpec one_hot() {
  LossSpec out = spec(LossKind::cross_entropy);
  out.one_hot = true;
  return out;
}

}  // namespace

TEST_CASE("a loss is a node with a target of the right type", "[passes]") {
  const std::vector<Row> table = {
      {spec(LossKind::binary_cross_entropy), "BinaryCrossEntropy", Dtype::f32, "batch 4"},
      {spec(LossKind::cross_entropy), "SoftmaxCrossEntropy", Dtype::i64, "batch"},
      {one_hot(), "SoftmaxCrossEntropy", Dtype::f32, "batch 4"},
      {spec(LossKind::mse), "MeanSquaredError", Dtype::f32, "batch 4"},
      {spec(LossKind::mae), "MeanAbsoluteError", Dtype::f32, "batch 4"},
      {spec(LossKind::huber), "Huber", Dtype::f32, "batch 4"},
  };
  for (const Row& row : table) {
    INFO(row.op);
    Build b;
    b.output(b.linear("y", b.rows("x", 3), 3, 4));
    const Attached attached = attach_losses(b.graph, {row.spec});
    check(b.graph);
    const Node& node = b.graph.nodes().back();
    CHECK(node.op == row.op);
    CHECK(node.domain == "lehr");
    CHECK(node.out.front() == attached.loss);
    CHECK(node.in == std::vector{b.graph.outputs[0], attached.targets[0]});
    const Value& target = b.graph.value(attached.targets[0]);
    CHECK(target.name == "target");
    CHECK(target.role == Role::input);
    CHECK(target.type->dtype == row.target);
    CHECK(dims(target) == row.dims);
  }
}

TEST_CASE("rows per row of the batch stay behind it in the target", "[passes]") {
  Build b;
  const ValueId x = b.input("x", {{-1, "N"}, {3, ""}, {2, ""}});
  b.output(b.linear("y", b.node("Reshape", {x, b.integers("s", {-1, 2})}, "f"), 2, 5));
  Graph index = b.graph;
  CHECK(dims(b.graph.value(attach_losses(b.graph, {spec(LossKind::mse)}).targets[0])) == "batch 3 5");
  CHECK(dims(index.value(attach_losses(index, {spec(LossKind::cross_entropy)}).targets[0])) == "batch 3");
}

TEST_CASE("attributes of the losses", "[passes]") {
  Build b;
  b.output(b.linear("y", b.rows("x", 3), 3, 2));
  LossSpec s = spec(LossKind::cross_entropy);
  s.label_smoothing = 0.1f;
  s.ignore_index = -100;
  s.class_weights = {1, 3};
  attach_losses(b.graph, {s});
  const Attributes& attrs = b.graph.nodes().back().attrs;
  CHECK(std::get<std::string>(attrs.at("form")) == "logits");
  CHECK(std::get<float>(attrs.at("label_smoothing")) == 0.1f);
  CHECK(std::get<std::int64_t>(attrs.at("ignore_index")) == -100);
  CHECK(std::get<std::int64_t>(attrs.at("has_ignore")) == 1);
  CHECK(std::get<std::vector<float>>(attrs.at("class_weights")) == std::vector<float>{1, 3});
}

TEST_CASE("several losses are a weighted sum", "[passes]") {
  Build b;
  const ValueId x = b.rows("x", 3);
  b.output(b.linear("a", x, 3, 1)).output(b.linear("c", x, 3, 4));
  LossSpec first = spec(LossKind::mse), second = spec(LossKind::cross_entropy);
  first.output = "a", first.target = "price", first.weight = 2;
  second.output = "c", second.target = "kind";
  const Attached attached = attach_losses(b.graph, {first, second});
  check(b.graph);
  CHECK(ops(b.graph) == "Gemm Gemm lehr.MeanSquaredError Mul lehr.SoftmaxCrossEntropy Add");
  CHECK(b.graph.nodes().back().out.front() == attached.loss);
  const Node& weighted = b.graph.nodes()[3];
  CHECK(b.graph.value(weighted.in[1]).data->floats() == std::vector<float>{2});
  CHECK(b.graph.value(attached.targets[1]).name == "kind");
}

TEST_CASE("a loss inside the model is taken as it is", "[passes]") {
  Build b;
  const ValueId y = b.linear("y", b.rows("x", 3), 3, 4);
  Graph not_scalar = b.graph;
  not_scalar.outputs = {y};
  const ValueId mean = b.node("ReduceMean", {y}, "loss", {{"keepdims", std::int64_t{0}}});
  b.graph.value(mean).type = DeclaredType{Dtype::f32, std::vector<Dim>{}};
  b.output(mean);
  CHECK(attach_losses(b.graph, {spec(LossKind::graph)}).loss == mean);
  const Attached attached = attach_losses(not_scalar, {spec(LossKind::graph)});
  CHECK(ops(not_scalar) == "Gemm ReduceMean");
  CHECK(attached.targets == std::vector{no_value});
}

TEST_CASE("a loss that makes no sense is refused", "[passes]") {
  struct Bad {
    const char* says;
    void (*change)(LossSpec&);
  };
  const std::vector<Bad> table = {
      {"finite number that is not negative, not -1", [](LossSpec& s) { s.weight = -1; }},
      {"not nan", [](LossSpec& s) { s.weight = NAN; }},
      {"label_smoothing must lie in [0, 1), not 1", [](LossSpec& s) { s.label_smoothing = 1; }},
      {"2 classes but 3 class weights",
       [](LossSpec& s) {
         s.class_weights = {1, 2, 3};
       }},
      {"a class weight must be",
       [](LossSpec& s) {
         s.class_weights = {1, -2};
       }},
      {"class indices, not one-hot", [](LossSpec& s) { s.one_hot = true, s.ignore_index = 1; }},
      {"the loss mse does not take one_hot, which belongs to categorical_crossentropy", [](LossSpec& s) { s.kind = LossKind::mse, s.one_hot = true; }},
      {"the loss categorical_crossentropy does not take delta, which belongs to huber", [](LossSpec& s) { s.delta = 2; }},
      {"delta must be a finite number above 0, not 0", [](LossSpec& s) { s.kind = LossKind::huber, s.delta = 0; }},
  };
  for (const Bad& bad : table) {
    Build b;
    b.output(b.linear("y", b.rows("x", 3), 3, 2));
    LossSpec s = spec(LossKind::cross_entropy);
    bad.change(s);
    const std::string error = error_of([&] { attach_losses(b.graph, {s}); });
    INFO(error);
    CHECK(says(error, bad.says));
  }
  Build flat;
  flat.output(flat.node("ReduceSum", {flat.rows("x", 3), flat.integers("axes", {1})}, "y", {{"keepdims", std::int64_t{0}}}));
  CHECK(says(error_of([&] { attach_losses(flat.graph, {spec(LossKind::cross_entropy)}); }), "use binary_crossentropy"));
  Build unknown;
  unknown.output(unknown.node("Mystery", {unknown.rows("x", 3)}, "y"));
  CHECK(says(error_of([&] { attach_losses(unknown.graph, {spec(LossKind::mse)}); }), "the shape of 'y' is not declared"));
}

}  // namespace lehr
