#include <regex>

#include "base/rng.h"
#include "engine/data/npy.h"
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
  const auto raw = lehr_says("model: {mlp: {hidden: [6]}, export: {inputs: raw}}\ndata: {inputs: x.npy, target: y.npy, scale: {divide: 255}}\n");
  CHECK_THAT(raw.both(), contains("model.export.inputs: raw writes the preprocessing of tables"));
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
