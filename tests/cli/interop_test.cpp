#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/cli/raw_cases.h"
#include "tests/cli/written_cases.h"
#include "tests/support/catch.h"

using namespace lehr;
namespace fs = std::filesystem;

namespace {
int shell(const std::string& command) { return std::system(command.c_str()); }
}  // namespace

TEST_CASE("ONNX Runtime loads a trained model and agrees to 1e-5", "[interop]") {
  std::string why;
  const std::string interpreter = test::interop_python(why);
  if (interpreter.empty()) {
    std::printf("interop: skipped, %s\n", why.c_str());
    return;
  }
  test::Workplace place;
  place.write("short.yaml", test::experiment("seeds: 2", "seeds: 1"));
  REQUIRE(place.lehr("run short.yaml --set epochs=10 --out run").code == 0);
  std::string model;
  for (const auto& entry : fs::recursive_directory_iterator(place.path("run")))
    if (entry.path().filename() == "seed-0.onnx") model = entry.path().string();
  REQUIRE(place.lehr("predict '" + model + "' ionosphere.csv --out predictions.csv").code == 0);
  CHECK(shell(cat("'", interpreter, "' '", LEHR_SOURCE_DIR, "/tests/cli/interop.py' '", place.path("mlp-34-34-1.onnx").string(), "' '", model, "' '",
                  place.path("ionosphere.csv").string(), "' '", place.path("predictions.csv").string(), "'")) == 0);
}

TEST_CASE("ONNX Runtime gives the metric a run reports, for all rows at once and one by one", "[interop][written]") {
  std::string why;
  const std::string interpreter = test::interop_python(why);
  if (interpreter.empty()) return;
  const test::Workplace place;
  const auto score = [&](const std::string& run, const std::string& model, const std::string& table, int rows) {
    INFO(run << " " << model);
    CHECK(shell(cat("'", interpreter, "' '", LEHR_SOURCE_DIR, "/tests/cli/interop_score.py' '", place.path(run).string(), "' ", model, " '",
                    place.path(table).string(), "' ", rows)) == 0);
  };
  for (const test::WrittenCase& c : test::written_cases(place)) {
    if (!c.runs) continue;
    REQUIRE(place.lehr("run " + c.name + ".yaml --seeds 1 --out " + c.name).code == 0);
    for (const char* model : {"seed-0.onnx", "seed-0.best.onnx", "seed-0/last.onnx", "seed-0.best/best.onnx", "seed-0.average.onnx"})
      if (place.exists(c.name + "/models/" + model)) score(c.name, model, c.table, c.rows);
  }
  place.write("short.yaml", test::experiment());
  REQUIRE(place.lehr("run short.yaml --seeds 1 --out tutorial").code == 0);
  score("tutorial", "seed-0.onnx", "ionosphere.csv", 116);
}

TEST_CASE("ONNX Runtime takes raw columns and gives what predict gives, for all rows at once and one by one", "[interop][raw]") {
  std::string why;
  const std::string interpreter = test::interop_python(why);
  if (interpreter.empty()) return;
  const test::Workplace place;
  for (const test::RawCase& c : test::raw_cases(place)) {
    INFO(c.name);
    place.write(c.name + ".yaml", test::as_raw(c.yaml));
    REQUIRE(place.lehr("run " + c.name + ".yaml --out " + c.name).code == 0);
    const std::string model = place.path(c.name + "/models/seed-0.onnx").string();
    REQUIRE(place.lehr("predict '" + model + "' people.csv --out predictions.csv").code == 0);
    CHECK(shell(cat("'", interpreter, "' '", LEHR_SOURCE_DIR, "/tests/cli/interop_raw.py' '", model, "' '", place.path("people.csv").string(), "' '",
                    place.path("predictions.csv").string(), "'", c.unknown.empty() ? "" : " '" + c.unknown + "'")) == 0);
  }
}
