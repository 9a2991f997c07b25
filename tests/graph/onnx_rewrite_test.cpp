#include "graph/onnx/rewrite.h"

#include "graph/onnx/original.h"
#include "graph/onnx/readback.h"
#include "graph/passes/prepare.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;
using onnx::AttributeProto;
using onnx::Changes;
using onnx::ModelProto;
using onnx::NodeProto;

namespace {
ModelProto parsed(const std::string& content) {
  ModelProto m;
  REQUIRE(m.ParseFromString(content));
  return m;
}
ModelProto rewritten(const ModelProto& m, const Changes& changes) { return parsed(onnx::rewrite(read(m).original, changes).original->bytes); }
std::string refusal(const ModelProto& m, const Changes& changes) {
  try {
    onnx::rewrite(read(m).original, changes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
std::shared_ptr<const Tensor> tensor_of(std::vector<float> v) {
  return std::make_shared<Tensor>(Shape{static_cast<std::int64_t>(v.size())}, std::span<const float>(v));
}
// y = f(x) with f a local function of one node.
ModelProto in_function(NodeProto body) {
  ModelProto m = mlp();
  m.set_ir_version(8);
  import_opset(m, "local", 1);
  auto& f = *m.add_functions();
  f.set_name("f");
  f.set_domain("local");
  auto& opset = *f.add_opset_import();
  opset.set_domain("");
  opset.set_version(17);
  for (const auto& in : body.input()) f.add_input(in);
  for (const auto& out : body.output()) f.add_output(out);
  *f.add_node() = body;
  return m;
}
}  // namespace

TEST_CASE("nothing to change: the same file", "[onnx][rewrite]") {
  const onnx::Model model = read(mlp());
  CHECK(onnx::rewrite(model.original, {}).original == model.original);
}

TEST_CASE("a use of a stored tensor gets an initializer of its own", "[onnx][rewrite]") {
  ModelProto m = mlp();
  *m.mutable_graph()->add_node() = node("Add", {"y", "B2"}, {"z"}, "sum");
  *m.mutable_graph()->add_output() = info("z", {"N", "3"});
  Changes changes;
  changes.own.push_back({"B2_own", tensor_of({7, 8, 9}), {{3, 1}}});
  changes.metadata["k"] = "v";
  const ModelProto got = rewritten(m, changes);
  CHECK(got.graph().node(2).input(2) == "B2");
  CHECK(got.graph().node(3).input(1) == "B2_own");
  CHECK(got.metadata_props(0).value() == "v");
  CHECK(data(read(got), "B2_own").floats() == std::vector<float>{7, 8, 9});
  // With both uses moved nothing reads the old one.
  changes.own.back().places.push_back({2, 2});
  CHECK(read(rewritten(m, changes)).graph.find("B2") == no_value);
  // New values go into it like into any other.
  const auto frame = onnx::rewrite(read(m).original, changes).original;
  const auto written = onnx::write_model(*frame, {{"B2_own", *tensor_of({1, 2, 3})}});
  CHECK(data(onnx::read_model_bytes(written.model, {}), "B2_own").floats() == std::vector<float>{1, 2, 3});
  // Before IR 4 an initializer is an input as well.
  m.set_ir_version(3);
  for (const auto& t : m.graph().initializer())
    *m.mutable_graph()->add_input() = info(t.name(), t.dims_size() == 2 ? Names{cat(t.dims(0)), cat(t.dims(1))} : Names{cat(t.dims(0))});
  CHECK(rewritten(m, changes).graph().input_size() == 6);
}

TEST_CASE("a tensor read inside a function cannot get a copy", "[onnx][rewrite]") {
  ModelProto m = in_function(node("Add", {"a", "b"}, {"c"}));
  *m.mutable_graph()->add_node() = node("f", {"y", "B2"}, {"z"}, "call", "local");
  Changes changes;
  changes.own.push_back({"own", tensor_of({7, 8, 9}), {{3, 1}}});
  CHECK_THAT(refusal(m, changes), test::contains("it is read inside the function 'f'"));
}

TEST_CASE("functions and bodies leave training mode, too", "[onnx][rewrite]") {
  NodeProto drop = node("Dropout", {"a", "", "mode"}, {"c"});
  ModelProto m = in_function(drop);
  *m.mutable_graph()->add_node() = node("f", {"y", "", "mode"}, {"z"}, "call", "local");
  auto& mode = *m.mutable_graph()->add_initializer() = empty_tensor("mode", {}, onnx::TensorProto::BOOL);
  mode.add_int32_data(1);
  const auto out = onnx::rewrite(read(m).original, {});
  CHECK(parsed(out.original->bytes).functions(0).node(0).input_size() == 1);
  REQUIRE(out.notes.size() == 1);
  CHECK(out.notes[0] == "the file has 1 Dropout node in training mode (training_mode 1): the trained model is written for inference");
}

TEST_CASE("batch statistics that are read have no place in an inference model", "[onnx][rewrite]") {
  ModelProto m = mlp();
  m.mutable_opset_import(0)->set_version(9);
  *m.mutable_graph()->add_node() = node("BatchNormalization", {"y", "B2", "B2", "B2", "B2"}, {"z", "m", "v", "saved_m", "saved_v"}, "bn");
  CHECK(rewritten(m, {}).graph().node(3).output_size() == 1);
  *m.mutable_graph()->add_output() = info("saved_m", {"3"});
  CHECK_THAT(refusal(m, {}), test::contains("BatchNormalization node 'bn' is stored in training mode and its output 'saved_m' is read"));
}

TEST_CASE("what passes split off and freed is in the file", "[onnx][rewrite]") {
  ModelProto m = mlp();
  SECTION("an untied tensor") {
    set_nodes(m, {node("Gemm", {"x", "W1", "B1"}, {"h"}), node("Gemm", {"h", "W2", "B2"}, {"y0"}), node("Add", {"y0", "B2"}, {"y"})});
    PrepareOptions options;
    options.losses.emplace_back();
    options.roles.untie = {"B2"};
    const onnx::Model model = read(m);
    const Prepared prepared = prepare(model.graph, options);
    const Changes changes = onnx::changes(model.graph, prepared.graph);
    REQUIRE(changes.own.size() == 1);
    const ModelProto got = rewritten(m, changes);
    CHECK(got.graph().node(1).input(2) == "B2");
    CHECK(got.graph().node(2).input(1) == changes.own[0].name);
    CHECK(data(read(got), changes.own[0].name).data == data(model, "B2").data);
  }
  SECTION("a batch in the second dimension") {
    set_nodes(m, {node("MatMul", {"W1", "x"}, {"h"}), node("Relu", {"h"}, {"y"})});
    *m.mutable_graph()->mutable_input(0) = info("x", {"6", "5"});
    *m.mutable_graph()->mutable_output(0) = info("y", {"4", "5"});
    *m.mutable_graph()->add_value_info() = info("h", {"4", "5"});
    PrepareOptions options;
    options.losses.emplace_back();
    options.batch_axis = 1;
    const onnx::Model model = read(m);
    const Prepared prepared = prepare(model.graph, options);
    const ModelProto got = rewritten(m, onnx::changes(model.graph, prepared.graph));
    for (const auto* declared : {&got.graph().input(0), &got.graph().output(0), &got.graph().value_info(0)}) {
      CHECK(declared->type().tensor_type().shape().dim(0).has_dim_value());
      CHECK(declared->type().tensor_type().shape().dim(1).dim_param() == "batch");
    }
  }
}

TEST_CASE("outputs come and go, with what only they need", "[onnx][rewrite]") {
  ModelProto m = mlp();
  *m.mutable_graph()->add_node() = node("Mul", {"y", "C"}, {"c"}, "only");
  *m.mutable_graph()->add_node() = node("Shape", {"c"}, {"s"}, "only2");
  *m.mutable_graph()->add_initializer() = tensor("C", {3}, {1, 2, 3});
  *m.mutable_graph()->add_output() = info("s", {"2"}, onnx::TensorProto::INT64);
  Changes changes;
  changes.without = {"s"};
  changes.outputs.push_back({"r", {Dtype::f32, std::vector<Dim>{{-1, "N"}, {6, ""}}}});
  changes.dims["y"][1] = Dim{7, ""};
  changes.metadata["gone"] = "";
  auto& entry = *m.add_metadata_props();
  entry.set_key("gone"), entry.set_value("x");
  const ModelProto got = rewritten(m, changes);
  REQUIRE(got.graph().output_size() == 2);
  CHECK(got.graph().output(0).type().tensor_type().shape().dim(1).dim_value() == 7);
  CHECK(got.graph().output(1).name() == "r");
  CHECK(got.graph().output(1).type().tensor_type().shape().dim(0).dim_param() == "N");
  CHECK(got.graph().node_size() == 3);
  CHECK(got.graph().initializer_size() == 4);
  CHECK(got.metadata_props_size() == 0);
}

TEST_CASE("a written model taken apart", "[onnx][rewrite]") {
  const onnx::Model model = read(mlp());
  const auto written = onnx::write_model(model, {{"B2", *tensor_of({1, 2, 3})}}), other = onnx::write_model(model, {{"B2", *tensor_of({4, 5, 6})}});
  const auto a = onnx::take_apart(written.model, {}, *model.original, {"B2"}), b = onnx::take_apart(other.model, {}, *model.original, {"B2"});
  CHECK(a.rest == b.rest);
  CHECK(b.values.at(0).floats() == std::vector<float>{4, 5, 6});
  CHECK_FALSE(a.external);
  ModelProto m = parsed(written.model);
  m.mutable_graph()->mutable_node(1)->set_op_type("Tanh");
  CHECK(onnx::take_apart(bytes(m), {}, *model.original, {"B2"}).rest != a.rest);
  m.mutable_graph()->mutable_initializer(B2)->set_name("other");
  CHECK_THROWS_AS(onnx::take_apart(bytes(m), {}, *model.original, {"B2"}), Error);
  CHECK_THROWS_AS(onnx::take_apart("no model", {}, *model.original, {"B2"}), Error);
}
}  // namespace lehr
