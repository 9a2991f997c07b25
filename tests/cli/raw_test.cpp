// Models that take the table's columns.
#include "base/text.h"
#include "graph/onnx/model.h"
#include "tests/cli/raw_cases.h"
#include "tests/graph/onnx_models.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::contains;
using test::Workplace;

TEST_CASE("a model that takes raw columns is the same model: its own predictions, its own scores", "[cli][raw]") {
  const Workplace place;
  for (const test::RawCase& c : test::raw_cases(place)) {
    INFO(c.name);
    place.write(c.name + ".yaml", c.yaml);
    place.write(c.name + "_raw.yaml", test::as_raw(c.yaml));
    const auto scaled = place.lehr("run " + c.name + ".yaml --out " + c.name);
    INFO(scaled.both());
    REQUIRE(scaled.code == 0);
    const auto raw = place.lehr("run " + c.name + "_raw.yaml --out " + c.name + "_raw");
    INFO(raw.both());
    REQUIRE(raw.code == 0);  // the file was read back, its front run, its loss compared
    CHECK_THAT(raw.err, contains("the written models take raw columns: " + c.takes));
    const std::string of_scaled = c.name + "/models/seed-0.onnx", of_raw = c.name + "_raw/models/seed-0.onnx";
    place.write("alone.onnx", place.read(of_raw));  // no preprocess.json beside it
    const auto a = place.lehr("predict " + of_scaled + " people.csv"), b = place.lehr("predict alone.onnx people.csv");
    INFO(b.both());
    CHECK(a.code == 0);
    CHECK(a.out == b.out);
    const lehr::onnx::Model model = lehr::onnx::read_model(place.path("alone.onnx"));
    CHECK(model.front == place.read(c.name + "_raw/models/preprocess.json"));
    // It trains on as the network it is, and is written scaled again.
    place.write("again.yaml", test::swapped(c.yaml, c.model, "alone.onnx"));
    const auto again = place.lehr("run again.yaml --force --out again");
    INFO(again.both());
    CHECK(again.code == 0);
    if (place.exists("again/models/seed-0.onnx")) CHECK(lehr::onnx::read_model(place.path("again/models/seed-0.onnx")).front.empty());
  }
}

TEST_CASE("with nothing to prepare the file is written as it is, and that is said", "[cli][raw]") {
  const Workplace place;
  place.write("plain.yaml", test::experiment("init: glorot_uniform", "init: glorot_uniform, export: {inputs: raw}"));
  place.write("scaled.yaml", test::experiment());
  const auto ran = place.lehr("run plain.yaml --seeds 1 --out plain");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  CHECK_THAT(ran.err, contains("nothing is prepared in front of the network"));
  REQUIRE(place.lehr("run scaled.yaml --seeds 1 --out scaled").code == 0);
  CHECK(place.read("plain/models/seed-0.onnx") == place.read("scaled/models/seed-0.onnx"));
}

TEST_CASE("a target is not scaled: the file gives it as the table has it", "[cli][raw]") {
  const Workplace place;
  const auto cases = test::raw_cases(place);
  place.write("turned.yaml", test::as_raw(cases.back().yaml));
  REQUIRE(place.lehr("run turned.yaml --out turned").code == 0);
  CHECK(lehr::onnx::read_model(place.path("turned/models/seed-0.onnx"))
            .front.find("\"target\": {\"columns\": [{\"name\": \"income\", \"index\": 5}], \"classes\": [],") != std::string::npos);
}
