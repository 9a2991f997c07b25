#include "graph/print.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;
using onnx::AttributeProto;
using onnx::FunctionProto;
using onnx::ModelProto;

namespace {
FunctionProto& function(ModelProto& m, const std::string& name, const Names& in, const Names& out, const std::vector<onnx::NodeProto>& nodes, int opset = 17) {
  FunctionProto& f = *m.add_functions();
  f.set_name(name);
  f.set_domain("d");
  for (const auto& i : in) f.add_input(i);
  for (const auto& o : out) f.add_output(o);
  for (const auto& n : nodes) *f.add_node() = n;
  f.add_opset_import()->set_version(opset);
  auto& d = *f.add_opset_import();
  d.set_domain("d");
  d.set_version(1);
  return f;
}

// Field 11, attribute_proto: older schemas do not know it.
void add_default(FunctionProto& f, const AttributeProto& a) {
  std::string bytes = f.SerializeAsString();
  const std::string inner = a.SerializeAsString();
  REQUIRE(inner.size() < 128);
  bytes += static_cast<char>(11 << 3 | 2);
  bytes += static_cast<char>(inner.size());
  bytes += inner;
  REQUIRE(f.ParseFromString(bytes));
}

onnx::NodeProto referring(onnx::NodeProto n, const std::string& name, const std::string& to, AttributeProto::AttributeType type) {
  attribute(n, name, type).set_ref_attr_name(to);
  return n;
}

ModelProto calling(const std::vector<onnx::NodeProto>& nodes) {
  ModelProto m = mlp();
  import_opset(m, "d", 1);
  set_nodes(m, nodes);
  return m;
}

std::string body(const onnx::Model& model) {
  std::string out;
  for (const Node& n : model.graph.nodes()) out += text(model.graph, n) + "\n";
  return out;
}
}  // namespace

TEST_CASE("calls of local functions are replaced by their bodies", "[onnx]") {
  ModelProto m = calling({node("Dense", {"x", "W1", "B1"}, {"h"}, "one", "d"), node("Dense", {"h", "W2", "B2"}, {"y"}, "", "d")});
  function(m, "Dense", {"a", "w", "b"}, {"r"},
           {node("MatMul", {"a", "w"}, {"p"}, "mm"), node("Add", {"p", "b"}, {"q"}), node("Act", {"q"}, {"r"}, "act", "d")});
  function(m, "Act", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})}, 14);
  const onnx::Model model = read(m);
  CHECK(body(model) ==
        "one/p = MatMul(x, W1) 'one/mm'\none/q = Add(one/p, B1)\nh = Relu(one/q)\n"
        "Dense/p = MatMul(h, W2) 'Dense/mm'\nDense/q = Add(Dense/p, B2)\ny = Relu(Dense/q)\n");
  CHECK(model.graph.nodes()[0].opset == 17);
  CHECK(model.graph.nodes()[2].opset == 14);
  REQUIRE(model.notes.size() == 1);
  CHECK(model.notes[0].find("4") != std::string::npos);
}

TEST_CASE("names made by inlining never meet others", "[onnx]") {
  ModelProto m = calling({node("F", {"x"}, {"h"}, "f", "d"), node("F", {"h"}, {"f/t"}, "f", "d"), node("Relu", {"f/t"}, {"y"})});
  function(m, "F", {"a"}, {"b"}, {node("Tanh", {"a"}, {"t"}), node("Relu", {"t"}, {"b"})});
  CHECK(body(read(m)) == "f/t_1 = Tanh(x)\nh = Relu(f/t_1)\nf/t_2 = Tanh(h)\nf/t = Relu(f/t_2)\ny = Relu(f/t)\n");
}

TEST_CASE("left-out inputs and outputs of a call", "[onnx]") {
  ModelProto m = calling({node("F", {"x"}, {"", "y"}, "f", "d")});
  function(m, "F", {"a", "low"}, {"first", "second"}, {node("Clip", {"a", "low"}, {"first"}), node("Tanh", {"first"}, {"second"})});
  CHECK(body(read(m)) == "f/first = Clip(x)\ny = Tanh(f/first)\n");
}

TEST_CASE("an output of a function that is its input", "[onnx]") {
  ModelProto m = calling({node("F", {"x"}, {"y"}, "f", "d")});
  function(m, "F", {"a"}, {"a"}, {});
  CHECK(body(read(m)) == "y = Identity(x)\n");
}

TEST_CASE("attributes of functions: given, default, absent", "[onnx]") {
  onnx::NodeProto given = node("F", {"x"}, {"h"}, "f", "d"), absent = node("F", {"h"}, {"y"}, "g", "d");
  attribute(given, "slope", AttributeProto::FLOAT).set_f(0.5f);
  ModelProto m = calling({given, absent});
  FunctionProto& f = function(m, "F", {"a"}, {"c"},
                              {referring(node("LeakyRelu", {"a"}, {"b"}), "alpha", "slope", AttributeProto::FLOAT),
                               referring(node("Softmax", {"b"}, {"c"}), "axis", "dim", AttributeProto::INT)});
  f.add_attribute("slope");
  CHECK(failure(m).empty());
  CHECK(body(read(m)) == "f/b = LeakyRelu(x) alpha=0.5\nh = Softmax(f/b)\ng/b = LeakyRelu(h)\ny = Softmax(g/b)\n");

  AttributeProto dim;
  dim.set_name("dim");
  dim.set_type(AttributeProto::INT);
  dim.set_i(1);
  add_default(f, dim);
  CHECK(body(read(m)) == "f/b = LeakyRelu(x) alpha=0.5\nh = Softmax(f/b) axis=1\ng/b = LeakyRelu(h)\ny = Softmax(g/b) axis=1\n");
}

TEST_CASE("constants inside functions are values of each call", "[onnx]") {
  ModelProto m = calling({node("F", {"x"}, {"h"}, "f", "d"), node("F", {"h"}, {"y"}, "g", "d")});
  function(m, "F", {"a"}, {"b"}, {constant("c", tensor("", {1}, {2})), node("Mul", {"a", "c"}, {"b"})});
  const onnx::Model model = read(m);
  CHECK(body(model) == "h = Mul(x, f/c)\ny = Mul(h, g/c)\n");
  CHECK(data(model, "g/c").floats() == std::vector<float>{2});
}

TEST_CASE("bad functions are refused by name", "[onnx]") {
  struct Row {
    const char* what;
    ModelProto (*make)();
    std::vector<std::string> parts;
  };
  const Row rows[] = {
      {"recursive",
       [] {
         ModelProto m = calling({node("F", {"x"}, {"y"}, "act", "d")});
         function(m, "F", {"a"}, {"b"}, {node("F", {"a"}, {"b"}, "self", "d")});
         return m;
       },
       {"'F'", "calls itself"}},
      {"mutually recursive",
       [] {
         ModelProto m = calling({node("F", {"x"}, {"y"}, "act", "d")});
         function(m, "F", {"a"}, {"b"}, {node("G", {"a"}, {"b"}, "", "d")});
         function(m, "G", {"a"}, {"b"}, {node("F", {"a"}, {"b"}, "", "d")});
         return m;
       },
       {"'F'", "'G'", "calls itself"}},
      {"2^40 nodes",
       [] {
         ModelProto m = calling({node("F0", {"x"}, {"y"}, "act", "d")});
         for (int i = 0; i < 40; ++i)
           function(m, cat("F", i), {"a"}, {"c"}, {node(cat("F", i + 1), {"a"}, {"b"}, "", "d"), node(cat("F", i + 1), {"b"}, {"c"}, "", "d")});
         function(m, "F40", {"a"}, {"c"}, {node("Relu", {"a"}, {"c"})});
         return m;
       },
       {"'F0'", "250,000 nodes"}},
      {"a chain of 300 calls",
       [] {
         ModelProto m = calling({node("F0", {"x"}, {"y"}, "act", "d")});
         for (int i = 0; i < 300; ++i) function(m, cat("F", i), {"a"}, {"b"}, {node(cat("F", i + 1), {"a"}, {"b"}, "", "d")});
         function(m, "F300", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})});
         return m;
       },
       {"'F0'", "deeper than 100"}},
      {"too many inputs",
       [] {
         ModelProto m = calling({node("F", {"x", "x", "x"}, {"y"}, "act", "d")});
         function(m, "F", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})});
         return m;
       },
       {"'act'", "'F'", "takes 1", "gives 3"}},
      {"too many outputs",
       [] {
         ModelProto m = calling({node("F", {"x"}, {"y", "z"}, "act", "d")});
         function(m, "F", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})});
         return m;
       },
       {"'act'", "'F'", "1 outputs", "names 2"}},
      {"an unknown attribute",
       [] {
         auto call = node("F", {"x"}, {"y"}, "act", "d");
         attribute(call, "slope", AttributeProto::FLOAT);
         ModelProto m = calling({call});
         function(m, "F", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})});
         return m;
       },
       {"'act'", "'F'", "'slope'"}},
      {"an attribute of another type",
       [] {
         auto call = node("F", {"x"}, {"y"}, "act", "d");
         attribute(call, "slope", AttributeProto::INT);
         ModelProto m = calling({call});
         function(m, "F", {"a"}, {"b"}, {referring(node("LeakyRelu", {"a"}, {"b"}), "alpha", "slope", AttributeProto::FLOAT)}).add_attribute("slope");
         return m;
       },
       {"'alpha'", "'slope'", "another type"}},
      {"twice",
       [] {
         ModelProto m = calling({node("F", {"x"}, {"y"}, "act", "d")});
         function(m, "F", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"})});
         function(m, "F", {"a"}, {"b"}, {node("Tanh", {"a"}, {"b"})});
         return m;
       },
       {"'F'", "two functions"}},
      {"an undefined tensor inside",
       [] {
         ModelProto m = calling({node("F", {"x"}, {"y"}, "act", "d")});
         function(m, "F", {"a"}, {"b"}, {node("Relu", {"nowhere"}, {"b"})});
         return m;
       },
       {"'act/nowhere'"}},
      {"an output nobody makes",
       [] {
         ModelProto m = calling({node("F", {"x"}, {"h"}, "act", "d"), node("Relu", {"h"}, {"y"})});
         function(m, "F", {"a"}, {"b"}, {node("Relu", {"a"}, {"c"})});
         return m;
       },
       {"'h'"}},
      {"a domain the function does not import",
       [] {
         ModelProto m = calling({node("F", {"x"}, {"y"}, "act", "d")});
         function(m, "F", {"a"}, {"b"}, {node("Relu", {"a"}, {"b"}, "r", "com.acme")});
         return m;
       },
       {"'act/r'", "'com.acme'"}}};
  for (const Row& row : rows) {
    INFO(row.what);
    const std::string text = failure(row.make());
    INFO(text);
    for (const std::string& part : row.parts) CHECK(text.find(part) != std::string::npos);
  }
}

}  // namespace lehr
