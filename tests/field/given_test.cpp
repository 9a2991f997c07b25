#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/text.h"
#include "graph/onnx/proto.h"
#include "tests/field/field.h"
#include "tests/support/catch.h"

using namespace lehr;
using field::Case;
using field::contains;

namespace {

lehr::onnx::ModelProto model(const Case& place, const std::string& file) {
  lehr::onnx::ModelProto m;
  REQUIRE(m.ParseFromString(place.read(file)));
  return m;
}

std::vector<float> initializer(const lehr::onnx::ModelProto& m, const std::string& name) {
  for (const auto& t : m.graph().initializer())
    if (t.name() == name) {
      std::vector<float> out(t.float_data().begin(), t.float_data().end());
      if (out.empty()) out.resize(t.raw_data().size() / sizeof(float)), std::ranges::copy(t.raw_data(), reinterpret_cast<char*>(out.data()));
      return out;
    }
  FAIL("no initializer " << name);
  return {};
}

// The line of a listing that names the tensor first.
std::string line_of(const std::string& text, const std::string& name) {
  for (const auto& line : split(text, '\n'))
    if (line.starts_with(name + " ")) return line;
  return {};
}

std::string last(const std::string& trial = "out/seed-0") {
  const auto run = trial.find('/');
  return trial.substr(0, run) + "/models" + trial.substr(run) + ".onnx";
}

}  // namespace

TEST_CASE("the written file holds statistics that shared an initializer with a scale", "[field]") {
  const Case place("torch_export_shared_by_value");
  place.run("exp.yaml");
  const double reported = place.epochs("val_loss").back();
  CHECK(reported == Approx(0.34721).margin(2e-5));
  REQUIRE(place.lehr(cat("predict ", last(), " table.csv --out y.csv")).code == 0);
  auto y = field::column(place.read("y.csv"), "y"), truth = field::column(place.read("table.csv"), "y");
  const std::size_t rows = 12;  // those of validation
  y.erase(y.begin(), y.end() - rows), truth.erase(truth.begin(), truth.end() - rows);
  CHECK(field::mean_square(y, truth) == Approx(reported).epsilon(1e-4));
}

TEST_CASE("a model's own label list in another order than the classes", "[field]") {
  const Case place("model_label_order");
  const auto ran = place.lehr("run exp_tri_order.yaml --out out");
  INFO(ran.both());
  CHECK(ran.code != 0);
  CHECK(contains(ran.err, "a, b, c"));
  CHECK(contains(ran.err, "c, b, a"));
  CHECK_FALSE(place.exists("out"));
  // Left out, the classes are the model's: the same as when they are given in that order.
  place.run("exp_tri_order.yaml --set 'data.target.classes=[a, b, c]'", "given");
  place.write("found.yaml", "extends: exp_tri_order.yaml\ndata: {target: {classes: null}}\n");
  place.run("found.yaml", "found");
  CHECK(place.epochs("loss", "found/seed-0") == place.epochs("loss", "given/seed-0"));
}

TEST_CASE("the loss stands in front of LogSoftmax and Exp", "[field]") {
  const Case place("exp_of_logsoftmax");
  place.run("exp_logits.yaml", "logits");
  CHECK(place.epochs("loss", "logits/seed-0").front() == Approx(1.919421).margin(2e-6));
  place.run("exp_exp_of_logsoftmax.yaml", "exp");
  CHECK(place.epochs("loss", "exp/seed-0").front() == Approx(1.919421).margin(2e-6));
}

TEST_CASE("the loss stands in front of a softmax written by hand", "[field]") {
  const Case place("softmax_by_hand");
  place.run("op.yaml", "op");
  place.run("manual.yaml", "manual");
  const auto op = place.epochs("loss", "op/seed-0"), manual = place.epochs("loss", "manual/seed-0");
  CHECK(op.front() == Approx(2.299).margin(5e-4));
  CHECK(manual.front() == Approx(2.299).margin(5e-4));
  CHECK(field::mean_square(op, manual) < 1e-10);
  for (const char* run : {"op", "manual"}) REQUIRE(place.lehr(cat("predict ", last(cat(run, "/seed-0")), " d.csv --out ", run, ".csv")).code == 0);
  for (const char* column : {"p_0", "p_1", "p_2"})
    CHECK(field::mean_square(field::column(place.read("op.csv"), column), field::column(place.read("manual.csv"), column)) < 1e-10);
}

TEST_CASE("an epsilon is no parameter until a key says so", "[field]") {
  const Case place("epsilon_is_no_parameter");
  const auto inspected = place.lehr("inspect torch_eps_dy.onnx");
  INFO(inspected.both());
  CHECK(contains(line_of(inspected.out, "eps"), "constant"));
  place.run("e.yaml");
  for (const double loss : place.epochs("loss")) CHECK(std::isfinite(loss));
  CHECK(place.epochs("loss").size() == 60);
  CHECK(initializer(model(place, last()), "eps") == initializer(model(place, "torch_eps_dy.onnx"), "eps"));
  place.write("trained.yaml", "extends: e.yaml\nepochs: 1\nparams: {eps: {role: parameter}}\n");
  place.run("trained.yaml", "trained");
  CHECK(initializer(model(place, last("trained/seed-0")), "eps") != initializer(model(place, "torch_eps_dy.onnx"), "eps"));
}

TEST_CASE("variants that differ in their batch schedule only train apart", "[field]") {
  const Case place("batch_schedules_of_variants");
  place.run("growth.yaml");
  place.run("growth.yaml --only growing", "alone");
  CHECK(place.epochs("step", "out/constant/seed-0").back() == 72);
  CHECK(place.epochs("step", "out/growing/seed-0").back() == 48);
  CHECK(place.read(last("out/constant/seed-0")) != place.read(last("out/growing/seed-0")));
  CHECK(place.read(last("alone/growing/seed-0")) == place.read(last("out/growing/seed-0")));
}

TEST_CASE("a baked batch is freed behind every operator that runs", "[field]") {
  const Case place("round_behind_a_baked_batch");
  place.run("Round.yaml");
  const auto loss = place.epochs("loss");
  REQUIRE(loss.size() == 2);
  CHECK(loss[1] < loss[0]);
}

TEST_CASE("BatchNormalization is not trained on one row", "[field]") {
  const Case place("batchnorm_batch_of_one");
  const auto one = place.lehr("run exp_one.yaml --out one");
  INFO(one.both());
  CHECK(one.code != 0);
  CHECK(contains(one.err, "batch"));
  CHECK_FALSE(place.exists("one"));
  const auto ran = place.run("exp.yaml");
  CHECK(contains(ran.both(), "BatchNormalization"));  // the note on the last row
  place.run("exp.yaml --set batch.last=drop", "drop");
  CHECK(place.epochs("loss") == place.epochs("loss", "drop/seed-0"));
  CHECK(place.read(last()) == place.read(last("drop/seed-0")));
}

TEST_CASE("no written node is in training mode", "[field]") {
  const Case place("batchnorm_training_mode_exported");
  const auto ran = place.run("bnmode.yaml");
  CHECK(contains(ran.both(), "training mode"));  // the note
  const auto written = model(place, last());
  int normalizations = 0;
  for (const auto& node : written.graph().node()) {
    normalizations += node.op_type() == "BatchNormalization";
    for (const auto& a : node.attribute()) CHECK_FALSE((a.name() == "training_mode" && a.i() != 0));
    if (node.op_type() == "BatchNormalization") CHECK(node.output_size() == 1);
  }
  CHECK(normalizations > 0);
}

TEST_CASE("merged biases are trained as one and said to be shared", "[field]") {
  const Case place("biases_merged_by_exporter");
  const auto inspected = place.lehr("inspect model.onnx");
  const auto ran = place.run("exp.yaml");
  const auto b = initializer(model(place, last()), "zeros");
  const double right[] = {0.014856, 0.010469, -0.139087, -0.020623};
  REQUIRE(b.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(b[i] == Approx(right[i]).margin(2e-6));
  INFO(inspected.out << ran.both());
  for (const auto& text : {inspected.out, ran.both()}) {  // both readers are named
    CHECK(contains(text, "bias of Gemm node of 'a'"));
    CHECK(contains(text, "bias of Gemm node of 'c'"));
  }
}

TEST_CASE("a run whose last update overflows has diverged", "[field][bad]") {
  const Case place("hostile");
  const auto ran = place.lehr("run nan_after_last_update.yaml --out out");
  INFO(ran.both());
  CHECK(ran.code == 4);
  CHECK(contains(place.status("out/seed-0"), "\"diverged\""));
}

TEST_CASE("a product of 2.7 million factors is not multiplied out at each update", "[field][bad]") {
  const Case place("hostile");
  const auto ran = place.lehr("run prefix_product.yaml --dry-run", "ulimit -t 30;");  // seconds of CPU; it takes a fraction of one
  INFO(ran.both());
  CHECK(ran.code == 0);
}

TEST_CASE("a variant named like a file of the run folder is no trouble", "[field]") {
  const Case place("hostile");
  const auto ran = place.lehr("run variant_named_summary.csv.yaml --out out");
  INFO(ran.both());
  CHECK(ran.code == 0);
  CHECK(place.exists("out/summary.csv"));
  CHECK(place.exists("out/models/summary.csv/seed-0.onnx"));
}

TEST_CASE("two runs into one folder: one of them trains", "[field][bad]") {
  const Case place("hostile");
  const std::string arguments = "run e.yaml --set epochs=300 --quiet --out two";
  place.lehr(arguments + "; echo $? >second; wait", cat("{ '", LEHR_BINARY, "' ", arguments, "; echo $? >first; } &"));
  const std::string first = place.read("first"), second = place.read("second");
  INFO(first << second);
  CHECK((first == "0\n") != (second == "0\n"));
  const std::string csv = place.metrics("two/seed-0");
  CHECK(std::ranges::count(csv, '\n') == 301);
  CHECK(csv.rfind("epoch,") == 0);
}

TEST_CASE("8,192 calls of an unknown operator are one sentence", "[field][bad]") {
  const Case place("hostile");
  const auto ran = place.lehr("inspect unknown_8192.onnx");
  INFO(ran.both().substr(0, 2000));
  CHECK(ran.code != 0);
  CHECK(std::ranges::count(ran.both(), '\n') <= 40);
  CHECK(std::ranges::count(ran.err, '\n') <= 20);
}

TEST_CASE("inspect prints no control byte and quotes names in YAML", "[field][bad]") {
  const Case place("hostile");
  const std::string name = "m\x1b[31m, x: {y.onnx";
  std::filesystem::copy(place.path("mlp-34-34-1.onnx"), place.path(name));
  const auto ran = place.lehr("inspect 'm\x1b[31m, x: {y.onnx'");
  INFO(printable(ran.both()));
  CHECK(ran.code == 0);
  CHECK(std::ranges::none_of(ran.both(), [](char c) { return static_cast<unsigned char>(c) < 32 && c != '\n'; }));
}

TEST_CASE("an attribute that the operator does not have is refused", "[field][bad]") {
  const Case place("hostile");
  const auto ran = place.lehr("inspect attr_unknown.onnx");
  INFO(ran.both());
  CHECK(ran.code != 0);
  CHECK(contains(ran.both(), "slope"));
  CHECK(contains(ran.both(), "Relu"));
}
