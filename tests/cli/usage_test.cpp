#include <algorithm>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::experiment;
using test::Workplace;

namespace {
struct Row {
  const char* arguments;
  int code;
  std::vector<std::string> out, err;
};

void check(const Workplace& place, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const auto ran = place.lehr(row.arguments);
    INFO(row.arguments << "\n" << ran.both());
    CHECK(ran.code == row.code);
    for (const auto& part : row.out) {
      INFO("expected on standard output: " << part);
      CHECK(ran.out.find(part) != std::string::npos);
    }
    for (const auto& part : row.err) {
      INFO("expected on standard error: " << part);
      CHECK(ran.err.find(part) != std::string::npos);
    }
  }
}

std::size_t longest(const std::string& text) {
  std::size_t out = 0;
  for (const auto& line : split(text, '\n')) out = std::max(out, width(line));
  return out;
}
}  // namespace

TEST_CASE("what a wrong command line is told", "[cli][bad]") {
  Workplace place;
  place.write("short.yaml", experiment());
  const std::string before = place.snapshot();
  check(place, {
                   {"", 2, {}, {"a command is needed", "commands: run, resume, verify, export, init"}},
                   {"--fast", 2, {}, {"unknown option '--fast'"}},
                   {"rnu x", 2, {}, {"unknown command 'rnu', did you mean 'run'?"}},
                   {"run", 2, {}, {"file is required", "lehr run --help"}},
                   {"run --sedes 3 short.yaml", 2, {}, {"unknown option '--sedes', did you mean '--seeds'?"}},
                   {"run --jobs x short.yaml", 2, {}, {"--jobs takes a whole number from 1 to 1,024, not 'x'"}},
                   {"run --jobs -1 short.yaml", 2, {}, {"--jobs", "'-1'"}},
                   {"run --seeds 99999999999999999999 short.yaml", 2, {}, {"--seeds takes", "'99999999999999999999'"}},
                   {"run short.yaml other.yaml", 2, {}, {"other.yaml"}},
                   {"run short.yaml --resume", 2, {}, {"runs/short", "is not there"}},
                   {"schedule short.yaml --at 18", 2, {}, {"step 18", "18 steps"}},
                   {"schedule short.yaml --steps 5", 2, {}, {"first:end", "'5'"}},
                   {"schedule short.yaml --steps 5:3", 2, {}, {"--steps (end)", "from 6 to 18"}},
                   {"init --data ionosphere.csv --hidden 16,0", 2, {}, {"--hidden", "'0'"}},
                   {"init --data ionosphere.csv --activation Relo", 2, {}, {"'Relo', did you mean 'relu'?"}},
                   {"init --data ionosphere.csv --target 99", 2, {}, {"99", "35"}},
                   {"explain optimizer.momentun", 2, {}, {"did you mean 'optimizer.momentum'?"}},
                   {"resolve short.yaml --only other", 2, {}, {"other"}},
                   {"inspect nothing.onnx", 2, {}, {"nothing.onnx", "No such file"}},
                   {"data .", 2, {}, {"'.'"}},
               });
  CHECK(place.snapshot() == before);
}

TEST_CASE("help fits a terminal of 80 columns", "[cli]") {
  Workplace place;
  for (const char* command :
       {"", "run", "init", "inspect", "validate", "plan", "schedule", "resolve", "schema", "explain", "data", "predict", "evaluate", "ops", "doctor"}) {
    const auto ran = place.lehr(std::string(command) + " --help");
    INFO(command << "\n" << ran.both());
    CHECK(ran.code == 0);
    CHECK(ran.out.find("Usage: lehr") != std::string::npos);
    CHECK(ran.out.find("--help") != std::string::npos);
    CHECK(longest(ran.out) <= 80);
    CHECK(ran.err.empty());
  }
  place.write("short.yaml", experiment());
  for (const char* command : {"data short.yaml", "schedule short.yaml", "inspect mlp-34-34-1.onnx"}) {
    const auto ran = place.lehr(command);
    INFO(ran.out);
    CHECK(longest(ran.out) <= 100);
  }
}

TEST_CASE("options stand before or after the file", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment());
  check(place, {
                   {"run --set epochs=1 --set batch=47 short.yaml --out a", 0, {"2 runs x 5 steps (5 steps/epoch)", "-> a"}, {}},
                   {"run short.yaml --set epochs=1 --quiet --seeds 1 --out b", 0, {"1 seed = 1 run x 9 steps"}, {}},
                   {"resolve --set lr=0.5 short.yaml", 0, {"lr: 0.5\n"}, {}},
                   {"resolve --origin --set lr=0.5 short.yaml", 0, {"optimizer.lr", "--set", "short.yaml:8", "default"}, {}},
                   {"plan --set batch=47 short.yaml", 0, {"batch 47: ", "FLOP", "GFLOP/s", "1,225 trained values"}, {}},
                   {"plan --full short.yaml", 0, {"fc1.weight[34,34]", "@"}, {}},
                   {"run --dry-run short.yaml --out c", 0, {"plan ", "nothing was trained or written"}, {}},
               });
  CHECK(place.exists("a/summary.csv"));
  CHECK_FALSE(place.exists("c"));
}

TEST_CASE("a log file gets no bar and nobody's colours; notes and progress stay off standard output", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment());
  const auto ran = place.lehr("run short.yaml");
  CHECK(ran.both().find_first_of("\r\x1b") == std::string::npos);
  CHECK(ran.out.find("note ") == std::string::npos);
  CHECK(ran.out.ends_with("; results: runs/short/summary.csv\n"));
}

TEST_CASE("output that cannot be written is exit 1, the results stay", "[cli][bad]") {
  Workplace place;
  place.write("short.yaml", experiment());
  const auto ran = place.lehr("run short.yaml >/dev/full");
  INFO(ran.both());
  CHECK(ran.code == 1);
  CHECK(ran.err.find("cannot write to standard output") != std::string::npos);
  CHECK(place.exists("runs/short/summary.csv"));
  CHECK(place.lehr("ops >/dev/full").code == 1);
  CHECK(place.lehr("schema >/dev/full").code == 1);
}

TEST_CASE("a picture and a table of schedules", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment("lr: 0.1", "lr: {type: cosine, from: 0.1, to: 0}") + "variants: {flat: {lr: 0.1}, long: {epochs: 3}}\n");
  check(place, {
                   {"schedule short.yaml --svg s.svg", 0, {"wrote s.svg"}, {}},
                   {"schedule short.yaml --at 20", 0, {"step,epoch,flat.lr,long.lr\n20,2,,0.01568791810656"}, {}},
                   {"schedule short.yaml --csv --steps 26:", 0, {"\n26,2,,"}, {}},
                   {"schedule short.yaml --csv --steps-per-epoch 1000000000 --steps 2999999999:", 0, {"\n2999999999,2,,"}, {}},
               });
  const std::string svg = place.read("s.svg");
  CHECK(svg.starts_with("<svg "));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(svg.find("<polyline") != svg.rfind("<polyline"));
}

TEST_CASE("a picture marks phases and separates quantities, and what is odd is said", "[cli]") {
  Workplace place;
  place.write("p.yaml", experiment("lr: 0.1", "lr: [{type: linear, from: 0, to: 0.1, for: 1 epoch}, {type: constant, value: 0.1}]") +
                            "variants: {a: {}, b: {lr: {type: torch.OneCycleLR, max_lr: 0.2}}}\n");
  const auto ran = place.lehr("schedule p.yaml --svg p.svg --steps-per-epoch 9");
  CHECK(ran.code == 0);
  CHECK(ran.err.find("it is 0 at the first update") != std::string::npos);
  CHECK(ran.err.find("optimizer.momentum: 0.8 is not used") != std::string::npos);
  const std::string svg = place.read("p.svg");
  CHECK(svg.find(">lr</text>") != std::string::npos);
  CHECK(svg.find(">momentum</text>") != std::string::npos);
  CHECK(svg.find("stroke-dasharray=\"1 3\"") != std::string::npos);  // where the second phase begins
}

TEST_CASE("find-lr suggests rates and changes nothing", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment());
  const std::string before = place.snapshot();
  check(place, {
                   {"find-lr short.yaml", 0, {"valley", "steepest", "min/10", "lr: "}, {}},
                   {"find-lr short.yaml --csv --steps 12 --to 0.1", 0, {"lr,loss,smooth\n1e-06,", "\n0.0999"}, {}},
                   {"find-lr short.yaml --from 0", 2, {}, {"--from is a rate above 0, not 0"}},
                   {"find-lr short.yaml --from 2 --to 1", 2, {}, {"--to must be above --from, 1 is not above 2"}},
                   {"find-lr short.yaml --from nan", 2, {}, {"--from is a rate above 0"}},
                   {"find-lr nowhere.yaml", 2, {}, {"nowhere.yaml"}},
               });
  CHECK(place.snapshot() == before);
}

TEST_CASE("a run has one list of metrics and one number of threads", "[cli][bad]") {
  Workplace place;
  place.write("bad.yaml", experiment() + "variants: {a: {lr: 0.1}, b: {metrics: [accuracy]}}\n");
  check(place, {{"run bad.yaml", 2, {}, {"bad.yaml:", "'metrics' speaks of all variants: it cannot stand in one of them"}}});
  place.write("bad.yaml", experiment() + "variants: {a: {lr: 0.1}, b: {threads: 2}}\n");
  check(place, {{"run bad.yaml", 2, {}, {"bad.yaml:", "'threads' speaks of all variants: it cannot stand in one of them"}}});
  CHECK_FALSE(place.exists("runs"));
}
