#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::experiment;
using test::Workplace;

// A long trial is signalled once its first epoch is on disk.
TEST_CASE("an interrupted run keeps what it has and says so", "[cli]") {
  struct Row {
    const char* signal;
    int code;
  };
  for (const Row row : {Row{"INT", 130}, Row{"TERM", 143}}) {
    INFO(row.signal);
    Workplace place;
    place.write("long.yaml", experiment("epochs: 2", "epochs: 2000000"));
    const auto ran =
        place.lehr(std::string("run long.yaml --jobs 1 & pid=$!; until grep -q '^1,' runs/long/seed-0/metrics.csv 2>/dev/null; do :; done; kill -") +
                   row.signal + " $pid; wait $pid");
    INFO(ran.both());
    CHECK(ran.code == row.code);
    CHECK(ran.err.find("interrupted") != std::string::npos);
    CHECK(ran.err.find("last.onnx") != std::string::npos);
    CHECK(place.read("runs/long/seed-0/status.json").find("\"interrupted\"") != std::string::npos);
    CHECK(place.exists("runs/long/seed-0/checkpoints/last.onnx"));
    CHECK(place.read("runs/long/seed-1/status.json").find("not started") != std::string::npos);
    CHECK(place.read("runs/long/summary.csv").find("interrupted") != std::string::npos);
    CHECK(place.read("runs/long/seed-0/metrics.csv").ends_with("\n"));
  }
}
