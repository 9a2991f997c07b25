#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "tests/corpus/run_case.h"
#include "tests/field/trainings.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {

// Files that hold no evidence that a tensor is a parameter: a key has to say so.
struct Told {
  const char* tensor;
  const char* why;
};
const std::map<std::string, Told> told = {
    {"field/other_jax_rezero", {"const_7", "every tensor of the file is const_N, and one number scales a branch"}},
    {"field/other_keras_rezero", {"onnx::Mul_38", "a name the exporter made, and one number scales a branch"}},
};

// Trains a case for five epochs of one step, as `lehr run` does it, and compares the losses with the right ones; false where a table cannot say it.
bool compare(const corpus::Case& c, const field::Experiment& e, const std::vector<double>& right, const std::string& more) {
  INFO(c.name);
  const test::Workplace place;
  std::filesystem::copy_file(c.model, place.path("model.onnx"));
  place.write("table.csv", e.table);
  place.write("e.yaml", e.yaml + more);
  const auto trained = place.lehr("run e.yaml --out out");
  INFO(trained.both());
  CHECK(trained.code == 0);
  if (trained.code != 0) return true;
  const auto losses = field::column(place.metrics("out/seed-0"), "loss");
  const double tolerance = 5 * c.modes.at("train").tolerance;
  const auto near = [&](double x) { return Approx(x).margin(tolerance * std::max(1.0, std::abs(x))); };
  REQUIRE(losses.size() + 1 == right.size());
  for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == near(right[i]));
  if (field::has_node(place.read("model.onnx"), "BatchNormalization")) return true;  // evaluated by other statistics than trained with
  const auto predicted = place.lehr("predict out/models/seed-0.onnx table.csv --out p.csv");
  INFO(predicted.both());
  CHECK(predicted.code == 0);
  if (predicted.code == 0) CHECK(field::loss_of(e, place.read("p.csv")) == near(right.back()));
  return true;
}

}  // namespace

// Outputs, which tensors are parameters, gradients and six steps, by the passes and plans.
TEST_CASE("more models of each kind from the field", "[field]") {
  for (const auto& c : field::models()) {
    if (told.contains(c.name)) continue;
    const corpus::Outcome outcome = corpus::run_case(c);
    INFO(c.name << ": " << outcome.reason);
    if (const auto it = field::not_freed().find(c.name); it != field::not_freed().end()) {
      CHECK(outcome.verdict == corpus::Verdict::refused);
      CHECK(outcome.reason.find(it->second) != std::string::npos);
      continue;
    }
    CHECK(outcome.verdict == corpus::Verdict::pass);
  }
}

// The same through the program: a table, an experiment, the exported file.
TEST_CASE("more models of each kind from the field, through the program", "[field]") {
  int ran = 0;
  for (const auto& c : field::models()) {
    const auto e = field::experiment(c);
    if (!e || c.rebatched) continue;
    const std::string key = told.contains(c.name) ? cat("params: {\"", told.at(c.name).tensor, "\": {role: parameter}}\n") : std::string();
    ran += compare(c, *e, c.sgd_losses, key);
  }
  CHECK(ran > 0);
}

// An exporter that stores equal tensors once ties what the source has apart. Untied, the file trains as the source does.
TEST_CASE("tensors that an exporter merged are untied by a key", "[field]") {
  for (const char* name : {"merged_bn_ts", "merged_ln_ts", "merged_ln_dy", "merged_zero_bias_ts"}) {
    const auto folder = std::filesystem::path(LEHR_SOURCE_DIR) / "tests/field/models" / name;
    const auto c = corpus::read_case(folder);
    const auto json = nlohmann::json::parse(read_file(folder / "case.json"));
    auto e = field::experiment(c);
    REQUIRE(e);
    e->yaml.replace(0, e->yaml.find('\n'), "model: {file: model.onnx, untie: [\"*\"]}");
    compare(c, *e, json.at("training").at("sgd").at("losses_of_source").get<std::vector<double>>(), "");
  }
}
