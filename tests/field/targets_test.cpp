// Targets of several columns, scaled ones, the inputs as the target; rows that predict cannot answer. Right values from torch 2.14.
#include "base/text.h"
#include "graph/onnx/create.h"
#include "tests/cli/program.h"
#include "tests/field/field.h"
#include "tests/support/catch.h"

using namespace lehr;
using field::column;
using field::contains;
using test::Workplace;

namespace {
// y = W x + b: W [[1, 0.5], [-1, 2]], b [0.1, -0.2]
void write_affine(const Workplace& place, const char* name, const char* end) {
  const std::vector<float> w{1, 0.5f, -1, 2}, b{0.1f, -0.2f};
  place.write(name, onnx::make_mlp("mlp", {{Tensor({2, 2}, std::span<const float>(w)), Tensor({2}, std::span<const float>(b)), end}}));
}
struct Place : Workplace {
  Place() {
    write_affine(*this, "two.onnx", "");
    write("t.csv", "a,b,t1,t2,l1,l2\n1,2,100,0.01,1,0\n0.5,-1,130,0.03,0,0\n3,0,90,0.02,1,1\n-2,1.5,160,0.05,0,1\n");
  }
  void run(const std::string& name, const std::string& data, const std::string& loss, const std::string& rest = "lr: 0\n") const {
    write(name + ".yaml", cat("model: {file: two.onnx}\ndata: {file: t.csv, columns: [a, b], ", data, "}\nloss: ", loss,
                              "\noptimizer: {type: sgd, form: torch}\n", rest, "epochs: 1\nbatch: 4\n"));
    const auto ran = lehr(cat("run ", name, ".yaml --out ", name));
    INFO(ran.both());
    REQUIRE(ran.code == 0);
  }
  double loss(const std::string& name) const { return column(metrics(name + "/seed-0"), "loss").front(); }
};
}  // namespace

TEST_CASE("a target of several columns", "[cli][target]") {
  const Place place;
  const std::string two = "target: {columns: [t1, t2]}";
  place.run("mse", two, "mse"), place.run("mae", two, "mae"), place.run("huber", two, "huber");
  CHECK(place.loss("mse") == Approx(7503.439453).epsilon(1e-6));
  CHECK(place.loss("mae") == Approx(61.167500).epsilon(1e-6));
  CHECK(place.loss("huber") == Approx(60.667500).epsilon(1e-6));
  place.run("labels", "target: {columns: [l1, l2]}", "binary_crossentropy");
  CHECK(place.loss("labels") == Approx(0.9189108).epsilon(1e-6));
  place.run("auto", "target: {inputs: true}", "mse");
  CHECK(place.loss("auto") == Approx(3.3453126).epsilon(1e-6));
  place.write("t.csv", "a,b,l1,l2\n1,2,0,1\n3,4,0,2\n");
  const auto bad = place.lehr("run labels.yaml --out bad");
  CHECK(bad.code == 3);
  CHECK(contains(bad.err, "binary_crossentropy takes target columns of 0 and 1: line 3, column 'l2' is 2"));
}

TEST_CASE("a scaled target is trained scaled and answered in its own unit", "[cli][target]") {
  const Place place;
  place.run("still", "target: {columns: [t1, t2], scale: standard}", "mse");
  CHECK(place.loss("still") == Approx(9.3246202).epsilon(1e-6));
  place.run("moved", "target: {columns: [t1, t2], scale: standard}", "mse", "lr: 0.1\n");
  const auto predicted = place.lehr("predict moved/models/seed-0.onnx t.csv");
  REQUIRE(predicted.code == 0);
  const auto one = column(predicted.out, "t1"), other = column(predicted.out, "t2");
  const double right[4][2] = {{157.878476, 0.0611034725}, {114.253862, -0.00500246913}, {159.938744, -0.00704901784}, {111.678529, 0.0801881438}};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(one.at(i) == Approx(right[i][0]).epsilon(1e-6));
    CHECK(other.at(i) == Approx(right[i][1]).epsilon(1e-5));
  }
  // Trained on, the network is that of before, in the scaled unit.
  place.write("again.yaml", "extends: moved.yaml\nmodel: {file: moved/models/seed-0.onnx}\nlr: 0\n");
  const auto again = place.lehr("run again.yaml --out again");
  INFO(again.both());
  REQUIRE(again.code == 0);
  CHECK(contains(again.err, "is put into the target's unit behind the network"));
  const auto same = place.lehr("predict again/models/seed-0.onnx t.csv");
  CHECK(same.out == predicted.out);
}

TEST_CASE("targets that do not fit together are refused where they stand", "[cli][target]") {
  const Place place;
  struct Row { const char *target, *loss, *says; };
  for (const Row& row : {Row{"{column: t1, columns: [t1, t2]}", "mse", "data.target.column and data.target.columns exclude each other"},
                         {"{column: t1, inputs: true}", "mse", "data.target.inputs takes the inputs themselves"},
                         {"{columns: [l1, l2]}", "categorical_crossentropy", "categorical_crossentropy has one target column"},
                         {"{inputs: true}", "binary_crossentropy", "the inputs as the target are numbers"},
                         {"{columns: [l1, l2], classes: [a, b]}", "binary_crossentropy", "there are no classes to list"},
                         {"{column: t1, ignore: [x]}", "mse", "data.target.ignore is for classes"},
                         {"{column: l1, scale: standard}", "binary_crossentropy", "data.target.scale is for numbers"},
                         {"{inputs: true, scale: standard}", "mse", "data.target.scale has no column to scale"}}) {
    place.write("bad.yaml",
                cat("model: {file: two.onnx}\ndata: {file: t.csv, columns: [a, b], target: ", row.target, "}\nloss: ", row.loss, "\nlr: 0.1\nepochs: 1\n"));
    const auto ran = place.lehr("validate bad.yaml");
    INFO(ran.both());
    CHECK(ran.code == 2);
    CHECK(contains(ran.both(), row.says));
    CHECK(contains(ran.both(), "bad.yaml:2:"));
  }
}

TEST_CASE("predict answers the rows it can, and tells which it cannot", "[cli][target]") {
  const Place place;
  place.write("c.csv", "city,n,y\nBonn,1,0\nUlm,2,1\nBonn,3,1\nUlm,4,0\n");
  place.write("c.yaml", "model: {mlp: {hidden: [2]}}\ndata: {file: c.csv, target: y, columns: {city: {as: category}}}\nloss: mse\nlr: 0.01\nepochs: 1\n");
  REQUIRE(place.lehr("run c.yaml --out c").code == 0);
  place.write("later.csv", "city,n\nBonn,1\nRom,2\nUlm,x\nUlm,4\n");
  const std::string model = "predict c/models/seed-0.onnx later.csv";
  const auto ran = place.lehr(model);
  CHECK(ran.code == 3);
  CHECK(contains(ran.err, "2 of 4 rows have no answer"));
  CHECK(contains(ran.err, "line 3, column 'city': category 'Rom' does not occur in the table trained on"));
  CHECK(contains(ran.err, "line 4, column 'n': 'x' is not a number"));
  const auto lines = split(ran.out, '\n');
  REQUIRE(lines.size() == 6);
  CHECK(lines[2] == "\"\"");
  CHECK(lines[3] == "\"\"");
  CHECK_FALSE(lines[4].empty());
  const auto strict = place.lehr(model + " --strict");
  CHECK(strict.code == 3);
  CHECK(strict.out.empty());
  place.write("zeros.yaml", "extends: c.yaml\ndata: {columns: {city: {unknown: zeros}}}\n");
  REQUIRE(place.lehr("run zeros.yaml --out zeros").code == 0);
  place.write("later.csv", "city,n\nBonn,1\nRom,2\n");
  CHECK(place.lehr("predict zeros/models/seed-0.onnx later.csv").code == 0);
  place.write("k.yaml", "extends: c.yaml\ndata: {target: {column: y, classes: ['0', '1']}}\nloss: binary_crossentropy\n");
  REQUIRE(place.lehr("run k.yaml --out k").code == 0);
  CHECK(contains(place.lehr("predict k/models/seed-0.onnx later.csv").out, "\n,,\n"));
}

TEST_CASE("what cannot be written in front of a network names its column", "[cli][target]") {
  const Place place;
  place.write("d.csv", "day,n,y\n2024-01-01,1,0\n2024-02-03,2,1\n2024-05-05,3,1\n");
  const auto refused = [&](const char* columns, const char* says) {
    place.write("d.yaml", cat("model: {mlp: {hidden: [2]}, export: {inputs: raw}}\ndata: {file: d.csv, target: y, columns: ", columns,
                              "}\nloss: mse\nlr: 0.01\nepochs: 1\n"));
    const auto ran = place.lehr("run d.yaml --out d");
    CHECK(ran.code == 3);
    CHECK(contains(ran.err, says));
  };
  refused("{day: {as: date}}", "column 'day' holds dates, which no operator of ONNX reads");
  refused("{day: {drop: true}, n: {scale: quantile_normal}}", "column 'n' is scaled by quantile_normal");
}

TEST_CASE("training rows of one class, and classes without a training row, are told", "[cli][target]") {
  const Place place;
  const auto told = [&](const char* labels, const char* target) {
    std::string table = "a,y\n";
    for (const char* label = labels; *label; ++label) table += cat(label - labels, ",", std::string(1, *label), "\n");
    place.write("k.csv", table);
    place.write("k.yaml", cat("model: {mlp: {hidden: [2]}}\ndata: {file: k.csv, target: ", target, ", split: {validation: 2 rows, take: tail}}\n"
                              "loss: categorical_crossentropy\nlr: 0.01\nepochs: 1\n"));
    return place.lehr("run k.yaml --force --out k").both();
  };
  CHECK(contains(told("ppppqq", "y"), "every training row is of class p: there is nothing to tell apart"));
  CHECK(contains(told("pqpqrs", "y"), "classes r, s have no training row"));
  CHECK(contains(told("pqpqpq", "{column: y, classes: [p, q, r]}"), "class r has no training row"));
  CHECK_FALSE(contains(told("pqpqpq", "y"), "class "));
}

TEST_CASE("the mean of the training rows is the baseline of numbers, in their own unit", "[cli][target]") {
  const Place place;
  place.write("n.csv", "a,y\n1,10\n2,20\n3,60\n4,50\n5,10\n");
  for (const char* target : {"y", "{column: y, scale: standard}"}) {
    place.write("n.yaml", cat("model: {mlp: {hidden: [2]}}\ndata: {file: n.csv, target: ", target, ", split: {validation: 2 rows, take: tail}}\n"
                              "loss: mse\nlr: 0.01\nepochs: 1\n"));
    const auto ran = place.lehr("run n.yaml --force --out n");
    CHECK(contains(ran.both(), "always answering the mean 30 has rmse 20"));  // sqrt((20^2 + 20^2) / 2)
  }
}
