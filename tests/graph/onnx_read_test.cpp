#include <cmath>

#include "graph/print.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;
using onnx::AttributeProto;
using onnx::TensorProto;

TEST_CASE("a model becomes a graph", "[onnx]") {
  onnx::ModelProto m = mlp();
  m.set_producer_version("1.2");
  import_opset(m, "ai.onnx.ml", 3);
  *m.mutable_graph()->add_value_info() = info("h", {"N", "6"});
  const onnx::Model model = read(m);
  CHECK(print(model.graph) ==
        "input x float32[N,4]\n"
        "constant W1 float32[4,6]\nconstant B1 float32[6]\nconstant W2 float32[6,3]\nconstant B2 float32[3]\n"
        "h = Gemm(x, W1, B1) 'fc1'\nr = Relu(h) 'act'\ny = Gemm(r, W2, B2) 'fc2'\n"
        "output y\n");
  CHECK(model.opsets == std::map<std::string, int>{{"", 17}, {"ai.onnx.ml", 3}});
  CHECK(model.producer == "tests 1.2");
  CHECK(model.ir_version == 8);
  CHECK(model.notes.empty());
  CHECK(data(model, "W1").floats() == values(24));
  CHECK(text(*model.graph.value(model.graph.find("h")).type) == "float32[N,6]");
  CHECK(text(*model.graph.value(model.graph.find("y")).type) == "float32[N,3]");
  CHECK(text(*model.graph.value(model.graph.find("r")).type) == "float32[...]");  // its operator tells the element type
  for (const Node& n : model.graph.nodes()) CHECK(n.opset == 17);
}

TEST_CASE("declared types are kept as the file gives them", "[onnx]") {
  const struct {
    Names dims;
    std::string expected;
  } rows[] = {{{"N", "4"}, "float32[N,4]"},
              {{"?", "4"}, "float32[?,4]"},
              {{"-1", "4"}, "float32[?,4]"},
              {{"8", "4"}, "float32[8,4]"},
              {{"a b\n", "4"}, "float32[a b\\x0a,4]"}};
  for (const auto& row : rows) {
    onnx::ModelProto m = mlp();
    *m.mutable_graph()->mutable_input(0) = info("x", row.dims);
    CHECK(text(*read(m).graph.value(read(m).graph.find("x")).type) == row.expected);
  }
  onnx::ModelProto m = mlp();
  m.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->clear_shape();
  CHECK(text(*read(m).graph.value(read(m).graph.find("x")).type) == "float32[...]");
}

TEST_CASE("weights in every field a tensor has", "[onnx]") {
  struct Row {
    int type;
    Dtype dtype;
    void (*fill)(TensorProto&);
    std::vector<double> expected;
  };
  const Row rows[] = {{TensorProto::FLOAT,
                       Dtype::f32,
                       [](TensorProto& t) {
                         t.add_float_data(0.5f);
                         t.add_float_data(-2);
                       },
                       {0.5, -2}},
                      {TensorProto::DOUBLE,
                       Dtype::f64,
                       [](TensorProto& t) {
                         t.add_double_data(0.1);
                         t.add_double_data(1e300);
                       },
                       {0.1, 1e300}},
                      {TensorProto::FLOAT16,
                       Dtype::f16,
                       [](TensorProto& t) {
                         t.add_int32_data(0x3C00);
                         t.add_int32_data(0xC000);
                       },
                       {1, -2}},
                      {TensorProto::BFLOAT16,
                       Dtype::bf16,
                       [](TensorProto& t) {
                         t.add_int32_data(0x3F80);
                         t.add_int32_data(0xC000);
                       },
                       {1, -2}},
                      {TensorProto::INT8,
                       Dtype::i8,
                       [](TensorProto& t) {
                         t.add_int32_data(-128);
                         t.add_int32_data(7);
                       },
                       {-128, 7}},
                      {TensorProto::UINT8,
                       Dtype::u8,
                       [](TensorProto& t) {
                         t.add_int32_data(255);
                         t.add_int32_data(7);
                       },
                       {255, 7}},
                      {TensorProto::INT16,
                       Dtype::i16,
                       [](TensorProto& t) {
                         t.add_int32_data(-300);
                         t.add_int32_data(7);
                       },
                       {-300, 7}},
                      {TensorProto::UINT16,
                       Dtype::u16,
                       [](TensorProto& t) {
                         t.add_int32_data(65535);
                         t.add_int32_data(7);
                       },
                       {65535, 7}},
                      {TensorProto::INT32,
                       Dtype::i32,
                       [](TensorProto& t) {
                         t.add_int32_data(-70000);
                         t.add_int32_data(7);
                       },
                       {-70000, 7}},
                      {TensorProto::UINT32,
                       Dtype::u32,
                       [](TensorProto& t) {
                         t.add_uint64_data(4000000000u);
                         t.add_uint64_data(7);
                       },
                       {4e9, 7}},
                      {TensorProto::INT64,
                       Dtype::i64,
                       [](TensorProto& t) {
                         t.add_int64_data(-(std::int64_t{1} << 40));
                         t.add_int64_data(7);
                       },
                       {-1099511627776.0, 7}},
                      {TensorProto::UINT64,
                       Dtype::u64,
                       [](TensorProto& t) {
                         t.add_uint64_data(std::uint64_t{1} << 63);
                         t.add_uint64_data(7);
                       },
                       {9223372036854775808.0, 7}},
                      {TensorProto::BOOL,
                       Dtype::boolean,
                       [](TensorProto& t) {
                         t.add_int32_data(1);
                         t.add_int32_data(0);
                       },
                       {1, 0}},
                      {TensorProto::DOUBLE,
                       Dtype::f64,
                       [](TensorProto& t) {
                         const double v[] = {0.1, 3};
                         t.set_raw_data(v, sizeof v);
                       },
                       {0.1, 3}},
                      {TensorProto::FLOAT16,
                       Dtype::f16,
                       [](TensorProto& t) {
                         const std::uint16_t v[] = {0x3C00, 0x0001};
                         t.set_raw_data(v, sizeof v);
                       },
                       {1, std::ldexp(1.0, -24)}},
                      {TensorProto::INT64,
                       Dtype::i64,
                       [](TensorProto& t) {
                         const std::int64_t v[] = {-5, 6};
                         t.set_raw_data(v, sizeof v);
                       },
                       {-5, 6}}};
  for (const Row& row : rows) {
    INFO(name(row.dtype));
    TensorProto t = empty_tensor("extra", {2}, row.type);
    row.fill(t);
    onnx::ModelProto m = mlp();
    *m.mutable_graph()->add_initializer() = t;
    set_nodes(m, {constant("c", t), node("Identity", {"x"}, {"y"})});
    const onnx::Model model = read(m);
    for (const char* name : {"extra", "c"}) {
      CHECK(data(model, name).type == TensorType{row.dtype, {2}});
      CHECK(data(model, name).doubles() == row.expected);
    }
  }
}

TEST_CASE("Constant nodes become values in all their forms", "[onnx]") {
  struct Row {
    const char* attribute;
    AttributeProto::AttributeType type;
    void (*fill)(AttributeProto&);
    TensorType expected;
    std::vector<double> values;
  };
  const Row rows[] = {{"value_float", AttributeProto::FLOAT, [](AttributeProto& a) { a.set_f(1.5f); }, {Dtype::f32, {}}, {1.5}},
                      {"value_floats",
                       AttributeProto::FLOATS,
                       [](AttributeProto& a) {
                         a.add_floats(1.5f);
                         a.add_floats(2);
                       },
                       {Dtype::f32, {2}},
                       {1.5, 2}},
                      {"value_floats", AttributeProto::FLOATS, [](AttributeProto&) {}, {Dtype::f32, {0}}, {}},
                      {"value_int", AttributeProto::INT, [](AttributeProto& a) { a.set_i(-3); }, {Dtype::i64, {}}, {-3}},
                      {"value_ints",
                       AttributeProto::INTS,
                       [](AttributeProto& a) {
                         a.add_ints(4);
                         a.add_ints(-1);
                       },
                       {Dtype::i64, {2}},
                       {4, -1}}};
  for (const Row& row : rows) {
    INFO(row.attribute);
    onnx::ModelProto m = mlp();
    onnx::NodeProto c = node("Constant", {}, {"c"}, "const1");
    row.fill(attribute(c, row.attribute, row.type));
    set_nodes(m, {c, node("Identity", {"x"}, {"y"})});
    const onnx::Model model = read(m);
    CHECK(model.graph.nodes().size() == 1);
    CHECK(model.graph.value(model.graph.find("c")).role == Role::constant);
    CHECK(data(model, "c").type == row.expected);
    CHECK(data(model, "c").doubles() == row.values);
  }
}

TEST_CASE("strings are kept as constants without data", "[onnx]") {
  onnx::ModelProto m = mlp();
  TensorProto labels = empty_tensor("labels", {2}, TensorProto::STRING);
  labels.add_string_data("b");
  labels.add_string_data("g");
  *m.mutable_graph()->add_initializer() = labels;
  const onnx::Model model = read(m);
  const Value& value = model.graph.value(model.graph.find("labels"));
  CHECK(value.role == Role::constant);
  CHECK_FALSE(value.data);
  CHECK(text(*value.type) == "string[2]");
}

TEST_CASE("an unsupported dtype is let through where nothing reads it", "[onnx]") {
  onnx::ModelProto m = mlp();
  TensorProto t = empty_tensor("odd", {2}, 22);
  t.set_raw_data("\x12");
  *m.mutable_graph()->add_initializer() = t;
  CHECK(failure(m).empty());
  m.mutable_graph()->mutable_node(1)->set_op_type("Add");
  m.mutable_graph()->mutable_node(1)->add_input("odd");
  const std::string text = failure(m);
  for (const char* part : {"'odd'", "INT4", "Add node 'act'"}) CHECK(text.find(part) != std::string::npos);
}

TEST_CASE("initializers listed as inputs are no inputs", "[onnx]") {
  onnx::ModelProto m = mlp();
  *m.mutable_graph()->add_input() = info("W1", {"4", "6"});
  *m.mutable_graph()->add_input() = info("B1", {"K"});
  const onnx::Model model = read(m);
  CHECK(model.graph.inputs == std::vector<ValueId>{model.graph.find("x")});
  CHECK(data(model, "W1").floats() == values(24));
  CHECK(model.graph.value(model.graph.find("W1")).why == "initializer, also declared as an input");
}

TEST_CASE("nodes in front of weights stay", "[onnx]") {
  for (const char* op : {"Identity", "Transpose", "Cast"}) {
    onnx::ModelProto m = mlp();
    onnx::NodeProto first = node(op, {"W1"}, {"w"});
    if (first.op_type() == "Cast") attribute(first, "to", AttributeProto::INT).set_i(TensorProto::FLOAT);
    set_nodes(m, {first, node("MatMul", {"x", "w"}, {"y"})});
    const onnx::Model model = read(m);
    REQUIRE(model.graph.nodes().size() == 2);
    CHECK(model.graph.nodes()[0].op == op);
    CHECK(model.graph.nodes()[1].in[1] == model.graph.nodes()[0].out[0]);
  }
}

TEST_CASE("attributes keep their kinds", "[onnx]") {
  onnx::ModelProto m = mlp();
  onnx::NodeProto n = node("Relu", {"h", "", ""}, {"r", ""}, "act", "com.microsoft");
  import_opset(m, "com.microsoft", 1);
  attribute(n, "i", AttributeProto::INT).set_i(-7);
  attribute(n, "f", AttributeProto::FLOAT).set_f(0.25f);
  attribute(n, "s", AttributeProto::STRING).set_s("tanh");
  attribute(n, "is", AttributeProto::INTS).add_ints(3);
  attribute(n, "fs", AttributeProto::FLOATS).add_floats(0.5f);
  attribute(n, "ss", AttributeProto::STRINGS).add_strings("a");
  *attribute(n, "t", AttributeProto::TENSOR).mutable_t() = tensor("", {2}, {1, 2});
  attribute(n, "g", AttributeProto::GRAPH).mutable_g()->set_name("sub");
  attribute(n, "zero", AttributeProto::INT);  // some writers leave a zero out
  attribute(n, "untyped", AttributeProto::UNDEFINED).add_ints(9);
  *m.mutable_graph()->mutable_node(1) = n;
  const onnx::Model model = read(m);
  const Node& node = model.graph.nodes()[1];
  CHECK(node.opset == 1);
  CHECK(node.in.size() == 1);  // left-out ones at the end are dropped
  CHECK(node.out.size() == 1);
  CHECK(std::get<std::int64_t>(node.attrs.at("i")) == -7);
  CHECK(std::get<float>(node.attrs.at("f")) == 0.25f);
  CHECK(std::get<std::string>(node.attrs.at("s")) == "tanh");
  CHECK(std::get<std::vector<std::int64_t>>(node.attrs.at("is")) == std::vector<std::int64_t>{3});
  CHECK(std::get<std::vector<float>>(node.attrs.at("fs")) == std::vector<float>{0.5f});
  CHECK(std::get<std::vector<std::string>>(node.attrs.at("ss")) == std::vector<std::string>{"a"});
  CHECK(std::get<std::shared_ptr<const Tensor>>(node.attrs.at("t"))->floats() == std::vector<float>{1, 2});
  CHECK(std::holds_alternative<Subgraph>(node.attrs.at("g")));
  CHECK(std::get<std::int64_t>(node.attrs.at("zero")) == 0);
  CHECK(std::get<std::vector<std::int64_t>>(node.attrs.at("untyped")) == std::vector<std::int64_t>{9});
}

TEST_CASE("left-out inputs in the middle, unsorted nodes, odd names", "[onnx]") {
  onnx::ModelProto m = mlp();
  set_nodes(m, {node("Clip", {"h", "", "B2"}, {"y"}), node("Gemm", {"x", std::string("W\0evil", 6), "B\xff"}, {"h"}, "fc1")});
  m.mutable_graph()->mutable_initializer(W1)->set_name(std::string("W\0evil", 6));
  m.mutable_graph()->mutable_initializer(B1)->set_name("B\xff");
  const onnx::Model model = read(m);
  REQUIRE(model.graph.nodes().size() == 2);
  CHECK(model.graph.nodes()[0].op == "Gemm");
  CHECK(model.graph.nodes()[1].in == std::vector<ValueId>{model.graph.find("h"), no_value, model.graph.find("B2")});
  CHECK(data(model, std::string("W\0evil", 6)).floats() == values(24));
  const std::string text = print(model.graph);
  CHECK(text.find('\0') == std::string::npos);
  CHECK(text.find('\xff') == std::string::npos);
}

TEST_CASE("the domain ai.onnx is the nameless one", "[onnx]") {
  onnx::ModelProto m = mlp();
  m.mutable_opset_import(0)->set_domain("ai.onnx");
  m.mutable_graph()->mutable_node(0)->set_domain("ai.onnx");
  const onnx::Model model = read(m);
  CHECK(model.opsets == std::map<std::string, int>{{"", 17}});
  CHECK(model.graph.nodes()[0].domain.empty());
}

TEST_CASE("notes name what a reader should know", "[onnx]") {
  onnx::ModelProto m = mlp();
  auto v = values(24);
  v[3] = std::nanf("");
  m.mutable_graph()->mutable_initializer(W1)->set_raw_data(raw(v));
  m.add_training_info();
  const onnx::Model model = read(m);
  REQUIRE(model.notes.size() == 2);
  CHECK(model.notes[0].find("training") != std::string::npos);
  CHECK(model.notes[1] == "initializer 'W1' holds 1 NaN");
  *m.mutable_graph()->mutable_input(0) = info("x", {"-1", "4"});
  CHECK(read(m).notes.back() == "input 'x' declares the size -1, which is read as unknown");
}

TEST_CASE("every opset and IR version of the range is read", "[onnx]") {
  for (int opset = 6; opset <= 26; ++opset) {
    onnx::ModelProto m = mlp();
    m.mutable_opset_import(0)->set_version(opset);
    CHECK(read(m).graph.nodes()[0].opset == opset);
  }
  for (int ir = 3; ir <= 13; ++ir) {
    onnx::ModelProto m = mlp();
    m.set_ir_version(ir);
    CHECK(read(m).ir_version == ir);
  }
}

TEST_CASE("a long chain is read without recursion", "[onnx]") {
  onnx::ModelProto m = mlp();
  constexpr int length = 20000;
  std::vector<onnx::NodeProto> nodes;
  for (int i = length; i-- > 0;) nodes.push_back(node("Relu", {i ? cat("t", i) : "x"}, {i + 1 < length ? cat("t", i + 1) : "y"}));
  set_nodes(m, nodes);
  const onnx::Model model = read(m);
  REQUIRE(model.graph.nodes().size() == length);
  CHECK(model.graph.nodes().front().in[0] == model.graph.find("x"));
}

}  // namespace lehr
