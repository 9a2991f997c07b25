#include "graph/onnx/front.h"

#include <cmath>

#include "graph/onnx/original.h"
#include "graph/onnx/rewrite.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

namespace lehr {
using namespace onnx_models;
using onnx::ModelProto;
using onnx::RawCells;
using onnx::RawColumn;
using onnx::RawFeed;
using onnx::RawInput;
using test::contains;

namespace {
using Type = RawFeed::Type;

RawColumn number(const char* name, std::int64_t index, double shift, double scale, std::optional<double> fill = {}) {
  RawColumn out;
  out.name = name, out.index = index, out.shift = shift, out.scale = scale, out.fill = fill;
  return out;
}
RawColumn city(RawColumn::Kind kind) {
  RawColumn out;
  out.kind = kind, out.name = "city", out.index = 2, out.text = true;
  out.names = {"Bonn", "Oslo"}, out.missing = {"", "?"}, out.fill_code = 1;
  return out;
}
RawColumn floor_number() {
  RawColumn out;
  out.kind = RawColumn::Kind::one_hot, out.name = "floor", out.index = 3;
  out.numbers = {-1, 2.5};
  return out;
}

onnx::Rewritten fronted(const ModelProto& m, std::vector<RawInput> inputs) {
  onnx::Changes changes;
  changes.front = std::move(inputs);
  changes.metadata[onnx::front_key] = "what stands there";
  return onnx::rewrite(read(m).original, changes);
}
ModelProto parsed(const std::string& bytes) {
  ModelProto m;
  REQUIRE(m.ParseFromString(bytes));
  return m;
}
const double nan_ = std::nan("");
}  // namespace

TEST_CASE("numbers stay one input of the same name; they are filled, shifted and scaled", "[onnx][front]") {
  const auto out = fronted(mlp(), {{"x", {4}, 0, {number("a", 0, 2, 0.5, 10), number("b", 1, 0, 1), number("c", 4, 0, 1, -1), number("d", 5, 1, 3)}}});
  REQUIRE(out.raw.size() == 1);
  CHECK(text(out.raw[0]) == "x double[N,4]");
  CHECK(out.raw[0].columns == std::vector<std::int64_t>{0, 1, 4, 5});
  const auto made = onnx::run_front(out.original->bytes, out.raw, {RawCells{{4, 7, nan_, 2, nan_, 8, 3, 1.1}, {}}}, {{"x", 0}}, 2);
  CHECK(made.at("x") == std::vector<double>{1, 7, -1, 3, 4, 8, 3, static_cast<double>(static_cast<float>((1.1 - 1) * 3))});
}

TEST_CASE("a column beside names is an input by itself; names and numbers become columns or codes", "[onnx][front]") {
  ModelProto m = mlp();
  *m.mutable_graph()->mutable_initializer(W1) = tensor("W1", {5, 6}, values(30));
  *m.mutable_graph()->mutable_input(0) = info("x", {"N", "5"});
  const auto out = fronted(m, {{"x", {5}, 0, {number("a", 0, 1, 2), city(RawColumn::Kind::one_hot), floor_number()}}});
  REQUIRE(out.raw.size() == 3);
  CHECK(text(out.raw[0]) == "a double[N,1]");
  CHECK(text(out.raw[1]) == "city string[N,1]");
  CHECK(text(out.raw[2]) == "floor double[N,1]");
  const auto run = [&](std::vector<double> a, std::vector<std::string> city, std::vector<double> floor) {
    const auto rows = static_cast<std::int64_t>(a.size());
    return onnx::run_front(out.original->bytes, out.raw, {RawCells{std::move(a), {}}, RawCells{{}, std::move(city)}, RawCells{std::move(floor), {}}},
                           {{"x", 0}}, rows)
        .at("x");
  };
  CHECK(run({1, 2, 3}, {"Bonn", "Oslo", "?"}, {-1, 2.5, -1}) == std::vector<double>{0, 1, 0, 1, 0, 2, 0, 1, 0, 1, 4, 0, 1, 1, 0});
  CHECK_THAT(test::error_of([&] { run({1}, {"Rome"}, {-1}); }), contains("none of 2"));
  CHECK_THAT(test::error_of([&] { run({1}, {"Bonn"}, {0}); }), contains("none of 2"));
  const ModelProto written = parsed(out.original->bytes);
  REQUIRE(written.opset_import_size() == 2);
  CHECK(written.opset_import(1).domain() == "ai.onnx.ml");
  CHECK(written.opset_import(1).version() == 2);
}

TEST_CASE("an unknown name gets a code that no table of an embedding has", "[onnx][front]") {
  ModelProto m = mlp();
  *m.mutable_graph()->mutable_input(0) = info("x", {"N"}, onnx::TensorProto::INT32);
  m.mutable_graph()->clear_node();
  m.mutable_graph()->clear_initializer();
  onnx::NodeProto& cast = *m.mutable_graph()->add_node();  // what a network of codes begins with does not matter here
  cast.set_op_type("Cast");
  cast.add_input("x");
  cast.add_output(m.graph().output(0).name());
  onnx::AttributeProto& to = *cast.add_attribute();
  to.set_name("to"), to.set_type(onnx::AttributeProto::INT), to.set_i(1);
  const auto out = fronted(m, {{"x", {}, 0, {city(RawColumn::Kind::code)}}});
  CHECK(onnx::run_front(out.original->bytes, out.raw, {RawCells{{}, {"Oslo", "", "Rome"}}}, {{"x", 0}}, 3).at("x") ==
        std::vector<double>{1, 1, static_cast<double>(onnx::no_category)});
}

TEST_CASE("the rows may be another dimension of the model's input", "[onnx][front]") {
  ModelProto m = mlp();
  *m.mutable_graph()->mutable_input(0) = info("x", {"2", "N", "2"});
  const auto out = fronted(m, {{"x", {2, 2}, 1, {number("a", 0, 1, 1), number("b", 1, 0, 1), number("c", 2, 0, 1), number("d", 3, 0, 1)}}});
  const std::vector<double> cells{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const auto made = onnx::run_front(out.original->bytes, out.raw, {RawCells{cells, {}}}, {{"x", 1}}, 3).at("x");
  CHECK(made == std::vector<double>{0, 2, 3, 4, 4, 6, 7, 8, 8, 10, 11, 12});
}

TEST_CASE("a file with a front is read as the network behind it", "[onnx][front]") {
  const ModelProto before = mlp();
  const auto out = fronted(before, {{"x", {4}, 0, {number("a", 0, 2, 0.5), number("b", 1, 0, 1), number("c", 4, 0, 1), number("d", 5, 1, 3)}}});
  const onnx::Model model = onnx::read_model_bytes(out.original->bytes, {});
  CHECK(model.front == "what stands there");
  CHECK(model.notes.size() == 1);
  CHECK(model.graph.nodes().size() == 3);
  CHECK(parsed(onnx::without_front(out.original->bytes)).SerializeAsString() == before.SerializeAsString());
  CHECK(onnx::without_front(bytes(before)) == bytes(before));
  // New values find their places behind the front.
  const auto written = onnx::write_model(*out.original, {{"B2", Tensor({3}, std::span<const float>(values(3, 9)))}});
  CHECK(data(onnx::read_model_bytes(written.model, {}), "B2").floats() == values(3, 9));
}

TEST_CASE("a body that reads the input reads what the front makes", "[onnx][front]") {
  ModelProto m = mlp();
  auto& g = *m.mutable_graph();
  auto branch = node("If", {"yes"}, {"z"}, "if");
  auto& body = *attribute(branch, "then_branch", onnx::AttributeProto::GRAPH).mutable_g();
  *body.add_node() = node("Identity", {"x"}, {"inner"});
  *g.add_node() = branch;
  onnx::Changes changes;
  changes.front = {{"x", {4}, 0, {number("a", 0, 2, 0.5), number("b", 1, 0, 1), number("c", 4, 0, 1), number("d", 5, 1, 3)}}};
  auto original = std::make_shared<onnx::Original>();
  original->bytes = bytes(m);
  const ModelProto written = parsed(onnx::rewrite(original, changes).original->bytes);
  const auto& last = written.graph().node(written.graph().node_size() - 1);
  CHECK(last.attribute(0).g().node(0).input(0) == "lehr.preprocess/x");
}

TEST_CASE("what a front cannot stand in front of", "[onnx][front][bad]") {
  const std::vector<RawInput> numbers{{"x", {4}, 0, {number("a", 0, 2, 0.5), number("b", 1, 0, 1), number("c", 4, 0, 1), number("d", 5, 1, 3)}}};
  ModelProto old = mlp();
  old.mutable_opset_import(0)->set_version(10);
  CHECK_THAT(test::error_of([&] { fronted(old, numbers); }), contains("raw inputs need opset 11 or later, the file has 10"));
  ModelProto out = mlp();
  *out.mutable_graph()->add_output() = info("x", {"N", "4"});
  CHECK_THAT(test::error_of([&] { fronted(out, numbers); }), contains("gives its input 'x' out"));
}
}  // namespace lehr
