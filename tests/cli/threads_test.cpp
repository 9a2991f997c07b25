// tests/cli/threads/conv.onnx is our own: two convolutions of 16 channels over the 34 columns of the tutorial's table as a picture of 2 x 17.
#include <regex>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::contains;
using test::experiment;
using test::Workplace;

namespace {
void copy_model(const Workplace& place) {
  std::filesystem::copy_file(std::filesystem::path(LEHR_SOURCE_DIR) / "tests/cli/threads/conv.onnx", place.path("conv.onnx"));
  place.write("conv.yaml", experiment("{file: mlp-34-34-1.onnx, init: glorot_uniform}", "conv.onnx"));
}
std::string matched(const std::string& text, const std::string& form) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(form)) ? match[1].str() : std::string();
}
}  // namespace

// timeout only keeps a fault from holding up the suite: it ends what would never end.
TEST_CASE("a runtime that gives fewer threads than asked for is asked before, and no step waits for the rest", "[cli][threads]") {
  Workplace place;
  copy_model(place);
  const auto run = [&](const std::string& variable, const std::string& options) {
    const auto ran = place.lehr("run conv.yaml --force --quiet " + options, variable + " timeout -k 1 60");
    INFO(variable << " " << options << "\n" << ran.both());
    CHECK(ran.code == 0);
    const bool told = ran.both().find("threads: 1 is used where 2 were wanted") != std::string::npos;
    return std::pair(place.metrics("runs/conv/seed-0"), told);
  };
  const auto one = run("", "--threads 1"), two = run("", "--threads 2");
  CHECK_FALSE(one.second);
  CHECK_FALSE(two.second);
  // A team that the runtime would shrink by the load is held to what was asked for: the same bits.
  CHECK(run("OMP_DYNAMIC=true", "--threads 2 --jobs 1") == two);
  CHECK(run("OMP_DYNAMIC=true", "--threads 2 --jobs 2") == two);
  for (const char* variable : {"OMP_THREAD_LIMIT=1", "OMP_MAX_ACTIVE_LEVELS=0"})
    for (const char* jobs : {"1", "2"}) CHECK(run(variable, std::string("--threads 2 --jobs ") + jobs) == std::pair(one.first, true));
}

TEST_CASE("no other command waits for threads that the runtime does not give", "[cli][threads]") {
  Workplace place;
  copy_model(place);
  CHECK(place.lehr("run conv.yaml --quiet").code == 0);
  for (const char* variable : {"OMP_DYNAMIC=true", "OMP_THREAD_LIMIT=1", "OMP_MAX_ACTIVE_LEVELS=0", "OMP_NUM_THREADS=3 OMP_THREAD_LIMIT=2"})
    for (const char* command : {"predict runs/conv/models/seed-0.onnx ionosphere.csv", "evaluate runs/conv/models/seed-0.onnx conv.yaml",
                                "find-lr conv.yaml --set threads=2 --csv", "export runs/conv --trial seed-0 --out again.onnx"}) {
      const auto ran = place.lehr(command, std::string(variable) + " timeout -k 1 60");
      INFO(variable << " " << command << "\n" << ran.both());
      CHECK(ran.code < 124);
    }
}

TEST_CASE("doctor tells how threads wait, and the OpenMP runtime has read it", "[cli][threads]") {
  Workplace place;
  const auto shown = place.lehr("doctor", "unset GOMP_SPINCOUNT OMP_WAIT_POLICY; OMP_DISPLAY_ENV=verbose");
  INFO(shown.both());
  std::string count = matched(shown.out, "looks ([0-9,]+) times");
  std::erase(count, ',');
  CHECK_FALSE(count.empty());
  CHECK(matched(shown.err, "GOMP_SPINCOUNT = '([0-9]+)'") == count);
  const auto own = place.lehr("doctor", "GOMP_SPINCOUNT=55 OMP_DISPLAY_ENV=verbose");
  CHECK(matched(own.err, "GOMP_SPINCOUNT = '([0-9]+)'") == "55");
  CHECK_THAT(own.out, contains("as GOMP_SPINCOUNT says: 55"));
  const auto active = place.lehr("doctor", "unset GOMP_SPINCOUNT; OMP_WAIT_POLICY=active OMP_DISPLAY_ENV=verbose");
  CHECK(matched(active.err, "GOMP_SPINCOUNT = '([0-9]+)'") == "30000000000");
  CHECK_THAT(active.out, contains("as OMP_WAIT_POLICY says: active"));
  CHECK_THAT(place.lehr("doctor", "OMP_THREAD_LIMIT=1").out, contains("threads    1 for a large training that is alone"));
  CHECK_THAT(place.lehr("doctor", "taskset -c 0").out, contains("1 core for this process"));
}

// Stopped, so that both signals are waiting when it goes on.
TEST_CASE("a second signal of either kind ends a run at once", "[cli][threads]") {
  for (const char* pair : {"TERM INT", "INT TERM"}) {
    Workplace place;
    place.write("long.yaml", experiment("epochs: 2", "epochs: 2000000"));
    const auto words = split(pair, ' ');
    const auto ran = place.lehr(cat("run long.yaml --jobs 1 & pid=$!; until grep -q '^epoch  1' err 2>/dev/null || [ -s runs/long/run.db-wal ]; do :; done; "
                                    "kill -STOP $pid; kill -",
                                    words[0], " $pid; kill -", words[1], " $pid; kill -CONT $pid; wait $pid"));
    INFO(pair << "\n" << ran.both());
    CHECK((ran.code == 128 + 2 || ran.code == 128 + 15));
    CHECK(ran.err.find("interrupted: lehr resume") == std::string::npos);
  }
}
