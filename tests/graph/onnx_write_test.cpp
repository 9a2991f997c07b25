#include <cmath>
#include <limits>

#include "base/file.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;
using onnx::AttributeProto;
using onnx::ModelProto;
using onnx::TensorProto;
using Values = std::map<std::string, Tensor>;

namespace {
Tensor floats(Shape shape, const std::vector<float>& v) { return Tensor(std::move(shape), std::span<const float>(v)); }

ModelProto parsed(const std::string& content) {
  ModelProto m;
  REQUIRE(m.ParseFromString(content));
  return m;
}

std::string failure_of(const onnx::Model& model, const Values& values) {
  try {
    onnx::write_model(model, values);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// With a field nobody knows in front, where protobuf would not write it.
std::string unordered(const ModelProto& m) {
  return std::string(
             "\xba\x3e\x03"
             "abc") +
         bytes(m);
}

// All float constants of a model as the f32 masters training would hold.
Values masters(const onnx::Model& model) {
  Values out;
  for (const Value& v : model.graph.values())
    if (v.data && is_float(v.data->type.dtype)) out.emplace(v.name, convert(*v.data, Dtype::f32));
  return out;
}
}  // namespace

TEST_CASE("nothing changed: the same bytes", "[onnx]") {
  ModelProto m = mlp();
  const std::string content = std::string(
                                  "\xba\x3e\x03"
                                  "abc") +
                              bytes(m);
  const onnx::Model model = onnx::read_model_bytes(content, {});
  CHECK(onnx::write_model(model, {}).model == content);
  CHECK(onnx::write_model(model, masters(model)).model == content);
}

TEST_CASE("one weight changes, all else stays", "[onnx]") {
  ModelProto m = mlp();
  m.set_doc_string("doc");
  auto& entry = *m.add_metadata_props();
  entry.set_key("author");
  entry.set_value("somebody");
  const std::string content = std::string(
                                  "\xba\x3e\x03"
                                  "abc") +
                              bytes(m);
  const onnx::Model model = onnx::read_model_bytes(content, {});
  const auto fresh = values(24, 7);
  const onnx::Written written = onnx::write_model(model, {{"W1", floats({4, 6}, fresh)}, {"B1", floats({6}, values(6, 2))}});
  CHECK(written.files.empty());
  ModelProto expected = parsed(content), got = parsed(written.model);
  expected.mutable_graph()->mutable_initializer(W1)->set_raw_data(raw(fresh));
  CHECK(got.SerializeAsString() == expected.SerializeAsString());
  CHECK(got.unknown_fields().field_count() == 1);
  CHECK(onnx::write_model(onnx::read_model_bytes(written.model, {}), {}).model == written.model);
}

TEST_CASE("masters are rounded into the stored dtype and field", "[onnx]") {
  struct Row {
    const char* what;
    int type;
    void (*fill)(TensorProto&);
    float fresh;
    void (*check)(const TensorProto&);
  };
  const Row rows[] = {{"float_data", TensorProto::FLOAT,
                       [](TensorProto& t) {
                         t.add_float_data(1);
                         t.add_float_data(2);
                       },
                       0.1f,
                       [](const TensorProto& t) {
                         CHECK(t.float_data(0) == 1);
                         CHECK(t.float_data(1) == 0.1f);
                         CHECK_FALSE(t.has_raw_data());
                       }},
                      {"double_data", TensorProto::DOUBLE,
                       [](TensorProto& t) {
                         t.add_double_data(0.1);
                         t.add_double_data(2);
                       },
                       0.1f,
                       [](const TensorProto& t) {
                         CHECK(t.double_data(0) == 0.1);
                         CHECK(t.double_data(1) == double{0.1f});
                       }},
                      {"f16 in int32_data", TensorProto::FLOAT16,
                       [](TensorProto& t) {
                         t.add_int32_data(0x3C00);
                         t.add_int32_data(0x4000);
                       },
                       1.0f + 0x1p-11f,
                       [](const TensorProto& t) {
                         CHECK(t.int32_data(0) == 0x3C00);
                         CHECK(t.int32_data(1) == 0x3C00);
                       }},
                      {"f16 in raw_data", TensorProto::FLOAT16, [](TensorProto& t) { t.set_raw_data(std::string("\x00\x3c\x00\x40", 4)); }, -2.0f,
                       [](const TensorProto& t) { CHECK(t.raw_data() == std::string("\x00\x3c\x00\xc0", 4)); }},
                      {"bf16 in int32_data", TensorProto::BFLOAT16,
                       [](TensorProto& t) {
                         t.add_int32_data(0x3F80);
                         t.add_int32_data(0x4000);
                       },
                       -2.0f,
                       [](const TensorProto& t) {
                         CHECK(t.int32_data(0) == 0x3F80);
                         CHECK(t.int32_data(1) == 0xC000);
                       }}};
  for (const Row& row : rows) {
    INFO(row.what);
    ModelProto m = mlp();
    TensorProto t = empty_tensor("extra", {2}, row.type);
    row.fill(t);
    *m.mutable_graph()->add_initializer() = t;
    *m.mutable_graph()->add_node() = constant("c", t);
    const std::string content = unordered(m);
    const onnx::Model model = onnx::read_model_bytes(content, {});
    Values values = masters(model);
    CHECK(onnx::write_model(model, values).model == content);
    for (const char* name : {"extra", "c"}) values.at(name).as<float>()[1] = row.fresh;
    const ModelProto got = parsed(onnx::write_model(model, values).model);
    row.check(got.graph().initializer(4));
    row.check(got.graph().node(3).attribute(0).t());
  }
}

TEST_CASE("what a dtype cannot hold exactly but did not change is kept", "[onnx]") {
  ModelProto m = mlp();
  TensorProto t = empty_tensor("extra", {3}, TensorProto::DOUBLE);
  const double stored[] = {0.1, 1e300, std::nan("")};  // as f32: rounded, infinite, NaN
  t.set_raw_data(stored, sizeof stored);
  *m.mutable_graph()->add_initializer() = t;
  const onnx::Model model = read(m);
  CHECK(onnx::write_model(model, masters(model)).model == bytes(m));
}

TEST_CASE("Constant nodes take values in their own form", "[onnx]") {
  ModelProto m = mlp();
  auto& f = *m.mutable_graph()->add_node() = node("Constant", {}, {"f"});
  attribute(f, "value_float", AttributeProto::FLOAT).set_f(1);
  auto& fs = *m.mutable_graph()->add_node() = node("Constant", {}, {"fs"});
  auto& list = attribute(fs, "value_floats", AttributeProto::FLOATS);
  list.add_floats(1);
  list.add_floats(2);
  const onnx::Model model = read(m);
  CHECK(onnx::write_model(model, masters(model)).model == bytes(m));
  const ModelProto got = parsed(onnx::write_model(model, {{"f", floats({}, {3})}, {"fs", floats({2}, {1, 4})}}).model);
  CHECK(got.graph().node(3).attribute(0).f() == 3);
  CHECK(got.graph().node(4).attribute(0).floats(0) == 1);
  CHECK(got.graph().node(4).attribute(0).floats(1) == 4);
}

TEST_CASE("constants inside functions are written where they are used once", "[onnx]") {
  ModelProto m = mlp();
  import_opset(m, "d", 1);
  auto& f = *m.add_functions();
  f.set_name("F");
  f.set_domain("d");
  f.add_input("a");
  f.add_output("b");
  f.add_opset_import()->set_version(17);
  *f.add_node() = node("Mul", {"a", "c"}, {"b"});
  *f.add_node() = constant("c", tensor("", {1}, {2}));
  set_nodes(m, {node("F", {"x"}, {"y"}, "f", "d")});
  const onnx::Model once = read(m);
  const ModelProto got = parsed(onnx::write_model(once, {{"f/c", floats({1}, {5})}}).model);
  CHECK(got.functions(0).node(1).attribute(0).t().raw_data() == raw({5}));

  set_nodes(m, {node("F", {"x"}, {"h"}, "f", "d"), node("F", {"h"}, {"y"}, "g", "d")});
  const onnx::Model twice = read(m);
  CHECK(onnx::write_model(twice, masters(twice)).model == bytes(m));
  CHECK(failure_of(twice, {{"g/c", floats({1}, {5})}}).find("more than once") != std::string::npos);

  f.add_attribute("scale");
  auto& value = *f.mutable_node(1)->mutable_attribute(0);
  value.Clear();
  value.set_name("value_float");
  value.set_type(AttributeProto::FLOAT);
  value.set_ref_attr_name("scale");
  onnx::NodeProto call = node("F", {"x"}, {"y"}, "f", "d");
  attribute(call, "scale", AttributeProto::FLOAT).set_f(3);
  set_nodes(m, {call});
  const onnx::Model given = read(m);
  CHECK(data(given, "f/c").floats() == std::vector<float>{3});
  CHECK(failure_of(given, {{"f/c", floats({}, {5})}}).find("attribute of the call") != std::string::npos);
}

TEST_CASE("external data: the changed files, the rest as it was", "[onnx]") {
  const Folder folder;
  write_file_lazily(folder / "w.bin", std::string(8, '\7') + raw(values(24)) + "tail");
  write_file_lazily(folder / "other.bin", raw(values(6, 2)));
  ModelProto m = mlp();
  *m.mutable_graph()->mutable_initializer(W1) = external("W1", {4, 6}, {{"location", "w.bin"}, {"offset", "8"}, {"length", "96"}});
  *m.mutable_graph()->mutable_initializer(B1) = external("B1", {6}, {{"location", "other.bin"}});
  const onnx::Model model = read(m, folder.path());

  const onnx::Written same = onnx::write_model(model, masters(model));
  CHECK(same.model == bytes(m));
  CHECK(same.files == std::map<std::string, std::string>{{"w.bin", read_file(folder / "w.bin")}, {"other.bin", read_file(folder / "other.bin")}});

  const onnx::Written written = onnx::write_model(model, {{"W1", floats({4, 6}, values(24, 5))}});
  CHECK(written.model == bytes(m));
  CHECK(written.files.at("w.bin") == std::string(8, '\7') + raw(values(24, 5)) + "tail");
  CHECK(written.files.at("other.bin") == raw(values(6, 2)));
  CHECK(read_file(folder / "w.bin") == same.files.at("w.bin"));  // nothing on disk was touched
}

TEST_CASE("external data: a checksum that no longer holds is dropped", "[onnx]") {
  const Folder folder;
  write_file_lazily(folder / "w.bin", raw(values(24)));
  ModelProto m = mlp();
  *m.mutable_graph()->mutable_initializer(W1) = external("W1", {4, 6}, {{"checksum", "abc"}, {"location", "w.bin"}});
  const onnx::Model model = read(m, folder.path());
  CHECK(onnx::write_model(model, masters(model)).model == bytes(m));
  const onnx::Written written = onnx::write_model(model, {{"W1", floats({4, 6}, values(24, 5))}});
  *m.mutable_graph()->mutable_initializer(W1) = external("W1", {4, 6}, {{"location", "w.bin"}});
  CHECK(written.model == bytes(m));
}

TEST_CASE("external data inside subgraphs belong to the model", "[onnx]") {
  const Folder folder;
  write_file_lazily(folder / "w.bin", "content");
  ModelProto m = mlp();
  onnx::NodeProto branch = node("If", {"h"}, {"c"});
  *attribute(branch, "then_branch", AttributeProto::GRAPH).mutable_g()->add_initializer() = external("inner", {1}, {{"location", "w.bin"}});
  *m.mutable_graph()->add_node() = branch;
  CHECK(onnx::write_model(read(m, folder.path()), {}).files == std::map<std::string, std::string>{{"w.bin", "content"}});
}

TEST_CASE("values that cannot be written", "[onnx]") {
  ModelProto m = mlp();
  TensorProto half = empty_tensor("half", {1}, TensorProto::FLOAT16);
  half.add_int32_data(0x3C00);
  *m.mutable_graph()->add_initializer() = half;
  const onnx::Model model = read(m);
  CHECK(failure_of(model, {{"W11", floats({1}, {1})}}).find("did you mean 'W1'?") != std::string::npos);
  CHECK(failure_of(model, {{"h", floats({1}, {1})}}).find("'h'") != std::string::npos);
  const std::string shape = failure_of(model, {{"W1", floats({6, 4}, values(24))}});
  for (const char* part : {"'W1'", "[4,6]", "[6,4]"}) CHECK(shape.find(part) != std::string::npos);
  const std::string range = failure_of(model, {{"half", floats({1}, {70000})}});
  for (const char* part : {"'half'", "70000", "float16"}) CHECK(range.find(part) != std::string::npos);
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(parsed(onnx::write_model(model, {{"half", floats({1}, {infinity})}}).model).graph().initializer(4).int32_data(0) == 0x7C00);
  CHECK(failure_of(onnx::Model{}, {}).find("did not come from a file") != std::string::npos);
}

}  // namespace lehr
