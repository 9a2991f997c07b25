// A run's folder from elsewhere is a file like any other: its store says what it likes, with check sums that hold.
#include "base/archive.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/train/progress.h"
#include "experiments/store/store.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using store::Database;
using store::Statement;
using store::Store;
using test::contains;
using test::experiment;
using test::Workplace;
namespace fs = std::filesystem;

namespace {
void run(const Workplace& place, const std::string& text = experiment()) {
  place.write("e.yaml", text);
  const auto ran = place.lehr("run e.yaml --out run --seeds 1");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
}
Database database(const Workplace& place) { return {place.path("run/run.db"), Database::Access::write}; }

void refused(const Workplace& place, const std::string& command, const char* part) {
  const auto ran = place.lehr(command);
  INFO(command << "\n" << ran.both());
  CHECK(ran.code == 1);
  CHECK_THAT(ran.err, contains(part));
}
}  // namespace

TEST_CASE("a state that a store places outside its folder is neither read nor removed", "[cli][resume][crafted]") {
  const Workplace place;
  run(place, experiment("model: {file: mlp-34-34-1.onnx, init: glorot_uniform}", "model: {mlp: {hidden: [400, 200]}}"));
  const std::string name = "states/0.state.18.safetensors", bytes = place.read("run/" + name);
  place.write("precious.safetensors", bytes);
  fs::create_directories(place.path("run/states/below"));
  for (const std::string& other : {std::string("../precious.safetensors"), place.path("precious.safetensors").string(), std::string("states/../../precious.safetensors"),
                                   std::string("states/below/../../../precious.safetensors")}) {
    {
      Database d = database(place);
      Statement old = d.prepare("SELECT epoch, step, bytes FROM blob WHERE kind='state'");
      REQUIRE(old.next());
      const std::int64_t epoch = old.integer(0), step = old.integer(1), size = old.integer(2);
      old.next();
      Statement s = d.prepare("INSERT OR REPLACE INTO blob VALUES (?,?,?,?,?,?,?,?,?,?,?)");
      s.bind(std::int64_t{0}).bind("state").bind(epoch).bind(step).bind(std::int64_t{1}).null().bind(size).bind(fingerprint(bytes)).bind(other).null().sum().run();
    }
    refused(place, "resume run --set epochs=3", "which is no file of states/");
    refused(place, "export run --trial seed-0 --out x.onnx", "which is no file of states/");
    CHECK(place.read("precious.safetensors") == bytes);
  }
}

TEST_CASE("--force removes no file outside a run's models, whatever its store names", "[cli][resume][crafted]") {
  const Workplace place;
  run(place);
  place.write("precious", "mine");
  fs::create_directories(place.path("elsewhere"));
  place.write("elsewhere/precious", "mine");
  fs::create_directory_symlink(place.path("elsewhere"), place.path("run/models/link"));
  Store::open(place.path("run"), true)
      .setting("models", cat(R"(["", ".", "/", "..", "../../precious", "a/../../../precious", "link/precious", "seed-0.onnx", ")", place.path("precious").string(), "\"]"));
  const auto ran = place.lehr("run e.yaml --out run --seeds 2 --force");
  INFO(ran.both());
  CHECK(ran.code == 0);
  CHECK(place.read("precious") == "mine");
  CHECK(place.read("elsewhere/precious") == "mine");
}

TEST_CASE("a store whose tables are views is refused before one is read", "[cli][resume][crafted]") {
  const Workplace place;
  run(place);
  {
    Database d = database(place);
    Statement sum = d.prepare("SELECT ?,?,?");
    sum.bind("a").bind("b").sum();
    REQUIRE(sum.next());
    // More rows than any reader lives to see.
    d.run(cat("ALTER TABLE meta RENAME TO other; CREATE VIEW meta AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r LIMIT 400000000) "
              "SELECT 'a' AS key, 'b' AS value, ", sum.integer(2), " AS crc FROM r"));
  }
  refused(place, "resume run", "its tables are not those of its format");
}

TEST_CASE("numbers that a store's settings cannot hold are refused", "[cli][resume][crafted]") {
  const Workplace place;
  run(place);
  const auto with = [&](const char* key, const char* value) { Store::open(place.path("run"), true).setting(key, value); };
  for (const char* value : {"-1", "99999999999999999999", "1e3", "", "2000000000"}) {
    with("schedule_epochs", value);
    refused(place, "resume run --set epochs=3 --schedule keep", "schedule_epochs");
  }
  with("schedule_epochs", "0");
  for (const char* value : {"-3", "1000000"}) {
    with("threads", value);
    refused(place, "export run --trial seed-0 --out x.onnx", "its threads are");
  }
}

TEST_CASE("a result with more values than there are metrics is refused", "[cli][resume][crafted]") {
  const Workplace place;
  run(place);
  {
    Database d = database(place);
    TrialResult result;
    EpochRecord& last = result.epochs.emplace_back();
    last.epoch = 1, last.evaluated = true, last.val.resize(40);
    Archive archive;
    fields(archive, result);
    const std::string blob = archive.take();
    Statement s = d.prepare("INSERT OR REPLACE INTO outcome VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
    s.bind(std::int64_t{0}).bind("done").null().null().bind("").bind("[]").bind(std::int64_t{1}).bind(std::int64_t{0}).null().null().bind(0.5).blob(blob).sum().run();
  }
  refused(place, "resume run", "holds numbers that cannot be");
}
