// What is written is what was measured.
#include <cmath>
#include <map>

#include "base/text.h"
#include "graph/onnx/model.h"
#include "tests/cli/written_cases.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

using namespace lehr;
using lehr::onnx::ModelProto;
using lehr::onnx::NodeProto;
using test::contains;
using test::Workplace;
using test::WrittenCase;

namespace {
using Row = std::vector<std::string>;

std::vector<Row> csv(const std::string& text) {
  std::vector<Row> out;
  for (const auto& line : split(text, '\n'))
    if (!line.empty()) out.push_back(split(trim(line), ','));  // some tables end their lines with CR LF
  return out;
}

// The last line of a table by the names of its first.
std::map<std::string, std::string> last_line(const std::string& text) {
  const auto rows = csv(text);
  REQUIRE(rows.size() > 1);
  std::map<std::string, std::string> out;
  for (std::size_t i = 0; i < rows.front().size() && i < rows.back().size(); ++i) out[rows.front()[i]] = rows.back()[i];
  return out;
}

const std::string trial = "/seed-0";

std::string trained(const Workplace& place, const std::string& name) {
  const auto ran = place.lehr("run " + name + ".yaml --force --seeds 1 --out " + name);
  INFO(name << "\n" << ran.both());
  REQUIRE(ran.code == 0);
  return ran.err;
}

// With external data it lies in a folder of its own.
std::string model_of(const Workplace& place, const std::string& name, const std::string& which = "last") {
  const std::string base = name + "/models/seed-0" + (which == "last" ? "" : "." + which);
  return place.exists(base + ".onnx") ? base + ".onnx" : base + "/" + which + ".onnx";
}

// What `lehr predict` gets for the validation rows of a case, by a model of its run: mean squared error, or share of right answers.
double scored(const Workplace& place, const WrittenCase& c, const std::string& model) {
  const auto ran = place.lehr(cat("predict ", model, " ", c.table, " --out predictions.csv"));
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const auto table = csv(place.read(c.table)), said = csv(place.read("predictions.csv"));
  REQUIRE(said.size() == table.size());
  double sum = 0;
  for (std::size_t i = table.size() - static_cast<std::size_t>(c.rows); i < table.size(); ++i) {
    const std::string& answer = said[i].front();
    const bool number = said.front().front() == "y";
    sum += number ? std::pow(std::stod(answer) - std::stod(table[i].back()), 2) : answer == table[i].back();
  }
  return sum / c.rows;
}

ModelProto parsed(const std::string& bytes) {
  ModelProto m;
  REQUIRE(m.ParseFromString(bytes));
  return m;
}

ModelProto last_of(const Workplace& place, const std::string& name) { return parsed(place.read(model_of(place, name))); }

std::vector<const NodeProto*> nodes(const ModelProto& m, const std::string& op) {
  std::vector<const NodeProto*> out;
  for (const NodeProto& n : m.graph().node())
    if (n.op_type() == op) out.push_back(&n);
  return out;
}
std::int64_t value_of(const NodeProto& n, const std::string& attribute, std::int64_t fallback) {
  for (const auto& a : n.attribute())
    if (a.name() == attribute) return a.i();
  return fallback;
}
bool has_tensor(const ModelProto& m, const std::string& name) {
  for (const auto& t : m.graph().initializer())
    if (t.name() == name) return true;
  return false;
}
}  // namespace

TEST_CASE("the files of a run give what it reports", "[cli][written]") {
  const Workplace place;
  for (const WrittenCase& c : test::written_cases(place)) {
    trained(place, c.name);
    const auto last = last_line(place.metrics(c.name + trial));
    INFO(c.name);
    const bool regression = last.contains("val_rmse");
    const double reported = std::stod(last.at(regression ? "val_loss" : "val_accuracy"));
    CHECK(scored(place, c, model_of(place, c.name)) == Approx(reported).epsilon(c.name == "halves" ? 1e-2 : 1e-4));
    if (last.contains("avg_val_loss")) CHECK(scored(place, c, model_of(place, c.name, "average")) == Approx(std::stod(last.at("avg_val_loss"))).epsilon(1e-4));
    if (c.name == "shared") CHECK(reported == Approx(0.34721).epsilon(2e-4));
  }
}

TEST_CASE("a written model is one for inference", "[cli][written]") {
  const Workplace place;
  test::written_cases(place);
  CHECK_THAT(trained(place, "training_mode"),
             contains("1 BatchNormalization node and 1 Dropout node in training mode (training_mode 1): the trained model is written for inference"));
  ModelProto m = last_of(place, "training_mode");
  REQUIRE(nodes(m, "BatchNormalization").size() == 1);
  CHECK(value_of(*nodes(m, "BatchNormalization")[0], "training_mode", 0) == 0);
  CHECK(nodes(m, "BatchNormalization")[0]->output_size() == 1);
  CHECK(nodes(m, "Dropout")[0]->input_size() == 2);
  CHECK(nodes(m, "Constant").size() == 1);  // the ratio: nothing reads the mode any more

  SECTION("running statistics that it gives out are the stored ones") {
    trained(place, "statistics_out");
    m = last_of(place, "statistics_out");
    CHECK(nodes(m, "BatchNormalization")[0]->output_size() == 1);
    REQUIRE(nodes(m, "Identity").size() == 2);
    CHECK(nodes(m, "Identity")[0]->input(0) == "M");
    CHECK(nodes(m, "Identity")[0]->output(0) == "running_mean");
    CHECK(nodes(m, "Identity")[1]->input(0) == "V");
    CHECK(nodes(m, "Sqrt")[0]->input(0) == "running_var");
  }
  SECTION("a mode that is false stays as it is") {
    CHECK_THAT(trained(place, "dropouts"), contains("1 Dropout node in training mode"));
    m = last_of(place, "dropouts");
    REQUIRE(nodes(m, "Dropout").size() == 2);
    CHECK(nodes(m, "Dropout")[0]->input_size() == 2);
    CHECK(nodes(m, "Dropout")[0]->output_size() == 2);
    CHECK(nodes(m, "Dropout")[1]->input_size() == 3);
    CHECK_FALSE(has_tensor(m, "yes"));
    CHECK(has_tensor(m, "no"));
  }
  SECTION("before opset 7 is_test says it") {
    CHECK_THAT(trained(place, "oldest"), contains("1 BatchNormalization node in training mode"));
    CHECK(value_of(*nodes(last_of(place, "oldest"), "BatchNormalization")[0], "is_test", 0) == 1);
  }
}

TEST_CASE("running statistics stored together get tensors of their own", "[cli][written]") {
  const Workplace place;
  test::written_cases(place);
  CHECK_THAT(trained(place, "shared"), contains("stored together in the file, but followed apart: running variance of BatchNormalization node"));
  const ModelProto shared = last_of(place, "shared");
  for (const NodeProto* bn : nodes(shared, "BatchNormalization"))
    for (const int slot : {3, 4}) CHECK(has_tensor(shared, bn->input(slot)));
  CHECK(nodes(shared, "Identity").size() == 2);  // 4.weight and 4.bias are parameters, shared as they were
  CHECK_THAT(trained(place, "one_pair"), contains("stored together in the file, but followed apart: running mean of BatchNormalization node 'bn2' (with 'M')"));
  const ModelProto pair = last_of(place, "one_pair");
  const auto both = nodes(pair, "BatchNormalization");
  REQUIRE(both.size() == 2);
  CHECK(both[0]->input(3) == "M");
  CHECK(both[1]->input(3) == "M_state");
  CHECK(both[1]->input(4) == "V_state");
}

TEST_CASE("a freed batch is free in the file", "[cli][written]") {
  const Workplace place;
  test::written_cases(place);
  trained(place, "baked");
  const ModelProto m = last_of(place, "baked");
  const auto first = [](const lehr::onnx::ValueInfoProto& info) { return info.type().tensor_type().shape().dim(0); };
  CHECK(first(m.graph().input(0)).dim_param() == "batch");
  CHECK(first(m.graph().output(0)).dim_param() == "batch");
  CHECK(first(m.graph().output(1)).dim_value() == 3);
  for (const auto& info : m.graph().value_info()) CHECK(first(info).dim_param() == "batch");
  CHECK(m.graph().value_info_size() == 2);
  const lehr::onnx::Model read = lehr::onnx::read_model_bytes(m.SerializeAsString(), {});
  const auto stored = [&](const std::string& name) { return onnx_models::data(read, name).integers(); };
  CHECK(stored("shape") == std::vector<std::int64_t>{4, 2, 2});  // read by another node as well
  CHECK(stored(nodes(m, "Reshape")[0]->input(1)) == std::vector<std::int64_t>{-1, 2, 2});
  CHECK(stored(nodes(m, "Expand")[0]->input(1)) == std::vector<std::int64_t>{1, 2, 2});
  CHECK(stored(nodes(m, "Reshape")[1]->input(1)) == std::vector<std::int64_t>{-1, 4});
  CHECK_FALSE(has_tensor(m, "flat"));
}

TEST_CASE("a model in half precision says what rounding does", "[cli][written]") {
  const Workplace place;
  test::written_cases(place);
  CHECK_THAT(trained(place, "halves"), contains("seed-0.onnx is stored in half precision: its rounded weights give the loss"));
  CHECK_THAT(place.status("halves" + trial), contains("is stored in half precision"));
}

TEST_CASE("the model's own labels are the classes", "[cli][written]") {
  const Workplace place;
  const auto cases = test::written_cases(place);
  const auto with_classes = [&](const std::string& classes) {
    std::string yaml = cases[2].yaml;
    yaml.replace(yaml.find("target: y"), 9, "target: {column: y, classes: " + classes + "}");
    place.write("classes.yaml", yaml);
    return place.lehr("run classes.yaml --force --seeds 1 --out classes");
  };
  CHECK_THAT(trained(place, "labels"), contains("the classes are, in the model's own order, a, b, c (the list 'classes' that ArrayFeatureExtractor node"));
  CHECK(with_classes("[a, b, c]").code == 0);
  const auto reversed = with_classes("[c, b, a]");
  CHECK(reversed.code == 3);
  CHECK_THAT(reversed.err, contains("in the order of its scores, a, b, c (the list 'classes'"));
  CHECK_THAT(reversed.err, contains("the experiment's are c, b, a"));
  CHECK_THAT(reversed.err, contains("in the model's order"));

  SECTION("and stay with the file") {
    bool found = false;
    const ModelProto labels = last_of(place, "labels");
    for (const auto& entry : labels.metadata_props())
      if (entry.key() == "lehr.classes") found = entry.value() == "[\"a\", \"b\", \"c\"]" || entry.value() == "[\"a\",\"b\",\"c\"]";
    CHECK(found);
  }
  SECTION("a model without labels takes them from its metadata") {
    place.write("short.yaml", test::experiment("classes: [b, g]", "classes: [g, b]"));
    REQUIRE(place.lehr("run short.yaml --seeds 1 --out short").code == 0);
    place.write("again.onnx", place.read("short/models/seed-0.onnx"));
    std::string yaml = test::experiment("{column: -1, classes: [b, g]}", "-1");
    yaml.replace(yaml.find("mlp-34-34-1.onnx"), 16, "again.onnx");
    place.write("again.yaml", yaml);
    const auto again = place.lehr("run again.yaml --seeds 1 --out again");
    CHECK(again.code == 0);
    CHECK_THAT(again.err, contains("the classes are, in the model's own order, g, b (its metadata lehr.classes)"));
    const auto other = place.lehr("run again.yaml --seeds 1 --out other --set data.target.classes='[b, g]'");
    CHECK(other.code == 3);
    CHECK_THAT(other.err, contains("g, b (its metadata lehr.classes), the experiment's are b, g"));
  }
}
