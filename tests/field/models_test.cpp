#include "tests/corpus/run_case.h"
#include "tests/field/trainings.h"
#include "base/text.h"
#include "graph/onnx/proto.h"
#include "tests/support/catch.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

using namespace lehr;

namespace {
bool normalizes_by_batch(const std::string& bytes) {
  lehr::onnx::ModelProto m;
  REQUIRE(m.ParseFromString(bytes));
  return std::ranges::any_of(m.graph().node(), [](const auto& node) { return node.op_type() == "BatchNormalization"; });
}
}  // namespace

// Outputs, which tensors are parameters, gradients and six steps, by the passes and plans.
TEST_CASE("more models of each kind from the field", "[field]") {
  for (const auto& c : field::models()) {
    const corpus::Outcome outcome = corpus::run_case(c);
    INFO(c.name << ": " << outcome.reason);
    CHECK(outcome.verdict == corpus::Verdict::pass);
  }
}

// The same through the program: a table, an experiment, five epochs of one step, the exported file.
TEST_CASE("more models of each kind from the field, through the program", "[field]") {
  int ran = 0;
  for (const auto& c : field::models()) {
    const auto e = field::experiment(c);
    if (!e || c.rebatched) continue;
    INFO(c.name);
    const test::Workplace place;
    std::filesystem::copy_file(c.model, place.path("model.onnx"));
    place.write("table.csv", e->table);
    place.write("e.yaml", e->yaml);
    const auto trained = place.lehr("run e.yaml --out out");
    INFO(trained.both());
    CHECK(trained.code == 0);
    if (trained.code != 0) continue;
    ++ran;
    const auto losses = field::column(place.read("out/seed-0/metrics.csv"), "loss");
    const double tolerance = 5 * c.modes.at("train").tolerance;
    REQUIRE(losses.size() + 1 == c.sgd_losses.size());
    for (std::size_t i = 0; i < losses.size(); ++i) CHECK(losses[i] == Approx(c.sgd_losses[i]).margin(tolerance * std::max(1.0, std::abs(c.sgd_losses[i]))));
    if (normalizes_by_batch(place.read("model.onnx"))) continue;  // evaluated by other statistics than trained with
    const auto predicted = place.lehr("predict out/seed-0/checkpoints/last.onnx table.csv --out p.csv");
    INFO(predicted.both());
    CHECK(predicted.code == 0);
    if (predicted.code == 0) CHECK(field::loss_of(*e, place.read("p.csv")) == Approx(c.sgd_losses.back()).margin(tolerance * std::max(1.0, std::abs(c.sgd_losses.back()))));
  }
  CHECK(ran > 0);
}
