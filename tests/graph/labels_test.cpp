// The model's own names of its classes.
#include "graph/passes/labels.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr {
using namespace onnx_models;
using onnx::AttributeProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;
using Texts = std::vector<std::string>;

namespace {
// y[N,3] -> ArgMax -> i, then the nodes, whose last output is an output of the model.
std::vector<LabelList> found(const std::vector<NodeProto>& tail, const std::vector<TensorProto>& stored = {}) {
  ModelProto m = mlp();
  import_opset(m, "ai.onnx.ml", 2);
  auto& g = *m.mutable_graph();
  *g.add_node() = node("ArgMax", {"y"}, {"i"});
  for (const auto& n : tail) *g.add_node() = n;
  for (const auto& t : stored) *g.add_initializer() = t;
  *g.add_output() = info(tail.back().output(0), {"N"}, TensorProto::STRING);
  return label_lists(read(m).graph);
}
TensorProto strings(const std::string& name, const Texts& values) {
  TensorProto t = empty_tensor(name, {static_cast<std::int64_t>(values.size())}, TensorProto::STRING);
  for (const auto& v : values) t.add_string_data(v);
  return t;
}
NodeProto ml(NodeProto n, const std::string& key, const Texts& values) {
  n.set_domain("ai.onnx.ml");
  auto& a = attribute(n, key, AttributeProto::STRINGS);
  for (const auto& v : values) a.add_strings(v);
  return n;
}
NodeProto ml(NodeProto n, const std::string& key, const std::vector<std::int64_t>& values) {
  n.set_domain("ai.onnx.ml");
  auto& a = attribute(n, key, AttributeProto::INTS);
  for (const auto v : values) a.add_ints(v);
  return n;
}
NodeProto picked(const std::string& list) { return node("ArrayFeatureExtractor", {list, "i"}, {"l"}, "pick", "ai.onnx.ml"); }
}  // namespace

TEST_CASE("label lists of a model", "[onnx][labels]") {
  SECTION("none: an index is no name") { CHECK(found({node("Identity", {"i"}, {"j"})}).empty()); }
  SECTION("ArrayFeatureExtractor over strings, through a Reshape") {
    const auto lists = found({picked("c"), node("Identity", {"l"}, {"label"})}, {strings("c", {"a", "b", "c"})});
    REQUIRE(lists.size() == 1);
    CHECK(lists[0].names == Texts{"a", "b", "c"});
    CHECK(lists[0].where == "the list 'c' that ArrayFeatureExtractor node 'pick' picks from");
  }
  SECTION("ArrayFeatureExtractor over integers, renamed by a LabelEncoder") {
    TensorProto t = empty_tensor("c", {3}, TensorProto::INT64);
    for (const int v : {2, 0, 1}) t.add_int64_data(v);
    const auto lists =
        found({picked("c"), ml(ml(node("LabelEncoder", {"l"}, {"label"}), "keys_int64s", {0, 1, 2}), "values_strings", Texts{"x", "y", "z"})}, {t});
    REQUIRE(lists.size() == 1);
    CHECK(lists[0].names == Texts{"z", "x", "y"});
  }
  SECTION("LabelEncoder of the index") {
    const auto lists = found({ml(ml(node("LabelEncoder", {"i"}, {"label"}), "keys_int64s", {1, 0, 2}), "values_strings", Texts{"b", "a", "c"})});
    REQUIRE(lists.size() == 1);
    CHECK(lists[0].names == Texts{"a", "b", "c"});
  }
  SECTION("Gather of strings") { CHECK(found({node("Gather", {"c", "i"}, {"l"})}, {strings("c", {"p", "q", "r"})}).at(0).names == Texts{"p", "q", "r"}); }
  SECTION("ZipMap, strings and integers") {
    CHECK(found({ml(node("ZipMap", {"y"}, {"map"}), "classlabels_strings", Texts{"u", "v", "w"})}).at(0).names == Texts{"u", "v", "w"});
    CHECK(found({ml(node("ZipMap", {"y"}, {"map"}), "classlabels_int64s", {4, 5, 6})}).at(0).names == Texts{"4", "5", "6"});
  }
  SECTION("lists that are alike come once, others both") {
    const auto zip = [](const Texts& names) { return ml(node("ZipMap", {"y"}, {"map"}), "classlabels_strings", names); };
    CHECK(found({zip({"a", "b", "c"}), picked("c")}, {strings("c", {"a", "b", "c"})}).size() == 1);
    CHECK(found({zip({"c", "b", "a"}), picked("c")}, {strings("c", {"a", "b", "c"})}).size() == 2);
  }
}

TEST_CASE("a constant of strings holds as many as its shape says", "[onnx][labels]") {
  ModelProto m = mlp();
  *m.mutable_graph()->add_initializer() = strings("c", {"a", "b"});
  CHECK(*read(m).graph.value(read(m).graph.find("c")).strings == Texts{"a", "b"});
  m.mutable_graph()->mutable_initializer(4)->set_dims(0, 3);
  CHECK_THAT(failure(m), test::contains("it holds 2 strings, its shape [3] needs 3"));
}
}  // namespace lehr
