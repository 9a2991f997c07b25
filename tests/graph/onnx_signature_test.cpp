// Nodes against the signatures of their operators: attributes, operands, element types, opsets.
#include "graph/onnx/signatures.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;
using onnx::AttributeProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;
using test::contains;

namespace {
NodeProto& act(ModelProto& m) { return *m.mutable_graph()->mutable_node(1); }
void opset(ModelProto& m, int version) { m.mutable_opset_import(0)->set_version(version); }
void put(ModelProto& m, const char* op, const Names& in) { act(m) = node(op, in, {"r"}, "act"); }

struct Row {
  const char* what;
  void (*spoil)(ModelProto&);
  std::vector<std::string> parts;  // of the message; none: the model is read
};
const Row rows[] = {
    // Attributes
    {"an attribute of another operator",
     [](ModelProto& m) { attribute(act(m), "slope", AttributeProto::FLOAT).set_f(1); },
     {"Relu node 'act'", "unknown attribute 'slope'", "Relu has none"}},
    {"a misspelt attribute",
     [](ModelProto& m) { put(m, "LeakyRelu", {"h"}), attribute(act(m), "alhpa", AttributeProto::FLOAT).set_f(1); },
     {"LeakyRelu node 'act'", "'alhpa', did you mean 'alpha'?"}},
    {"an attribute of a later version",
     [](ModelProto& m) { put(m, "Reshape", {"h", "B1"}), opset(m, 13), attribute(act(m), "allowzero", AttributeProto::INT); },
     {"Reshape node 'act'", "'allowzero' exists from opset 14 on, the node has opset 13"}},
    {"an attribute of an earlier version",
     [](ModelProto& m) { put(m, "Clip", {"h"}), attribute(act(m), "min", AttributeProto::FLOAT).set_f(0); },
     {"Clip node 'act'", "'min' exists in opset 6 and is gone from the one the node has, 17"}},
    {"an integer for a float",
     [](ModelProto& m) { put(m, "LeakyRelu", {"h"}), attribute(act(m), "alpha", AttributeProto::INT).set_i(1); },
     {"attribute 'alpha' is an integer, a float is needed"}},
    {"a number for a list",
     [](ModelProto& m) { put(m, "Transpose", {"h"}), attribute(act(m), "perm", AttributeProto::INT).set_i(1); },
     {"attribute 'perm' is an integer, a list of integers is needed"}},
    {"a required attribute", [](ModelProto& m) { put(m, "Concat", {"h", "h"}); }, {"Concat node 'act'", "attribute 'axis' is missing"}},
    {"an attribute of a Constant",
     [](ModelProto& m) {
       auto& n = *m.mutable_graph()->add_node() = node("Constant", {}, {"c"}, "k");
       opset(m, 11);
       attribute(n, "value_float", AttributeProto::FLOAT).set_f(1);
     },
     {"Constant node 'k'", "'value_float' exists from opset 12 on"}},
    {"ONNX Runtime's operators",
     [](ModelProto& m) {
       import_opset(m, "com.microsoft", 1);
       act(m) = node("QuickGelu", {"h"}, {"r"}, "act", "com.microsoft");
       attribute(act(m), "beta", AttributeProto::FLOAT).set_f(1);
     },
     {"QuickGelu node 'act'", "'beta'", "QuickGelu has alpha"}},
    {"a tool's own attribute", [](ModelProto& m) { attribute(act(m), "__origin", AttributeProto::STRING).set_s("a"); }, {}},
    {"an operator nobody knows", [](ModelProto& m) { put(m, "Mystery", {"h"}), attribute(act(m), "slope", AttributeProto::INT); }, {}},
    // Operands
    {"too many inputs", [](ModelProto& m) { act(m).add_input("x"); }, {"Relu node 'act'", "2 inputs given, 1 needed"}},
    {"too few inputs", [](ModelProto& m) { put(m, "Add", {"h"}); }, {"1 input given, 2 needed"}},
    {"too few or too many", [](ModelProto& m) { put(m, "Gemm", {"h"}); }, {"1 input given, 2 to 3 needed"}},
    {"none of any number", [](ModelProto& m) { put(m, "Sum", {}); }, {"0 inputs given, 1 or more needed"}},
    {"any number", [](ModelProto& m) { put(m, "Sum", {"h", "h", "h", "h"}); }, {}},
    {"left-out inputs at the end", [](ModelProto& m) { put(m, "Clip", {"h", "", "", ""}); }, {}},
    {"a needed input left out", [](ModelProto& m) { put(m, "Add", {"", "h"}); }, {"input 0 is left out, it is needed"}},
    {"too many outputs", [](ModelProto& m) { act(m).add_output("extra"); }, {"names 2 outputs, Relu has 1"}},
    // Element types
    {"floats of two types",
     [](ModelProto& m) {
       put(m, "Add", {"h", "half"});
       *m.mutable_graph()->add_initializer() = empty_tensor("half", {6}, TensorProto::FLOAT16);
       m.mutable_graph()->mutable_initializer(4)->set_raw_data(std::string(12, '\0'));
     },
     {"Add node 'act'", "input 0 ('h') is float32 but input 1 ('half') is float16", "one element type"}},
    {"of two types behind a Cast",
     [](ModelProto& m) {
       NodeProto cast = node("Cast", {"h"}, {"d"}, "cast");
       attribute(cast, "to", AttributeProto::INT).set_i(TensorProto::DOUBLE);
       set_nodes(m, {m.graph().node(0), node("MatMul", {"d", "W2"}, {"y"}, "mm"), cast});  // in any order
     },
     {"MatMul node 'mm'", "input 0 ('d') is float64 but input 1 ('W2') is float32"}},
    {"two groups may differ",
     [](ModelProto& m) {
       *m.mutable_graph()->add_initializer() = empty_tensor("e", {}, TensorProto::INT64);
       m.mutable_graph()->mutable_initializer(4)->add_int64_data(2);
       put(m, "Pow", {"h", "e"});
     },
     {}},
    // Opsets
    {"what onnx 1.23 writes by default", [](ModelProto& m) { m.set_ir_version(14), opset(m, 28); }, {}},
    {"Range got an attribute",
     [](ModelProto& m) { put(m, "Range", {"x", "x", "x"}), opset(m, 26), attribute(act(m), "stash_type", AttributeProto::INT).set_i(1); },
     {"'stash_type' exists from opset 27 on"}}};
}  // namespace

TEST_CASE("a node keeps to the signature of its operator", "[onnx]") {
  for (const Row& row : rows) {
    INFO(row.what);
    ModelProto m = mlp();
    row.spoil(m);
    const std::string text = failure(m);
    INFO(text);
    CHECK(text.empty() == row.parts.empty());
    for (const std::string& part : row.parts) CHECK_THAT(text, contains(part));
  }
}

TEST_CASE("an unknown attribute of a file is refused once, with the node it stands at", "[onnx]") {
  const std::filesystem::path file = std::filesystem::path(LEHR_SOURCE_DIR) / "tests/graph/data/attr_unknown.onnx";
  try {
    onnx::read_model(file);
    FAIL("it was read");
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK_THAT(text, contains("unknown attribute 'slope'"));
    CHECK(text.find(file.filename().string()) == text.rfind(file.filename().string()));
  }
}

TEST_CASE("all that is against signatures is told at once", "[onnx]") {
  ModelProto m = mlp();
  attribute(act(m), "slope", AttributeProto::FLOAT).set_f(1);
  m.mutable_graph()->mutable_node(0)->add_input("x");
  m.mutable_graph()->mutable_node(2)->set_input(2, "half");
  *m.mutable_graph()->add_initializer() = empty_tensor("half", {3}, TensorProto::FLOAT16);
  m.mutable_graph()->mutable_initializer(4)->set_raw_data(std::string(6, '\0'));
  const std::string text = failure(m);
  for (const char* part : {"3 problems", "'slope'", "4 inputs given", "'half'"}) CHECK_THAT(text, contains(part));
}

TEST_CASE("a tensor made twice is not told as a cycle, too", "[onnx]") {
  ModelProto m = mlp();
  set_nodes(m, {node("Relu", {"x"}, {"h"}, "a"), node("Relu", {"h"}, {"x"}, "b"), node("Gemm", {"h", "W1"}, {"y"}, "c")});
  CHECK(failure(m) == "the tensor 'x' is made twice: by input 'x' and by Relu node 'b'");
}

TEST_CASE("element types follow the operators", "[onnx]") {
  ModelProto m = mlp();
  NodeProto cast = node("Cast", {"x"}, {"c"}), filled = node("ConstantOfShape", {"s"}, {"f"}), ones = node("ConstantOfShape", {"s"}, {"o"});
  attribute(cast, "to", AttributeProto::INT).set_i(TensorProto::UINT8);
  *attribute(filled, "value", AttributeProto::TENSOR).mutable_t() = empty_tensor("", {1}, TensorProto::INT32);
  filled.mutable_attribute(0)->mutable_t()->add_int32_data(1);
  NodeProto like = node("CastLike", {"x", "c"}, {"l"});
  set_nodes(m, {node("Shape", {"x"}, {"s"}), cast, node("Add", {"c", "c"}, {"a"}), filled, ones, like, node("Less", {"x", "x"}, {"b"}),
                node("Where", {"b", "c", "a"}, {"w"}), node("MatMul", {"x", "W1"}, {"h"}), node("MatMul", {"h", "W2"}, {"y"})});
  *m.mutable_graph()->add_value_info() = info("a", {"N", "4"}, TensorProto::INT64);  // not what Add makes
  const onnx::Model model = read(m);
  const auto type = [&](const char* name) { return lehr::name(model.graph.value(model.graph.find(name)).type->dtype); };
  const std::pair<const char*, std::string> expected[] = {{"s", "int64"}, {"c", "uint8"}, {"a", "uint8"}, {"f", "int32"},
                                                          {"o", "float32"}, {"l", "uint8"}, {"b", "bool"}, {"w", "uint8"}};
  for (const auto& [name, dtype] : expected) CHECK(cat(name, " ", type(name)) == cat(name, " ", dtype));
  REQUIRE(model.notes.size() == 1);
  CHECK_THAT(model.notes[0], contains("1 tensor is declared with another element type") && contains("'a' as int64, its node makes uint8"));
}

TEST_CASE("a float64 model is told what it is computed in", "[onnx]") {
  ModelProto m;
  m.set_ir_version(10);
  import_opset(m, "", 21);
  auto& g = *m.mutable_graph();
  set_nodes(m, {node("Relu", {"x"}, {"y"})});
  *g.add_input() = info("x", {"N", "4"}, TensorProto::DOUBLE);
  *g.add_output() = info("y", {"N", "4"}, TensorProto::DOUBLE);
  const onnx::Model model = read(m);
  REQUIRE(model.notes.size() == 1);
  CHECK_THAT(model.notes[0], contains("2 tensors are float64") && contains("'x'") && contains("computed in float32"));
}

}  // namespace lehr

TEST_CASE("a signature that is asked for alone is that of the table", "[onnx]") {
  using namespace lehr;
  for (const std::string& name : lehr::onnx::signatures().names())
    for (int opset = 1; opset <= 28; ++opset) {
      INFO(name << " " << opset);
      const lehr::onnx::Signature *all = lehr::onnx::signatures().lookup(name, opset), *one = lehr::onnx::signature(name, opset);
      REQUIRE((all == nullptr) == (one == nullptr));
      if (!one) continue;
      CHECK(one->in.size() == all->in.size());
      CHECK(one->out.size() == all->out.size());
      CHECK(one->attributes.size() == all->attributes.size());
    }
  CHECK(lehr::onnx::signature("", 13) == nullptr);
  CHECK(lehr::onnx::signature("em", 13) == nullptr);
}
