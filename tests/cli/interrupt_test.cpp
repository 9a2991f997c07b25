#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::experiment;
using test::Workplace;

// A long trial is signalled once its first epoch is on disk.
TEST_CASE("an interrupted run keeps what it has, and resume goes on with it", "[cli][resume]") {
  struct Row {
    const char* signal;
    int code;
  };
  for (const Row row : {Row{"INT", 130}, Row{"TERM", 143}}) {
    INFO(row.signal);
    Workplace place;
    place.write("long.yaml", experiment("epochs: 2", "epochs: 2000000"));
    const auto ran = place.lehr(std::string("run long.yaml --jobs 1 & pid=$!; until grep -q '^epoch  1' err 2>/dev/null || [ -s runs/long/run.db-wal ]; do :; done; kill -") +
                                row.signal + " $pid; wait $pid");
    INFO(ran.both());
    CHECK(ran.code == row.code);
    CHECK(ran.err.find("interrupted: lehr resume runs/long goes on from here") != std::string::npos);
    CHECK(place.status("runs/long/seed-0").find("\"interrupted\"") != std::string::npos);
    CHECK(place.exists("runs/long/models/seed-0.onnx"));
    CHECK(place.status("runs/long/seed-1").find("\"planned\"") != std::string::npos);
    CHECK(place.read("runs/long/summary.csv").find("interrupted") != std::string::npos);
    CHECK(place.read("runs/long/metrics.csv").ends_with("\n"));
    CHECK_FALSE(place.exists("runs/long/run.db-wal"));
    CHECK_FALSE(place.exists("runs/long/run.lock"));
  }
}
