#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

// What a model's scores are: found from its nodes, looked at in its numbers, said by model.scores.
using namespace lehr;
using test::says;
using test::Workplace;
namespace fs = std::filesystem;

namespace {
void copy_case(const Workplace& place, const std::string& folder, const std::vector<std::string>& files) {
  for (const auto& file : files) place.write(file, read_file(fs::path(LEHR_SOURCE_DIR) / "tests/cli/heads" / folder / file));
}

// Rows of 4 numbers and one of three classes.
std::string table(int rows) {
  std::string out = "a,b,c,d,y\n";
  for (int r = 0; r < rows; ++r) out += cat((r * 7) % 11 - 5, ",", (r * 5) % 13 - 6, ",", (r * 3) % 7 - 3, ",", (r * 9) % 10 - 4, ",", "klm"[r % 3], "\n");
  return out;
}
std::string experiment(const std::string& model, const std::string& rest = "") {
  return cat("model: {file: ", model, rest,
             "}\ndata: {file: t.csv, target: {column: y, classes: [k, l, m]}}\nloss: categorical_crossentropy\noptimizer: {type: sgd}\nlr: 0.1\nepochs: "
             "2\nbatch: 10\n");
}
// The losses of metrics.csv, one an epoch.
std::vector<double> losses(const Workplace& place, const std::string& folder) {
  std::vector<double> out;
  const auto lines = split(place.read(folder + "/metrics.csv"), '\n');
  const auto names = split(lines.at(0), ',');
  const auto column = static_cast<std::size_t>(std::ranges::find(names, "loss") - names.begin());
  for (std::size_t i = 1; i < lines.size(); ++i)
    if (!lines[i].empty()) out.push_back(std::stod(split(lines[i], ',').at(column)));
  return out;
}
}  // namespace

TEST_CASE("exp(log-softmax) has the loss of its logits", "[cli]") {
  Workplace place;
  copy_case(place, "exp_of_logsoftmax", {"exp_exp_of_logsoftmax.yaml", "exp_of_logsoftmax.onnx", "table.csv"});
  const auto ran = place.lehr("run exp_exp_of_logsoftmax.yaml --out out");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  CHECK(says(ran.both(), "in front of LogSoftmax, Exp"));
  CHECK(std::abs(losses(place, "out").at(0) - 1.919421) < 2e-6);
}

TEST_CASE("a softmax written out trains as the operator does", "[cli]") {
  Workplace place;
  copy_case(place, "softmax_by_hand", {"manual.yaml", "op.yaml", "manual.onnx", "op.onnx", "d.csv"});
  const auto manual = place.lehr("run manual.yaml --out manual"), op = place.lehr("run op.yaml --out op");
  INFO(manual.both() << op.both());
  REQUIRE(manual.code == 0);
  REQUIRE(op.code == 0);
  CHECK(says(manual.both(), "in front of a softmax written as ReduceMax, Sub, Exp, ReduceSum, Div"));
  const auto a = losses(place, "manual"), b = losses(place, "op");
  REQUIRE(a.size() == b.size());
  CHECK(std::abs(a.at(0) - 2.299) < 5e-4);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - b[i]) < 1e-6);
}

TEST_CASE("rows that are probabilities are not trained as logits", "[cli]") {
  Workplace place;
  copy_case(place, "unknown", {"mean_of_two.onnx"});
  place.write("t.csv", table(70));
  place.write("e.yaml", experiment("mean_of_two.onnx"));
  const std::string before = place.snapshot();
  const auto stopped = place.lehr("run e.yaml --out out");
  INFO(stopped.both());
  CHECK(stopped.code == 3);
  CHECK(place.snapshot() == before);
  CHECK(says(stopped.both(), "the scores lie in [0, 1] and sum to 1 in each of the first 70 rows"));
  CHECK(says(stopped.both(), "model: {scores: probabilities}"));
  CHECK(says(stopped.both(), "model: {scores: logits}"));
  CHECK(place.lehr("validate e.yaml").code == 3);

  place.write("few.yaml", experiment("mean_of_two.onnx"));
  place.write("t.csv", table(20));
  const auto few = place.lehr("run few.yaml --out few");
  INFO(few.both());
  CHECK(few.code == 0);
  CHECK(says(few.both(), "in each of the first 20 rows"));
}

TEST_CASE("model.scores decides what the scores are", "[cli]") {
  Workplace place;
  copy_case(place, "unknown", {"mean_of_two.onnx", "pow_normalised.onnx"});
  place.write("t.csv", table(70));
  place.write("p.yaml", experiment("mean_of_two.onnx", ", scores: probabilities"));
  place.write("l.yaml", experiment("mean_of_two.onnx", ", scores: logits"));
  const auto p = place.lehr("run p.yaml --out p --set lr=0"), l = place.lehr("run l.yaml --out l --set lr=0");
  INFO(p.both() << l.both());
  REQUIRE(p.code == 0);
  REQUIRE(l.code == 0);
  CHECK(says(p.both(), "(probabilities, as model.scores says)"));
  CHECK(std::abs(losses(place, "p").at(0) - losses(place, "l").at(0)) > 1e-3);

  // The numbers contradict: logits are no probabilities.
  copy_case(place, "exp_of_logsoftmax", {"logits.onnx", "table.csv"});
  place.write("wrong.yaml",
              "model: {file: logits.onnx, scores: probabilities}\ndata: {file: table.csv, target: {column: y, classes: [a, b, c]}}\n"
              "loss: categorical_crossentropy\noptimizer: {type: sgd}\nlr: 0\nepochs: 1\nbatch: 6\n");
  const auto wrong = place.lehr("run wrong.yaml --out wrong");
  INFO(wrong.both());
  CHECK(wrong.code == 3);
  CHECK(says(wrong.both(), "are taken as probabilities, but among those of the first 6 rows is"));
  const auto mse = place.lehr("run p.yaml --out m --set loss=mse");
  CHECK(mse.code == 2);
  CHECK(says(mse.both(), "model.scores is for a loss over classes"));
}

TEST_CASE("names of a model do not collide with those of the target and the loss", "[cli]") {
  Workplace place;
  place.write("t.csv", table(30));
  auto model = onnx_models::mlp();
  const auto rename = [](std::string* name, const char* from, const char* to) {
    if (*name == from) *name = to;
  };
  auto* graph = model.mutable_graph();
  for (auto& node : *graph->mutable_node())
    for (int way = 0; way < 2; ++way)
      for (auto& name : way ? *node.mutable_input() : *node.mutable_output()) {
        rename(&name, graph->output(0).name().c_str(), "loss");
        rename(&name, "h", "target");
      }
  graph->mutable_output(0)->set_name("loss");
  place.write("m.onnx", model.SerializeAsString());
  place.write("e.yaml", experiment("m.onnx"));
  const auto ran = place.lehr("run e.yaml --out out");
  INFO(ran.both());
  CHECK(ran.code == 0);
}
