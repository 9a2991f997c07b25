// A model that is not on disk as it was written does not stay.
#include <filesystem>

#include "base/file.h"
#include "experiments/run/trials.h"
#include "experiments/run/vocabulary.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

using namespace lehr;
namespace fs = std::filesystem;

namespace {
// A run folder whose files change on their way to the disk.
class Faulty : public store::RunFolder {
 public:
  Faulty(fs::path folder, std::string file, std::function<std::string(std::string)> fault)
      : store::RunFolder(std::move(folder), Mode::fresh), file_(std::move(file)), fault_(std::move(fault)) {}
  fs::path model(const std::string& name, std::string_view content) override {
    const fs::path written = store::RunFolder::model(name, content);
    if (name == file_) write_file(written, fault_(read_file(written)));
    return written;
  }

 private:
  std::string file_;
  std::function<std::string(std::string)> fault_;
};

struct Outcomes {
  std::vector<TrialResult> results;
  bool last = false, best = false;
};
Outcomes run_with(const std::string& file, const std::function<std::string(std::string)>& fault, const char* split = "{validation: 33%, take: tail}",
                  const char* more = "") {
  const onnx_models::Folder place;
  const std::string source = std::string(LEHR_SOURCE_DIR) + "/experiments/ionosphere/";
  write_file(place / "e.yaml", cat("model: {file: ", source, "mlp-34-34-1.onnx, init: glorot_uniform}\ndata:\n  file: ", source, "ionosphere.csv\n  split: ",
                                   split, "\nloss: binary_crossentropy\nmetrics: [accuracy]\nlr: 0.1\nepochs: 2\nbatch: 28\n", more));
  const auto prepared = run::prepare(spec::read_study(place / "e.yaml", run::vocabulary()), {});
  Faulty folder(place / "run", file, fault);
  Outcomes out;
  run::RunOptions options;
  options.folder = &folder;
  out.results = run::run(prepared, options, {&folder});
  const fs::path models = place / "run" / "models";
  const std::string trial = prepared.info.trials[0].id;
  out.last = fs::exists(models / (trial + ".onnx")), out.best = fs::exists(models / (trial + ".best.onnx"));
  return out;
}

lehr::onnx::ModelProto parsed(const std::string& bytes) {
  lehr::onnx::ModelProto m;
  REQUIRE(m.ParseFromString(bytes));
  return m;
}
std::string same(std::string bytes) { return bytes; }
std::string other_weight(std::string bytes) {
  auto m = parsed(bytes);
  for (auto& t : *m.mutable_graph()->mutable_initializer())
    if (t.dims_size() == 1 && t.dims(0) == 1) t.set_raw_data(onnx_models::raw({0.125f}));
  return m.SerializeAsString();
}
std::string other_node(std::string bytes) {
  auto m = parsed(bytes);
  for (auto& n : *m.mutable_graph()->mutable_node())
    if (n.op_type() == "Relu") n.set_op_type("Tanh");
  return m.SerializeAsString();
}
// The first of the two nodes that scale raw columns does something else; the network behind them is as it was measured.
std::string other_scaling(std::string bytes) {
  auto m = parsed(bytes);
  for (auto& n : *m.mutable_graph()->mutable_node())
    if (n.op_type() == "Sub") {
      n.set_op_type("Add");
      break;
    }
  return m.SerializeAsString();
}
std::string torn(std::string bytes) { return bytes.substr(0, bytes.size() / 2); }
}  // namespace

TEST_CASE("a written model is read back and must give what was measured", "[train][written]") {
  const auto good = run_with("seed-0.onnx", same);
  REQUIRE(good.results.size() == 1);
  CHECK(good.results[0].outcome == Outcome::done);
  CHECK(good.last);
  CHECK(good.best);
  for (const auto& fault : {other_weight, other_node, torn}) {
    const auto bad = run_with("seed-0.onnx", fault);
    INFO(bad.results[0].message);
    CHECK(bad.results[0].outcome == Outcome::failed);
    CHECK_THAT(bad.results[0].message, test::contains("the model written to seed-0.onnx was read back and removed: "));
    CHECK_FALSE(bad.last);
    CHECK(bad.best);
  }
  const auto best = run_with("seed-0.best.onnx", other_weight);
  CHECK(best.results[0].outcome == Outcome::failed);
  CHECK_THAT(best.results[0].message, test::contains("it does not give what was measured: its loss on the 116 validation rows is "));
  CHECK(best.last);
  CHECK_FALSE(best.best);
}

TEST_CASE("without validation rows the training rows measure a written model", "[train][written]") {
  CHECK(run_with("seed-0.onnx", same, "{validation: 0%}").results[0].outcome == Outcome::done);
  const auto bad = run_with("seed-0.onnx", other_weight, "{validation: 0%}");
  CHECK(bad.results[0].outcome == Outcome::failed);
  CHECK_THAT(bad.results[0].message, test::contains("its loss on the 351 training rows is "));
}

TEST_CASE("what stands in front of a network that takes raw columns is read back as well", "[train][written]") {
  const char* const split = "{validation: 33%, take: tail}\n  scale: standard";
  const char* const raw = "variants: {raw: {model.export: {inputs: raw}}}\n";
  CHECK(run_with("raw/seed-0.onnx", same, split, raw).results[0].outcome == Outcome::done);
  const auto bad = run_with("raw/seed-0.onnx", other_scaling, split, raw);
  INFO(bad.results[0].message);
  CHECK(bad.results[0].outcome == Outcome::failed);
  CHECK_THAT(bad.results[0].message, test::contains("where preprocessing made "));
  CHECK_FALSE(bad.last);
}
