#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;
using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::TensorProto;

namespace {
TensorProto& weight(ModelProto& m) { return *m.mutable_graph()->mutable_initializer(W1); }
void dims(TensorProto& t, const Dims& d) {
  t.clear_dims();
  for (const auto size : d) t.add_dims(size);
}

struct Row {
  const char* what;
  void (*spoil)(ModelProto&);
  std::vector<std::string> parts;  // of the message
};
const Row rows[] = {
    // The model
    {"no graph", [](ModelProto& m) { m.clear_graph(); }, {"no graph"}},
    {"no IR version", [](ModelProto& m) { m.clear_ir_version(); }, {"IR version"}},
    {"IR 2", [](ModelProto& m) { m.set_ir_version(2); }, {"IR version 2", "3 to 14"}},
    {"IR 15", [](ModelProto& m) { m.set_ir_version(15); }, {"IR version 15", "3 to 14"}},
    {"IR 2^40", [](ModelProto& m) { m.set_ir_version(std::int64_t{1} << 40); }, {"1099511627776"}},
    {"no opset", [](ModelProto& m) { m.clear_opset_import(); }, {"no opset"}},
    {"opset 5", [](ModelProto& m) { m.mutable_opset_import(0)->set_version(5); }, {"opset 5 of ai.onnx", "6 to 28"}},
    {"opset 29", [](ModelProto& m) { m.mutable_opset_import(0)->set_version(29); }, {"opset 29 of ai.onnx", "6 to 28"}},
    {"opset 2^63-1", [](ModelProto& m) { m.mutable_opset_import(0)->set_version(INT64_MAX); }, {"9223372036854775807"}},
    {"opset -1", [](ModelProto& m) { m.mutable_opset_import(0)->set_version(-1); }, {"opset -1"}},
    {"opset of another domain", [](ModelProto& m) { import_opset(m, "com.microsoft", 0); }, {"opset 0 of com.microsoft"}},
    {"two opsets of one domain", [](ModelProto& m) { import_opset(m, "ai.onnx", 13); }, {"opset 13 of ai.onnx", "opset 17"}},
    {"a domain nobody imports", [](ModelProto& m) { m.mutable_graph()->mutable_node(1)->set_domain("com.acme"); }, {"Relu node 'act'", "'com.acme'"}},
    {"the engine's own domain",
     [](ModelProto& m) {
       m.mutable_graph()->mutable_node(1)->set_domain("lehr");
       import_opset(m, "lehr", 1);
     },
     {"'act'", "'lehr'"}},
    // Dimensions and data
    {"2^80 elements",
     [](ModelProto& m) {
       dims(weight(m), {std::int64_t{1} << 40, std::int64_t{1} << 40});
     },
     {"initializer 'W1'", "2^47"}},
    {"2^64 elements",
     [](ModelProto& m) {
       dims(weight(m), {std::int64_t{1} << 32, std::int64_t{1} << 32});
       weight(m).clear_raw_data();
     },
     {"initializer 'W1'", "2^47"}},
    {"4 modulo 2^64 elements",
     [](ModelProto& m) {
       dims(weight(m), {4194305, 4194305, 211106198978564});
     },
     {"initializer 'W1'", "2^47"}},
    {"a million by a million",
     [](ModelProto& m) {
       dims(weight(m), {1000000, 1000000});
     },
     {"initializer 'W1'", "96 bytes", "4000000000000"}},
    {"negative",
     [](ModelProto& m) {
       dims(weight(m), {-2, 6});
     },
     {"initializer 'W1'", "-2"}},
    {"1000 dimensions", [](ModelProto& m) { dims(weight(m), Dims(1000, 1)); }, {"initializer 'W1'", "1000 dimensions"}},
    {"short", [](ModelProto& m) { weight(m).set_raw_data(std::string(92, '\0')); }, {"initializer 'W1'", "92 bytes", "float32[4,6]", "96"}},
    {"misaligned", [](ModelProto& m) { weight(m).set_raw_data(std::string(97, '\0')); }, {"initializer 'W1'", "97 bytes"}},
    {"long", [](ModelProto& m) { weight(m).set_raw_data(std::string(100, '\0')); }, {"initializer 'W1'", "100 bytes"}},
    {"no data", [](ModelProto& m) { weight(m).clear_raw_data(); }, {"initializer 'W1'", "0 bytes"}},
    {"too few values",
     [](ModelProto& m) {
       weight(m).clear_raw_data();
       weight(m).add_float_data(1);
     },
     {"initializer 'W1'", "1 values", "24"}},
    {"wrong field",
     [](ModelProto& m) {
       weight(m).clear_raw_data();
       for (int i = 0; i < 24; ++i) weight(m).add_int64_data(1);
     },
     {"initializer 'W1'", "int64_data", "float32"}},
    {"two fields", [](ModelProto& m) { weight(m).add_float_data(1); }, {"initializer 'W1'", "raw_data and float_data"}},
    {"two typed fields",
     [](ModelProto& m) {
       weight(m).add_float_data(1);
       weight(m).add_double_data(1);
     },
     {"float_data and double_data"}},
    {"a value too large",
     [](ModelProto& m) {
       weight(m).clear_raw_data();
       weight(m).set_data_type(TensorProto::INT8);
       for (int i = 0; i < 24; ++i) weight(m).add_int32_data(i == 5 ? 128 : 1);
     },
     {"initializer 'W1'", "128", "int8"}},
    {"half bits too large",
     [](ModelProto& m) {
       weight(m).clear_raw_data();
       weight(m).set_data_type(TensorProto::FLOAT16);
       for (int i = 0; i < 24; ++i) weight(m).add_int32_data(65536);
     },
     {"65536", "float16"}},
    {"segments", [](ModelProto& m) { weight(m).mutable_segment()->set_begin(0); }, {"initializer 'W1'", "segments"}},
    {"complex", [](ModelProto& m) { weight(m).set_data_type(TensorProto::COMPLEX64); }, {"'W1'", "COMPLEX64", "Gemm node 'fc1'"}},
    {"INT4", [](ModelProto& m) { weight(m).set_data_type(22); }, {"'W1'", "INT4", "Gemm node 'fc1'"}},
    {"type 999", [](ModelProto& m) { weight(m).set_data_type(999); }, {"'W1'", "999", "Gemm node 'fc1'"}},
    {"type -1", [](ModelProto& m) { weight(m).set_data_type(-1); }, {"'W1'", "-1"}},
    {"external data without saying so", [](ModelProto& m) { weight(m).add_external_data()->set_key("location"); }, {"'W1'", "data_location"}},
    {"a sparse initializer", [](ModelProto& m) { m.mutable_graph()->add_sparse_initializer()->mutable_values()->set_name("S"); }, {"'S'", "sparse"}},
    {"an input of 2^64 elements",
     [](ModelProto& m) {
       *m.mutable_graph()->mutable_input(0) = info("x", {"4611686018427387904", "4"});
     },
     {"input 'x'", "2^47"}},
    {"an input dimension of -2",
     [](ModelProto& m) {
       *m.mutable_graph()->mutable_input(0) = info("x", {"-2", "4"});
     },
     {"input 'x'", "-2"}},
    {"an input of an odd type",
     [](ModelProto& m) { m.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(17); },
     {"input 'x'", "FLOAT8E4M3FN"}},
    // Names
    {"an initializer twice", [](ModelProto& m) { *m.mutable_graph()->add_initializer() = weight(m); }, {"'W1'", "twice", "initializer"}},
    {"an input twice",
     [](ModelProto& m) {
       *m.mutable_graph()->add_input() = info("x", {"N", "4"});
     },
     {"input 'x'", "twice"}},
    {"an output twice",
     [](ModelProto& m) {
       *m.mutable_graph()->add_output() = info("y", {"N", "3"});
     },
     {"output 'y'", "twice"}},
    {"an initializer without a name", [](ModelProto& m) { *m.mutable_graph()->add_initializer() = tensor("", {1}, {0.5f}); }, {"initializer 4", "no name"}},
    {"an input without a name", [](ModelProto& m) { *m.mutable_graph()->add_input() = info("", {"N"}); }, {"input", "no name"}},
    {"an escape in a name",
     [](ModelProto& m) {
       m.mutable_graph()->mutable_node(1)->set_name("act\x1b[2J");
       m.mutable_graph()->mutable_node(1)->set_input(0, "gone\n");
     },
     {"act\\x1b[2J", "gone\\x0a"}},
    {"printf directives",
     [](ModelProto& m) {
       m.mutable_graph()->mutable_node(1)->set_op_type("%s%n%x");
       m.mutable_graph()->mutable_node(1)->set_input(0, "%s");
     },
     {"%s%n%x", "'%s'"}},
    // The graph
    {"a cycle",
     [](ModelProto& m) {
       set_nodes(m, {node("Add", {"x", "q"}, {"p"}, "add1"), node("Relu", {"p"}, {"q"}, "relu1"), node("Relu", {"q"}, {"y"})});
     },
     {"cycle", "'add1'", "'relu1'", "'p'", "'q'"}},
    {"a node that feeds itself",
     [](ModelProto& m) {
       set_nodes(m, {node("Add", {"x", "y"}, {"y"}, "add1")});
     },
     {"cycle", "'add1'"}},
    {"two writers", [](ModelProto& m) { *m.mutable_graph()->add_node() = node("Tanh", {"h"}, {"r"}, "act2"); }, {"'r'", "Relu node 'act'", "Tanh node 'act2'"}},
    {"one writer twice", [](ModelProto& m) { m.mutable_graph()->mutable_node(1)->add_output("r"); }, {"'r'", "both times", "'act'"}},
    {"a node that writes an input", [](ModelProto& m) { *m.mutable_graph()->add_node() = node("Tanh", {"h"}, {"x"}, "act2"); }, {"input 'x'", "'act2'"}},
    {"a node that writes an initializer",
     [](ModelProto& m) { *m.mutable_graph()->add_node() = node("Tanh", {"h"}, {"W1"}, "act2"); },
     {"initializer 'W1'", "'act2'"}},
    {"an undefined input", [](ModelProto& m) { m.mutable_graph()->mutable_node(0)->set_input(1, "W11"); }, {"Gemm node 'fc1'", "'W11'", "did you mean 'W1'?"}},
    {"an undefined output",
     [](ModelProto& m) {
       *m.mutable_graph()->mutable_output(0) = info("z", {"N", "3"});
     },
     {"output 'z'"}},
    {"no output", [](ModelProto& m) { m.mutable_graph()->clear_output(); }, {"no output"}},
    {"no operator", [](ModelProto& m) { m.mutable_graph()->mutable_node(1)->clear_op_type(); }, {"'act'", "no operator"}},
    {"a node that makes nothing", [](ModelProto& m) { *m.mutable_graph()->add_node() = node("Tanh", {"h"}, {}, "act2"); }, {"Tanh node 'act2'", "no output"}},
    {"initializer and input differ",
     [](ModelProto& m) {
       *m.mutable_graph()->add_input() = info("W1", {"4", "7"});
     },
     {"'W1'", "float32[4,6]", "float32[4,7]"}},
    {"initializer and input differ in rank", [](ModelProto& m) { *m.mutable_graph()->add_input() = info("W1", {"24"}); }, {"'W1'", "float32[24]"}},
    {"initializer and input differ in dtype",
     [](ModelProto& m) {
       *m.mutable_graph()->add_input() = info("W1", {"4", "6"}, TensorProto::DOUBLE);
     },
     {"'W1'", "float64[4,6]"}},
    // Attributes and constants
    {"an attribute twice",
     [](ModelProto& m) {
       auto& n = *m.mutable_graph()->mutable_node(1);
       attribute(n, "axis", AttributeProto::INT);
       attribute(n, "axis", AttributeProto::INT);
     },
     {"'act'", "'axis'", "twice"}},
    {"an attribute without a name",
     [](ModelProto& m) { attribute(*m.mutable_graph()->mutable_node(1), "", AttributeProto::INT); },
     {"'act'", "attribute has no name"}},
    {"an attribute without type and value",
     [](ModelProto& m) { m.mutable_graph()->mutable_node(1)->add_attribute()->set_name("axis"); },
     {"'act'", "'axis'", "no value"}},
    {"a reference outside a function",
     [](ModelProto& m) { attribute(*m.mutable_graph()->mutable_node(1), "axis", AttributeProto::INT).set_ref_attr_name("a"); },
     {"'act'", "'axis'", "'a'"}},
    {"a broken tensor attribute",
     [](ModelProto& m) { *attribute(*m.mutable_graph()->mutable_node(1), "value", AttributeProto::TENSOR).mutable_t() = tensor("", {3}, {1}); },
     {"'act'", "'value'", "4 bytes"}},
    {"a Constant without a value", [](ModelProto& m) { *m.mutable_graph()->add_node() = node("Constant", {}, {"c"}, "const1"); }, {"'const1'", "no value"}},
    {"a Constant with an odd attribute",
     [](ModelProto& m) {
       auto& n = *m.mutable_graph()->add_node() = node("Constant", {}, {"c"}, "const1");
       attribute(n, "axis", AttributeProto::INT);
     },
     {"'const1'", "'axis'"}},
    {"a Constant with two values",
     [](ModelProto& m) {
       auto& n = *m.mutable_graph()->add_node() = node("Constant", {}, {"c"}, "const1");
       attribute(n, "value_int", AttributeProto::INT);
       attribute(n, "value_float", AttributeProto::FLOAT);
     },
     {"'const1'", "several values"}},
    {"a sparse Constant",
     [](ModelProto& m) {
       auto& n = *m.mutable_graph()->add_node() = node("Constant", {}, {"c"}, "const1");
       attribute(n, "sparse_value", AttributeProto::SPARSE_TENSOR);
     },
     {"'const1'", "'c'", "sparse"}},
    {"a Constant with a broken tensor",
     [](ModelProto& m) { *m.mutable_graph()->add_node() = constant("c", tensor("", {3}, {1}), "const1"); },
     {"'const1'", "4 bytes", "12"}},
    {"a Constant without an output", [](ModelProto& m) { *m.mutable_graph()->add_node() = node("Constant", {}, {}, "const1"); }, {"'const1'", "one output"}}};
}  // namespace

TEST_CASE("an invalid model is refused by name", "[onnx]") {
  for (const Row& row : rows) {
    INFO(row.what);
    ModelProto m = mlp();
    row.spoil(m);
    const std::string text = failure(m);
    INFO(text);
    CHECK_FALSE(text.empty());
    for (const std::string& part : row.parts) CHECK(text.find(part) != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("a cycle is told without what hangs on it", "[onnx]") {
  ModelProto m = mlp();
  std::vector<onnx::NodeProto> nodes;
  for (int i = 20; i-- > 0;) nodes.push_back(node("Relu", {i ? cat("t", i - 1) : "q"}, {i < 19 ? cat("t", i) : "y"}, cat("tail", i)));
  nodes.push_back(node("Add", {"x", "q"}, {"p"}, "add1"));
  nodes.push_back(node("Relu", {"p"}, {"q"}, "relu1"));
  set_nodes(m, nodes);
  const std::string text = failure(m);
  for (const char* part : {"'add1'", "'relu1'", "'p'", "'q'"}) CHECK(text.find(part) != std::string::npos);
  CHECK(text.find("tail") == std::string::npos);
}

TEST_CASE("all problems of a model are told at once", "[onnx]") {
  ModelProto m = mlp();
  weight(m).set_raw_data("123");
  m.mutable_graph()->mutable_node(1)->set_input(0, "nowhere");
  m.mutable_graph()->mutable_output(0)->set_name("z");
  m.set_ir_version(99);
  const std::string text = failure(m);
  for (const char* part : {"4 problems", "'W1'", "'nowhere'", "'z'", "99"}) CHECK(text.find(part) != std::string::npos);

  ModelProto many = mlp();
  for (int i = 0; i < 50; ++i) *many.mutable_graph()->add_node() = node("Relu", {cat("gone", i)}, {cat("o", i)});
  const std::string long_text = failure(many);
  for (const char* part : {"50 problems", "'gone19'", "30 more"}) CHECK(long_text.find(part) != std::string::npos);
  CHECK(long_text.find("'gone20'") == std::string::npos);

  for (int i = 0; i < 1000; ++i) *many.mutable_graph()->add_initializer() = tensor("", {3}, {1});
  CHECK(failure(many).find("at least 1000 problems") != std::string::npos);
}

}  // namespace lehr
