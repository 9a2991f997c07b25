#include "graph/passes/new_head.h"

#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

namespace lehr {
using namespace onnx_models;
using onnx::ModelProto;
using test::error_of;
using test::says;

namespace {
LossSpec loss(LossKind kind) {
  LossSpec out;
  out.kind = kind;
  return out;
}
const LossSpec classes = loss(LossKind::cross_entropy), numbers = loss(LossKind::mse);

// x[N,4] … y, with W[4,3] and b[3] in the nodes given.
ModelProto with(const std::vector<onnx::NodeProto>& nodes, const Names& out = {"N", "3"}) {
  ModelProto m = mlp();
  set_nodes(m, nodes);
  auto& g = *m.mutable_graph();
  g.clear_initializer();
  *g.add_initializer() = tensor("W", {4, 3}, values(12));
  *g.add_initializer() = tensor("b", {3}, values(3));
  *g.mutable_output(0) = info("y", out);
  return m;
}
void store(ModelProto& m, const std::string& name, const Dims& dims, const std::vector<float>& v) {
  *m.mutable_graph()->add_initializer() = tensor(name, dims, v);
}
}  // namespace

TEST_CASE("the last layer is found behind what turns scores into answers", "[passes][head]") {
  const auto found = [](const ModelProto& m, const LossSpec& spec = classes) { return new_head(read(m).graph, spec, 5); };
  const std::vector<onnx::NodeProto> gemm{node("Gemm", {"x", "W", "b"}, {"z"}, "fc")};
  const auto then = [&](std::vector<onnx::NodeProto> more) {
    std::vector<onnx::NodeProto> all = gemm;
    all.insert(all.end(), more.begin(), more.end());
    return with(all);
  };
  NewHead h = found(then({node("Softmax", {"z"}, {"y"})}));
  CHECK(h.text() == "Gemm node 'fc' ('W' [4,3], 'b' [3]) gives way to head.weight [4,5], head.bias [5]");
  CHECK(h.own[0].place.node == 0);
  CHECK(h.own[0].place.slot == 1);
  CHECK(h.own[1].place.slot == 2);
  CHECK(h.dims.at("y").at(1) == Dim{5, ""});
  CHECK(h.dims.at("y").size() == 1);
  CHECK(found(then({node("Identity", {"z"}, {"i"}), node("LogSoftmax", {"i"}, {"l"}), node("Exp", {"l"}, {"y"})})).own.size() == 2);
  CHECK(found(then({node("Relu", {"z"}, {"y"})}), numbers).old_width == 3);  // looks at each score alone

  ModelProto m = with({node("MatMul", {"x", "W"}, {"p"}, "mm"), node("Add", {"b", "p"}, {"z"}, "add"), node("Softmax", {"z"}, {"y"})});
  h = found(m);
  CHECK(h.own[1].place.node == 1);
  CHECK(h.own[1].place.slot == 0);
  CHECK(found(with({node("MatMul", {"x", "W"}, {"z"}, "mm"), node("Softmax", {"z"}, {"y"})})).own.size() == 1);
  // Two scalings by one number each.
  m = then({node("Div", {"z", "t"}, {"d"}), node("Softmax", {"d"}, {"y"})});
  store(m, "t", {}, {2});
  CHECK(found(m).own.size() == 2);
  // A weight that comes through a Transpose is replaced where it is read.
  onnx::NodeProto turn = node("Transpose", {"Wt"}, {"W2"});
  m = with({turn, node("MatMul", {"x", "W2"}, {"z"}, "mm"), node("Softmax", {"z"}, {"y"})});
  store(m, "Wt", {3, 4}, values(12));
  CHECK(found(m).own[0].data->shape() == Shape{4, 5});
  // A filter of one pixel in front of the pooling.
  m = with(
      {node("Conv", {"x", "F", "b"}, {"c"}, "conv"), node("GlobalAveragePool", {"c"}, {"g"}), node("Flatten", {"g"}, {"z"}), node("Softmax", {"z"}, {"y"})});
  store(m, "F", {3, 4, 1, 1}, values(12));
  *m.mutable_graph()->mutable_input(0) = info("x", {"N", "4", "2", "2"});
  h = found(m);
  CHECK(h.own[0].data->shape() == Shape{5, 4, 1, 1});
  CHECK(h.own[1].data->shape() == Shape{5});
}

TEST_CASE("a layer that cannot be replaced is refused, saying what is in the way", "[passes][head]") {
  const auto refusal = [](const ModelProto& m, const LossSpec& spec = classes) { return error_of([&] { new_head(read(m).graph, spec, 5); }); };
  const onnx::NodeProto gemm = node("Gemm", {"x", "W", "b"}, {"z"}, "fc");
  // A number for each class.
  ModelProto m = with({gemm, node("Mul", {"z", "t"}, {"d"}, "scaled"), node("Softmax", {"d"}, {"y"})});
  store(m, "t", {3}, {1, 2, 3});
  CHECK(says(refusal(m), "in front of the scores 'd' stands Mul node 'scaled', which is no affine layer"));
  // Two branches.
  m = with({gemm, node("Gemm", {"x", "W", "b"}, {"z2"}, "fc2"), node("Add", {"z", "z2"}, {"s"}, "sum"), node("Softmax", {"s"}, {"y"})});
  CHECK(says(refusal(m), "stands Add node 'sum', which is no affine layer"));
  // Made for the old width, behind the scores.
  m = with({gemm, node("Softmax", {"z"}, {"p"}), node("Mul", {"p", "t"}, {"y"}, "prior")});
  store(m, "t", {3}, {1, 2, 3});
  *m.mutable_graph()->add_output() = info("p", {"N", "3"});
  LossSpec named = classes;
  named.output = "p";
  CHECK(says(refusal(m, named), "Mul node 'prior' behind Gemm node 'fc' reads 't' [3], which is made for its 3 outputs"));
  CHECK(new_head(read(m).graph, named, 3).old_width == 3);  // of the same width it fits
  // Groups.
  onnx::NodeProto conv = node("Conv", {"x", "F"}, {"c"}, "conv");
  attribute(conv, "group", onnx::AttributeProto::INT).set_i(2);
  m = with({conv, node("Flatten", {"c"}, {"y"})});
  store(m, "F", {4, 2, 1, 1}, values(8));
  *m.mutable_graph()->mutable_input(0) = info("x", {"N", "4", "1", "1"});
  *m.mutable_graph()->mutable_output(0) = info("y", {"N", "4"});
  CHECK(says(refusal(m, numbers), "Conv node 'conv' has 2 groups"));
}
}  // namespace lehr
