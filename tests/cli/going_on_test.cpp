// resume, export, verify, and what the folder of a run refuses.
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "experiments/store/schema.h"
#include "experiments/store/run_folder.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::contains;
using test::experiment;
using test::Ran;
using test::Workplace;
namespace fs = std::filesystem;

namespace {
Ran done(const Workplace& place, const std::string& command) {
  const auto ran = place.lehr(command);
  INFO(command << "\n" << ran.both());
  REQUIRE(ran.code == 0);
  return ran;
}
void refused(const Workplace& place, const std::string& command, std::initializer_list<const char*> parts, int code = 2) {
  const std::string before = place.snapshot();
  const auto ran = place.lehr(command);
  INFO(command << "\n" << ran.both());
  CHECK(ran.code == code);
  for (const char* part : parts) CHECK_THAT(ran.err, contains(part));
  CHECK(place.snapshot() == before);
}
std::string cosine() { return experiment("lr: 0.1\n", "lr: {type: cosine, from: 0.1, to: 0}\n"); }
}  // namespace

TEST_CASE("a run that ended trains longer", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", experiment("epochs: 2", "epochs: 6"));
  done(place, "run e.yaml --out whole");
  done(place, "run e.yaml --out longer --set epochs=4");
  refused(place, "run e.yaml --out longer --resume", {"key     in the run  now", "epochs  4           6", "--set KEY=VALUE"});
  done(place, "resume longer --set epochs=6");
  CHECK(place.read("longer/metrics.csv") == place.read("whole/metrics.csv"));
  CHECK(place.read("longer/models/seed-1.onnx") == place.read("whole/models/seed-1.onnx"));
  CHECK_THAT(done(place, "verify longer").out, contains("2 of 2 trials trained again: the same bits in 12 epochs and in the last weights"));
  done(place, "resume longer --seeds 3");  // and with more seeds
  CHECK_THAT(place.read("longer/metrics.csv"), contains("\nseed-2,6,"));
  CHECK(place.exists("longer/models/seed-2.onnx"));
}

TEST_CASE("a longer run keeps its schedules, or stretches them", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", cosine());
  done(place, "run e.yaml --out keep --seeds 1");
  fs::copy(place.path("keep"), place.path("rescale"), fs::copy_options::recursive);
  done(place, "run e.yaml --out whole --seeds 1 --set epochs=4");
  refused(place, "resume keep --set epochs=4", {"epochs were 2 and are 4 now", "--schedule keep", "--schedule rescale"});
  done(place, "resume keep --set epochs=4 --schedule keep");
  done(place, "resume rescale --set epochs=4 --schedule rescale");
  const auto rate = [&](const char* run, int epoch) {
    const auto cells = split(split(place.metrics(cat(run, "/seed-0")), '\n').at(static_cast<std::size_t>(epoch)), ',');
    return std::stod(cells.at(3));
  };
  CHECK(rate("keep", 1) == rate("rescale", 1));
  CHECK(rate("keep", 3) == 0);                      // past the end of the old length
  CHECK(rate("rescale", 3) == rate("whole", 3));  // where the new length has it
  done(place, "resume keep");                       // what was chosen holds for the next time
  CHECK(rate("keep", 4) == 0);
  done(place, "resume keep --set epochs=6 --schedule rescale");
  done(place, "resume keep --set epochs=7 --schedule rescale");  // nor does the old length come back
  CHECK(rate("keep", 6) > 0);
  const auto verified = place.lehr("verify rescale");
  CHECK(verified.code == 1);
  CHECK_THAT(verified.out, contains("differs  seed-0: lr_last of epoch 1 is 0.0883") && contains("the run went on with other settings, which no training from the start has: epochs 2 -> 4"));
}

TEST_CASE("an experiment that has changed is shown key by key", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", experiment());
  done(place, "run e.yaml --out run");
  place.write("e.yaml", experiment("batch: 28", "batch: 14") + "checkpoint: {every: 1 epoch}\n");
  refused(place, "run e.yaml --out run --resume", {"batch.size  28          14", "--force goes on all the same"});
  place.write("e.yaml", experiment("metrics: [accuracy, auc]", "metrics: [accuracy]"));
  refused(place, "run e.yaml --out run --resume --force", {"metrics", "the store has a column for each metric"});
  place.write("e.yaml", experiment("seeds: 2", "seeds: 1"));
  refused(place, "run e.yaml --out run --resume --force", {"the run has 1 trial that the experiment does not have any more (seed-1)"});
  place.write("e.yaml", experiment());
  place.write("ionosphere.csv", place.read("ionosphere.csv") + place.read("ionosphere.csv").substr(0, place.read("ionosphere.csv").find('\n') + 1));
  refused(place, "resume run", {"data ionosphere.csv", "other content"});
}

TEST_CASE("the models of a run are exported from its store", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", experiment() + "variants: {a: {}, b: {lr: 0.01}}\n");
  done(place, "run e.yaml --out run");
  const auto ran = done(place, "export run --trial b/seed-1 --out mine.onnx");
  CHECK_THAT(ran.out, contains("mine.onnx  (b/seed-1, last weights; read back and evaluated)"));
  CHECK(place.read("mine.onnx") == place.read("run/models/b/seed-1.onnx"));
  done(place, "export run --trial a/seed-0 --which best --out best.onnx");
  CHECK(place.read("best.onnx") == place.read("run/models/a/seed-0.best.onnx"));
  done(place, "predict mine.onnx ionosphere.csv");  // with the preprocessing beside it
  refused(place, "export run --trial b/seed-1 --out mine.onnx", {"exists", "--force"});
  refused(place, "export run --trial b/sed-1", {"the run has no trial 'b/sed-1'", "b/seed-1"});
  refused(place, "export run", {"the run has 4 trials: name one with --trial"});
  refused(place, "export run --trial b/seed-1 --which average --out x.onnx", {"keeps no average"});
  refused(place, "export nothing --trial b/seed-1", {"'nothing' is not there"});
}

TEST_CASE("a run of format 1 goes on", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", experiment("epochs: 2", "epochs: 4"));
  done(place, "run e.yaml --out run");
  done(place, "run e.yaml --out now --seeds 3");
  {
    store::Database d(place.path("run/run.db"), store::Database::Access::write);
    const std::string all = store::schema({}, false, 1).sql;
    const auto at = all.find("CREATE TABLE blob");
    d.run("ALTER TABLE blob RENAME TO later; " + all.substr(at, all.find(';', at) + 1 - at) + " INSERT INTO blob SELECT * FROM later; DROP TABLE later; PRAGMA user_version=1");
  }
  done(place, "resume run --seeds 3");
  CHECK(place.read("run/metrics.csv") == place.read("now/metrics.csv"));
  done(place, "verify run");
}

TEST_CASE("what is no run, or not one of this version, is named", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", experiment());
  fs::create_directories(place.path("old/seed-0"));
  place.write("old/plan.csv", "trial\n"), place.write("old/experiment.yaml", "x\n");
  refused(place, "run e.yaml --out old", {"a run of an earlier version"});
  refused(place, "run e.yaml --out old --force", {"a run of an earlier version"});
  refused(place, "resume old", {"a run of an earlier version"});
  fs::create_directories(place.path("other"));
  place.write("other/run.db", "no database at all, but long enough to look like a file of some kind");
  refused(place, "resume other", {"run.db"}, 1);
  done(place, "run e.yaml --out newer");
  {
    store::Database d(place.path("newer/run.db"), store::Database::Access::write);
    d.run("PRAGMA user_version=99");
  }
  refused(place, "resume newer", {"written by a later version of lehr (format 99"});
  {
    store::Database d(place.path("newer/run.db"), store::Database::Access::write);
    d.run("PRAGMA user_version=2; UPDATE final SET value = 1");
  }
  refused(place, "export newer --trial seed-0 --out x.onnx", {"the store is damaged: row 0 of the table final has another check sum"}, 1);
}

TEST_CASE("--force takes away what a run wrote, and nothing else", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", experiment());
  done(place, "run e.yaml --out real --seeds 2");
  place.write("real/notes.txt", "mine"), place.write("real/models/mine.onnx", "mine");
  fs::create_directory_symlink(place.path("real"), place.path("link"));
  done(place, "run e.yaml --out link --seeds 1 --force");
  CHECK(fs::is_symlink(place.path("link")));
  CHECK(place.read("real/notes.txt") == "mine");
  CHECK(place.read("real/models/mine.onnx") == "mine");
  CHECK(place.exists("real/models/seed-0.onnx"));
  CHECK_FALSE(place.exists("real/models/seed-1.onnx"));
  place.write("real/run.db", "torn");  // whatever was left
  fs::remove(place.path("real/run.db"));
  refused(place, "run e.yaml --out real --force", {"was not made by a run"});
}

TEST_CASE("a finished run is read where nothing can be written", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", experiment());
  done(place, "run e.yaml --out run");
  CHECK_FALSE(place.exists("run/run.db-wal"));
  for (const auto& entry : fs::recursive_directory_iterator(place.path("run"))) fs::permissions(entry.path(), fs::perms::owner_read | (entry.is_directory() ? fs::perms::owner_exec : fs::perms::none));
  fs::permissions(place.path("run"), fs::perms::owner_read | fs::perms::owner_exec);
  done(place, "export run --trial seed-0 --out x.onnx");
  if (::geteuid() != 0) {
    const auto ran = place.lehr("resume run");
    CHECK(ran.code == 1);
    CHECK_THAT(ran.err, contains("cannot write into the folder"));
  }
  fs::permissions(place.path("run"), fs::perms::owner_all);
  for (const auto& entry : fs::recursive_directory_iterator(place.path("run"))) fs::permissions(entry.path(), fs::perms::owner_all);
}

TEST_CASE("a large state lies beside the store, whole or not at all", "[cli][resume]") {
  const Workplace place;
  place.write("e.yaml", experiment("model: {file: mlp-34-34-1.onnx, init: glorot_uniform}", "model: {mlp: {hidden: [400, 200]}}") + "checkpoint: {every: 5 steps}\n");
  done(place, "run e.yaml --out run --seeds 1");
  std::vector<std::string> states;
  for (const auto& entry : fs::directory_iterator(place.path("run/states"))) states.push_back(entry.path().filename().string());
  std::ranges::sort(states);
  CHECK(states == std::vector<std::string>{"0.state.18.safetensors"});  // 94,601 numbers and their momenta; the best weights fit into the store
  place.write("run/states/0.state.9.safetensors", "left by a kill");
  done(place, "resume run --set epochs=3");
  CHECK_FALSE(place.exists("run/states/0.state.9.safetensors"));
  CHECK(place.exists("run/states/0.state.27.safetensors"));
  std::string bytes = place.read("run/states/0.state.27.safetensors");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  place.write("run/states/0.state.27.safetensors", bytes);
  refused(place, "resume run --set epochs=4", {"0.state.27.safetensors", "another length or check sum"}, 1);
}
