#include "tests/cli/raw_cases.h"

#include "graph/onnx/create.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

namespace lehr::test {

using namespace onnx_models;
using onnx::ModelProto;
using onnx::TensorProto;

namespace {
// Ages with gaps, a time in seconds that float32 cannot hold, whole numbers, names with gaps, storeys that are names written as numbers.
std::string people() {
  std::string out = "age,time,rooms,city,storey,income,sick\n";
  const char* cities[] = {"Bonn", "Oslo", "São Paulo", "?"};
  const char* storeys[] = {"-1", "0", "2.5"};
  for (int i = 0; i < 60; ++i) {
    const auto v = values(3, i);
    out += cat(i % 7 == 3 ? "" : fixed(40 + 20 * v[0], 1), ",", 1550083467 + 3607 * i, ",", i % 5, ",", cities[i * 7 % 4], ",", storeys[i % 3], ",",
               fixed(30000 + 9000 * v[1] + 100 * i, 2), ",", v[0] + v[1] + 0.3 * (i % 3) > 0 ? "yes" : "no", "\n");
  }
  return out;
}

std::string experiment(const std::string& model, const std::string& data, const std::string& rest) {
  return cat("model: {file: ", model, ", init: glorot_uniform, export: {inputs: scaled}}\ndata: {file: people.csv, missing: [\"?\"], ", data,
             ", split: {validation: 15 rows, take: tail}}\nepochs: 4\nbatch: 9\noptimizer: adam\nlr: 0.01\n", rest);
}

onnx::DenseLayer dense(std::int64_t in, std::int64_t out, std::string activation) {
  return {Tensor({out, in}, std::span<const float>(values(static_cast<int>(in * out)))),
          Tensor({out}, std::span<const float>(values(static_cast<int>(out), 3))), std::move(activation)};
}

// numbers[N,2], city[N] of int64, storey[N,1,1] of int32 -> Gathers beside the numbers -> Gemm -> y[N,1]
ModelProto embedding() {
  ModelProto m = mlp();
  auto& g = *m.mutable_graph();
  g.clear_initializer(), g.clear_input(), g.clear_output();
  *g.add_input() = info("numbers", {"N", "2"});
  *g.add_input() = info("city", {"N"}, TensorProto::INT64);
  *g.add_input() = info("storey", {"N", "1", "1"}, TensorProto::INT32);
  *g.add_initializer() = tensor("cities", {3, 2}, values(6));
  *g.add_initializer() = tensor("storeys", {3, 2}, values(6, 2));
  *g.add_initializer() = tensor("W", {6, 1}, values(6, 3));
  *g.add_initializer() = tensor("B", {1}, values(1, 4));
  TensorProto& flat = *g.add_initializer() = empty_tensor("flat", {2}, TensorProto::INT64);
  flat.add_int64_data(-1), flat.add_int64_data(2);
  auto concat = node("Concat", {"numbers", "c", "s"}, {"all"}, "all");
  attribute(concat, "axis", onnx::AttributeProto::INT).set_i(1);
  set_nodes(m, {node("Gather", {"cities", "city"}, {"c"}, "of_city"), node("Gather", {"storeys", "storey"}, {"s4"}, "of_storey"),
                node("Reshape", {"s4", "flat"}, {"s"}, "flat_storey"), concat, node("Gemm", {"all", "W", "B"}, {"y"}, "fc")});
  *g.add_output() = info("y", {"N", "1"});
  return m;
}

// x[4,N] -> Transpose -> Gemm -> y[N,1]: the rows are the second dimension.
ModelProto turned() {
  ModelProto m = mlp();
  auto& g = *m.mutable_graph();
  g.clear_initializer();
  *g.mutable_input(0) = info("x", {"2", "N"});
  *g.mutable_output(0) = info("y", {"N", "1"});
  *g.add_initializer() = tensor("W", {2, 1}, values(2));
  *g.add_initializer() = tensor("B", {1}, values(1, 4));
  set_nodes(m, {node("Transpose", {"x"}, {"t"}, "turn"), node("Gemm", {"t", "W", "B"}, {"y"}, "fc")});
  return m;
}
}  // namespace

std::string swapped(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}
std::string as_raw(const std::string& yaml) { return swapped(yaml, "inputs: scaled", "inputs: raw"); }

std::vector<RawCase> raw_cases(const Workplace& place) {
  place.write("people.csv", people());
  place.write("wide.onnx", onnx::make_mlp("mlp", {dense(8, 5, "Tanh"), dense(5, 1, "Sigmoid")}));
  place.write("three.onnx", onnx::make_mlp("mlp", {dense(3, 5, "Tanh"), dense(5, 2, "Softmax")}));
  place.write("mapped.onnx", onnx::make_mlp("mlp", {dense(7, 5, "Tanh"), dense(5, 1, "Sigmoid")}));
  place.write("value.onnx", onnx::make_mlp("mlp", {dense(2, 5, "Tanh"), dense(5, 1, "")}));
  place.write("embedding.onnx", bytes(embedding()));
  place.write("turned.onnx", bytes(turned()));
  const std::string binary = "loss: binary_crossentropy\nmetrics: [accuracy, auc]\n", values = "loss: mse\nmetrics: [rmse]\n";
  return {
      {"one_hot", "wide.onnx",
       experiment("wide.onnx", "target: sick, columns: [age, city, income, storey], categorical: [city, storey], impute: mean, scale: standard", binary),
       "age double[N,1], city string[N,1], income double[N,1], storey string[N,1]", "30,1550083467,1,Rome,0,30000,yes"},
      {"numbers", "three.onnx",
       experiment("three.onnx", "target: sick, columns: [income, time, age], impute: median, scale: minmax",
                  "loss: categorical_crossentropy\nmetrics: [accuracy]\n"),
       "x double[N,3]", ""},
      {"embedded", "embedding.onnx",
       experiment("embedding.onnx",
                  "target: rooms, columns: [income, time, city, storey], inputs: {numbers: [income, time], city: [city], storey: [storey]}, "
                  "categorical: [city, storey], encode: code, scale: standard, impute: zero",
                  "loss: mse\nmetrics: [rmse]\n"),
       "numbers double[N,2], city string[N,1], storey string[N,1]", "30,1550083467,1,Rome,0,30000,yes"},
      {"mapped", "mapped.onnx",
       experiment(
           "mapped.onnx",
           "target: sick, columns: {age: {impute: median, indicator: true, transform: square, scale: quantile}, rooms: {scale: robust}, time: {drop: true}, "
           "storey: {drop: true}, income: {transform: log1p, scale: minmax}, city: {as: category, impute: most_frequent, unknown: most_frequent}}",
           binary),
       "age double[N,1], rooms double[N,1], city string[N,1], income double[N,1]", ""},
      {"quantiles", "three.onnx",
       experiment("three.onnx",
                  "target: sick, columns: {'*': {drop: true}, rooms: {drop: false, scale: quantile}, income: {drop: false, transform: log, scale: quantile}, "
                  "age: {drop: false, impute: {value: 40}, transform: sqrt}}",
                  "loss: categorical_crossentropy\nmetrics: [accuracy]\n"),
       "x double[N,3]", ""},
      {"own_unit", "value.onnx", experiment("value.onnx", "target: {column: income, scale: standard}, columns: [rooms, time], scale: standard", values),
       "x double[N,2]", ""},
      {"turned", "turned.onnx", experiment("turned.onnx", "target: income, columns: [rooms, time], scale: {divide: 1000}", values), "x double[N,2]", ""},
  };
}

}  // namespace lehr::test
