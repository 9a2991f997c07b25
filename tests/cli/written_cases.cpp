#include "tests/cli/written_cases.h"

#include <filesystem>

#include "base/file.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr::test {

using namespace onnx_models;
using onnx::AttributeProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;

namespace {
constexpr int table_rows = 40, held_out = 12;

std::string small_table() {
  std::string out = "a,b,c,y\n";
  for (int i = 0; i < table_rows; ++i) {
    const auto v = values(3, i);
    out += cat(2 * v[0], ",", v[1] + 1, ",", 3 * v[2], ",", v[0] - 2 * v[1] + 0.5f * v[2], "\n");
  }
  return out;
}

std::string regression(const std::string& model, const std::string& rest = "batch: {size: 7, shuffle: false}\n") {
  return cat("model: {file: ", model, "}\ndata: {file: small.csv, target: y, split: {validation: ", held_out,
             " rows, take: tail}}\nloss: mse\nmetrics: [rmse]\noptimizer: {type: sgd, form: torch}\nlr: 0.02\nepochs: 10\n", rest);
}

void integer(NodeProto& n, const std::string& name, std::int64_t value) { attribute(n, name, AttributeProto::INT).set_i(value); }

// Both layers normalise, by one pair of statistics.
ModelProto one_pair() {
  ModelProto m = normalized();
  set_nodes(m, {node("Gemm", {"x", "W1", "B1"}, {"h"}, "fc1"), node("BatchNormalization", {"h", "S", "T", "M", "V"}, {"n"}, "bn"), node("Relu", {"n"}, {"r"}),
                node("BatchNormalization", {"r", "S", "T", "M", "V"}, {"n2"}, "bn2"), node("Gemm", {"n2", "W2", "B2"}, {"y"}, "fc2")});
  return m;
}

// Training mode, whose running statistics are outputs of the model and of a node.
ModelProto statistics_out() {
  ModelProto m = normalized();
  NodeProto& bn = node_named(m, "bn");
  integer(bn, "training_mode", 1);
  bn.add_output("running_mean");
  bn.add_output("running_var");
  *m.mutable_graph()->add_node() = node("Sqrt", {"running_var"}, {"deviation"});
  *m.mutable_graph()->add_output() = info("running_mean", {"4"});
  *m.mutable_graph()->add_output() = info("deviation", {"4"});
  *m.mutable_graph()->add_value_info() = info("running_var", {"4"});
  return m;
}

// Batch 4 in the inputs, the outputs, value_info, a Reshape and an Expand that share one constant with a Concat of shapes.
ModelProto baked() {
  ModelProto m = normalized();
  auto& g = *m.mutable_graph();
  set_nodes(m, {node("Gemm", {"x", "W1", "B1"}, {"h"}, "fc1"), node("Reshape", {"h", "shape"}, {"h3"}, "to3"), node("Relu", {"h3"}, {"r3"}),
                node("Expand", {"r3", "shape"}, {"e3"}, "wide"), node("Reshape", {"e3", "flat"}, {"r"}, "to2"), node("Gemm", {"r", "W2", "B2"}, {"y"}, "fc2"),
                node("Identity", {"shape"}, {"shape_out"})});
  for (const auto& [name, dims] : {std::pair{"shape", std::vector<std::int64_t>{4, 2, 2}}, std::pair{"flat", std::vector<std::int64_t>{4, 4}}}) {
    TensorProto& t = *g.add_initializer() = empty_tensor(name, {static_cast<std::int64_t>(dims.size())}, TensorProto::INT64);
    for (const auto d : dims) t.add_int64_data(d);
  }
  *g.mutable_input(0) = info("x", {"4", "3"});
  *g.mutable_output(0) = info("y", {"4", "1"});
  *g.add_output() = info("shape_out", {"3"}, TensorProto::INT64);
  *g.add_value_info() = info("h", {"4", "4"});
  *g.add_value_info() = info("h3", {"4", "2", "2"});
  return m;
}

// Weights in half precision behind Casts.
ModelProto halves() {
  ModelProto m = normalized();
  auto& g = *m.mutable_graph();
  for (const int i : {0, 1}) {
    TensorProto& t = *g.mutable_initializer(i);
    std::string raw;
    for (const float v : values(i == 0 ? 12 : 4, i + 1)) {
      const std::uint16_t bits = float_to_half(v);
      raw.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    }
    t.set_raw_data(raw);
    t.set_data_type(TensorProto::FLOAT16);
    NodeProto cast = node("Cast", {t.name()}, {t.name() + "_f32"});
    integer(cast, "to", TensorProto::FLOAT);
    std::vector<NodeProto> nodes{cast};
    nodes.insert(nodes.end(), g.node().begin(), g.node().end());
    set_nodes(m, nodes);
  }
  NodeProto& fc1 = node_named(m, "fc1");
  fc1.set_input(1, "W1_f32");
  fc1.set_input(2, "B1_f32");
  return m;
}

// Dropout in training mode by an initializer, and one whose mode is false and stays as it is.
ModelProto dropouts() {
  ModelProto m = normalized();
  auto& g = *m.mutable_graph();
  set_nodes(m, {node("Gemm", {"x", "W1", "B1"}, {"h"}, "fc1"), node("Relu", {"h"}, {"r"}), node("Dropout", {"r", "ratio", "yes"}, {"d", "mask"}, "on"),
                node("Dropout", {"d", "ratio", "no"}, {"e"}, "off"), node("Gemm", {"e", "W2", "B2"}, {"y"}, "fc2")});
  *g.add_initializer() = tensor("ratio", {}, {0.25f});
  for (const bool value : {true, false}) {
    TensorProto& t = *g.add_initializer() = empty_tensor(value ? "yes" : "no", {}, TensorProto::BOOL);
    t.add_int32_data(value);
  }
  return m;
}

// How the oldest opset says it: training unless is_test is 1.
ModelProto oldest() {
  ModelProto m = normalized();
  m.mutable_opset_import(0)->set_version(6);
  for (const char* name : {"fc1", "fc2"}) integer(node_named(m, name), "broadcast", 1);
  return m;
}

// Weights outside the file.
ModelProto outside(const Workplace& place) {
  ModelProto m = normalized();
  place.write("weights.bin", m.graph().initializer(0).raw_data());
  const std::string length = cat(m.graph().initializer(0).raw_data().size());
  *m.mutable_graph()->mutable_initializer(0) = external("W1", {3, 4}, {{"location", "weights.bin"}, {"offset", "0"}, {"length", length}});
  return m;
}
}  // namespace

ModelProto normalized() {
  ModelProto m = mlp();
  auto& g = *m.mutable_graph();
  g.clear_initializer();
  set_nodes(m, {node("Gemm", {"x", "W1", "B1"}, {"h"}, "fc1"), node("BatchNormalization", {"h", "S", "T", "M", "V"}, {"n"}, "bn"), node("Relu", {"n"}, {"r"}),
                node("Gemm", {"r", "W2", "B2"}, {"y"}, "fc2")});
  *g.add_initializer() = tensor("W1", {3, 4}, values(12));
  *g.add_initializer() = tensor("B1", {4}, values(4, 2));
  *g.add_initializer() = tensor("S", {4}, {1, 0.9f, 1.1f, 1});
  *g.add_initializer() = tensor("T", {4}, values(4, 5));
  *g.add_initializer() = tensor("M", {4}, {0, 0, 0, 0});
  *g.add_initializer() = tensor("V", {4}, {1, 1, 1, 1});
  *g.add_initializer() = tensor("W2", {4, 1}, values(4, 3));
  *g.add_initializer() = tensor("B2", {1}, values(1, 4));
  *g.mutable_input(0) = info("x", {"N", "3"});
  *g.mutable_output(0) = info("y", {"N", "1"});
  return m;
}

NodeProto& node_named(ModelProto& model, const std::string& name) {
  for (NodeProto& n : *model.mutable_graph()->mutable_node())
    if (n.name() == name) return n;
  FAIL("no node " << name);
  throw Error("no node ", name);
}

std::vector<WrittenCase> written_cases(const Workplace& place) {
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(LEHR_SOURCE_DIR) / "tests/cli/written"))
    place.write(entry.path().filename().string(), read_file(entry.path()));
  place.write("small.csv", small_table());
  std::vector<WrittenCase> out{
      {"shared", "shared.csv",
       "model: {file: shared.onnx}\ndata: {file: shared.csv, target: y, split: {validation: 12 rows, take: tail}}\nloss: mse\n"
       "optimizer: {type: sgd, form: torch}\nlr: 0.02\nepochs: 30\nbatch: {size: 7, shuffle: false}\nmetrics: [rmse]\n",
       12},
      {"training_mode", "digits400.csv",
       "model: training_mode.onnx\ndata: {file: digits400.csv, target: target, scale: standard, split: {validation: 20%, take: tail}}\n"
       "loss: categorical_crossentropy\nmetrics: [accuracy]\noptimizer: {type: sgd, form: torch, lr: 0.05, momentum: 0.9}\nepochs: 20\nbatch: {size: 32, "
       "shuffle: false}\n",
       100},
      {"labels", "labels.csv",
       "model: {file: labels.onnx}\ndata: {file: labels.csv, target: y, split: {validation: 15 rows, take: tail}}\nloss: categorical_crossentropy\n"
       "metrics: [accuracy]\noptimizer: {type: sgd, form: torch}\nlr: 0.1\nepochs: 60\nbatch: 20\n",
       15},
  };
  const auto add = [&](const std::string& name, const ModelProto& model, const std::string& rest = "batch: {size: 7, shuffle: false}\n") {
    place.write(name + ".onnx", bytes(model));
    out.push_back({name, "small.csv", regression(name + ".onnx", rest), held_out});
  };
  add("normalized", normalized(), "batch: 7\naverage: {type: ema, decay: 0.9}\n");
  add("one_pair", one_pair());
  add("statistics_out", statistics_out());
  add("baked", baked());
  add("halves", halves());
  add("dropouts", dropouts());
  add("outside", outside(place));
  add("oldest", oldest());
  out.back().runs = false;  // ONNX Runtime begins at opset 7
  // Networks without a file, with a new last layer, from other weights.
  const auto model = [&](const std::string& name, const std::string& table, const std::string& section, const std::string& rest, int rows) {
    out.push_back({name, table,
                   cat("model: {", section, "}\ndata: {file: ", table, ", target: -1, scale: standard, split: {validation: ", rows,
                       " rows, take: tail}}\nepochs: 10\n", rest),
                   rows});
  };
  const std::string numbers = "loss: mse\nmetrics: [rmse]\noptimizer: {type: adam}\nlr: 0.02\nbatch: 7\n";
  const std::string names = "loss: categorical_crossentropy\nmetrics: [accuracy]\noptimizer: {type: adam}\nlr: 0.02\nbatch: 20\n";
  model("mlp_batch", "small.csv", "mlp: {hidden: [6, 4], activation: tanh, norm: batch, dropout: 0.1}", numbers, held_out);
  model("mlp_layer", "digits400.csv", "mlp: {hidden: [16], norm: layer}", names, 100);
  std::string two = place.read("labels.csv");
  std::erase(two, '\r');
  for (std::size_t at = 0; (at = two.find(",c\n", at)) != std::string::npos;) two.replace(at, 3, ",a\n");
  for (const auto& [from, to] : {std::pair{",a\n", ",low\n"}, {",b\n", ",high\n"}})
    for (std::size_t at = 0; (at = two.find(from, at)) != std::string::npos;) two.replace(at, 3, to);
  place.write("two.csv", two);
  model("head", "two.csv", "file: labels.onnx, head: {outputs: 2, freeze_rest: true}", names, 15);
  ModelProto other = normalized();
  *other.mutable_graph()->mutable_initializer(0) = tensor("W1", {3, 4}, values(12, 7));
  other.mutable_graph()->mutable_initializer(6)->set_name("W2_other");
  for (NodeProto& n : *other.mutable_graph()->mutable_node())
    for (auto& input : *n.mutable_input())
      if (input == "W2") input = "W2_other";
  place.write("other.onnx", bytes(other));
  model("weights", "small.csv", "file: normalized.onnx, weights: other.onnx", numbers + "params: {W1: {freeze: true}}\n", held_out);
  for (const WrittenCase& c : out) place.write(c.name + ".yaml", c.yaml);
  return out;
}

}  // namespace lehr::test
