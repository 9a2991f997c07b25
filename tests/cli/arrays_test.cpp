#include <cmath>
#include <regex>

#include "base/rng.h"
#include "engine/data/csv.h"
#include "engine/data/npy.h"
#include "graph/onnx/create.h"
#include "graph/onnx/model.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
const char* const table_experiment = "model: {mlp: {hidden: [6]}}\ndata: {file: t.csv, target: y, split: {validation: 12 rows, take: tail}}\n";
const char* const array_experiment = "model: {mlp: {hidden: [6]}}\ndata: {inputs: x.npy, target: y.npy, split: {validation: 12 rows, take: tail}}\n";
const char* const training = "loss: categorical_crossentropy\nmetrics: [accuracy]\nlr: 0.1\nepochs: 3\nbatch: 8\n";

template <class T>
std::string file(Dtype dtype, const Shape& shape, const std::vector<T>& values) {
  return npy::header(dtype, shape).append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

// 48 rows of three bytes and three classes, as a table and as arrays.
Workplace& place() {
  static Workplace* const made = [] {
    auto* out = new Workplace;
    std::string csv = "a,b,c,y\n";
    std::vector<std::uint8_t> x;
    std::vector<std::int64_t> y;
    Random random(3, Stream::init);
    for (int i = 0; i < 48; ++i) {
      for (int k = 0; k < 3; ++k) x.push_back(static_cast<std::uint8_t>(random.below(256))), csv += cat(static_cast<int>(x.back()), ",");
      y.push_back(x.end()[-1] > 170 ? 2 : x.end()[-2] > 128 ? 1 : 0);
      csv += cat(y.back(), "\n");
    }
    out->write("t.csv", csv);
    out->write("x.npy", file(Dtype::u8, {48, 3}, x));
    out->write("y.npy", file(Dtype::i64, {48}, y));
    out->write("wide.npy", file(Dtype::u8, {36, 4}, x));
    return out;
  }();
  return *made;
}
Ran lehr_says(const std::string& data, const std::string& command = "run e.yaml --out out") {
  place().write("e.yaml", data + training);
  return place().lehr(command);
}
}  // namespace

TEST_CASE("an experiment on arrays gives the numbers of the same one on a table", "[cli][arrays]") {
  for (const char* scale : {"none", "{divide: 255}"}) {
    const auto with = [&](std::string text) { return text.insert(text.find("target:"), cat("scale: ", scale, ", ")); };
    const auto table = lehr_says(with(table_experiment), "run e.yaml --out table");
    const auto arrays = lehr_says(with(array_experiment), "run e.yaml --out arrays");
    INFO(table.both() << arrays.both());
    REQUIRE(table.code == 0);
    REQUIRE(arrays.code == 0);
    CHECK(place().read("table/metrics.csv") == place().read("arrays/metrics.csv"));
    CHECK_THAT(arrays.both(), contains("x.npy  48 rows -> train 36"));
    CHECK((arrays.both().find("holds bytes, 0 to 255") != std::string::npos) == (std::string(scale) == "none"));
    std::filesystem::remove_all(place().path("table"));
    if (std::string(scale) == "none") std::filesystem::remove_all(place().path("arrays"));
  }
  const auto evaluated = place().lehr("evaluate arrays/seed-0 e.yaml");
  CHECK(evaluated.code == 0);
  CHECK_THAT(evaluated.out, contains("accuracy"));
  const auto csv = place().lehr("predict arrays/models/seed-0.onnx x.npy");
  CHECK(csv.code == 0);
  CHECK(csv.out.starts_with("class,p_0,p_1,p_2\n"));
  CHECK(place().lehr("predict arrays/models/seed-0.onnx x.npy --out p.npy").code == 0);
  const std::string written = place().read("p.npy"), head = npy::header(Dtype::f32, {48, 3});
  REQUIRE(written.size() == head.size() + 48 * 3 * 4);
  CHECK(written.starts_with(head));
  const auto wrong = place().lehr("predict arrays/models/seed-0.onnx wide.npy");
  CHECK(wrong.code != 0);
  CHECK_THAT(wrong.both(), contains("the input of wide.npy has rows of shape [4], the model was trained on [3]"));
  CHECK_THAT(place().lehr("predict arrays/models/seed-0.onnx t.csv").both(), contains("t.csv"));
}

TEST_CASE("data describes arrays, of an experiment and alone", "[cli][arrays]") {
  const auto said = lehr_says(array_experiment, "data e.yaml");
  INFO(said.both());
  CHECK(said.code == 0);
  CHECK_THAT(said.out, contains("train      36"));
  CHECK_THAT(said.out, contains("uint8"));
  CHECK_THAT(said.out, contains("[48,3]"));
  const auto alone = place().lehr("data y.npy");
  CHECK(alone.code == 0);
  CHECK_THAT(alone.out, contains("int64"));
  CHECK_THAT(alone.out, contains("0: "));
}

TEST_CASE("what arrays and tables need of each other is said where it stands", "[cli][arrays]") {
  struct Row {
    const char *data, *says;
  };
  const Row rows[] = {
      {"data: {inputs: x.npy}\n", "data.target must name the array of the target"},
      {"data: {file: t.csv, inputs: x.npy, target: y.npy}\n", "data.inputs names the array 'x.npy' and data.file a table"},
      {"data: {file: t.csv, inputs: {a: a.npy}, target: y}\n", "'t.csv' has no column 'a.npy'"},
      {"data: {inputs: {a: [a]}, target: y}\n", "data.inputs lists columns: data.file must name the table they are in"},
      {"data: {inputs: x.npy, target: y.npy, drop: [a]}\n", "data.drop speaks of columns: it is for tables, not for arrays"},
      {"data: {inputs: x.npy, target: y.npy, test: {inputs: x.npy, target: y.npy}, split: {test: 10%}}\n", "data.test names files of its own"},
      {"data: {file: t.csv, test: {inputs: x.npy}}\n", "data.test is for arrays"},
      {"data: {file: t.csv, target: {array: y.npy}}\n", "data.target.array is for arrays"},
      {"data: {inputs: missing.npy, target: y.npy}\n", "No such file"},
      {"data: {inputs: x.npy, target: x.npy}\n", "a loss over classes takes one whole number a row"},
      {"data: {target: y}\n", "data.inputs"},
  };
  for (const Row& row : rows) {
    INFO(row.data);
    const auto said = lehr_says(cat("model: {mlp: {hidden: [6]}}\n", row.data), "run e.yaml --out none");
    CHECK(said.code != 0);
    CHECK(said.code < 128);
    CHECK_THAT(said.both(), contains(row.says));
  }
  const auto raw = lehr_says("model: {mlp: {hidden: [6]}, export: {inputs: raw}}\ndata: {inputs: x.npy, target: y.npy, scale: quantile_normal}\n");
  CHECK_THAT(raw.both(), contains("is scaled by quantile_normal, whose inverse of the normal distribution is no operator of ONNX"));
}

TEST_CASE("a test set in files of its own is measured at the end, paths start from the file that states them", "[cli][arrays]") {
  std::filesystem::create_directories(place().path("sub"));
  place().write("base.yaml",
                cat("model: {mlp: {hidden: [6]}}\ndata: {inputs: x.npy, target: y.npy, test: {inputs: x.npy, target: y.npy}, scale: standard}\n", training));
  place().write("sub/e.yaml", "extends: ../base.yaml\n");
  const auto said = place().lehr("run sub/e.yaml --out tested");
  INFO(said.both());
  CHECK(said.code == 0);
  CHECK_THAT(said.both(), contains("train 48"));
  CHECK_THAT(said.both(), contains("test 48"));
}

namespace {
// A safetensors file of float and byte tensors.
std::string safetensors(const std::vector<std::tuple<std::string, std::string, Shape, std::string>>& tensors) {
  std::string header = "{", values;
  for (const auto& [name, type, shape, bytes] : tensors) {
    header += cat(header.size() > 1 ? "," : "", "\"", name, "\":{\"dtype\":\"", type, "\",\"shape\":", shape, ",\"data_offsets\":[", values.size(), ",",
                  values.size() + bytes.size(), "]}");
    values += bytes;
  }
  header += "}";
  std::string size(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) size[i] = static_cast<char>(header.size() >> (8 * i) & 255);
  return size + header + values;
}
template <class T>
std::string bytes_of(const std::vector<T>& values) { return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}; }

// "rmse  1.25 ± 0.1" -> 1.25
double shown(const std::string& text, const std::string& name) {
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? std::nan("") : std::stod(text.substr(at + 1 + name.size()));
}
}  // namespace

TEST_CASE("several inputs and labels, from arrays to predictions", "[cli][arrays]") {
  Workplace& p = place();
  std::vector<float> a;
  std::vector<std::uint8_t> b, y;
  std::vector<double> w;
  Random random(5, Stream::init);
  for (int i = 0; i < 60; ++i) {
    for (int k = 0; k < 2; ++k) a.push_back(static_cast<float>(random.normal()));
    for (int k = 0; k < 4; ++k) b.push_back(static_cast<std::uint8_t>(random.below(256)));
    y.push_back(a.end()[-1] > 0), y.push_back(a.end()[-2] + a.end()[-1] > 0);
    w.push_back(i % 3);
  }
  p.write("all.safetensors", safetensors({{"a", "F32", {60, 2}, bytes_of(a)}, {"im", "U8", {60, 2, 2}, bytes_of(b)}}));
  p.write("labels.npy", file(Dtype::u8, {60, 2}, y));
  p.write("w.npy", file(Dtype::f64, {60}, w));
  std::filesystem::copy_file(std::filesystem::path(LEHR_SOURCE_DIR) / "tests/data/arrays/two_inputs.onnx", p.path("two.onnx"));
  const std::string head = "model: {file: two.onnx", data = "}\ndata: {inputs: {a: 'all.safetensors:a', im: 'all.safetensors:im'}, target: labels.npy, "
                                                           "row_weight: w.npy, scale: standard, split: {validation: 15 rows, take: tail}}\n";
  const std::string rest = "loss: binary_crossentropy\nmetrics: [accuracy, f1_macro]\nlr: 0.3\nepochs: 20\nbatch: 8\n";
  p.write("two.yaml", head + data + rest);
  p.write("two_raw.yaml", head + ", export: {inputs: raw}" + data + rest);
  for (const char* name : {"two", "two_raw"}) {
    INFO(name);
    const auto ran = p.lehr(cat("run ", name, ".yaml --out ", name));
    INFO(ran.both());
    REQUIRE(ran.code == 0);
    const auto evaluated = p.lehr(cat("evaluate ", name, "/seed-0 ", name, ".yaml --importance --repeats 3"));
    INFO(evaluated.both());
    REQUIRE(evaluated.code == 0);
    CHECK(shown(evaluated.out, "accuracy") > 80);
    CHECK(evaluated.out.find("\na   ") < evaluated.out.find("\nim  "));  // only a tells
    CHECK(p.lehr(cat("evaluate ", name, "/seed-0 ", name, ".yaml --importance --repeats 3")).out == evaluated.out);
    CHECK(p.lehr(cat("predict ", name, "/models/seed-0.onnx all.safetensors --out ", name, ".npy")).code == 0);
  }
  CHECK(p.read("two.npy") == p.read("two_raw.npy"));
  const auto raw = onnx::read_model(p.path("two_raw/models/seed-0.onnx"));
  CHECK_FALSE(raw.front.empty());
  CHECK_THAT(p.lehr("run two_raw.yaml --force --out two_raw").err, contains("the written models take raw arrays: a float32[N,2], im uint8[N,2,2]"));
  p.write("labels.npy", file(Dtype::u8, {60, 2}, std::vector<std::uint8_t>(120, 2)));
  CHECK_THAT(p.lehr("run two.yaml --out none").both(), contains("binary_crossentropy takes target columns of 0 and 1: row 0, value 0 (both from 0) is 2"));
}

TEST_CASE("arrays with a scaled target answer in its own unit", "[cli][arrays]") {
  Workplace& p = place();
  std::vector<float> x;
  std::vector<double> y;
  Random random(6, Stream::init);
  for (int i = 0; i < 60; ++i) {
    for (int k = 0; k < 2; ++k) x.push_back(static_cast<float>(random.normal()));
    y.push_back(1000 + 50 * x.end()[-1]);
  }
  p.write("rx.npy", file(Dtype::f32, {60, 2}, x));
  p.write("ry.npy", file(Dtype::f64, {60}, y));
  p.write("r.yaml", "model: {mlp: {hidden: [4]}}\ndata: {inputs: rx.npy, target: {array: ry.npy, scale: standard}, scale: robust, "
                    "split: {validation: 15 rows, take: tail}}\nloss: mse\nmetrics: [rmse]\nlr: 0.1\nepochs: 30\nbatch: 8\n");
  const auto ran = p.lehr("run r.yaml --out scaled");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const auto described = p.lehr("data r.yaml");
  CHECK_THAT(described.out, contains("always answering the mean "));
  const auto evaluated = p.lehr("evaluate scaled/seed-0 r.yaml");
  INFO(evaluated.out);
  const double rmse = shown(evaluated.out, "rmse");
  CHECK(rmse < 25);
  const auto at = evaluated.out.find("as it was trained; ");
  REQUIRE(at != std::string::npos);
  CHECK(std::stod(evaluated.out.substr(at + 19)) == Approx(rmse * rmse).epsilon(1e-3));  // mse in the target's own unit
  const auto answers = split(p.lehr("predict scaled/models/seed-0.onnx rx.npy").out, '\n');
  REQUIRE(answers.size() > 60);
  for (std::size_t i = 0; i < 60; ++i) CHECK(std::abs(std::stod(answers[i + 1]) - y[i]) < 100);
  const auto columns = p.lehr("evaluate scaled/seed-0 r.yaml --importance");
  CHECK(columns.out.find("\ncolumn 1") < columns.out.find("\ncolumn 0"));
  CHECK(p.lehr("evaluate scaled/seed-0 r.yaml --json").out.find("\"scaled_target\": true") != std::string::npos);
}

TEST_CASE("a class of arrays that does not count is that of a table", "[cli][arrays]") {
  const std::string rest = "loss: {type: categorical_crossentropy, ignore_index: 1}\nmetrics: [accuracy]\nlr: 0.1\nepochs: 3\nbatch: 8\n";
  for (const auto& [name, data] : {std::pair("i1", table_experiment), {"i2", array_experiment}}) {
    place().write("e.yaml", data + rest);
    const auto ran = place().lehr(cat("run e.yaml --out ", name));
    INFO(ran.both());
    CHECK(ran.code == 0);
    CHECK_THAT(ran.both(), contains(" not count: loss.ignore_index names their target"));
    CHECK(ran.both().find("has no training row") == std::string::npos);
  }
  CHECK(place().read("i1/metrics.csv") == place().read("i2/metrics.csv"));
}

// torch 2.14 in float64: loss and the matrix after one step of SGD at rate 1, from the identity.
TEST_CASE("balanced class weights with label smoothing, and row weights, are torch's", "[cli][arrays]") {
  Workplace& p = place();
  const std::vector<float> x = {0.5f, -1, 2, 1.5f, 0.25f, -0.5f, -0.75f, 1, 0, 2, -2, 1, 0, 0.5f, -1.5f};
  p.write("cx.npy", file(Dtype::f32, {5, 3}, x));
  p.write("cy.npy", file(Dtype::i64, {5}, std::vector<std::int64_t>{0, 0, 1, 0, 2}));
  p.write("cw.npy", file(Dtype::f32, {5}, std::vector<float>{1, 0, 2, 0.5f, 4}));
  onnx::DenseLayer layer{Tensor({3, 3}, std::vector<float>{1, 0, 0, 0, 1, 0, 0, 0, 1}), Tensor({3}, std::vector<float>{0, 0, 0}), ""};
  p.write("identity.onnx", onnx::make_mlp("mlp", {layer}));
  struct Row { const char *data, *loss; double value; std::vector<double> after; };
  const Row rows[] = {
      {"", "{type: categorical_crossentropy, class_weights: balanced, label_smoothing: 0.2}", 1.4552046137275099,
       {1.042683839314675, -0.021832522952058238, -0.020851316362616668, -0.14207733655547639, 0.9429842416457245, 0.19909309490975197, 0.29461661087541446,
        0.297823779810253, 0.40755960931433255}},
      {", row_weight: cw.npy", "categorical_crossentropy", 1.7320174972821858,
       {1.114671256895796, -0.07463837573488831, -0.040032881160907675, -0.27002182516934314, 0.9475764000247724, 0.3224454251445707, 0.5170618921180469,
        0.44796671570505303, 0.03497139217690015}}};
  for (const Row& row : rows) {
    INFO(row.loss);
    p.write("c.yaml", cat("model: identity.onnx\ndata: {inputs: cx.npy, target: cy.npy", row.data, "}\nloss: ", row.loss,
                          "\noptimizer: {type: sgd}\nlr: 1\nepochs: 1\nbatch: 5\n"));
    const auto ran = p.lehr("run c.yaml --force --out c");
    INFO(ran.both());
    REQUIRE(ran.code == 0);
    const auto cells = split(split(p.metrics("c/seed-0"), '\n').at(1), ',');
    CHECK(std::any_of(cells.begin(), cells.end(), [&](const std::string& cell) {
      const auto v = parse_number(cell);
      return v && std::abs(*v - row.value) < 1e-6;
    }));
    const auto model = onnx::read_model(p.path("c/models/seed-0.onnx"));
    bool found = false;
    for (const Value& v : model.graph.values()) {
      if (!v.data || v.data->shape() != Shape{3, 3}) continue;
      found = true;
      const auto w = v.data->floats();  // [out, in]
      for (std::size_t i = 0; i < 3; ++i)
        for (std::size_t o = 0; o < 3; ++o) CHECK(static_cast<double>(w[o * 3 + i]) == Approx(row.after[i * 3 + o]).margin(2e-6));
    }
    CHECK(found);
  }
}
